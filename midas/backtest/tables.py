"""Candles from files (CSV, Parquet), checked row by row and never repaired, as the series of a back-test."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import numpy as np

from midas.backtest.series import Bars
from midas.domain.instrument import Instrument
from midas.errors import RecordingInvalid
from midas.venues.sim.levels.scale import ATOM, WIRE
from midas.venues.sim.source.candle_table import CandleTable, read_candles
from midas.venues.sim.source.survey import QUOTES

VENUE = "file"
QUANTITY_MAX = Decimal(10**9)


def read_series(files: Sequence[Path], symbol: str = "") -> list[Bars]:
    """The candles of every symbol in these tables. Raises RecordingInvalid with file, row and a way out."""
    found: dict[str, Path] = {}
    series: list[Bars] = []
    for file in files:
        for table in read_candles(file, symbol):
            if table.symbol in found:
                raise RecordingInvalid(
                    f"{file}: {table.symbol} stands in {found[table.symbol]} already; give each symbol once"
                )
            found[table.symbol] = file
            series.append(_bars(table))
    quotes = sorted({bars.instrument.quote for bars in series})
    if len(quotes) > 1:
        raise RecordingInvalid(
            f"the tables are quoted in {', '.join(quotes)}: one run keeps its account in one currency"
        )
    return series


def _bars(table: CandleTable) -> Bars:
    period = table.duration
    prices = np.array(table.prices, np.int64).reshape(-1, 4) / WIRE
    return Bars(
        instrument=instrument_of(table), period=period, time=np.array(table.times, np.int64) + period,
        open=prices[:, 0], high=prices[:, 1], low=prices[:, 2], close=prices[:, 3],
        volume=np.array(table.volumes, np.float64) / WIRE,
    )  # fmt: skip


def instrument_of(table: CandleTable) -> Instrument:
    """The pair that a table is about, with the finest steps that its own figures show."""
    symbol = table.symbol
    quote = next((q for q in QUOTES if symbol.endswith(q) and len(symbol) > len(q)), "")
    if not quote:
        raise RecordingInvalid(
            f"{table.place}: {symbol} ends with no currency that midas knows ({', '.join(QUOTES)}); "
            "name it like BTCUSDT with --symbol"
        )
    lot = ATOM * table.lot
    return Instrument(
        venue=VENUE, symbol=symbol, base=symbol[: -len(quote)], quote=quote, tick_size=ATOM * table.tick,
        lot_size=lot, quantity_min=lot, quantity_max=QUANTITY_MAX, notional_min=Decimal(5),
    )  # fmt: skip
