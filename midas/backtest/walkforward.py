"""Walk forward: parameters are chosen on the past alone, and what they then do is put together.

Each configuration runs once over all data on the engine; what it did until a moment hangs on nothing behind
that moment, so choosing by the part of its curve before a window is choosing on the past. The choice gets
the curves through `Past`, which raises LookAhead for whatever lies behind its clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import nan
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from midas.errors import LookAhead

Returns = NDArray[np.float64]
"""(periods, configurations)"""


class Window(msgspec.Struct, frozen=True):
    """Periods to choose on, and those to judge on, which begin after the gap."""

    train: range
    test: range


class Switching(NamedTuple):
    """What going from one choice's position to the next one's costs; the first begins with money alone."""

    held: NDArray[np.float64]  # (periods, configurations, instruments): shares of equity as a period begins
    rate: float  # paid of what changes hands: a taker's fee and half the spread

    def cost(self, period: int, before: int | None, after: int) -> float:
        """A share of equity."""
        wanted = self.held[period, after]
        had = self.held[period, before] if before is not None else np.zeros_like(wanted)
        return float(np.abs(wanted - had).sum()) * self.rate


class Step(msgspec.Struct, frozen=True):
    """One window: what was chosen, what it had done and what it did."""

    window: Window
    chosen: int  # number of the configuration
    before: float  # Sharpe ratio of a period, on what it was chosen by
    after: float  # the same on the window's test
    earned: float  # simple return of the test
    paid: float = 0.0  # share of equity that going over to it cost; `earned` and `after` are net of it


class Walk(msgspec.Struct, frozen=True):
    """All windows, and the returns of their tests one after the other."""

    steps: tuple[Step, ...]
    returns: tuple[float, ...]
    efficiency: float  # Sharpe ratio out of sample over that in sample; below 0.5 is a warning


class Past:
    """Returns up to a moment; whatever asks for more raises LookAhead."""

    def __init__(self, returns: Returns, now: int) -> None:
        self._returns = returns
        self.now = now

    def between(self, begin: int, end: int) -> Returns:
        """The periods from `begin` up to `end`, which isn't among them."""
        if not 0 <= begin <= end <= self.now:
            raise LookAhead(f"periods {begin} to {end} were asked for, {self.now} are known")
        view = self._returns[begin:end]
        view.flags.writeable = False
        return view


def anchored(periods: int, least: int, test: int, gap: int = 0) -> list[Window]:
    """Windows that all begin with the first period: at least `least` of them, then `test` at a time."""
    return [Window(range(part.start - gap), part) for part in _tests(least + gap, periods, test)]


def rolling(periods: int, train: int, test: int, gap: int = 0) -> list[Window]:
    """Windows that look back `train` periods."""
    return [
        Window(range(part.start - gap - train, part.start - gap), part)
        for part in _tests(train + gap, periods, test)
    ]


def _tests(first: int, periods: int, test: int) -> list[range]:
    """What is left at the end belongs to the last one where it is less than half of one."""
    begins = list(range(first, periods, test))
    if len(begins) > 1 and periods - begins[-1] < test / 2:
        begins.pop()
    return (
        [range(begin, end) for begin, end in zip(begins, [*begins[1:], periods], strict=True)]
        if begins
        else []
    )


def walk(returns: Returns, windows: Sequence[Window], switching: Switching | None = None) -> Walk:
    """Choose the best Sharpe ratio of each window's training, and do that in its test.

    `switching`: charged in the first period of each test.
    """
    steps: list[Step] = []
    stitched = []
    for window in windows:
        past = Past(returns, window.train.stop)
        known = sharpes(past.between(window.train.start, window.train.stop))
        chosen = int(np.nanargmax(known)) if np.isfinite(known).any() else 0
        before = steps[-1].chosen if steps else None
        paid = switching.cost(window.test.start, before, chosen) if switching is not None else 0.0
        test = returns[window.test.start : window.test.stop, chosen].copy()
        if paid:
            test[0] = (1.0 + test[0]) * (1.0 - paid) - 1.0
        stitched.append(test)
        after, earned = float(sharpes(test[:, None])[0]), float(np.prod(1.0 + test) - 1.0)
        steps.append(Step(window, chosen, float(known[chosen]), after, earned, paid))
    outside = np.concatenate(stitched) if stitched else np.zeros(0)
    inside = np.array([step.before for step in steps])
    usual = float(np.nanmean(inside)) if np.isfinite(inside).any() else nan
    whole = float(sharpes(outside[:, None])[0]) if len(outside) else nan
    return Walk(tuple(steps), tuple(outside.tolist()), whole / usual if usual > 0.0 else nan)


def sharpes(returns: Returns) -> Returns:
    """Of one period each; NaN of less than 2 periods or where nothing varies."""
    if len(returns) < 2:
        return np.full(returns.shape[1], nan)
    spread = returns.std(axis=0, ddof=1)
    found = np.full(len(spread), nan)
    np.divide(returns.mean(axis=0), spread, out=found, where=spread > 1e-12)
    return found
