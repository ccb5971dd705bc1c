"""The key figures of R7.12 as they are told: of all that a running engine knows, some seconds old at most."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from midas.domain.carry import Carried
from midas.domain.decision import DayClosed
from midas.domain.event import Event, SessionOpened
from midas.domain.time import SECOND
from midas.domain.triggers import DayReturn
from midas.domain.trips import Trip
from midas.engine.audit import Audit
from midas.state.state import BY_HAND, State
from midas.state.views.account import KpisView, KpiView, SkillView
from midas.statistics.conventions import CALENDAR
from midas.statistics.kpis import Evidence, Goals, Kpi, Kpis, Skill, key_figures

NAN = float("nan")
EVERY = 10 * SECOND  # wall time; a year of days takes about 1 ms
FALL_STEP = 1e-4  # of equity: less doesn't make a deeper fall worth telling
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
    returns: Iterable[DayReturn], trips: Iterable[Trip], signals: int, executed: int, fall: float = NAN
) -> Evidence:
    """What the figures are computed from: days of the account, round trips of its strategies."""
    return Evidence(
        returns=daily_returns(returns), periods=CALENDAR,
        profits=[float(trip.profit) for trip in trips if trip.strategy not in BY_HAND],
        signals=signals, executed=executed, fall=fall,
    )  # fmt: skip


def evidence_of(state: State, fall: float = NAN) -> Evidence:
    """Of a running engine; `fall`: the deepest since its start, a fraction of the highest equity."""
    return evidence(state.budgets.returns, state.ledger.closed, state.signals, state.executed, fall)


def evidence_left(carried: Carried) -> Evidence:
    """Of a session that is over."""
    return evidence(carried.returns, carried.trips, carried.signals, carried.executed)


class KpiLog:
    """Keeps the newest figures: of a start, of each day that closes, and in between of what is new."""

    def __init__(self, state: State, goals: Goals) -> None:
        self._state = state
        self._goals = goals
        self._fall = NAN
        self._told: tuple[object, ...] = ()
        self.view = KpisView()

    def look(self, now: int) -> None:
        """Once a second: the fall of now, and what has come since the figures were computed (wall time)."""
        state = self._state
        if state.opening_equity and (fall := state.drawdown) == fall:
            self._fall = fall if self._fall != self._fall else max(self._fall, fall)
        if not 0 <= now - self.view.computed_at < EVERY and self._key() != self._told:
            self._compute(now)

    def observe(self, event: Event, audit: Audit) -> None:
        """Compute them where a session begins or a day has closed."""
        closed = any(type(decision) is DayClosed for decision in audit.decisions)
        if closed or type(event) is SessionOpened:
            self._compute(event.at)

    def _compute(self, at: int) -> None:
        found = evidence_of(self._state, self._fall)
        self._told = self._key()
        self.view = kpis_view(key_figures(found, self._goals), found, at)

    def _key(self) -> tuple[object, ...]:
        """Another one where other figures would come out."""
        state = self._state
        trips = state.ledger.closed
        fall = round(self._fall / FALL_STEP) if self._fall == self._fall else None
        return state.budgets.version, len(trips), trips[-1:], state.signals, state.executed, fall


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
