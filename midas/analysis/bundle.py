"""The bundle of indicators as one compiled call per bar over one packed array of state.

Twelve Python indicators cost more than the rest of the engine's step; one kernel call doesn't. The
formulas are those of the plain classes in `indicators`, which are its reference in the tests. No
fastmath and no np.sum: the same bars give the same bits on every machine of one kind.

Layout of `memory`: the output, the parameters, the running state, then the rings and sorted windows.
"""

from __future__ import annotations

from math import isnan, log, nan, sqrt

import numpy as np
from numpy.typing import NDArray

from midas.state.kernel import kernel

Memory = NDArray[np.float64]

# Output, in the order of the float fields of `Features`.
CLOSE, RETURN_1, EMA_FAST, EMA_SLOW, SMA_200, RSI_14, MACD_HISTOGRAM, ATR_14 = range(8)
ADX_14, PLUS_DI, MINUS_DI, RV_20, RV_20_MEDIAN, ATR_RATIO, BOLLINGER_Z, OUTPUTS = range(8, 16)

# Parameters and running state.
BARS, FAST_N, SLOW_N, FLOOR, HIGH, LOW, FAST, SLOW = range(OUTPUTS, OUTPUTS + 8)
MACD_FAST, MACD_SLOW, MACD_SIGNAL, GAIN, LOSS, RANGE, PLUS, MINUS = range(OUTPUTS + 8, OUTPUTS + 16)
DX, CLOSE_SUM, WINDOWS = range(OUTPUTS + 16, OUTPUTS + 19)

# Periods; a median looks back 252 bars, a trading year of daily ones.
SMA_N, WILDER_N, RV_N, BOLLINGER_N, MEDIAN_N = 200, 14, 20, 20, 252
MACD_FAST_N, MACD_SLOW_N, MACD_SIGNAL_N = 12, 26, 9

CLOSES = WINDOWS
RETURNS = CLOSES + SMA_N
RV_RING = RETURNS + RV_N
RV_SORTED = RV_RING + MEDIAN_N
ATR_RING = RV_SORTED + MEDIAN_N
ATR_SORTED = ATR_RING + MEDIAN_N
SIZE = ATR_SORTED + MEDIAN_N


def fresh(ema_fast: int, ema_slow: int, floor: float) -> Memory:
    """Memory before the first bar; `floor` bounds both trailing medians from below."""
    memory = np.zeros(SIZE)
    memory[:OUTPUTS] = nan
    memory[FAST_N], memory[SLOW_N], memory[FLOOR] = ema_fast, ema_slow, floor
    return memory


@kernel
def update(memory: Memory, high: float, low: float, close: float) -> None:
    """Take one bar; afterwards `memory[:OUTPUTS]` holds the features."""
    bars = int(memory[BARS])
    previous_close = memory[CLOSE]
    _averages(memory, bars, close)
    _sma(memory, bars, close)
    if bars > 0:
        change = log(close / previous_close)
        memory[RETURN_1] = close / previous_close - 1.0
        memory[RETURNS + (bars - 1) % RV_N] = change
        _rsi(memory, bars, close - previous_close)
        _directional(memory, bars, high, low, previous_close)
        _medians(memory, bars, close)
    if bars + 1 >= BOLLINGER_N:
        memory[BOLLINGER_Z] = _bollinger(memory, bars, close)
    memory[CLOSE], memory[HIGH], memory[LOW] = close, high, low
    memory[BARS] = bars + 1


@kernel
def _averages(memory: Memory, bars: int, close: float) -> None:
    """Both EMAs and the MACD; a first value is a seed."""
    if bars == 0:
        memory[FAST] = memory[SLOW] = memory[MACD_FAST] = memory[MACD_SLOW] = close
    else:
        memory[FAST] += 2.0 / (memory[FAST_N] + 1) * (close - memory[FAST])
        memory[SLOW] += 2.0 / (memory[SLOW_N] + 1) * (close - memory[SLOW])
        memory[MACD_FAST] += 2.0 / (MACD_FAST_N + 1) * (close - memory[MACD_FAST])
        memory[MACD_SLOW] += 2.0 / (MACD_SLOW_N + 1) * (close - memory[MACD_SLOW])
    if bars + 1 >= memory[FAST_N]:
        memory[EMA_FAST] = memory[FAST]
    if bars + 1 >= memory[SLOW_N]:
        memory[EMA_SLOW] = memory[SLOW]
    if bars + 1 < MACD_SLOW_N:
        return
    line = memory[MACD_FAST] - memory[MACD_SLOW]
    if bars + 1 == MACD_SLOW_N:
        memory[MACD_SIGNAL] = line
    else:
        memory[MACD_SIGNAL] += 2.0 / (MACD_SIGNAL_N + 1) * (line - memory[MACD_SIGNAL])
    if bars + 2 >= MACD_SLOW_N + MACD_SIGNAL_N:
        memory[MACD_HISTOGRAM] = line - memory[MACD_SIGNAL]


