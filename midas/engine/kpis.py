"""The key figures of R7.12 as they are told: once at the start, and once when a day of the account closes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from midas.domain.carry import Carried
from midas.domain.decision import DayClosed
from midas.domain.event import Event, SessionOpened
from midas.domain.triggers import DayReturn
from midas.domain.trips import Trip
from midas.engine.audit import Audit
from midas.state.snapshot import KpisView, KpiView, SkillView
from midas.state.state import BY_HAND, State
from midas.statistics.conventions import CALENDAR
from midas.statistics.kpis import Evidence, Goals, Kpi, Kpis, Skill, key_figures

NAN = float("nan")
RATIO, SHARE = "", "%"
_SHARES = frozenset({"max drawdown", "CAGR", "win rate", "executed signals"})


def daily_returns(made: Iterable[DayReturn]) -> list[float]:
    """One return a calendar day; days that nobody measured count as nothing before the one that was."""
    returns: list[float] = []
    for each in made:
        returns += [0.0] * (max(each.days, 1) - 1)
        returns.append(each.value)
    return returns


def evidence(
    returns: Iterable[DayReturn], trips: Iterable[Trip], signals: int, executed: int
) -> Evidence:  # fmt: skip
    """What the figures are computed from: days of the account, round trips of its strategies."""
    return Evidence(
        returns=daily_returns(returns), periods=CALENDAR,
        profits=[float(trip.profit) for trip in trips if trip.strategy not in BY_HAND],
        signals=signals, executed=executed,
    )  # fmt: skip


def evidence_of(state: State) -> Evidence:
    """Of a running engine."""
    return evidence(state.budgets.returns, state.ledger.closed, state.signals, state.executed)


def evidence_left(carried: Carried) -> Evidence:
    """Of a session that is over."""
    return evidence(carried.returns, carried.trips, carried.signals, carried.executed)


class KpiLog:
    """Keeps the newest figures; a day is what they are made of, so nothing changes in between."""

    def __init__(self, state: State, goals: Goals) -> None:
        self._state = state
        self._goals = goals
        self.view = KpisView()

    def observe(self, event: Event, audit: Audit) -> None:
        """Compute them where a session begins or a day has closed."""
        closed = any(type(decision) is DayClosed for decision in audit.decisions)
        if closed or type(event) is SessionOpened:
            found = evidence_of(self._state)
            self.view = kpis_view(key_figures(found, self._goals), found, event.at)


def kpis_view(kpis: Kpis, found: Evidence, at: int) -> KpisView:
    """As a door is told it; `at` is when they were computed."""
    return KpisView(
        at, tuple(_rows(kpis)), _skill(kpis.skill), len(found.returns), len(found.profits), found.signals,
        found.executed,
    )  # fmt: skip


def _rows(kpis: Kpis) -> Iterator[KpiView]:
    for kpi in kpis.all:
        yield _row(kpi)


def _row(kpi: Kpi) -> KpiView:
    goal, interval, reason = kpi.goal, kpi.interval, kpi.figure.reason
    optimum = goal.optimum if goal is not None and goal.optimum is not None else NAN
    return KpiView(
        kpi.name, kpi.figure.value, goal.limit if goal is not None else NAN, optimum,
        interval.low if interval is not None else NAN, interval.high if interval is not None else NAN,
        kpi.verdict.value, kpi.certain, SHARE if kpi.name in _SHARES else RATIO,
        goal is not None and goal.below, kpi.figure.count, reason.value if reason is not None else "",
    )  # fmt: skip


def _skill(skill: Skill) -> SkillView:
    reason = skill.reason.value if skill.reason is not None else ""
    return SkillView(
        skill.positive, skill.goal, skill.deflated, skill.trials, skill.years, skill.years_needed, reason
    )
