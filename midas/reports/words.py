"""Figures as a person reads them. What isn't known is `-`, with the reason beside it."""

from __future__ import annotations

from datetime import UTC, datetime

from midas.domain.time import DAY, HOUR, MINUTE, SECOND
from midas.reports.sheet import ENDLESS, Interval, Measure

ABSENT = "-"
ENDLESS_TEXT = ">99"
SHORT = {
    "too few observations": "too few",
    "less than a quarter of a year: read the total return": "under 3 months",
    "an observation is missing": "a day is missing",
    "the formula has no value here": "no value",
}


def percent(value: float | None, decimals: int = 1) -> str:
    """`+12.3%`, never minus zero."""
    if value is None:
        return ABSENT
    text = f"{value * 100:+,.{decimals}f}%"
    return text if text.strip("+-0.%,") else f"{0:.{decimals}f}%"


def share(value: float | None, decimals: int = 0) -> str:
    """`48%`, without a sign."""
    if value is None:
        return ABSENT
    text = f"{value * 100:,.{decimals}f}%"
    return text if text.strip("-0.%,") else f"{0:.{decimals}f}%"


def points(value: float | None, wide: int = 0) -> str:
    """`-12.3`: per cent without its sign, never minus zero; whole ones where `wide` is too narrow."""
    if value is None:
        return ABSENT
    text = number(value * 100, 1).replace(",", "")
    return text if not wide or len(text) <= wide else number(value * 100, 0).replace(",", "")


def chance(value: float | None) -> str:
    """`80%`; no chance is told as certain."""
    if value is None:
        return ABSENT
    return ">99%" if value > 0.99 else "<1%" if value < 0.01 else f"{value:.0%}"


def too_few(trials: int) -> str:
    """Why a Sharpe ratio isn't deflated by so many."""
    return f"too few of {counted(trials, 'trial')} have a Sharpe ratio"


def number(value: float | None, decimals: int = 2) -> str:
    """`1.07`."""
    if value is None:
        return ABSENT
    text = f"{value:,.{decimals}f}"
    return text if text.strip("-0.,") else f"{0:.{decimals}f}"


def money(value: float | None) -> str:
    """`10,091.53`."""
    return number(value)


def signed(value: float | None) -> str:
    """`+91.53`."""
    if value is None:
        return ABSENT
    text = f"{value:+,.2f}"
    return text if text.strip("+-0.,") else "0.00"


def why(measure: Measure, needed: int = 0) -> str:
    """Why a figure isn't there: `too few: 7 of 30`."""
    if measure.known:
        return ""
    reason = SHORT.get(measure.reason, measure.reason)
    return f"{reason}: {measure.count} of {needed}" if needed and reason == "too few" else reason


def factor(measure: Measure) -> str:
    """A profit factor: `1.62`, `>99` without a loss."""
    if measure.reason == ENDLESS or (measure.value is not None and measure.value > 99.0):
        return ENDLESS_TEXT
    return number(measure.value)


def between(interval: Interval | None, decimals: int = 2, parts: bool = False) -> str:
    """`-0.90 to 2.28`; `parts`: in per cent."""
    if interval is None:
        return ""
    if parts:
        return f"{percent(interval.low, decimals)} to {percent(interval.high, decimals)}"
    return f"{number(interval.low, decimals)} to {number(interval.high, decimals)}"


def day(at: int) -> str:
    """`2020-01-31`."""
    return datetime.fromtimestamp(at // SECOND, UTC).strftime("%Y-%m-%d")


def minute(at: int) -> str:
    """`2020-01-31 12:05`."""
    return datetime.fromtimestamp(at // SECOND, UTC).strftime("%Y-%m-%d %H:%M")


def moment(at: int, span: int) -> str:
    """As exact as a run over `span` nanoseconds needs it."""
    return day(at) if span > 40 * DAY else minute(at)[5:] if span > DAY else minute(at)[11:]


def length(nanoseconds: float) -> str:
    """`35 s`, `4 min`, `3.5 h`, `12 days`."""
    for unit, name in ((DAY, "days"), (HOUR, "h"), (MINUTE, "min")):
        if nanoseconds >= unit * (2 if unit == DAY else 1):
            amount = nanoseconds / unit
            return f"{amount:.0f} {name}" if amount >= 10 or amount == int(amount) else f"{amount:.1f} {name}"
    return f"{nanoseconds / SECOND:.0f} s"


def period(nanoseconds: int) -> str:
    """`1d`, `5m`: the length of a candle."""
    for unit, suffix in ((DAY, "d"), (HOUR, "h"), (MINUTE, "m")):
        if nanoseconds and nanoseconds % unit == 0:
            return f"{nanoseconds // unit}{suffix}"
    return f"{nanoseconds / SECOND:g}s"


def counted(count: int, word: str) -> str:
    """`1 trade`, `7 trades`."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"
