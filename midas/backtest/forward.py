"""A walk forward on the engine: every configuration once over all data, then windows over its returns.

Days where there are enough of them, sixty-one; of shorter data some two hundred equal steps, whose Sharpe
ratios are told as they are: annualised minutes say more than they know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import product
from math import nan, sqrt

import msgspec
import numpy as np

from midas.backtest.outcome import Outcome
from midas.backtest.series import Bars
from midas.backtest.walkforward import (
    Returns,
    Step,
    Switching,
    Walk,
    Window,
    anchored,
    rolling,
    sharpes,
    walk,
)
from midas.domain.time import DAY
from midas.errors import UsageError
from midas.statistics.luck import Record, deflated_sharpe
from midas.statistics.overfitting import overfitting
from midas.statistics.validation import combinatorial, horizon_ends, paths

COMBINATIONS = 500  # more are a sweep
GROUPS, TESTED = 6, 2  # of the combinatorial paths: 15 splits, 5 paths
BLOCKS = 10  # of PBO
STEPS = 240
LEAST = 30  # periods to choose on, and out of sample
GAP = 1  # periods between what is chosen on and what is judged: a position held over the cut belongs to none
DAYS_LEAST = LEAST + GAP + LEAST  # below them steps are shorter

Run = Callable[[Mapping[str, object]], Outcome]


class WindowFound(msgspec.Struct, frozen=True, kw_only=True):
    """One window; periods counted from the first."""

    train: tuple[int, int]
    test: tuple[int, int]
    chosen: dict[str, object]
    before: float  # Sharpe ratio on what it was chosen by
    after: float  # NaN below thirty periods, which say nothing of a Sharpe ratio
    earned: float  # return of the test
    paid: float = 0.0  # of it, to go over from the position of the window before


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What a walk forward says. Sharpe ratios are annual where `step` is a day; NaN: nothing can be said."""

    step: int  # nanoseconds of a period
    begins: int  # of the first period
    configurations: tuple[dict[str, object], ...]
    windows: tuple[WindowFound, ...]
    periods: int  # out of sample
    total: float  # return out of sample
    sharpe: float  # out of sample
    efficiency: float  # that over the mean in sample; below 0.5 is a warning
    hindsight: float  # of the best configuration over the same periods, chosen afterwards: out of reach
    paths: tuple[float, ...]  # Sharpe ratio of each combinatorial path
    overfitting: float  # PBO
    slope: float  # of the chosen one's Sharpe ratio out of sample on that in sample, over the splits of PBO
    loss: float  # share of those splits whose chosen one loses money out of sample
    deflated: float  # P(what was made out of sample isn't the luck of so many trials)
    trials: int
    returns: tuple[float, ...]  # out of sample
    paid: float = 0.0  # to go over from window to window: shares of equity, added up
    distinct: int = 0  # of the configurations: those that made something of their own


def grid(wishes: Iterable[tuple[str, Sequence[object]]]) -> list[dict[str, object]]:
    """Every combination of the values. Raises UsageError above five hundred."""
    known = dict(wishes)
    found = [dict(zip(known, chosen, strict=True)) for chosen in product(*known.values())]
    if len(found) > COMBINATIONS:
        raise UsageError(
            f"--set: {len(found):,} combinations; {COMBINATIONS} are tried at most: give fewer values"
        )
    return found


