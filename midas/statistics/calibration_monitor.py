"""Whether forecasts still come true: the rule of R7.5, what is wrong with it, and the trigger used instead.

R7.5 acts where the hit rate of 30 days is off the forecasts by more than 15 points. With few trades chance
does that: a calibrated forecaster is off by more in 20 of 100 windows of ten trades, in 6 of 100 of thirty
(36 and 10 where .55 - .40 > .15 is left to floating point). The trigger needs 30 effective trades and looks
at one side only; it fires where the hit rate is 15 points below, or where chance alone would hardly leave it
so low (z < -2.5); it lets go once z has been above -1 for five days. Both are shown; only the trigger acts.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from math import comb, fsum, isfinite, nan, sqrt
from typing import Protocol

import msgspec

from midas.domain.calibration import CalibrationRules as Rules
from midas.domain.calibration import Gap, Monitor

__all__ = [
    "Gap", "Monitor", "Outcome", "Rules", "Status", "advanced", "false_alarms", "figures", "measured",
    "naive", "power", "status", "triggered",
]  # fmt: skip

_TOLERANCE = 1e-12  # .55 - .40 > .15 is true in floating point


class Outcome(msgspec.Struct, frozen=True):
    """One decided forecast."""

    day: int  # on which it was decided, whole days since any fixed one
    forecast: float  # the probability of a win
    won: bool


class Status(Enum):
    """What the panel says."""

    TOO_FEW = "insufficient data"
    CALIBRATED = "calibrated"
    DEGRADED = "degraded"


class FalseAlarms(msgspec.Struct, frozen=True):
    """Probability that a rule fires, exact by the binomial."""

    two_sided: float  # R7.5 as it is written
    one_sided: float  # the hit rate 15 points below
    relative: float  # the hit rate 15 % of the forecast below
    trigger: float  # what is used


class Told(Protocol):
    """A decided forecast as far as it is measured."""

    @property
    def day(self) -> int:
        """On which it was decided."""

    @property
    def forecast(self) -> float:
        """The probability of a win."""

    @property
    def won(self) -> bool:
        """What came."""


def measured(outcomes: Sequence[Told], today: int, rules: Rules | None = None, overlap: float = 1.0) -> Gap:
    """Of the outcomes of the window that ends with `today`.

    `overlap` is how many trades on average live at the same time on the same thing: they count once.
    """
    window = (rules or Rules()).window_days
    assert overlap >= 1.0, f"expected 1 or more trades at a time, got {overlap}"
    seen = [each for each in outcomes if today - window < each.day <= today]
    chances = [each.forecast for each in seen]
    assert not chances or 0.0 <= min(chances) <= max(chances) <= 1.0, "expected probabilities from 0 to 1"
    hits = sum([each.won for each in seen])
    expected = fsum(chances)
    spread = fsum([p * (1.0 - p) for p in chances]) * overlap
    z = (hits - expected) / sqrt(spread) if spread > 0.0 else nan
    return Gap(len(seen), len(seen) / overlap, hits, expected, z)


def naive(gap: Gap, rules: Rules | None = None) -> bool:
    """R7.5 as it is written: off by more than 15 points, on either side, however few the trades."""
    return abs(gap.difference) > (rules or Rules()).gap + _TOLERANCE


def triggered(gap: Gap, rules: Rules | None = None) -> bool:
    """The corrected rule: enough trades, and a hit rate 15 points below the forecasts or z < -2.5."""
    by = rules or Rules()
    if gap.effective < by.effective_min - _TOLERANCE:
        return False
    return gap.difference < -by.gap - _TOLERANCE or gap.z < by.z_trigger - _TOLERANCE


def advanced(monitor: Monitor, gap: Gap, today: int, rules: Rules | None = None) -> Monitor:
    """After `today`, once a day or oftener: it degrades at once and recovers only with the days.

    While it is degraded and too few trades are left to tell, the days neither count nor start anew. After a
    whole window of such days nothing speaks against it any more: who stopped trading isn't doubted forever.
    """
    by = rules or Rules()
    if triggered(gap, by):
        return Monitor(degraded=True, calm_days=0, last_day=today)
    if not monitor.degraded:
        return Monitor(last_day=today)
    told = gap.effective >= by.effective_min - _TOLERANCE and isfinite(gap.z)
    if monitor.last_day is not None and today <= monitor.last_day:
        worse = told and gap.z <= by.z_release + _TOLERANCE  # later on a day that had begun calmly
        return msgspec.structs.replace(monitor, calm_days=0) if worse else monitor
    if not told:
        dry = monitor.dry_days + 1
        if dry >= by.window_days:
            return Monitor(last_day=today)
        return msgspec.structs.replace(monitor, last_day=today, dry_days=dry)
    calm = monitor.calm_days + 1 if gap.z > by.z_release + _TOLERANCE else 0
    return Monitor(degraded=calm < by.release_days, calm_days=calm, last_day=today)


def status(monitor: Monitor, gap: Gap, rules: Rules | None = None) -> Status:
    """What to show."""
    if monitor.degraded:
        return Status.DEGRADED
    enough = gap.effective >= (rules or Rules()).effective_min - _TOLERANCE
    return Status.CALIBRATED if enough else Status.TOO_FEW


def figures(gap: Gap) -> str:
    """What was promised and what came, in words."""
    if not gap.count:
        return "no outcome in the window"
    came, promised = gap.hits / gap.count, gap.expected / gap.count
    return f"{came:.1%} of {gap.count} signals won, {promised:.1%} promised (z {gap.z:+.1f})"


def false_alarms(count: int, probability: float = 0.55, rules: Rules | None = None) -> FalseAlarms:
    """How often each rule fires where the forecasts are right, in one window of `count` trades."""
    return FalseAlarms(*_alarm_rates(count, probability, probability, rules or Rules()))


def power(count: int, forecast: float, truth: float, rules: Rules | None = None) -> FalseAlarms:
    """How often each rule fires where wins have probability `truth`."""
    return FalseAlarms(*_alarm_rates(count, forecast, truth, rules or Rules()))


def _alarm_rates(count: int, forecast: float, truth: float, rules: Rules) -> tuple[float, ...]:
    fired: tuple[list[float], ...] = ([], [], [], [])
    spread = sqrt(count * forecast * (1.0 - forecast))
    for hits in range(count + 1):
        chance = comb(count, hits) * truth**hits * (1.0 - truth) ** (count - hits)
        gap = Gap(count, count, hits, count * forecast, (hits - count * forecast) / spread)
        below = gap.difference < -rules.gap - _TOLERANCE
        relative = gap.difference < -rules.gap * forecast - _TOLERANCE
        for place, fires in enumerate((naive(gap, rules), below, relative, triggered(gap, rules))):
            if fires:
                fired[place].append(chance)
    return tuple(map(fsum, fired))
