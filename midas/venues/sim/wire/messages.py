"""What happens on a desk as the venue's stream messages; `unit` is nanoseconds in one of its timestamps."""

from __future__ import annotations

import msgspec

from midas.domain.time import MILLISECOND
from midas.venues.sim.floor.desk import Desk
from midas.venues.sim.floor.klines import Candle
from midas.venues.sim.floor.tape import Aggregate
from midas.venues.sim.levels.outside import Level
from midas.venues.sim.source.market import BestQuote, DepthChange, Print
from midas.venues.sim.wire.reports import Json

_ENCODE = msgspec.json.Encoder().encode
AVERAGED = "5m"


def depth(desk: Desk, event: DepthChange, unit: int) -> bytes:
    """A message of `<symbol>@depth@100ms`."""
    if unit == MILLISECOND and event.payload:
        return event.payload
    return _ENCODE(diff(desk, (event.first_id, event.last_id), event.bids, event.asks, event.time // unit))


def diff(desk: Desk, ids: tuple[int, int], bids: list[Level], asks: list[Level], stamp: int) -> Json:
    """Levels that changed from the first to the last of `ids`."""
    return {
        "e": "depthUpdate",
        "E": stamp,
        "s": desk.symbol,
        "U": ids[0],
        "u": ids[1],
        "b": pairs(desk, bids),
        "a": pairs(desk, asks),
    }


def trade(desk: Desk, event: Print, unit: int) -> bytes:
    """A message of `<symbol>@trade`."""
    if unit == MILLISECOND and event.payload:
        return event.payload
    stamp = event.time // unit
    price, quantity = desk.scale.price(event.tick), desk.scale.quantity(event.lots)
    return (
        f'{{"e":"trade","E":{stamp},"s":"{desk.symbol}","t":{event.trade_id},"p":"{price}","q":"{quantity}",'
        f'"T":{stamp},"m":{"true" if event.buyer_is_maker else "false"},"M":true}}'
    ).encode()


def best(desk: Desk, event: BestQuote, unit: int) -> bytes:
    """A message of `<symbol>@bookTicker`; it has no time."""
    if event.payload:
        return event.payload
    price, quantity = desk.scale.price, desk.scale.quantity
    (bid, bid_lots), (ask, ask_lots) = event.bid, event.ask
    return (
        f'{{"u":{event.last_id},"s":"{desk.symbol}","b":"{price(bid)}","B":"{quantity(bid_lots)}",'
        f'"a":"{price(ask)}","A":"{quantity(ask_lots)}"}}'
    ).encode()


def aggregate(desk: Desk, found: Aggregate, unit: int) -> Json:
    """A line of REST `aggTrades`, and what the stream says of it."""
    return {
        "a": found.number,
        "p": desk.scale.price(found.tick),
        "q": desk.scale.quantity(found.lots),
        "f": found.first_id,
        "l": found.last_id,
        "T": found.time // unit,
        "m": found.buyer_is_maker,
        "M": True,
    }


def aggregate_trade(desk: Desk, found: Aggregate, unit: int) -> bytes:
    """A message of `<symbol>@aggTrade`."""
    head: Json = {"e": "aggTrade", "E": desk.time // unit, "s": desk.symbol}
    return _ENCODE(head | aggregate(desk, found, unit))


def kline(desk: Desk, interval: str, candle: Candle, closed: bool, unit: int) -> bytes:
    """A message of `<symbol>@kline_<interval>`."""
    scale = desk.scale
    inside: Json = {
        "t": candle.start // unit,
        "T": candle.end // unit - 1,
        "s": desk.symbol,
        "i": interval,
        "f": candle.first_id,
        "L": candle.last_id,
        "o": scale.price(candle.open),
        "c": scale.price(candle.close),
        "h": scale.price(candle.high),
        "l": scale.price(candle.low),
        "v": scale.quantity(candle.lots),
        "n": candle.trades,
        "x": closed,
        "q": scale.notional(candle.value),
        "V": scale.quantity(candle.taker_lots),
        "Q": scale.notional(candle.taker_value),
        "B": "0",
    }
    return _ENCODE({"e": "kline", "E": desk.time // unit, "s": desk.symbol, "k": inside})


def average_price(desk: Desk, unit: int) -> bytes:
    """A message of `<symbol>@avgPrice`."""
    last = desk.tape.trades[-1].time if desk.tape.trades else desk.time
    return _ENCODE(
        {
            "e": "avgPrice",
            "E": desk.time // unit,
            "s": desk.symbol,
            "i": AVERAGED,
            "w": f"{desk.average():.8f}",
            "T": last // unit,
        }
    )


def pairs(desk: Desk, levels: list[Level]) -> list[tuple[str, str]]:
    """Levels as the venue's pairs of strings."""
    price, quantity = desk.scale.price, desk.scale.quantity
    return [(price(tick), quantity(lots)) for tick, lots in levels]


def depth_answer(desk: Desk, count: int) -> Json:
    """The best `count` levels with the id that they are as of."""
    book = desk.matcher.book
    return {
        "lastUpdateId": book.last_id,
        "bids": pairs(desk, book.bids.top(count)),
        "asks": pairs(desk, book.asks.top(count)),
    }


def quote(desk: Desk) -> tuple[str, str, str, str]:
    """Best bid, its quantity, best ask, its quantity; zeros where a side is empty."""
    texts: list[str] = []
    for side in (desk.matcher.book.bids, desk.matcher.book.asks):
        tick, lots = side.best() or (0, 0)
        texts += [desk.scale.price(tick), desk.scale.quantity(lots)]
    return texts[0], texts[1], texts[2], texts[3]
