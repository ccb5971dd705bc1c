"""Trend indicators: exponential average, MACD, ADX with its directional lines."""

from __future__ import annotations

from math import isfinite, nan

from midas.analysis.rolling import Rolling


class EMA(Rolling):
    """Exponential moving average, alpha = 2 / (n + 1), seeded with the first value; ready after `n`."""

    __slots__ = ("_alpha", "_average", "_count", "n")

    def __init__(self, n: int) -> None:
        assert n >= 1, f"a period is at least one bar, got {n}"
        super().__init__()
        self.n = n
        self._alpha = 2.0 / (n + 1)
        self._average = nan
        self._count = 0

    def update(self, value: float) -> None:
        """Take one finite value."""
        assert isfinite(value), f"expected a finite value, got {value}"
        if self._count:
            self._average += self._alpha * (value - self._average)
        else:
            self._average = value
        self._count += 1
        if self._count >= self.n:
            self.value = self._average


class Wilder(Rolling):
    """Wilder's (1978) smoothing, alpha = 1 / n, seeded with the mean of the first `n` values."""

    __slots__ = ("_count", "_sum", "n")

    def __init__(self, n: int) -> None:
        assert n >= 1, f"a period is at least one bar, got {n}"
        super().__init__()
        self.n = n
        self._count = 0
        self._sum = 0.0

    def update(self, value: float) -> None:
        """Take one finite value."""
        assert isfinite(value), f"expected a finite value, got {value}"
        if self._count >= self.n:
            self.value += (value - self.value) / self.n
            return
        self._count += 1
        self._sum += value
        if self._count == self.n:
            self.value = self._sum / self.n


class MACD(Rolling):
    """Moving average convergence-divergence (Appel): fast EMA - slow EMA, in price units.

    `value` is the histogram, line - signal; the signal line is seeded with the first line value.
    """

    __slots__ = ("_fast", "_signal", "_slow")

    def __init__(self, fast: int = 12, slow: int = 26, signal: int = 9) -> None:
        assert fast < slow, f"the fast average must be shorter than the slow one, got {fast} and {slow}"
        super().__init__()
        self._fast = EMA(fast)
        self._slow = EMA(slow)
        self._signal = EMA(signal)

    @property
    def line(self) -> float:
        """Fast EMA - slow EMA."""
        return self._fast.value - self._slow.value

    @property
    def signal(self) -> float:
        """EMA of the line."""
        return self._signal.value

    def update(self, close: float) -> None:
        """Take one close."""
        self._fast.update(close)
        self._slow.update(close)
        if self._slow.ready:
            self._signal.update(self.line)
            self.value = self.line - self.signal


class ADX(Rolling):
    """Average directional index (Wilder 1978), 0 to 100, with +DI and -DI.

    The first bar has no true range; every average is seeded with the mean of its first `n` values;
    DX is 0 where +DI + -DI is 0. `value` is ready after 2n bars, the directional lines after n + 1.
    """

    __slots__ = ("_average", "_minus", "_plus", "_previous", "_range")

    def __init__(self, n: int = 14) -> None:
        super().__init__()
        self._range = Wilder(n)
        self._plus = Wilder(n)
        self._minus = Wilder(n)
        self._average = Wilder(n)
        self._previous: tuple[float, float, float] | None = None

    @property
    def plus_di(self) -> float:
        """+DI: share of the true range that made new highs, 0 to 100."""
        return percentage(self._plus.value, self._range.value)

    @property
    def minus_di(self) -> float:
        """-DI: share of the true range that made new lows, 0 to 100."""
        return percentage(self._minus.value, self._range.value)

    def update(self, high: float, low: float, close: float) -> None:
        """Take one bar."""
        previous, self._previous = self._previous, (high, low, close)
        assert isfinite(high + low + close), f"expected a finite bar, got {self._previous}"
        if previous is None:
            return
        up, down = high - previous[0], previous[1] - low
        self._range.update(true_range(high, low, previous[2]))
        self._plus.update(up if up > down and up > 0.0 else 0.0)
        self._minus.update(down if down > up and down > 0.0 else 0.0)
        if self._range.ready:
            plus, minus = self.plus_di, self.minus_di
            self._average.update(percentage(abs(plus - minus), plus + minus))
            self.value = self._average.value


def true_range(high: float, low: float, previous_close: float) -> float:
    """Wilder's true range: the bar's range, stretched to the previous close."""
    return max(high, previous_close) - min(low, previous_close)


def percentage(part: float, whole: float) -> float:
    """100 * part / whole, and 0 where there is no whole (a market that doesn't move has no direction)."""
    return 100.0 * part / whole if whole != 0.0 else 0.0
