"""What makes an exchange outlive its process: it goes on exactly where its last word left it.

Two things are written. Every request and every batch of the market commits what it changed, together with
the place in the market at which it happened, before anybody is told. And about once a second the market
itself is saved, with everything that happened up to then.

At a start the saved market is played again, without orders but with what our accounts took from it, up to
the place of the last commit. There the orders go back into their queues. From there on it runs with them,
silently, to the end of the second for which it had been saved: nobody had seen more than that, so no id and
no candle that anybody has seen is ever told otherwise.
"""

from __future__ import annotations

from collections import deque
from functools import partial
from itertools import groupby

import msgspec

from midas.domain.order import Side
from midas.domain.time import SECOND
from midas.domain.unreadable import UNREADABLE
from midas.errors import StoreDamaged
from midas.venues.sim.floor.desk import Desk, DeskStand
from midas.venues.sim.floor.exchange import Exchange
from midas.venues.sim.floor.klines import Candle
from midas.venues.sim.floor.queues import QueuesStand
from midas.venues.sim.floor.triggers import Stop
from midas.venues.sim.kept import ledger
from midas.venues.sim.kept.past_log import CANDLE, ChartLog, TapeLog
from midas.venues.sim.kept.vault import Vault
from midas.venues.sim.source.feed import Feed, Place
from midas.venues.sim.source.market import BestQuote, DepthChange, MarketEvent

MARKET, MOMENT = "market", "moment"
NOW = "now"  # the key of what there is one of

_ENCODE = msgspec.msgpack.Encoder().encode


class Taken(msgspec.Struct, frozen=True):
    """What one of our accounts took from the market, and where in it."""

    place: Place
    symbol: str
    side: Side
    tick: int
    lots: int


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """Where everything stood at the last commit."""

    place: Place  # since the market was saved
    taken: list[Taken]  # since then
    queues: dict[str, QueuesStand]
    stops: dict[str, list[Stop]]
    last_seen: dict[str, int]  # by those stops
    counters: ledger.Counters


class SavedMarket(msgspec.Struct, frozen=True, kw_only=True):
    """The market as it was saved."""

    source: bytes
    held: MarketEvent | None
    until: int  # the source's clock: nothing later was told to anybody
    events: int  # handled so far
    started: bool
    ended: bool
    desks: dict[str, DeskStand]


