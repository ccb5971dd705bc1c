"""Counts what a command has tried, and says how much was ever tried on the same data."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from math import nan
from pathlib import Path
from statistics import variance

from midas.backtest.outcome import Outcome
from midas.backtest.series import Bars
from midas.backtest.sweep.trial import known
from midas.backtest.trials import Tried, count, counted, digest_of, span_of
from midas.statistics.conventions import daily_closes, simple_returns
from midas.statistics.performance import sharpe_of_period

Made = tuple[Mapping[str, object], Outcome]  # parameters, and what came of them


def ever_tried(
    home: Path, strategy: str, series: Sequence[Bars], made: Iterable[Made], cash: float, by: str
) -> tuple[int, float]:
    """Trials on this market and time, `made` among them, and the variance of their daily Sharpe ratios.

    NaN where fewer than two of several have one: how good luck makes the best of them isn't known then.
    """
    ratios = ((parameters, sharpe_day(outcome, cash)) for parameters, outcome in made)
    return ratios_tried(home, strategy, series, ratios, by)


def ratios_tried(
    home: Path, strategy: str, series: Sequence[Bars],
    made: Iterable[tuple[Mapping[str, object], float | None]], by: str,
) -> tuple[int, float]:  # fmt: skip
    """The same of trials whose daily Sharpe ratios are known."""
    now, data, of = time.time_ns(), digest_of(series), span_of(series)
    count(home, (
        Tried(
            strategy=strategy, data=data, parameters=dict(parameters), at=now, by=by, sharpe_day=ratio, of=of
        )
        for parameters, ratio in made
    ))  # fmt: skip
    every = counted(home, data, of=of)
    ratios = [each.sharpe_day for each in every if each.sharpe_day is not None]
    if len(ratios) > 1:
        return len(every), variance(ratios)
    return len(every), nan if len(every) > 1 else 0.0


def sharpe_day(outcome: Outcome, cash: float) -> float | None:
    """Of daily closes, not annualised; None where it can't be told."""
    curve = outcome.curve
    daily = daily_closes(zip((curve.time - 1).tolist(), curve.equity.tolist(), strict=True))
    return known(sharpe_of_period(simple_returns([cash, *daily])))
