"""Klines, streamed or fetched, to bars."""

from __future__ import annotations

import re
from itertools import pairwise

import msgspec

from midas.domain.market import Bar
from midas.domain.unreadable import UNREADABLE
from midas.errors import MalformedMessage
from midas.venues.binance.payloads import Candle, KlineRow
from midas.venues.binance.stamps import instant
from midas.venues.intervals import PERIODS

_NUMBER = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,20})?", re.ASCII)
_ROWS = msgspec.json.Decoder(list[KlineRow])
_SYNTHETIC = "synthetic"  # an embedded exchange says so in the field that the real one leaves unused


def bar_of_candle(instrument: str, candle: Candle, at: int) -> Bar:
    """A closed streamed candle as a bar. Raises MalformedMessage."""
    period = PERIODS.get(candle.interval)
    if period is None:
        raise MalformedMessage(f"{instrument} kline: unknown interval {candle.interval!r}")
    prices = (candle.open, candle.high, candle.low, candle.close, candle.volume)
    bar = _bar(instrument, period, candle.opened, prices, candle.trades)
    _check_close(bar, candle.closes)
    return msgspec.structs.replace(bar, at=at)


def bars_of_rows(instrument: str, period: int, body: bytes, at: int) -> list[Bar]:
    """The rows of `GET klines` as bars, oldest first, the last one perhaps not closed yet.

    Raises MalformedMessage.
    """
    try:
        rows = _ROWS.decode(body)
    except UNREADABLE as error:
        raise MalformedMessage(f"{instrument} klines: {error}") from None
    bars = []
    for row in rows:
        bar = _bar(instrument, period, row[0], row[1:6], row[8])
        _check_close(bar, row[6])
        bars.append(msgspec.structs.replace(bar, at=at, synthetic=row[11] == _SYNTHETIC))
    if any(later.time <= earlier.time for earlier, later in pairwise(bars)):
        raise MalformedMessage(f"{instrument} klines: expected rows in order of time, oldest first")
    return bars


def _bar(instrument: str, period: int, opened: int, prices: tuple[str, ...], trades: int) -> Bar:
    start = instant(opened)
    if start % period:
        raise MalformedMessage(f"{instrument} kline: open time {opened} is no multiple of its interval")
    open_, high, low, close, volume = (_number(instrument, text) for text in prices)
    if not 0 < low <= min(open_, close) <= max(open_, close) <= high:
        raise MalformedMessage(
            f"{instrument} kline: expected 0 < low <= open, close <= high, got {'/'.join(prices[:4])}"
        )
    return Bar(instrument, start + period, 0, period, open_, high, low, close, volume, trades)


def _check_close(bar: Bar, closes: int) -> None:
    # The wire names the last instant inside the bar, one of its own units before our exclusive end.
    step = instant(closes + 1) - instant(closes)
    if instant(closes) + step != bar.time:
        raise MalformedMessage(f"{bar.instrument} kline: close time {closes} doesn't fit its interval")


def _number(instrument: str, text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise MalformedMessage(f"{instrument} kline: expected a plain decimal number, got {text!r}")
    return float(text)
