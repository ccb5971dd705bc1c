"""Recorded Binance streams as a market source: one file or a folder of them, one symbol or several.

What was recorded is read twice and never held: once before the start, to refuse what can't be replayed and
to learn where the market stands, and once while the market runs.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import msgspec

from midas.domain.time import MILLISECOND
from midas.domain.unreadable import UNREADABLE
from midas.errors import StoreDamaged
from midas.venues.recording import recording_files
from midas.venues.sim.levels.outside import Level
from midas.venues.sim.levels.scale import Scale, wire_text, wire_units
from midas.venues.sim.source.market import BestQuote, DepthChange, Listing, MarketEvent, Print
from midas.venues.sim.source.recorded import Depth, Pairs, Quote, Recorded, Snapshot, Trade, messages
from midas.venues.sim.source.survey import Survey, SymbolSurvey

LATENESS = 250 * MILLISECOND  # the recorded trades come up to 205 ms after later-stamped depth

_ENCODE = msgspec.json.Encoder().encode

log = logging.getLogger(__name__)


class Recording:
    """The market of a recorded file, or of all files of a folder."""

    lateness = LATENESS
    waits = True

    def __init__(self, path: Path) -> None:
        self._files = recording_files(path)
        self._survey = Survey(str(path))
        for recorded in messages(self._files, log.warning):
            self._survey.see(recorded)
        self._survey.finish(log.warning)
        self.name = str(path)
        self.start = self._survey.start
        self._tracks = [_Track(symbol) for symbol in self._survey.symbols.values()]
        self._events = self._replayed()
        self._handed_out = 0

    def listings(self) -> list[Listing]:
        """The recorded instruments as they were listed, else in the order of their first messages."""
        return [track.listing(self._survey.seconds) for track in self._tracks]

    def events(self) -> Iterator[MarketEvent]:
        """The messages in file order; market time never runs backwards between them."""
        for event in self._events:
            self._handed_out += 1
            yield event

    def save(self) -> bytes:
        """How far it was replayed."""
        return _ENCODE(_Position(events=self._handed_out, messages=self._survey.messages))

    def restore(self, state: bytes) -> None:
        """Replay up to where it was saved, at once. Raises StoreDamaged for another recording's position."""
        try:
            position = msgspec.json.decode(state, type=_Position)
        except UNREADABLE:
            position = _Position(events=0, messages=-1)
        if position.messages != self._survey.messages:
            raise StoreDamaged(
                f"{self.name}: the saved position is of another recording; start the exchange anew",
                self.name,
                0,
            )
        for event in islice(self.events(), position.events):
            self.start = max(self.start, event.time)

    def _replayed(self) -> Iterator[MarketEvent]:
        tracks = {track.symbol: track for track in self._tracks}
        pace = _Pace(self._survey)
        for recorded in messages(self._files, lambda sentence: None):
            message = recorded.message
            if isinstance(message, Depth | Quote | Trade) and message.s in tracks:
                event = tracks[message.s].event(recorded, pace.at(recorded))
                if event is not None:
                    yield event


class _Position(msgspec.Struct):
    """Events handed out, of a recording of so many messages."""

    events: int
    messages: int


class _Pace:
    """When each message is due: by the recorder's clock, or by the market's own where that ran faster."""

    def __init__(self, survey: Survey) -> None:
        self._by_market = survey.accelerated
        self._at = survey.start if self._by_market else 0

    def at(self, recorded: Recorded) -> int:
        """Never goes back."""
        message, due = recorded.message, recorded.ns
        if self._by_market:
            due = message.E * MILLISECOND if isinstance(message, Depth | Trade) else self._at
        self._at = max(self._at, due)
        return self._at


