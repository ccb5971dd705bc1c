"""Bars for the tests of the analysis: seeded random ones everywhere, real ones where there are any."""

from __future__ import annotations

import csv
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from midas.domain.market import Bar
from midas.domain.time import DAY, MINUTE

Column = NDArray[np.float64]

REAL = {"binance-btcusdt-1d-2020.csv": DAY, "bitstamp-btcusd-1m-2020-01-01.csv": MINUTE}


class Series(msgspec.Struct, frozen=True):
    """OHLCV columns of one period."""

    period: int
    high: Column
    low: Column
    close: Column
    volume: Column

    def bars(self) -> list[Bar]:
        """The same as closed bars, the first one closing after one period."""
        columns = (self.high.tolist(), self.low.tolist(), self.close.tolist(), self.volume.tolist())
        return [
            bar(self.period, i, high, low, close, volume)
            for i, (high, low, close, volume) in enumerate(zip(*columns, strict=True))
        ]


def bar(period: int, place: int, high: float, low: float, close: float, volume: float = 1.0) -> Bar:
    """The bar at `place` of a series."""
    time = (place + 1) * period
    return Bar("BTC-USDT.test", time, time, period, close, high, low, close, volume, 1)


def random_series(seed: int, length: int, period: int = MINUTE) -> Series:
    """A random walk with fat tails and changing volatility, ranges around each close."""
    rng = np.random.default_rng(seed)
    scale = 1e-3 * np.exp(np.sin(np.arange(length) / 150.0))
    close = 100.0 * np.exp(np.cumsum(rng.standard_t(4, length) * scale))
    high = close * (1.0 + np.abs(rng.normal(0.0, 1.0, length)) * scale)
    low = close * (1.0 - np.abs(rng.normal(0.0, 1.0, length)) * scale)
    return Series(period, high, low, close, rng.exponential(5.0, length))


def real_series(folder: Path, name: str) -> Series:
    """One of the files of the reference data."""
    with (folder / "data" / name).open(newline="") as file:
        rows = list(csv.DictReader(file))
    columns = [np.array([float(row[key]) for row in rows]) for key in ("high", "low", "close", "volume")]
    return Series(REAL[name], *columns)
