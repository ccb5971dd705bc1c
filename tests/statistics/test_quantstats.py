"""Performance figures beside those of quantstats 0.0.86, another's code for the same formulas.

It brings half a gigabyte of packages and takes over a minute to install, so its figures stand here; where it
is installed they are computed anew. Where it uses another convention, the translation is in the table.
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt

import pytest

from midas.statistics.luck import Record, probabilistic_sharpe
from midas.statistics.performance import (
    cagr,
    calmar,
    drawdowns,
    kurtosis,
    max_drawdown,
    profit_factor,
    sharpe,
    sharpe_of_period,
    skewness,
    sortino,
    total_return,
    ulcer,
    volatility,
    win_rate,
)
from midas.statistics.trades import payoff
from tests.statistics.series import TWELVE_DAYS as R
from tests.statistics.series import returns

DAYS = returns(300)
N = len(DAYS)

FIGURES = {
    "sharpe": 1.0991086269013197,
    "volatility": 0.19408594425655148,
    "sortino": 1.5477130705338675,
    "comp": 0.2604472009455967,
    "cagr": 0.21462079679863266,
    "max_drawdown": -0.16020618318353141,
    "calmar": 1.3396536421616394,
    "recovery_factor": 1.585171084607921,
    "profit_factor": 1.185971389580277,
    "win_rate": 0.5633333333333334,
    "ulcer_index": 0.047594291609759566,
    "skew": -0.3651957591883839,
    "kurtosis": -0.24166806112921832,
    "payoff_ratio": 0.9193032664793863,
    "probabilistic_sharpe_ratio": 0.881229888017776,
}
ANNUAL = {"sharpe", "volatility", "sortino", "cagr", "calmar"}


def unbiased_skewness(days: list[float]) -> float:
    """quantstats corrects the bias of a small sample."""
    n = len(days)
    return skewness(days, least=1).value * sqrt(n * (n - 1)) / (n - 2)


def unbiased_excess(days: list[float]) -> float:
    """quantstats tells kurtosis in excess of the normal, its bias corrected."""
    n = len(days)
    return (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * (kurtosis(days, least=1).value - 3) + 6)


def summed_recovery(days: list[float]) -> float:
    """quantstats adds returns up where we compound them."""
    return sum(days) / -min(drawdowns(days))


def ulcer_of_one_less(days: list[float]) -> float:
    """quantstats divides by n - 1."""
    return ulcer(days, least=1).value * sqrt(len(days) / (len(days) - 1))


def their_chance(days: list[float]) -> float:
    """quantstats puts its bias-corrected moments into the formula."""
    ratio = sharpe_of_period(days, least=1).value
    record = Record(ratio, len(days), unbiased_skewness(days), unbiased_excess(days) + 3)
    return probabilistic_sharpe(record)


OURS: dict[str, Callable[[], float]] = {
    "sharpe": lambda: sharpe(DAYS, 252).value,
    "volatility": lambda: volatility(DAYS, 252).value,
    "sortino": lambda: sortino(DAYS, 252).value,
    "comp": lambda: total_return(DAYS).value,
    "cagr": lambda: cagr(DAYS, 252).value,
    "max_drawdown": lambda: max_drawdown(DAYS).value,
    "calmar": lambda: calmar(DAYS, 252).value,
    "recovery_factor": lambda: summed_recovery(DAYS),
    "profit_factor": lambda: profit_factor(DAYS).value,
    "win_rate": lambda: win_rate(DAYS).value,
    "ulcer_index": lambda: ulcer_of_one_less(DAYS),
    "skew": lambda: unbiased_skewness(DAYS),
    "kurtosis": lambda: unbiased_excess(DAYS),
    "payoff_ratio": lambda: payoff(DAYS).value,
    "probabilistic_sharpe_ratio": lambda: their_chance(DAYS),
}


@pytest.mark.parametrize("name", FIGURES)
def test_quantstats_tells_the_same(name: str) -> None:
    assert OURS[name]() == pytest.approx(FIGURES[name], rel=1e-9)


@pytest.mark.parametrize(
    ("told", "value"),
    [
        pytest.param(summed_recovery(R), 1.2, id="a recovery factor of summed returns"),
        pytest.param(ulcer_of_one_less(R), 0.010202688, id="an Ulcer index over n - 1"),
        pytest.param(unbiased_skewness(R), -0.916258, id="a skewness without bias"),
        pytest.param(unbiased_excess(R), 0.400234, id="a kurtosis in excess without bias"),
        pytest.param(their_chance(R), 0.722346, id="a probabilistic Sharpe ratio of such moments"),
    ],
)
def test_another_convention_would_make_of_twelve_days(told: float, value: float) -> None:
    assert told == pytest.approx(value, rel=2e-6)


def test_the_figures_of_quantstats_are_its_own() -> None:
    stats = pytest.importorskip("quantstats").stats
    pandas = pytest.importorskip("pandas")
    days = pandas.Series(DAYS, index=pandas.date_range("2020-01-01", periods=N))
    for name, figure in FIGURES.items():
        told = getattr(stats, name)(days, **({"periods": 252} if name in ANNUAL else {}))
        assert float(told) == pytest.approx(figure, rel=1e-9), name