@kernel
def _sma(memory: Memory, bars: int, close: float) -> None:
    """The long average; summed anew at each turn of its ring so that no rounding stays."""
    place = bars % SMA_N
    memory[CLOSE_SUM] += close - memory[CLOSES + place]
    memory[CLOSES + place] = close
    if place == SMA_N - 1:
        memory[CLOSE_SUM] = 0.0
        for i in range(SMA_N):
            memory[CLOSE_SUM] += memory[CLOSES + i]
    if bars + 1 >= SMA_N:
        memory[SMA_200] = memory[CLOSE_SUM] / SMA_N


@kernel
def _wilder(memory: Memory, slot: int, count: int, value: float) -> float:
    """Wilder's smoothing in `slot`, where `count` values came before; the mean so far while it seeds."""
    memory[slot] += (value - memory[slot]) / min(count + 1, WILDER_N)
    return float(memory[slot])


@kernel
def _rsi(memory: Memory, bars: int, change: float) -> None:
    gain = _wilder(memory, GAIN, bars - 1, max(change, 0.0))
    loss = _wilder(memory, LOSS, bars - 1, max(-change, 0.0))
    if bars >= WILDER_N:
        memory[RSI_14] = 100.0 * gain / (gain + loss) if gain + loss > 0.0 else 50.0


@kernel
def _directional(memory: Memory, bars: int, high: float, low: float, close: float) -> None:
    """ATR, +DI, -DI and ADX; `close` is the previous bar's."""
    up, down = high - memory[HIGH], memory[LOW] - low
    true_range = max(high, close) - min(low, close)
    span = _wilder(memory, RANGE, bars - 1, true_range)
    plus = _wilder(memory, PLUS, bars - 1, up if up > down and up > 0.0 else 0.0)
    minus = _wilder(memory, MINUS, bars - 1, down if down > up and down > 0.0 else 0.0)
    if bars < WILDER_N:
        return
    memory[ATR_14] = span
    memory[PLUS_DI] = 100.0 * plus / span if span != 0.0 else 0.0
    memory[MINUS_DI] = 100.0 * minus / span if span != 0.0 else 0.0
    total = memory[PLUS_DI] + memory[MINUS_DI]
    dx = 100.0 * abs(memory[PLUS_DI] - memory[MINUS_DI]) / total if total != 0.0 else 0.0
    average = _wilder(memory, DX, bars - WILDER_N, dx)
    if bars >= 2 * WILDER_N - 1:
        memory[ADX_14] = average


@kernel
def _medians(memory: Memory, bars: int, close: float) -> None:
    """Realised volatility and ATR, each beside its own trailing median."""
    if bars >= RV_N:
        memory[RV_20] = _deviation(memory, RETURNS, RV_N, 1)
        median = _median(memory, RV_RING, RV_SORTED, bars - RV_N, memory[RV_20])
        memory[RV_20_MEDIAN] = median if isnan(median) else max(median, memory[FLOOR])
    if bars >= WILDER_N:
        relative = memory[ATR_14] / close
        median = _median(memory, ATR_RING, ATR_SORTED, bars - WILDER_N, relative)
        if not isnan(median):
            memory[ATR_RATIO] = relative / max(median, memory[FLOOR])


@kernel
def _deviation(memory: Memory, start: int, n: int, ddof: int) -> float:
    """Standard deviation of a whole ring, two passes: short enough to need no sliding form."""
    mean = 0.0
    for i in range(start, start + n):
        mean += memory[i]
    mean /= n
    squares = 0.0
    for i in range(start, start + n):
        squares += (memory[i] - mean) ** 2
    return sqrt(squares / (n - ddof))


@kernel
def _bollinger(memory: Memory, bars: int, close: float) -> float:
    """How many population deviations the close lies above the mean of the last closes."""
    mean = 0.0
    for back in range(BOLLINGER_N):
        mean += memory[CLOSES + (bars - back) % SMA_N]
    mean /= BOLLINGER_N
    squares = 0.0
    for back in range(BOLLINGER_N):
        squares += (memory[CLOSES + (bars - back) % SMA_N] - mean) ** 2
    deviation = sqrt(squares / BOLLINGER_N)
    return (close - mean) / deviation if deviation > 1e-12 * abs(mean) else 0.0


@kernel
def _median(memory: Memory, ring: int, ordered: int, count: int, value: float) -> float:
    """Push `value`, before which `count` came, and give the median of the window; NaN until it is full."""
    held = min(count, MEDIAN_N)
    place = ring + count % MEDIAN_N
    if held == MEDIAN_N:
        hole = ordered + _rank(memory, ordered, held, memory[place])
    else:
        hole = ordered + held
    memory[place] = value
    while hole > ordered and memory[hole - 1] > value:
        memory[hole] = memory[hole - 1]
        hole -= 1
    while hole < ordered + held - 1 and memory[hole + 1] < value:
        memory[hole] = memory[hole + 1]
        hole += 1
    memory[hole] = value
    if count + 1 < MEDIAN_N:
        return nan
    middle = ordered + MEDIAN_N // 2
    return float((memory[middle - 1] + memory[middle]) / 2.0)


@kernel
def _rank(memory: Memory, ordered: int, held: int, value: float) -> int:
    """How many of the sorted values lie below `value`."""
    low, high = 0, held
    while low < high:
        middle = (low + high) // 2
        if memory[ordered + middle] < value:
            low = middle + 1
        else:
            high = middle
    return low
