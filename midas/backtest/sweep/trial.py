"""A trial of a sweep, what was asked of all of them, and how they are compared."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Iterable, Sequence
from math import fsum, isfinite, sqrt
from typing import Any

import msgspec

from midas.backtest.sweep.space import Axis, Parameters, Rule, Value
from midas.statistics.conventions import CALENDAR, Figure, simple_returns
from midas.statistics.performance import calmar, max_drawdown, sharpe, sharpe_of_period, sortino, total_return

DONE, PRUNED, FAILED = "done", "pruned", "failed"
COMPILED, STEPPED = "compiled", "engine"
TENTHS = 10  # parts of the days of a trial, half of which are chosen on

OBJECTIVES: dict[str, Callable[[Sequence[float]], Figure]] = {
    "sharpe": lambda returns: sharpe(returns, CALENDAR),
    "sortino": lambda returns: sortino(returns, CALENDAR),
    "calmar": lambda returns: calmar(returns, CALENDAR),
    "return": total_return,
    "drawdown": max_drawdown,  # negative: the largest value is the smallest fall
}


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a sweep's trials depend on; two equal plans are one sweep."""

    strategy: str
    data: str  # digest of the candles
    setting: str  # digest of limits, costs, money and the code's version
    axes: tuple[Axis, ...]
    fixed: dict[str, Value] = {}  # parameters that don't vary
    rules: tuple[Rule, ...] = ()
    method: str = "grid"  # grid, random or tpe
    trials: int = 0  # of random and tpe
    seed: int = 1
    objective: str = "sharpe"
    pruning: bool = False
    fast: str = "auto"

    @property
    def id(self) -> str:
        """Names its folder."""
        return hashlib.blake2b(msgspec.json.encode(self), digest_size=6).hexdigest()


class Job(msgspec.Struct, frozen=True):
    """A trial to be made."""

    number: int
    parameters: Parameters


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """A trial that was made; figures are of daily closes, after all costs."""

    number: int
    parameters: Parameters
    state: str = DONE  # DONE, PRUNED or FAILED
    value: float | None = None  # of the objective, more is better; None: it can't be told
    reason: str = ""  # why it failed, or has no value
    sharpe_day: float | None = None  # not annualised; where given up, as luck would leave it of all days
    total_return: float | None = None
    fall: float | None = None  # the largest one, negative
    fills: int = 0
    equity: float = 0.0
    path: str = COMPILED  # or STEPPED
    stepped: str = ""  # why it wasn't compiled
    tenths: bytes | msgspec.UnsetType = msgspec.UNSET  # of its days, as `luck` sums them; not told
    partial: tuple[float | None, ...] = ()  # the objective after each eighth of the candles, where stepped


def measured(job: Job, daily: Sequence[float], objective: str, **more: Any) -> Trial:
    """A trial from what there was at first and after each day."""
    returns = simple_returns(daily)
    day = sharpe_of_period(returns)
    if objective == "sharpe":  # asked for most, and thousands of times a second
        value = msgspec.structs.replace(day, value=day.value * sqrt(CALENDAR))
    else:
        value = OBJECTIVES[objective](returns)
    return Trial(
        number=job.number, parameters=job.parameters, value=known(value),
        reason="" if value.reason is None else value.reason.value, sharpe_day=known(day),
        total_return=daily[-1] / daily[0] - 1.0, fall=_deepest(daily), tenths=tenths(returns), **more,
    )  # fmt: skip


def tenths(returns: Sequence[float]) -> bytes:
    """Days of a tenth, the sum of each and those of its squares, as floats; nothing where days are too few.

    It is all that `luck` needs of them. Days that fill no tenth are left out at the beginning.
    """
    size = len(returns) // TENTHS
    if size < 2:
        return b""
    cuts = range(len(returns) - size * TENTHS, len(returns), size)
    squares = [each * each for each in returns]
    parts = (fsum(each[cut : cut + size]) for each in (returns, squares) for cut in cuts)
    return array("d", [size, *parts]).tobytes()


def _deepest(daily: Sequence[float]) -> float:
    """The largest fall below the highest before, a loop because there are thousands of trials a second."""
    peak, least = daily[0], 1.0
    for now in daily:
        if now >= peak:
            peak = now
        elif now / peak < least:
            least = now / peak
    return least - 1.0


def known(figure: Figure) -> float | None:
    """A value for JSON, which has no NaN."""
    return figure.value if figure.known and isfinite(figure.value) else None


def ranked(trials: Iterable[Trial]) -> list[Trial]:
    """The best first, of equal ones the earlier; then those without a value, pruned and failed."""
    return sorted(trials, key=lambda t: (t.state != DONE or t.value is None, -(t.value or 0.0), t.number))