class _Track:
    """One symbol while it is replayed."""

    def __init__(self, survey: SymbolSurvey) -> None:
        self.symbol = survey.symbol
        self._survey = survey
        self._instrument = survey.instrument()
        self._scale = Scale.of(self._instrument)
        self._runs = iter(survey.runs)
        self._last_id = self._time = 0
        self._joined = survey.runs[0].snapshot is not None
        first = next(run.snapshot for run in survey.runs if run.snapshot is not None)
        self._book = _Book(first.last_id, *self._sides(first))
        trade = survey.first_trade
        self._tick = self._scale.ticks(trade.p) if trade is not None else self._book.middle()
        self._trade_id = (trade.t or trade.a) if trade is not None else 1

    def listing(self, seconds: float) -> Listing:
        """Where the symbol stands before its next event."""
        bids, asks = self._book.levels()
        return Listing(
            instrument=self._instrument,
            last_id=self._book.last_id,
            bids=bids,
            asks=asks,
            first_tick=self._tick,
            first_trade_id=self._trade_id,
            volatility=self._survey.volatility(seconds),
            volume=self._survey.volume / seconds,
        )

    def event(self, recorded: Recorded, at: int) -> MarketEvent | None:
        """What one message is to the market; nothing where it repeats another or no book carries it."""
        message = recorded.message
        if isinstance(message, Depth):
            return self._depth(recorded, message, at)
        if isinstance(message, Quote):
            return self._quote(recorded, message, at) if self._joined else None
        assert isinstance(message, Trade)
        if message.a and self._survey.whole_trades:
            return None
        return self._trade(recorded, message, at)

    def _depth(self, recorded: Recorded, message: Depth, at: int) -> DepthChange | None:
        if message.u <= self._last_id:
            return None
        first, payload = message.U, recorded.payload
        bids, asks, last_id = self._levels(message.b), self._levels(message.a), message.u
        if not (self._last_id and message.continues(self._last_id)):
            snapshot = next(self._runs).snapshot
            self._joined = snapshot is not None
            if snapshot is not None and snapshot.last_id > self._book.last_id:
                bids, asks, last_id = self._rejoined(snapshot, message, bids, asks)
        elif self._survey.futures:
            # Futures ids leave holes and chain by `pu`; spot clients expect U = previous u + 1.
            first = self._last_id + 1
        self._last_id = message.u
        if not self._joined:
            return None
        self._book.change(last_id, bids, asks)
        self._time = max(self._time, message.E * MILLISECOND)
        if self._survey.futures:
            payload = self._spot_depth(message, first)
        return DepthChange(self.symbol, at, self._time, first, last_id, bids, asks, payload)

    def _rejoined(
        self, snapshot: Snapshot, message: Depth, bids: list[Level], asks: list[Level]
    ) -> tuple[list[Level], list[Level], int]:
        """What turns the book before a gap into the one behind it; the message itself stays as recorded."""
        changes = self._book.towards(*self._sides(snapshot))
        if message.u > snapshot.last_id:
            for side, levels in zip(changes, (bids, asks), strict=True):
                side.update(levels)
        return list(changes[0].items()), list(changes[1].items()), max(message.u, snapshot.last_id)

    def _quote(self, recorded: Recorded, message: Quote, at: int) -> BestQuote:
        ticks, lots = self._scale.ticks, self._scale.lots
        payload = recorded.payload
        if message.e:
            sides = {"b": message.b, "B": message.B, "a": message.a, "A": message.A}
            texts = {key: wire_text(wire_units(text)) for key, text in sides.items()}
            payload = _ENCODE({"u": message.u, "s": self.symbol, **texts})
        bid = ticks(message.b), lots(message.B)
        ask = ticks(message.a), lots(message.A)
        return BestQuote(self.symbol, at, self._time, message.u, bid, ask, payload)

    def _trade(self, recorded: Recorded, message: Trade, at: int) -> Print:
        trade_id = message.t or message.a
        payload = recorded.payload
        if message.M is None or message.a:
            payload = self._spot_trade(message, trade_id)
        tick, lots = self._scale.ticks(message.p), self._scale.lots(message.q)
        self._tick, self._trade_id = tick, trade_id + 1
        return Print(self.symbol, at, message.T * MILLISECOND, trade_id, tick, lots, message.m, payload)

    def _levels(self, pairs: Pairs) -> list[Level]:
        ticks, lots = self._scale.ticks, self._scale.lots
        return [(ticks(price), lots(quantity)) for price, quantity in pairs]

    def _sides(self, snapshot: Snapshot) -> tuple[list[Level], list[Level]]:
        bids, asks = snapshot.levels()
        return self._levels(bids), self._levels(asks)

    def _spot_depth(self, message: Depth, first: int) -> bytes:
        head = {"e": "depthUpdate", "E": message.E, "s": self.symbol, "U": first, "u": message.u}
        return _ENCODE({**head, "b": _eight(message.b), "a": _eight(message.a)})

    def _spot_trade(self, message: Trade, trade_id: int) -> bytes:
        return _ENCODE(
            {
                "e": "trade",
                "E": message.E,
                "s": self.symbol,
                "t": trade_id,
                "p": wire_text(wire_units(message.p)),
                "q": wire_text(wire_units(message.q)),
                "T": message.T,
                "m": message.m,
                "M": True,
            }
        )


class _Book:
    """The book of one symbol, followed to know where it stands and what a later snapshot changes in it."""

    def __init__(self, last_id: int, bids: list[Level], asks: list[Level]) -> None:
        self.last_id = last_id
        self._sides = {tick: lots for tick, lots in bids if lots}, {tick: lots for tick, lots in asks if lots}

    def levels(self) -> tuple[list[Level], list[Level]]:
        """Both sides, best first."""
        bids, asks = self._sides
        return sorted(bids.items(), reverse=True), sorted(asks.items())

    def middle(self) -> int:
        """A price where nothing says one: between the sides, or next to the only one."""
        bids, asks = self._sides
        touch = ([max(bids)] if bids else []) + ([min(asks)] if asks else [])
        return max(1, sum(touch) // max(1, len(touch)))

    def change(self, last_id: int, bids: list[Level], asks: list[Level]) -> None:
        """Apply what is newer than the book."""
        if last_id <= self.last_id:
            return
        self.last_id = last_id
        for side, levels in zip(self._sides, (bids, asks), strict=True):
            for tick, lots in levels:
                if lots:
                    side[tick] = lots
                else:
                    side.pop(tick, None)

    def towards(self, bids: list[Level], asks: list[Level]) -> tuple[dict[int, int], dict[int, int]]:
        """The changes that make it another book."""
        changes = []
        for side, levels in zip(self._sides, (dict(bids), dict(asks)), strict=True):
            gone = {tick: 0 for tick in side if tick not in levels}
            changes.append(gone | {tick: lots for tick, lots in levels.items() if side.get(tick) != lots})
        return changes[0], changes[1]


def _eight(pairs: Pairs) -> list[tuple[str, str]]:
    return [(wire_text(wire_units(price)), wire_text(wire_units(quantity))) for price, quantity in pairs]
