"""Statistics of a desk over a window of time, as REST and the streams tell them."""

from __future__ import annotations

from midas.domain.time import MILLISECOND, MINUTE
from midas.venues.sim.floor.desk import Desk
from midas.venues.sim.floor.klines import Candle
from midas.venues.sim.wire import messages
from midas.venues.sim.wire.reports import Json

DAY_MINUTES = 1_440
WINDOWS = {"1h": 60, "4h": 240, "1d": DAY_MINUTES}  # minutes of the rolling windows that are streamed


def mini(desk: Desk, window: Candle, unit: int = MILLISECOND) -> Json:
    """The short form (MINI) of a REST ticker."""
    scale = desk.scale
    return {
        "symbol": desk.symbol,
        "openPrice": scale.price(window.open),
        "highPrice": scale.price(window.high),
        "lowPrice": scale.price(window.low),
        "lastPrice": scale.price(desk.last_tick),
        "volume": scale.quantity(window.lots),
        "quoteVolume": scale.notional(window.value),
        "openTime": window.start // unit,
        "closeTime": desk.time // unit,
        "firstId": window.first_id,
        "lastId": desk.last_trade_id,
        "count": window.trades,
    }


def rolling(desk: Desk, window: Candle, unit: int = MILLISECOND) -> Json:
    """The long form (FULL) of `ticker` and `ticker/tradingDay`."""
    short = mini(desk, window, unit)
    return {"symbol": short.pop("symbol")} | _change(desk, window) | short


def daily(desk: Desk, window: Candle, unit: int = MILLISECOND) -> Json:
    """The long form of `ticker/24hr`: the book's best prices besides."""
    bid, bid_lots, ask, ask_lots = messages.quote(desk)
    trades = desk.tape.trades
    book = {
        "prevClosePrice": desk.scale.price(window.open),
        "lastQty": desk.scale.quantity(trades[-1].lots if trades else 0),
        "bidPrice": bid,
        "bidQty": bid_lots,
        "askPrice": ask,
        "askQty": ask_lots,
    }
    return rolling(desk, window, unit) | book


def day(desk: Desk) -> Candle:
    """The last 24 hours."""
    return _back(desk, DAY_MINUTES)


def mini_message(desk: Desk, unit: int) -> Json:
    """A `24hrMiniTicker` of the streams."""
    window, scale = day(desk), desk.scale
    return {
        "e": "24hrMiniTicker",
        "E": desk.time // unit,
        "s": desk.symbol,
        "c": scale.price(desk.last_tick),
        "o": scale.price(window.open),
        "h": scale.price(window.high),
        "l": scale.price(window.low),
        "v": scale.quantity(window.lots),
        "q": scale.notional(window.value),
    }


_LETTERS = {
    "symbol": "s", "priceChange": "p", "priceChangePercent": "P", "weightedAvgPrice": "w",
    "prevClosePrice": "x", "lastPrice": "c", "lastQty": "Q",
    "bidPrice": "b", "bidQty": "B", "askPrice": "a", "askQty": "A",
    "openPrice": "o", "highPrice": "h", "lowPrice": "l", "volume": "v", "quoteVolume": "q", "openTime": "O",
    "closeTime": "C", "firstId": "F", "lastId": "L", "count": "n",
}  # fmt: skip


def day_message(desk: Desk, unit: int) -> Json:
    """A `24hrTicker` of the streams: REST's fields under their letters."""
    return _lettered("24hrTicker", desk, daily(desk, day(desk), unit), unit)


def window_message(name: str, desk: Desk, unit: int) -> Json:
    """A `1hTicker`, `4hTicker` or `1dTicker` of the streams."""
    return _lettered(f"{name}Ticker", desk, rolling(desk, _back(desk, WINDOWS[name]), unit), unit)


def _back(desk: Desk, minutes: int) -> Candle:
    """The last `minutes` as the venue counts them: from a whole minute on, up to 59,999 ms more."""
    return desk.since(desk.time - minutes * MINUTE)


def _lettered(kind: str, desk: Desk, fields: Json, unit: int) -> Json:
    lettered: Json = {letter: fields[name] for name, letter in _LETTERS.items() if name in fields}
    return {"e": kind, "E": desk.time // unit} | lettered


def _change(desk: Desk, window: Candle) -> Json:
    instrument, moved = desk.instrument, desk.last_tick - window.open
    return {
        "priceChange": f"{instrument.tick_size * moved:.8f}",
        "priceChangePercent": f"{100 * moved / window.open:.3f}",
        "weightedAvgPrice": f"{desk.mean(window):.8f}",
    }
