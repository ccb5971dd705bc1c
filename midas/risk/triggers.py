"""The losses and failures that change the mode by themselves (R7.6, R7.7): one row each, with its figure now.

Defensive rows have hysteresis: what made one fire has to lie clearly behind before it ends. Stop rows close
every position, and only a person ends that.
"""

from __future__ import annotations

from math import nan

import msgspec

from midas.domain.calibration import CalibrationRules, Gap, Monitor
from midas.domain.time import MINUTE
from midas.domain.triggers import TriggerRules
from midas.state.calibration import DESK
from midas.state.state import State
from midas.statistics.calibration_monitor import figures
from midas.statistics.performance import sharpe

DEFENSIVE, STOP = "defensive", "stop"
SHARE, RATIO, MINUTES = "%", "", "min"
TOLERANCE = 1e-9  # a loss of 3 % exactly is within 3 %
EXACT = 1e-7  # of a percent: less is how numbers are stored
DAYS_A_YEAR = 365  # the account is measured every day, weekends included


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """One trigger and how near it is."""

    name: str
    title: str  # "week's loss"
    acts: str  # DEFENSIVE or STOP
    unit: str
    value: float  # NaN: not known yet, and it neither fires nor ends
    threshold: float
    release: float  # where it ends again; the threshold itself where only a person ends it
    base: float = 0.0  # equity that a loss is measured from; 0: it isn't a loss
    below: bool = False  # fires below the threshold instead of above
    holds: bool | None = None  # where more than the figure decides; None: the figure alone does
    told: str = ""  # why it fires, where that is more than the figure
    until: str = ""  # what would end it, likewise

    @property
    def fires(self) -> bool:
        """Whether it begins to hold."""
        if self.holds is not None:
            return self.holds
        if self.below:
            return self.value < self.threshold - TOLERANCE
        return self.value > self.threshold + TOLERANCE

    @property
    def ended(self) -> bool:
        """Whether it no longer holds."""
        if self.holds is not None:
            return not self.holds
        if self.below:
            return self.value > self.release + TOLERANCE
        return self.value < self.release - TOLERANCE

    @property
    def cause(self) -> str:
        """Why it fires, with the figures."""
        if self.told:
            return self.told
        if self.unit == MINUTES:
            return f"{self.title} {self._text(self.value)}, at most {self._text(self.threshold)}"
        side = "below" if self.below else "above"
        value = self._text(self.value, self.threshold)
        return f"{self.title} {value} {side} {self._text(self.threshold)}"

    @property
    def ends(self) -> str:
        """What would end it."""
        return self.until or f"{self.title} {'above' if self.below else 'below'} {self._text(self.release)}"

    def _text(self, value: float, beside: float = nan) -> str:
        """With the digits that tell it from nothing, and from what it stands beside."""
        if self.unit == SHARE:
            return _percent(value) if beside != beside else _told_apart(value, beside)
        return f"{value:.2f}" if self.unit == RATIO else f"{value:.0f} min"


def _percent(share: float) -> str:
    """A figure of the settings: one decimal, or up to four where it has them."""
    digits = next((d for d in (1, 2, 3) if abs(round(share * 100, d) - share * 100) < EXACT), 4)
    return f"{share:.{digits}%}"


def _told_apart(share: float, beside: float) -> str:
    """A measured figure: one decimal, or as many as it takes to differ from `beside` and from nothing."""
    texts = [f"{share:.{digits}%}" for digits in (1, 2, 3, 4)]
    told = (
        text for digits, text in enumerate(texts, 1)
        if text != f"{beside:.{digits}%}" and (not share or text != f"{0.0:.{digits}%}")
    )  # fmt: skip
    return next(told, texts[0])


def readings(state: State, rules: TriggerRules) -> tuple[Reading, ...]:
    """Every trigger, in the order in which the first of several gives its name to a stop."""
    return (
        *losses(state, rules), *failures(state, rules), _sharpe(state, rules), _calibration(state),
    )  # fmt: skip


def stops(state: State, rules: TriggerRules) -> tuple[Reading, ...]:
    """Those of `readings` that close every position."""
    return *_stopping(state, rules, state.equity()), *failures(state, rules)


def defensives(state: State, rules: TriggerRules) -> tuple[Reading, ...]:
    """Those of `readings` that hold mode DEFENSIVE."""
    return *_holding(state, rules, state.equity()), _sharpe(state, rules), _calibration(state)


def any_stop(state: State, rules: TriggerRules) -> bool:
    """Whether any of `stops` fires: asked once a second, and making them all costs ten times as much."""
    equity, budgets, silent = state.equity(), state.budgets, _silences(state)
    return (
        _drawdown(state, equity) > rules.drawdown_stop + TOLERANCE
        or budgets.day.loss(equity) > rules.daily_loss_stop + TOLERANCE
        or budgets.week.loss(equity) > rules.weekly_loss_stop + TOLERANCE
        or budgets.month.loss(equity) > rules.monthly_loss_stop + TOLERANCE
        or silent[0] / MINUTE > rules.feed_failed_stop / MINUTE + TOLERANCE
        or silent[1] / MINUTE > rules.broker_gone_stop / MINUTE + TOLERANCE
    )


def any_defensive(state: State, rules: TriggerRules, equity: float) -> bool:
    """Whether any of `defensives` fires at that equity, as above."""
    return (
        _drawdown(state, equity) > rules.drawdown_defensive + TOLERANCE
        or state.budgets.week.loss(equity) > rules.weekly_loss_defensive + TOLERANCE
        or _sharpe(state, rules).fires
        or _calibration(state).fires
    )