def step_of(begins: int, ends: int, period: int) -> int:
    """How long a period of returns is: a day, or of shorter data a 240th of it in whole candles."""
    if ends - begins >= DAYS_LEAST * DAY:
        return max(DAY, period)
    return -(-(ends - begins) // STEPS // period) * period or period


def returns_of(outcome: Outcome, cash: float, begins: int, ends: int, step: int) -> list[float]:
    """The return of each whole period."""
    curve, cuts = outcome.curve, np.arange(begins + step, ends + 1, step)
    places = np.searchsorted(curve.time, cuts, side="right") - 1
    equity = np.where(places >= 0, curve.equity[np.maximum(places, 0)], cash)
    before = np.concatenate([[cash], equity[:-1]])
    made: list[float] = (equity / before - 1.0).tolist()
    return made


def shares_of(
    outcome: Outcome, series: Sequence[Bars], cash: float, begins: int, ends: int, step: int
) -> list[list[float]]:
    """As each whole period begins: what share of the money is in each instrument."""
    starts, curve = np.arange(begins, ends - step + 1, step), outcome.curve
    places = np.searchsorted(curve.time, starts, side="right") - 1
    equity = np.where(places >= 0, curve.equity[np.maximum(places, 0)], cash)
    shares = np.zeros((len(starts), len(series)))
    for column, bars in enumerate(series):
        mine = [fill for fill in outcome.fills if fill.instrument == bars.instrument.id]
        signed = np.array([float(fill.quantity) * fill.side.sign for fill in mine])
        before = np.searchsorted(np.array([fill.market_time for fill in mine], np.int64), starts, side="left")
        position = np.concatenate([[0.0], np.cumsum(signed)])[before]
        known = np.searchsorted(bars.time, starts, side="right") - 1
        shares[:, column] = position * np.where(known >= 0, bars.close[np.maximum(known, 0)], 0.0) / equity
    made: list[list[float]] = shares.tolist()
    return made


def windows_of(periods: int, train: int, test: int, roll: bool) -> list[Window]:
    """Anchored, or `roll`ing; 0: a third is trained on at first, a ninth is a test, thirty at least."""
    train, test = train or max(periods // 3, LEAST), test or max(periods // 9, LEAST)
    if train < LEAST or periods < train + GAP + LEAST:
        raise UsageError(
            f"--train {train}: {periods} periods are to be split, at least {LEAST} to choose on and as many "
            "to judge; give more data or another --train"
        )
    return rolling(periods, train, test, GAP) if roll else anchored(periods, train, test, GAP)


def summary(
    tried: Sequence[dict[str, object]], returns: Returns, windows: Sequence[Window], begins: int, step: int,
    trials: int, variance: float = nan, switching: Switching | None = None,
) -> Found:  # fmt: skip
    """`returns`: (periods, configurations); `trials`: all that were ever tried on these data.

    `variance`: of their Sharpe ratios of a day; NaN where it isn't known, then that of `tried` stands for
    it. Where they are too few for one as well, what luck gives the best of several isn't known.
    """
    luck = overfitting(returns, BLOCKS)
    found, factor = walk(returns, windows, switching), sqrt(365 * DAY / step) if step == DAY else 1.0
    outside = np.array(found.returns)
    spread = variance * step / DAY if variance == variance else _variance(sharpes(returns), trials)
    return Found(
        step=step, begins=begins, configurations=tuple(tried),
        windows=tuple(_window(each, tried, factor) for each in found.steps), periods=len(outside),
        total=float(np.prod(1.0 + outside) - 1.0), sharpe=_sharpe(outside) * factor,
        efficiency=found.efficiency,
        hindsight=_highest(sharpes(returns[windows[0].test.start :])) * factor,
        paths=tuple(each * factor for each in _paths(returns)),
        overfitting=luck.probability, slope=luck.slope, loss=luck.loss,
        deflated=_deflated(found, trials, spread), trials=trials, returns=found.returns,
        paid=sum(each.paid for each in found.steps), distinct=len(np.unique(returns, axis=1).T),
    )  # fmt: skip


def _window(step: Step, tried: Sequence[dict[str, object]], factor: float) -> WindowFound:
    window = step.window
    after = step.after * factor if len(window.test) >= LEAST else nan
    return WindowFound(
        train=(window.train.start, window.train.stop), test=(window.test.start, window.test.stop),
        chosen=tried[step.chosen], before=step.before * factor, after=after, earned=step.earned,
        paid=step.paid,
    )  # fmt: skip


def _paths(returns: Returns) -> list[float]:
    """Sharpe ratio of each combinatorial path; for every split chosen on what its test doesn't touch."""
    if len(returns) < GROUPS * 4:
        return []
    splits = combinatorial(horizon_ends(len(returns), GAP), GROUPS, TESTED, GAP)
    parts = np.array_split(np.arange(len(returns)), GROUPS)
    chosen = []
    for split in splits:
        known = sharpes(returns[split.train])
        chosen.append(int(np.nanargmax(known)) if np.isfinite(known).any() else 0)
    made = [
        np.concatenate([returns[parts[group], chosen[split]] for group, split in enumerate(path)])
        for path in paths(GROUPS, TESTED)
    ]
    return [_sharpe(each) for each in made]


def _deflated(found: Walk, trials: int, variance: float) -> float:
    outside = np.array(found.returns)
    if len(outside) < LEAST or not outside.std() > 0.0:
        return nan
    away = outside - outside.mean()
    second, third, fourth = (float(np.mean(away**order)) for order in (2, 3, 4))
    record = Record(_sharpe(outside), len(outside), third / second**1.5, fourth / second**2)
    return deflated_sharpe(record, trials, variance)


def _variance(known: Returns, trials: int) -> float:
    told = known[np.isfinite(known)]
    if len(told) > 1:
        return float(told.var(ddof=1))
    return nan if trials > 1 else 0.0


def _highest(known: Returns) -> float:
    return float(np.nanmax(known)) if np.isfinite(known).any() else nan


def _sharpe(returns: Returns) -> float:
    return float(sharpes(returns[:, None])[0]) if len(returns) else nan
