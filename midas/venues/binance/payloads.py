"""Binance's market payloads as they stand on the wire, under readable names."""

from __future__ import annotations

from typing import Annotated, Generic, TypeVar

import msgspec

Payload = TypeVar("Payload")
Id = Annotated[int, msgspec.Meta(ge=0, lt=1 << 62)]


class Depth(msgspec.Struct, rename={"time": "E", "symbol": "s", "first_id": "U", "last_id": "u", "bids": "b",
                                    "asks": "a", "previous_id": "pu"}):  # fmt: skip
    """`depthUpdate`; futures chain by `pu`, the previous message's last id."""

    time: int
    symbol: str
    first_id: Id
    last_id: Id
    bids: msgspec.Raw
    asks: msgspec.Raw
    previous_id: int = -1


class BookTicker(msgspec.Struct, rename={"update_id": "u", "symbol": "s", "bid": "b", "bid_quantity": "B",
                                         "ask": "a", "ask_quantity": "A", "time": "E"}):  # fmt: skip
    """`bookTicker`; on spot it carries no time."""

    update_id: Id
    symbol: str
    bid: str
    bid_quantity: str
    ask: str
    ask_quantity: str
    time: int = 0


class PublicTrade(msgspec.Struct, rename={"time": "E", "symbol": "s", "id": "t", "price": "p",
                                          "quantity": "q", "traded": "T",
                                          "buyer_is_maker": "m"}):  # fmt: skip
    """`trade`."""

    time: int
    symbol: str
    id: Id
    price: str
    quantity: str
    traded: int
    buyer_is_maker: bool


class AggregateTrade(msgspec.Struct, rename={"time": "E", "symbol": "s", "id": "a", "price": "p",
                                             "quantity": "q", "first": "f", "last": "l", "traded": "T",
                                             "buyer_is_maker": "m"}):  # fmt: skip
    """`aggTrade`: trades `first` to `last` of one taker at one price."""

    time: int
    symbol: str
    id: Id
    price: str
    quantity: str
    first: Id
    last: Id
    traded: int
    buyer_is_maker: bool


class Candle(msgspec.Struct, rename={"opened": "t", "closes": "T", "interval": "i", "open": "o", "high": "h",
                                     "low": "l", "close": "c", "volume": "v", "trades": "n",
                                     "closed": "x"}):  # fmt: skip
    """The inner object of `kline`."""

    opened: int
    closes: int
    interval: str
    open: str
    high: str
    low: str
    close: str
    volume: str
    trades: int
    closed: bool


class Kline(msgspec.Struct, rename={"time": "E", "symbol": "s", "candle": "k"}):
    """`kline`: the candle so far."""

    time: int
    symbol: str
    candle: Candle


class Envelope(msgspec.Struct, Generic[Payload]):
    """What a combined stream wraps around each payload."""

    stream: str
    data: Payload


class Unrouted(msgspec.Struct, rename={"event": "e", "symbol": "s", "bid_quantity": "B", "notice": "event"}):
    """Just enough of any message to tell what it is."""

    stream: str = ""
    data: msgspec.Raw = msgspec.Raw()
    event: str = ""
    symbol: str = ""
    bid_quantity: str = ""
    id: int | str | None = None
    notice: msgspec.Raw = msgspec.Raw()
    error: dict[str, str | int] | None = None


class DepthSnapshot(msgspec.Struct, rename={"last_id": "lastUpdateId"}):
    """The answer of `GET depth`; futures add a time."""

    last_id: Id
    bids: msgspec.Raw
    asks: msgspec.Raw


KlineRow = tuple[int, str, str, str, str, str, int, str, int, str, str, str]
"""Open time, open, high, low, close, volume, close time, quote volume, trades, two taker volumes, unused."""