def losses(state: State, rules: TriggerRules) -> tuple[Reading, ...]:
    """Those that compare equity with what it was."""
    equity = state.equity()
    return *_stopping(state, rules, equity), *_holding(state, rules, equity)


def _stopping(state: State, rules: TriggerRules, equity: float) -> tuple[Reading, ...]:
    day, week, month = state.budgets.day, state.budgets.week, state.budgets.month
    drawdown, peak = _drawdown(state, equity), state.equity_peak
    return (
        _stop("drawdown_stop", "drawdown", drawdown, rules.drawdown_stop, peak),
        _stop("day_stop", "day's loss", day.loss(equity), rules.daily_loss_stop, day.equity),
        _stop("week_stop", "week's loss", week.loss(equity), rules.weekly_loss_stop, week.equity),
        _stop("month_stop", "month's loss", month.loss(equity), rules.monthly_loss_stop, month.equity),
    )


def _holding(state: State, rules: TriggerRules, equity: float) -> tuple[Reading, ...]:
    drawdown, peak, week = _drawdown(state, equity), state.equity_peak, state.budgets.week
    lost, most = week.loss(equity), rules.weekly_loss_defensive
    return (
        _defensive("drawdown_defensive", "drawdown", drawdown, rules.drawdown_defensive, peak, rules),
        _defensive("week_defensive", "week's loss", lost, most, week.equity, rules),
    )


def _drawdown(state: State, equity: float) -> float:
    return max(1.0 - equity / state.equity_peak, 0.0) if state.equity_peak > 0.0 else nan


def failures(state: State, rules: TriggerRules) -> tuple[Reading, ...]:
    """Those that count how long we have known nothing; from a resume on anew."""
    feed, gone = _silences(state)
    return (
        _silence("feed_failed", "no market data for", feed, rules.feed_failed_stop),
        _silence("broker_gone", "no user stream for", gone, rules.broker_gone_stop),
    )


def _silences(state: State) -> tuple[int, int]:
    """For how long there has been no market data, and no user stream; nanoseconds."""
    resumed = state.control.released_at
    feed = min(state.feed_age, state.now - resumed) if resumed else state.feed_age
    return feed, 0 if state.user_up else state.now - max(state.user_down_at, resumed)


def _sharpe(state: State, rules: TriggerRules) -> Reading:
    """Of the last days that were each measured from one day's start to the next one's."""
    version = state.budgets.version
    known = state.derived.get("sharpe")
    if not isinstance(known, _Known) or known.version != version or known.rules is not rules:
        known = state.derived["sharpe"] = _Known(version, rules, _sharpe_of(state, rules))
    return known.reading


class _Known(msgspec.Struct, frozen=True):
    version: int
    rules: TriggerRules
    reading: Reading


def _sharpe_of(state: State, rules: TriggerRules) -> Reading:
    whole = [made.value for made in state.budgets.returns if made.days == 1][-rules.sharpe_days :]
    return Reading(
        name="sharpe_defensive", title=f"{rules.sharpe_days}-day Sharpe", acts=DEFENSIVE, unit=RATIO,
        value=sharpe(whole, DAYS_A_YEAR, least=rules.sharpe_days).value,
        threshold=rules.sharpe_defensive, release=rules.sharpe_release, below=True,
    )  # fmt: skip


def _calibration(state: State) -> Reading:
    """R7.5, corrected: the calibrator judges once a minute by more than z, and it takes days to end."""
    now = state.calibration
    evidence = gap, rules, monitor = now.gap(DESK), now.rules, now.monitors.get(DESK)
    known = state.derived.get("calibration")
    if not isinstance(known, _Judged) or known.evidence != evidence:
        known = state.derived["calibration"] = _Judged(evidence, _judged(gap, rules, monitor))
    return known.reading


class _Judged(msgspec.Struct, frozen=True):
    evidence: tuple[Gap, CalibrationRules, Monitor | None]
    reading: Reading


def _judged(gap: Gap, rules: CalibrationRules, monitor: Monitor | None) -> Reading:
    held = monitor is not None and monitor.degraded
    return Reading(
        name="calibration_defensive", title="calibration z", acts=DEFENSIVE, unit=RATIO, value=gap.z,
        threshold=rules.z_trigger, release=rules.z_release, below=True, holds=held,
        told=f"stated chances don't come true: {figures(gap)}",
        until=f"calibration z above {rules.z_release:g} for {rules.release_days} days, "
        f"or {rules.window_days} with too few signals to tell",
    )  # fmt: skip


def _stop(name: str, title: str, value: float, threshold: float, base: float) -> Reading:
    return Reading(
        name=name, title=title, acts=STOP, unit=SHARE, value=value, threshold=threshold, release=threshold,
        base=base,
    )  # fmt: skip


def _defensive(
    name: str, title: str, value: float, threshold: float, base: float, rules: TriggerRules
) -> Reading:
    return Reading(
        name=name, title=title, acts=DEFENSIVE, unit=SHARE, value=value, threshold=threshold,
        release=threshold * rules.release, base=base,
    )  # fmt: skip


def _silence(name: str, title: str, age: int, threshold: int) -> Reading:
    return Reading(
        name=name, title=title, acts=STOP, unit=MINUTES, value=age / MINUTE, threshold=threshold / MINUTE,
        release=threshold / MINUTE,
    )  # fmt: skip
