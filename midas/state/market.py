"""What is known of one instrument's market: book, touch, prints, bars; a `ports.strategy.MarketView`."""

from __future__ import annotations

import math
from collections import deque

from midas.domain.instrument import Instrument
from midas.domain.market import Bar, BookDelta, BookLost, BookSnapshot, Quote, Trade
from midas.state.book import OrderBook
from midas.state.candles import Candles, Stretch

BARS_KEPT = 400
PRINTS_KEPT = 60
FLOW_WEIGHT = 0.05  # of one print in the exponentially weighted trade sign
WIDE = 0.01  # of the mid: a spread beyond it says little of what something is worth
NAN = float("nan")


class InstrumentMarket:
    """The market of one instrument, changed in place by `State.apply` alone."""

    __slots__ = (
        "_bar_spread", "ask", "ask_lots", "at", "bars", "bars_seen", "bid", "bid_lots", "book",
        "book_changed_at", "first_price", "first_time", "flow", "id", "instrument", "last", "last_sold",
        "prints", "synthetic_bars", "tick", "time",
    )  # fmt: skip

    def __init__(self, instrument: Instrument, bar_spread: float | None = None) -> None:
        self.instrument = instrument
        self.id = instrument.id
        # Bars are all that is known: bid and ask lie so far from a close, of the price. None: quotes come.
        self._bar_spread = None if bar_spread is None else 0.5 * bar_spread
        self.tick = instrument.tick
        self.book = OrderBook()
        self.book_changed_at = 0
        self.bid = self.bid_lots = self.ask = self.ask_lots = 0
        self.last = 0
        self.last_sold = False
        self.flow = 0.0
        self.time = self.first_time = self.at = 0
        self.first_price = NAN
        self.prints: deque[Trade] = deque(maxlen=PRINTS_KEPT)
        self.bars: deque[Bar] | Candles = deque(maxlen=BARS_KEPT)
        self.bars_seen = 0
        self.synthetic_bars = 0

    # what strategies, analysts and risk may ask

    @property
    def book_valid(self) -> bool:
        """False: the book has a gap and shows nothing."""
        return self.book.valid

    @property
    def bid_price(self) -> float:
        """Best bid; NaN where there is none."""
        return self.bid * self.tick if self.bid_lots else NAN

    @property
    def ask_price(self) -> float:
        """Best ask; NaN where there is none."""
        return self.ask * self.tick if self.ask_lots else NAN

    @property
    def mid(self) -> float:
        """Halfway between the best prices; NaN with an empty side."""
        return (self.bid + self.ask) * 0.5 * self.tick if self.bid_lots and self.ask_lots else NAN

    @property
    def book_mid(self) -> float:
        """The mid of the book itself: the touch comes by another stream, a few milliseconds off."""
        book = self.book
        if not (book.best_bid_lots and book.best_ask_lots):
            return self.mid
        return (book.best_bid + book.best_ask) * 0.5 * self.tick

    @property
    def last_price(self) -> float:
        """Price of the newest print, else of the newest bar that a market printed."""
        if self.last:
            return self.last * self.tick
        return self.bars[-1].close if self.bars and not self.bars[-1].synthetic else NAN

    @property
    def mark(self) -> float:
        """What a position is worth per unit: the mid, with a wide spread or an empty side the last price.

        One order withdrawn from a thin book moves its mid far, and neither wins nor loses anybody anything.
        """
        if self.bid_lots and self.ask_lots:  # as `mid`: asked for too often to ask another for it
            mid = (self.bid + self.ask) * 0.5
            return mid * self.tick if self.ask - self.bid <= WIDE * mid else self._last_within()
        return self.last_price

    def imbalance(self, levels: int) -> float:
        """(bid - ask) / (bid + ask) volume over the best `levels`; NaN without a book."""
        return self.book.imbalance(levels) if self.book.valid else NAN

    def microprice(self) -> float:
        """Mid weighted by the opposite size; NaN without a book."""
        return self.book.microprice() * self.tick if self.book.valid else NAN

    def _last_within(self) -> float:
        """The last price, or the touch that it lies beyond; the mid where nobody has traded."""
        last = self.last_price
        return min(max(last, self.bid_price), self.ask_price) if last == last else self.mid

    # what `State.apply` calls

    def on_quote(self, quote: Quote) -> None:
        """The touch moved."""
        self.bid, self.bid_lots, self.ask, self.ask_lots = (
            quote.bid,
            quote.bid_lots,
            quote.ask,
            quote.ask_lots,
        )
        self.at = quote.at
        if quote.time > self.time:
            self.time = quote.time

    def on_trade(self, trade: Trade) -> None:
        """Somebody traded."""
        self.last, self.last_sold, self.at = trade.price, trade.buyer_is_maker, trade.at
        self.flow += FLOW_WEIGHT * ((-1.0 if trade.buyer_is_maker else 1.0) - self.flow)
        if trade.time > self.time:
            self.time = trade.time
        self.prints.append(trade)
        if not self.first_time:
            self.first_time, self.first_price = trade.time, trade.price * self.tick

    def relist(self, instrument: Instrument) -> None:
        """Other rules; what was counted in other steps is forgotten, but for the touch and the last price."""
        old, self.instrument = self.instrument, instrument
        if (old.tick_size, old.lot_size) == (instrument.tick_size, instrument.lot_size):
            return
        self.tick = instrument.tick
        self.book.invalidate("the venue changed its steps")
        steps, lots = old.tick_size / instrument.tick_size, old.lot_size / instrument.lot_size
        self.bid, self.ask = int(self.bid * steps), math.ceil(self.ask * steps)
        self.bid_lots, self.ask_lots = math.ceil(self.bid_lots * lots), math.ceil(self.ask_lots * lots)
        self.last = round(self.last * steps)
        self.prints.clear()

    def on_snapshot(self, snapshot: BookSnapshot) -> None:
        """A whole book: valid again."""
        self.book.apply_snapshot(snapshot)
        self._touch_from_book(snapshot.at)

    def on_delta(self, delta: BookDelta) -> bool:
        """Changed levels; False where the book was or became invalid."""
        if not self.book.apply_delta(delta):
            return False
        self.book_changed_at = self.at = delta.at
        if delta.time > self.time:
            self.time = delta.time
        return True

    def on_lost(self, lost: BookLost) -> None:
        """The venue adapter no longer vouches for the book."""
        self.book.invalidate(lost.reason)
        self.at = lost.at

    def on_bar(self, bar: Bar) -> bool:
        """A candle closed; False for one that is already known."""
        bars, time = self.bars, bar.time
        if bars and time <= bars[-1].time:
            return False
        bars.append(bar)
        self.bars_seen += 1
        if bar.synthetic:
            self.synthetic_bars += 1
        if time > self.time:
            self.time = time
        if self._bar_spread is not None:
            if self._bar_spread:
                self._touch_from_bar(bar.close)
            else:
                self.bid = self.ask = round(bar.close / self.tick)
            self.bid_lots = self.ask_lots = 1  # how much stands there nobody knows: there is a price
        return True

    def follow(self, bar: Bar) -> None:
        """As `on_bar`, for a printed candle that is newer than all before, where there is a touch already."""
        self.bars.append(bar)
        self.bars_seen += 1
        self.moved(bar)

    def moved(self, bar: Bar) -> None:
        """It is the newest."""
        self.time = bar.time
        if self._bar_spread:
            self._touch_from_bar(bar.close)
        elif self._bar_spread is not None:
            self.bid = self.ask = round(bar.close / self.tick)

    def follow_all(self, stretch: Stretch) -> None:
        """These have closed; the touch follows the newest of all by `follow` or `moved`."""
        bars = self.bars
        if isinstance(bars, deque):
            bars = self.bars = Candles(bars)
        bars.extend(stretch)
        self.bars_seen += len(stretch)

    def _touch_from_bar(self, close: float) -> None:
        """Half the spread to both sides, in whole ticks away from the close."""
        ticks, half = close / self.tick, self._bar_spread or 0.0
        self.bid, self.ask = math.floor(ticks - ticks * half), math.ceil(ticks + ticks * half)

    def _touch_from_book(self, at: int) -> None:
        book = self.book
        if book.valid and not self.bid_lots:
            self.bid, self.bid_lots = book.best_bid, book.best_bid_lots
            self.ask, self.ask_lots = book.best_ask, book.best_ask_lots
        self.book_changed_at = self.at = at
