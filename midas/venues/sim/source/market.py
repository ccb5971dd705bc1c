"""What a market source yields, whatever it is: a recording or a simulator.

`at` paces: nanoseconds of the source's own clock. `time` is market time, nanoseconds, as stamped on
the streams. `payload` is the stream message as it was recorded; where it is empty, whoever wants the
message writes it (`messages.py`), so that nothing is spelled out that nobody listens to.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

import msgspec

from midas.domain.instrument import Instrument
from midas.domain.order import Side
from midas.venues.sim.levels.outside import Level


class DepthChange(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Levels that changed since the previous one; zero lots remove a level."""

    symbol: str
    at: int
    time: int
    first_id: int
    last_id: int
    bids: list[Level]
    asks: list[Level]
    payload: bytes = b""


class BestQuote(msgspec.Struct, frozen=True, gc=False, tag=True):
    """Best bid and ask. A recorded one carries no market time of its own: `time` is the last seen."""

    symbol: str
    at: int
    time: int
    last_id: int
    bid: Level
    ask: Level
    payload: bytes = b""


class Print(msgspec.Struct, frozen=True, gc=False, tag=True):
    """One public trade."""

    symbol: str
    at: int
    time: int
    trade_id: int
    tick: int
    lots: int
    buyer_is_maker: bool
    payload: bytes = b""


MarketEvent = DepthChange | BestQuote | Print


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument of a market, and where it stands before the first event."""

    instrument: Instrument
    last_id: int
    bids: list[Level]
    asks: list[Level]
    first_tick: int  # of the first trade
    first_trade_id: int
    volatility: float  # standard deviation of the log price over one second
    volatility_now: float = 0.0  # the same in the last minutes before the start; 0: no different
    volume: float  # base units a second


class Source(Protocol):
    """A market to serve. `events` may be asked for once."""

    name: str
    start: int  # market time of the first event
    lateness: int  # nanoseconds by which a trade may be stamped earlier than an event before it
    waits: bool  # for its first subscriber, who misses nothing; else it begins with the first request

    def listings(self) -> list[Listing]:
        """The instruments, in a fixed order."""
        ...

    def events(self) -> Iterator[MarketEvent]:
        """The market, ordered by `at`."""
        ...

    def save(self) -> bytes:
        """Where the market stands after the last event that was handed out."""
        ...

    def restore(self, state: bytes) -> None:
        """Go on after `save`, before `events` is asked for. Raises StoreDamaged where that can't be."""
        ...


@runtime_checkable
class Responsive(Protocol):
    """A market that our own orders move. A recorded one can't be moved."""

    def taken(self, symbol: str, side: Side, tick: int, lots: int) -> None:
        """One of our accounts took (`side` is its own) `lots` that the market displayed at `tick`."""
        ...
