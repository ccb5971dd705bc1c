"""What a venue says about its market. Prices are integer ticks, quantities integer lots.

The hot events are arrays on the tape, untracked by the garbage collector. `time` is market time, `at`
the wall time at which the bytes arrived here.
"""

from __future__ import annotations

import msgspec


class Quote(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="quote"):
    """Best bid and ask."""

    instrument: str
    time: int
    at: int
    bid: int
    bid_lots: int
    ask: int
    ask_lots: int
    update_id: int


class Trade(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="trade"):
    """One public trade; `count` > 1 after conflation (then `price` is the last, `lots` the sum)."""

    instrument: str
    time: int
    at: int
    price: int
    lots: int
    buyer_is_maker: bool  # True: the aggressor sold
    trade_id: int
    count: int = 1


class BookDelta(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="delta"):
    """Changed levels: `levels` is a little-endian int64 array of (tick, lots) pairs, `bids` of them first.

    A quantity of zero removes the level. Contiguous: `first_id` is the previous `last_id` + 1.
    """

    instrument: str
    time: int
    at: int
    first_id: int
    last_id: int
    bids: int
    levels: bytes


class BookSnapshot(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="book"):
    """The whole visible book as of `last_id`; `levels` as in BookDelta, best first on each side."""

    instrument: str
    time: int
    at: int
    last_id: int
    bids: int
    levels: bytes


class BookLost(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="lost"):
    """The book can't be trusted until the next snapshot (gap, crossed book, reconnect)."""

    instrument: str
    at: int
    reason: str


class Bar(msgspec.Struct, frozen=True, gc=False, array_like=True, tag="bar"):
    """One closed candle. Prices are floats: evidence, never money."""

    instrument: str
    time: int  # close, market time: the first instant after the bar
    at: int
    period: int  # nanoseconds
    open: float
    high: float
    low: float
    close: float
    volume: float  # base units
    trades: int
    synthetic: bool = False  # history that no market printed; it only warms indicators


class FeedStatus(msgspec.Struct, frozen=True, tag="feed"):
    """A market or user stream came up or went down."""

    venue: str
    stream: str  # "market" or "user"
    at: int
    connected: bool
    detail: str = ""


class MessageRefused(msgspec.Struct, frozen=True, tag="refused"):
    """A venue message that failed at the boundary (NaN price, missing field); nothing of it was used."""

    venue: str
    stream: str
    at: int
    reason: str
