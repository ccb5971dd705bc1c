"""What a series of returns was worth: growth, risk, and one for the other.

Returns are simple, one a period, after costs and with flows removed; `periods` is how many make a year.
Each figure is annual unless it says otherwise, and NaN with a reason where there are fewer observations
than `least` or the formula has no value. Drawdowns are negative.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import expm1, fsum, inf, isfinite, log, sqrt

import msgspec

from midas.statistics.conventions import (
    LEAST_HIT_RATE,
    LEAST_MEAN,
    LEAST_SHAPE,
    LEAST_SHARPE,
    LEAST_SORTINO,
    LEAST_VOLATILITY,
    NO_SPREAD,
    Figure,
    Reason,
    central_moment,
    deviation,
    mean,
    rate_per_period,
    refusal,
    unknown,
    wealth,
)

FACTOR_SHOWN_MAX = 99.0  # a profit factor above it is shown as ">99"
FACTOR_OPTIMISED_MAX = 10.0  # an optimiser that sees more chases a handful of trades without a loss
CALMAR_YEARS = 3


class Performance(msgspec.Struct, frozen=True, kw_only=True):
    """All figures of one series, each with its own reason where it is NaN."""

    total_return: Figure
    cagr: Figure
    volatility: Figure
    sharpe: Figure
    sortino: Figure
    max_drawdown: Figure
    calmar: Figure
    recovery_factor: Figure
    profit_factor: Figure
    win_rate: Figure
    ulcer: Figure
    skewness: Figure
    kurtosis: Figure


def measure(returns: Sequence[float], periods: int, risk_free: float = 0.0) -> Performance:
    """Every figure of `returns`; `risk_free` is annual."""
    return Performance(
        total_return=total_return(returns),
        cagr=cagr(returns, periods),
        volatility=volatility(returns, periods),
        sharpe=sharpe(returns, periods, risk_free),
        sortino=sortino(returns, periods),
        max_drawdown=max_drawdown(returns),
        calmar=calmar(returns, periods),
        recovery_factor=recovery_factor(returns),
        profit_factor=profit_factor(returns),
        win_rate=win_rate(returns),
        ulcer=ulcer(returns),
        skewness=skewness(returns),
        kurtosis=kurtosis(returns),
    )


def sharpe(
    returns: Sequence[float], periods: int, risk_free: float = 0.0, least: int = LEAST_SHARPE
) -> Figure:
    """mean(r - rf) / std(r - rf, ddof 1) * sqrt(P) (Sharpe 1994); NO_SPREAD below a deviation of 1e-12."""
    found = sharpe_of_period(returns, rate_per_period(risk_free, periods), least)
    return msgspec.structs.replace(found, value=found.value * sqrt(periods))


def sharpe_of_period(returns: Sequence[float], risk_free: float = 0.0, least: int = LEAST_SHARPE) -> Figure:
    """The Sharpe ratio of one period, not annualised; `risk_free` is of one period too."""
    if refused := refusal(returns, max(least, 2)):
        return refused
    spread = deviation(returns)  # of r and of r - rf: a constant changes none
    if spread < NO_SPREAD:
        return unknown(Reason.NO_SPREAD, len(returns))
    return Figure((mean(returns) - risk_free) / spread, len(returns))


def volatility(returns: Sequence[float], periods: int, least: int = LEAST_VOLATILITY) -> Figure:
    """The standard deviation, ddof 1, times sqrt(P)."""
    if refused := refusal(returns, max(least, 2)):
        return refused
    return Figure(deviation(returns) * sqrt(periods), len(returns))


def sortino(
    returns: Sequence[float], periods: int, acceptable: float = 0.0, least: int = LEAST_SORTINO
) -> Figure:
    """(mean - MAR) / sqrt(mean(min(r - MAR, 0)^2)) * sqrt(P), the mean over all n; MAR is of one period.

    Dividing by the number of losses alone is a common mistake. NO_LOSSES where nothing fell below MAR.
    """
    if refused := refusal(returns, least):
        return refused
    count = len(returns)
    below = sqrt(fsum(min(each - acceptable, 0.0) ** 2 for each in returns) / count)
    if below < NO_SPREAD:
        return unknown(Reason.NO_LOSSES, count)
    return Figure((mean(returns) - acceptable) / below * sqrt(periods), count)


def total_return(returns: Sequence[float], least: int = 1) -> Figure:
    """V_T / V_0 - 1, compounded; -1 where the capital was lost."""
    if refused := _refusal(returns, least):
        return refused
    curve = wealth(returns)
    return Figure(curve[-1] - 1.0 if min(curve) > 0.0 else -1.0, len(returns))


def cagr(returns: Sequence[float], periods: int, least: int | None = None) -> Figure:
    """(V_T / V_0)^(P / n) - 1; -1 where the capital was lost, TOO_SHORT below P / 4 periods."""
    if refused := _refusal(returns, 1):
        return refused
    count = len(returns)
    if count < (periods / 4 if least is None else least):
        return unknown(Reason.TOO_SHORT, count)
    curve = wealth(returns)
    if min(curve) <= 0.0:
        return Figure(-1.0, count)
    return Figure(_grown(curve[-1], periods / count), count)


def drawdowns(returns: Sequence[float]) -> list[float]:
    """The fall below the peak at each point, 0 or negative, the initial capital the first peak."""
    falls, peak = [], 1.0
    for value in wealth(returns)[1:]:
        peak = max(peak, value)
        falls.append(max(value / peak - 1.0, -1.0))
    return falls


def max_drawdown(returns: Sequence[float], least: int = 1) -> Figure:
    """The deepest fall below a peak, 0 or negative."""
    return _refusal(returns, least) or Figure(min(drawdowns(returns)), len(returns))


def calmar(returns: Sequence[float], periods: int, least: int | None = None) -> Figure:
    """CAGR / |max drawdown| of the last 36 months (Young 1991); NO_DRAWDOWN where it never fell."""
    window = returns[-CALMAR_YEARS * periods :]
    growth = cagr(window, periods, least)
    if not growth.known:
        return growth
    fall = min(drawdowns(window))
    if fall > -NO_SPREAD:
        return unknown(Reason.NO_DRAWDOWN, len(window))
    return Figure(growth.value / -fall, len(window))


def recovery_factor(returns: Sequence[float], least: int = LEAST_MEAN) -> Figure:
    """Net profit over |max drawdown|, both as fractions and compounded; NO_DRAWDOWN where it never fell."""
    if refused := _refusal(returns, least):
        return refused
    fall = min(drawdowns(returns))
    if fall > -NO_SPREAD:
        return unknown(Reason.NO_DRAWDOWN, len(returns))
    return Figure(total_return(returns).value / -fall, len(returns))


def profit_factor(results: Sequence[float], least: int = LEAST_HIT_RATE) -> Figure:
    """Gains over |losses|, of returns or of trades; infinite without a loss, NaN without either."""
    if refused := refusal(results, least):
        return refused
    gains = fsum(each for each in results if each > 0.0)
    losses = -fsum(each for each in results if each < 0.0)
    if losses > 0.0:
        return Figure(gains / losses, len(results))
    return Figure(inf, len(results)) if gains > 0.0 else unknown(Reason.NOTHING_DECIDED, len(results))


def factor_text(factor: float) -> str:
    """A profit factor as it is shown: `1.62`, `>99`."""
    return f">{FACTOR_SHOWN_MAX:.0f}" if factor > FACTOR_SHOWN_MAX else f"{factor:.2f}"


def factor_for_optimiser(factor: float) -> float:
    """A profit factor as an objective may see it, 10 at most."""
    return min(factor, FACTOR_OPTIMISED_MAX)


def win_rate(results: Sequence[float], least: int = LEAST_HIT_RATE) -> Figure:
    """Wins over wins and losses; zeros count as neither."""
    decided = [each for each in results if each != 0.0]
    if refused := refusal(decided, least):
        return refused if decided or not results else unknown(Reason.NOTHING_DECIDED)
    return Figure(sum(each > 0.0 for each in decided) / len(decided), len(decided))


def ulcer(returns: Sequence[float], least: int = LEAST_VOLATILITY) -> Figure:
    """sqrt(mean(drawdown^2)) over all n (Martin 1987), a fraction."""
    if refused := _refusal(returns, least):
        return refused
    return Figure(sqrt(fsum(fall**2 for fall in drawdowns(returns)) / len(returns)), len(returns))


def skewness(returns: Sequence[float], least: int = LEAST_SHAPE) -> Figure:
    """m3 / m2^1.5 of the population: 0 is symmetric."""
    return _shape(returns, 3, least)


def kurtosis(returns: Sequence[float], least: int = LEAST_SHAPE) -> Figure:
    """m4 / m2^2 of the population, not in excess: 3 is normal."""
    return _shape(returns, 4, least)


def _refusal(returns: Sequence[float], least: int) -> Figure | None:
    """As `refusal`, of figures that compound: what grows beyond all numbers has no value either."""
    if refused := refusal(returns, least):
        return refused
    return None if isfinite(wealth(returns)[-1]) else unknown(Reason.NOT_ESTIMABLE, len(returns))


def _shape(returns: Sequence[float], order: int, least: int) -> Figure:
    if refused := refusal(returns, least):
        return refused
    spread = sqrt(central_moment(returns, 2))
    if spread < NO_SPREAD:
        return unknown(Reason.NO_SPREAD, len(returns))
    return Figure(central_moment(returns, order) / spread**order, len(returns))


def _grown(factor: float, years: float) -> float:
    """factor^years - 1, infinite where that overflows: a few lucky days, taken for a year."""
    grown = years * log(factor)
    return expm1(grown) if grown < 700.0 else inf
