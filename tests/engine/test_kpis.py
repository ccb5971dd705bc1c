"""Key figures of the account: from its days and its strategies' trips, at the start and at each day's cut."""

from __future__ import annotations

from decimal import Decimal

import pytest

from midas.domain.carry import Carried
from midas.domain.decision import Counted
from midas.domain.time import DAY, MINUTE, SECOND
from midas.domain.triggers import DayReturn
from midas.engine.kpis import daily_returns, evidence_left
from midas.state.views.account import KpisView, KpiView
from midas.statistics.kpis import Goal, Goals
from tests.engine.scene import Scene, of
from tests.fakes.nouns import trip
from tests.fakes.strategy import long

DAYS = tuple(DayReturn(n, 1, 0.004 if n % 3 else -0.006) for n in range(200))
TRIPS = tuple(trip("3" if n % 2 else "-2", n) for n in range(40))


def row(view: KpisView, name: str) -> KpiView:
    return next(row for row in view.rows if row.name == name)


def later(scene: Scene, seconds: int = 12) -> KpisView:
    """As the runner has it: the painter looks once a second."""
    for _ in range(seconds):
        scene.tick()
        scene.desk.painter.tick(scene.desk.now, scene.desk.health)
    return scene.desk.picture().kpis


def begun(**carried: object) -> Scene:
    scene = Scene()
    scene.desk.open(scene.desk.now, Carried(from_session="before", **carried))  # type: ignore[arg-type]
    return scene


def test_a_first_day_knows_nothing_and_says_why() -> None:
    view = Scene().desk.picture().kpis
    assert {row.name for row in view.rows} >= {"Sharpe, 6 months", "max drawdown", "CAGR", "win rate"}
    assert all(row.verdict == "not known" and row.reason for row in view.rows if row.goal == row.goal)
    assert view.skill.reason == "too few observations"


def test_the_figures_of_a_record_stand_beside_goal_interval_and_verdict() -> None:
    view = begun(returns=DAYS, trips=TRIPS, signals=80, executed=20).desk.picture().kpis
    assert (view.days, view.trips, view.signals, view.executed) == (200, 40, 80, 20)
    won = row(view, "win rate")
    assert (won.value, won.goal, won.optimum, won.verdict) == (0.5, 0.45, 0.55, "met")
    assert won.low < 0.5 < won.high
    assert not won.certain
    assert row(view, "profit factor").value == pytest.approx(1.5)
    assert row(view, "executed signals").value == 0.25
    assert row(view, "max drawdown").below
    assert 0.0 < view.skill.positive <= 1.0


def test_what_a_person_ordered_is_no_evidence_of_a_strategy() -> None:
    by_hand = (trip("9", strategy="manual"), trip("9", strategy="external"))
    assert evidence_left(Carried(trips=(*by_hand, *TRIPS[:2]))).profits == [-2.0, 3.0]


def test_a_day_that_nobody_measured_counts_as_a_day_on_which_nothing_happened() -> None:
    assert daily_returns([DayReturn(1, 1, 0.01), DayReturn(2, 3, -0.02)]) == [0.01, 0.0, 0.0, -0.02]


def test_they_are_computed_at_the_cut_of_a_day_and_not_before() -> None:
    scene = begun(returns=DAYS)
    before = scene.desk.picture().kpis
    scene.tick(5)
    assert scene.desk.picture().kpis is before
    scene.desk.tick((scene.desk.now // DAY + 1) * DAY)
    after = scene.desk.picture().kpis
    assert after.days == 201
    assert after.computed_at == scene.desk.now


def test_what_is_new_is_told_within_seconds_of_a_running_engine() -> None:
    scene = begun(returns=DAYS, signals=80, executed=20)
    later(scene, 2)
    scene.say(long())
    view = later(scene)
    assert (view.signals, view.executed) == (81, 21)
    assert scene.desk.now - view.computed_at <= 12 * SECOND


def test_the_fall_that_still_runs_counts_before_the_first_day_has_closed() -> None:
    scene = Scene()
    later(scene, 2)
    state = scene.desk.state
    state.ledger.adjust("USDT", -Decimal(400))
    deepest = row(later(scene), "max drawdown")
    assert (deepest.verdict, deepest.reason) == ("optimal", "")
    assert deepest.value == pytest.approx(0.04, rel=1e-3)
    state.ledger.adjust("USDT", Decimal(300))
    assert row(later(scene), "max drawdown").value == deepest.value, "it stays the deepest"


def test_the_goals_are_those_of_the_settings() -> None:
    from midas.engine.kpis import KpiLog

    scene = begun(returns=DAYS, trips=TRIPS)
    log = KpiLog(scene.desk.state, Goals(win_rate=Goal(0.5, 0.55)))
    log.observe(scene.desk.fed[0], scene.desk.audits[0])
    event = next(e for e in scene.desk.fed if type(e).__name__ == "SessionOpened")
    log.observe(event, scene.desk.audits[0])
    assert row(log.view, "win rate").verdict == "missed"


def test_signals_are_counted_and_the_journal_is_told_once_a_minute() -> None:
    scene = Scene()
    scene.say(long())
    state = scene.desk.state
    assert (state.signals, state.executed) == (1, 1)
    assert state.carried().signals == 0
    told = of(Counted, scene.desk.tick((scene.desk.now // MINUTE + 1) * MINUTE))
    assert told == [Counted(1, 1)]
    assert (state.carried().signals, state.carried().executed) == (1, 1)
    assert not of(Counted, scene.desk.tick(scene.desk.now + SECOND))
