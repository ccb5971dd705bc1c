"""Long series as few points as a picture needs, without losing what was worst in between."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from midas.backtest.series import Bars, Floats, Times
from midas.reports.sheet import Candle, Chart, Curve

POINTS = 480
CANDLES = 480


def curve(times: Times, equity: Floats, depth: Floats, held: Floats, exposure: Floats) -> Curve:
    """Of each part the last equity, the deepest fall and the mean exposure."""
    firsts = _firsts(len(times), POINTS)
    if not len(firsts):
        return Curve()
    lasts = np.append(firsts[1:], len(times)) - 1
    counts = np.diff(np.append(firsts, len(times)))
    return Curve(
        time=_whole(times[lasts]), equity=_plain(equity[lasts], 2),
        drawdown=_plain(np.minimum.reduceat(depth, firsts), 6), held=_plain(held[lasts], 2),
        exposure=_plain(np.add.reduceat(exposure, firsts) / counts, 4),
    )  # fmt: skip


def chart(bars: Bars) -> Chart:
    """The prices of one instrument, several candles in one where there are many."""
    firsts = _firsts(len(bars), CANDLES)
    if not len(firsts):
        candles: tuple[Candle, ...] = ()
    else:
        lasts = np.append(firsts[1:], len(bars)) - 1
        columns: list[Sequence[float]] = [
            bars.open[firsts].tolist(), np.maximum.reduceat(bars.high, firsts).tolist(),
            np.minimum.reduceat(bars.low, firsts).tolist(), bars.close[lasts].tolist(),
            np.add.reduceat(bars.volume, firsts).tolist(),
        ]  # fmt: skip
        candles = tuple(map(Candle, bars.time[lasts].tolist(), *columns))
    instrument = bars.instrument
    decimals = max(0, -int(instrument.tick_size.normalize().as_tuple().exponent))
    many = -(-len(bars) // max(1, len(firsts))) if len(firsts) else 1
    return Chart(
        instrument=instrument.id, name=instrument.name, period=bars.period * many, decimals=decimals,
        candles=candles,
    )  # fmt: skip


def _firsts(count: int, most: int) -> Times:
    """Where each part begins: parts of one size, the last one smaller."""
    return np.arange(0, count, -(-count // most) if count else 1, dtype=np.int64)


def _plain(values: Floats, decimals: int) -> tuple[float, ...]:
    return tuple((np.round(values, decimals) + 0.0).tolist())


def _whole(values: Times) -> tuple[int, ...]:
    return tuple(values.tolist())
