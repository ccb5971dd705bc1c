"""A synthetic world as a market source: correlated books over regimes, each with its own order flow.

Market time runs in slices of 100 ms. For each slice the macro layer says how far each fundamental price
moves and how busy the market is, and the micro layer runs each book through it. The same seed and the
same parameters give the same events, as long as our own accounts take the same at the same time.

What our accounts take is taken from the kernel's book at the end of the slice it fell into, and shows in
that slice's depth change. Until then the symbol's best quote stands still, so that nothing that we took
is displayed, and could be taken, a second time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import zip_longest

import msgspec

from midas.domain.order import Side
from midas.domain.time import DAY, MILLISECOND, SECOND
from midas.domain.unreadable import UNREADABLE
from midas.errors import StoreDamaged
from midas.venues.sim.levels.outside import Level
from midas.venues.sim.source.market import BestQuote, DepthChange, Listing, MarketEvent, Print
from midas.venues.sim.world.books import opened
from midas.venues.sim.world.fundamentals import Fundamentals, Progress
from midas.venues.sim.world.micro_kernel import BUY, SELL, TRADE, Ints
from midas.venues.sim.world.parameters import MEDIUM, Asset, World, preset_world
from midas.venues.sim.world.truth import Fact, Tell, TruePrice, TruthHeader

SLICE = 100 * MILLISECOND
START = 1_767_225_600 * SECOND  # 2026-01-01T00:00:00Z: a fixed start makes equal seeds equal bytes
FIRST_UPDATE_ID = 10_000_000
FIRST_TRADE_ID = 500_000
OPENING_LEVELS = 400
ORDERS_A_SECOND = 4.0  # mean orders that trade in a second, for the candles from before the start

Touch = tuple[int, int, int, int]


class _Stand(msgspec.Struct, frozen=True):
    """One saved instrument."""

    book: bytes
    last_id: int
    next_trade: int
    touch: Touch


class _State(msgspec.Struct, frozen=True):
    """A saved market."""

    parameters: str
    seed: int
    time: int
    progress: Progress
    stocks: list[_Stand]
    waiting: list[MarketEvent]


class _Stock:
    """One running instrument."""

    def __init__(self, asset: Asset, world: World, seed: int, place: int) -> None:
        self.asset = asset
        self.symbol = asset.symbol
        self.book = opened(world, seed, place)
        self.last_id = FIRST_UPDATE_ID
        self.next_trade = FIRST_TRADE_ID
        self._touch: Touch = self.book.touch()

    def listing(self, volatility: float) -> Listing:
        """Where the instrument stands before its first event."""
        bids, asks = self.book.levels(OPENING_LEVELS)
        return Listing(
            instrument=self.asset.instrument(),
            last_id=self.last_id,
            bids=bids,
            asks=asks,
            first_tick=self.asset.price_ticks,
            first_trade_id=self.next_trade,
            volatility=self.asset.daily_volatility * (SECOND / DAY) ** 0.5,
            volatility_now=volatility,
            volume=ORDERS_A_SECOND * float(self.asset.order_size),
        )

    def slice(self, start: int, move: float, activity: float) -> list[MarketEvent]:
        """The events of one slice of market time, its depth change last."""
        rows = self.book.run(start, start + SLICE, move, activity)
        events: list[MarketEvent] = []
        changed: tuple[dict[int, int], dict[int, int]] = ({}, {})
        first_id = self.last_id + 1
        lines: list[list[int]] = rows.tolist()
        groups = [line[9] for line in lines[1:]]
        for line, next_group in zip_longest(lines, groups):
            time, kind, side, tick, lots, *touch, group = line
            if kind == TRADE:
                events.append(Print(self.symbol, time, time, self.next_trade, tick, lots, side == SELL))
                self.next_trade += 1
                continue
            self.last_id += 1
            changed[side][tick] = lots
            if group != next_group:
                self._quote(time, (touch[0], touch[1], touch[2], touch[3]), events)
        if self.last_id >= first_id:
            events.append(self._depth(start + SLICE, first_id, changed))
        return events

    def take(self, time: int, side: Side, tick: int, lots: int, waiting: deque[MarketEvent]) -> None:
        """Our taker at the end of the slice: its depth change shows it, and no quote comes before that."""
        rows = self.book.trade(time, 1 if side is Side.BUY else -1, lots, tick)
        changed = _levels(rows)
        first_id = self.last_id + 1
        self.last_id += sum(map(len, changed))
        for place in range(len(waiting) - 1, -1, -1):
            event = waiting[place]
            if event.symbol != self.symbol or isinstance(event, Print):
                continue
            if isinstance(event, DepthChange):
                first_id = event.first_id
                changed = dict(event.bids) | changed[BUY], dict(event.asks) | changed[SELL]
            del waiting[place]
        if self.last_id >= first_id:
            waiting.append(self._depth(time, first_id, changed))
            self._touch = (0, 0, 0, 0)  # the last quote may be one of those that were dropped
            self._quote(time, self.book.touch(), waiting)

    def save(self) -> _Stand:
        """Where the instrument stands."""
        return _Stand(self.book.save(), self.last_id, self.next_trade, self._touch)

    def restore(self, stand: _Stand) -> None:
        """Go on where `save` stood."""
        self.book.load(stand.book)
        self.last_id, self.next_trade, self._touch = stand.last_id, stand.next_trade, stand.touch

    def _quote(self, time: int, touch: Touch, events: list[MarketEvent] | deque[MarketEvent]) -> None:
        if touch != self._touch:
            self._touch = touch
            bid, ask = (touch[0], touch[1]), (touch[2], touch[3])
            events.append(BestQuote(self.symbol, time, time, self.last_id, bid, ask))

    def _depth(self, time: int, first_id: int, changed: tuple[dict[int, int], dict[int, int]]) -> DepthChange:
        bids: list[Level] = sorted(changed[BUY].items(), reverse=True)
        asks: list[Level] = sorted(changed[SELL].items())
        return DepthChange(self.symbol, time, time, first_id, self.last_id, bids, asks)


class Synthetic:
    """The market of a world from one seed, without end."""

    start = START
    lateness = 0
    waits = False

    def __init__(self, world: World, seed: int, tell: Tell | None = None, name: str = "synthetic") -> None:
        """`tell` hears the truth about this market."""
        self.name = name
        self._world = world
        self._seed = seed
        self._tell: Tell = tell or deque[Fact](maxlen=0).append  # nobody listens
        self._tell(_header(world, seed))
        self._stocks = [_Stock(asset, world, seed, place) for place, asset in enumerate(world.assets)]
        self._by_symbol = {stock.symbol: stock for stock in self._stocks}
        self._fundamentals = Fundamentals(world, seed, START, self._tell)
        self._time = START
        self._waiting: deque[MarketEvent] = deque()
        self._listings = [
            stock.listing(volatility)
            for stock, volatility in zip(self._stocks, self._fundamentals.volatility(), strict=True)
        ]

    def listings(self) -> list[Listing]:
        """The world's assets, in their order."""
        return self._listings

    def events(self) -> Iterator[MarketEvent]:
        """The market from `start` on."""
        while True:
            while self._waiting:
                yield self._waiting.popleft()
            self._run_slice()

    def taken(self, symbol: str, side: Side, tick: int, lots: int) -> None:
        """One of our accounts took: the book loses it and the price feels it."""
        self._by_symbol[symbol].take(self._time, side, tick, lots, self._waiting)

    def save(self) -> bytes:
        """Books, prices, regimes, chance and what waits to be handed out."""
        return msgspec.msgpack.encode(
            _State(
                parameters=self._world.hash,
                seed=self._seed,
                time=self._time,
                progress=self._fundamentals.save(),
                stocks=[stock.save() for stock in self._stocks],
                waiting=list(self._waiting),
            )
        )

    def restore(self, state: bytes) -> None:
        """Go on exactly where `save` stood; seed and parameters must be the same."""
        try:
            found = msgspec.msgpack.decode(state, type=_State)
        except UNREADABLE as error:
            raise _damaged(f"it can't be read: {error}") from None
        if (found.parameters, found.seed) != (self._world.hash, self._seed):
            raise _damaged("it is of another seed or of other parameters")
        self._time = found.time
        self._fundamentals.restore(found.progress)
        for stock, stand in zip(self._stocks, found.stocks, strict=True):
            stock.restore(stand)
        self._waiting = deque(found.waiting)

    def _run_slice(self) -> None:
        """Let every book live through the next slice; what happened waits to be handed out."""
        time, coming = self._time, self._fundamentals.slice()
        events: list[MarketEvent] = []
        for stock, move in zip(self._stocks, coming.moves, strict=True):
            events += stock.slice(time, move, coming.activity)
        events.sort(key=_at)
        self._waiting.extend(events)
        self._time = time + SLICE
        if self._time % SECOND == 0:
            self._tell(self._prices())

    def _prices(self) -> TruePrice:
        ticks = [float(stock.asset.tick_size) for stock in self._stocks]
        books = [stock.book for stock in self._stocks]
        return TruePrice(
            time=self._time,
            fundamental=[book.fundamental * tick for book, tick in zip(books, ticks, strict=True)],
            impact=[book.impact * tick for book, tick in zip(books, ticks, strict=True)],
        )


def standard(seed: int) -> Synthetic:
    """The market that `synthetic` means without a word more."""
    return Synthetic(preset_world(MEDIUM), seed)


def _at(event: MarketEvent) -> int:
    return event.at


def _levels(rows: Ints) -> tuple[dict[int, int], dict[int, int]]:
    """What the rows of a taker leave at each level."""
    changed: tuple[dict[int, int], dict[int, int]] = ({}, {})
    for _, kind, side, tick, lots, *_ in rows.tolist():
        if kind != TRADE:
            changed[side][tick] = lots
    return changed


def _header(world: World, seed: int) -> TruthHeader:
    return TruthHeader(
        seed=seed,
        preset=world.preset,
        parameters=world.hash,
        start=START,
        step_seconds=world.step_seconds,
        symbols=[asset.symbol for asset in world.assets],
    )


def _damaged(why: str) -> StoreDamaged:
    return StoreDamaged(
        f"the saved synthetic market can't go on: {why}; start it anew or with its own settings",
        file="synthetic market",
        last_good=0,
    )