class Keeper:
    """Writes one exchange and its market to a vault, and reads them back."""

    def __init__(
        self, vault: Vault, exchange: Exchange, feed: Feed, book: ledger.Ledger, speed: float
    ) -> None:
        self._vault = vault
        self._exchange = exchange
        self._feed = feed
        self._ledger = book
        self._span = int(speed * SECOND)  # of the market, between two savings
        self._taken: list[Taken] = []
        self._tapes = {symbol: TapeLog(vault, desk) for symbol, desk in exchange.desks.items()}
        self._charts = {symbol: ChartLog(vault, desk) for symbol, desk in exchange.desks.items()}
        self._at = 0  # the source's clock at the last event that was handled
        self._until = 0
        self.events = 0
        self.started = self.ended = False

    def begin(self) -> None:
        """A new exchange: what it opens with."""
        self._ledger.write_accounts(self._exchange)
        self._watch()
        self.save()

    def resume(self, now: int) -> None:
        """Go on where the vault's exchange stood, at wall time `now`. Raises StoreDamaged."""
        try:
            self._resume(now)
        except (KeyError, AssertionError, *UNREADABLE) as error:
            raise StoreDamaged(
                f"{self._vault.path}: what the exchange kept doesn't fit together ({error!r}); "
                "`midas sim --state FILE --fresh` sets it aside and begins anew",
                str(self._vault.path),
                0,
            ) from error

    def handling(self, event: MarketEvent) -> None:
        """`event` is to be handled: save the market first where it lies beyond what was saved for."""
        if event.at > self._until:
            self._until = event.at + self._span
            self._save()
        self._at = event.at
        self.events += 1
        self._feed.done()

    def commit(self) -> None:
        """Make everything durable that changed since the last commit. Raises StoreFull."""
        if self._ledger.dirty:
            self._ledger.write(self._exchange)
            self._vault.put(MOMENT, NOW, _ENCODE(self._moment()))
            self._vault.commit()

    def save(self) -> None:
        """Save the market as it is, for a stop: it goes on right behind the last event. Raises StoreFull."""
        self._until = self._at - 1
        self._save()

    def _save(self) -> None:
        self._ledger.write(self._exchange)
        self._taken.clear()
        state = self._feed.save()
        for symbol in self._exchange.desks:
            self._tapes[symbol].write()
            self._charts[symbol].write()
        saved = SavedMarket(
            source=state,
            held=self._feed.held,
            until=self._until,
            events=self.events,
            started=self.started,
            ended=self.ended,
            desks={symbol: desk.save() for symbol, desk in self._exchange.desks.items()},
        )
        self._vault.put(MARKET, NOW, _ENCODE(saved))
        self._vault.put(MOMENT, NOW, _ENCODE(self._moment()))
        self._vault.commit()

    def _moment(self) -> Moment:
        desks = self._exchange.desks
        return Moment(
            place=self._feed.place(),
            taken=self._taken,
            queues={symbol: desk.matcher.save() for symbol, desk in desks.items()},
            stops={symbol: desk.triggers.stops for symbol, desk in desks.items()},
            last_seen={symbol: desk.triggers.last for symbol, desk in desks.items()},
            counters=ledger.counters(self._exchange),
        )

    def _watch(self) -> None:
        for symbol, desk in self._exchange.desks.items():
            desk.matcher.book.record(partial(self._took, symbol))

    def _took(self, symbol: str, side: Side, tick: int, lots: int) -> None:
        self._taken.append(Taken(self._feed.place(), symbol, side, tick, lots))

    def _resume(self, now: int) -> None:
        content, found = self._vault.row(MARKET, NOW), self._vault.row(MOMENT, NOW)
        assert content is not None, "no saved market"
        assert found is not None, "no last commit"
        saved = msgspec.msgpack.decode(content, type=SavedMarket)
        moment = msgspec.msgpack.decode(found, type=Moment)
        self._feed.restore(saved.source, saved.held)
        self.events, self.started, self.ended = saved.events, saved.started, saved.ended
        self._at = saved.until
        self._restore_desks(saved)
        self._ledger.read(self._exchange)
        ledger.count_on(self._exchange, moment.counters)
        self._play(moment)
        self._put_back(moment)
        self._watch()
        self._catch_up(saved.until, now)
        self.save()

    def _restore_desks(self, saved: SavedMarket) -> None:
        decode = msgspec.msgpack.Decoder(Candle).decode
        closed: dict[str, dict[str, list[Candle]]] = {symbol: {} for symbol in self._exchange.desks}
        rows = ((key.split("|"), content) for key, content in self._vault.rows(CANDLE))
        for (symbol, name), group in groupby(rows, key=lambda row: (row[0][0], row[0][1])):
            closed[symbol][name] = [decode(content) for _, content in group]
        for symbol, desk in self._exchange.desks.items():
            trades, aggregates = self._tapes[symbol].read()
            desk.restore(saved.desks[symbol], closed[symbol], trades, aggregates)
            self._tapes[symbol].reached()
            self._charts[symbol].reached()

    def _play(self, moment: Moment) -> None:
        """Let the market come to the place of the last commit."""
        taken = deque(moment.taken)
        if self._reached(moment, taken):
            return
        for event in self._feed.events():
            if self._reached(moment, taken):
                return
            self._feed.done()
            self.events += 1
            self._at = event.at
            _move(self._exchange.desks[event.symbol], event)
            if self._reached(moment, taken):
                return
        assert not taken, "the market is another than the one that was saved"

    def _reached(self, moment: Moment, taken: deque[Taken]) -> bool:
        """Take what our accounts took here; whether this is the place of the last commit."""
        place = self._feed.place()
        while taken and taken[0].place == place:
            took = taken.popleft()
            self._exchange.desks[took.symbol].matcher.book.take(took.side, took.tick, took.lots)
        return place == moment.place

    def _put_back(self, moment: Moment) -> None:
        registry = self._exchange.registry
        for symbol, desk in self._exchange.desks.items():
            desk.matcher.restore(moment.queues[symbol])
            desk.triggers.last = moment.last_seen[symbol]
            for stop in moment.stops[symbol]:
                desk.triggers.watch(stop, stop.since)
                registry.orders[stop.order_id].stop = stop

    def _catch_up(self, until: int, now: int) -> None:
        for event in self._feed.events():
            if event.at > until:
                break
            self._feed.done()
            self.events += 1
            self._at = event.at
            self._exchange.market(event, now)
        self._level()

    def _level(self) -> None:
        """A quiet symbol's clock is not behind: its candles had closed, too."""
        time = max(desk.time for desk in self._exchange.desks.values())
        for desk in self._exchange.desks.values():
            desk.advance(time)


def _move(desk: Desk, event: MarketEvent) -> None:
    """The market moves a desk without orders of ours."""
    desk.advance(event.time)
    if isinstance(event, DepthChange):
        desk.matcher.depth(event.last_id, event.bids, event.asks)
    elif isinstance(event, BestQuote):
        desk.matcher.quote(event.last_id, event.bid, event.ask)
    else:
        desk.printed(event)
        desk.triggers.last = event.tick
