"""Candles from files (CSV, Parquet), checked row by row and never repaired, as the series of a back-test."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import numpy as np

from midas.backtest.quality import period_of, refuse_future
from midas.backtest.series import Bars
from midas.domain.instrument import Instrument
from midas.errors import RecordingInvalid
from midas.venues.sim.levels.scale import ATOM, WIRE
from midas.venues.sim.source.candle_table import CandleTable, power_below, read_candles
from midas.venues.sim.source.survey import QUOTES

VENUE = "file"
QUANTITY_MAX = Decimal(10**9)
BOUNDLESS = 1e9  # base units a candle, where the table knows no volume: no order of ours is large beside it


def read_series(files: Sequence[Path], symbol: str = "") -> list[Bars]:
    """The candles of every symbol in these tables. Raises RecordingInvalid with file, row and a way out."""
    return bars_of(read_tables(files, symbol))


def read_tables(files: Sequence[Path], symbol: str = "", now: int = 0) -> list[CandleTable]:
    """The same before they are bars; none may open after `now` (wall time, ns; 0: not asked)."""
    tables = read_candles(*files, symbol=symbol)
    for table in tables if now else ():
        refuse_future(table, now)
    return tables


def bars_of(tables: Sequence[CandleTable]) -> list[Bars]:
    """All in one currency, as the account of one run needs it. Raises RecordingInvalid."""
    series = [_bars(table) for table in tables]
    quotes = sorted({bars.instrument.quote for bars in series})
    if len(quotes) > 1:
        raise RecordingInvalid(
            f"the tables are quoted in {', '.join(quotes)}: one run keeps its account in one currency"
        )
    return series


def _bars(table: CandleTable) -> Bars:
    period = period_of(table)
    prices = np.array(table.prices, np.int64).reshape(-1, 4) / WIRE
    volumes = np.array(table.volumes, np.float64) / WIRE
    return Bars(
        instrument=instrument_of(table), period=period, time=np.array(table.times, np.int64) + period,
        open=prices[:, 0], high=prices[:, 1], low=prices[:, 2], close=prices[:, 3],
        volume=volumes if volumes.any() else np.full(len(volumes), BOUNDLESS),
    )  # fmt: skip


def instrument_of(table: CandleTable) -> Instrument:
    """The pair that a table is about, with the finest steps that its own figures show.

    A lot is worth one unit of the quote currency at most: volumes are often rounded, and a whole coin a lot
    would keep a small account from ever trading.
    """
    symbol = table.symbol
    quote = next((q for q in QUOTES if symbol.endswith(q) and len(symbol) > len(q)), "")
    if not quote:
        raise RecordingInvalid(
            f"{table.place_of(0)}: {symbol} ends with no currency that midas knows ({', '.join(QUOTES)}); "
            "name it like BTCUSDT with --symbol"
        )
    lot = ATOM * min(table.lot, _worth_one(max(table.prices)))
    return Instrument(
        venue=VENUE, symbol=symbol, base=symbol[: -len(quote)], quote=quote, tick_size=ATOM * table.tick,
        lot_size=lot, quantity_min=lot, quantity_max=QUANTITY_MAX, notional_min=Decimal(5),
    )  # fmt: skip


def _worth_one(price: int) -> int:
    """The largest power of ten of 1e-8 base units that is worth one quote at most at `price` (in 1e-8)."""
    return power_below(WIRE * WIRE // price)
