"""Each loss of R7.6 and R7.7 through the whole engine: a tick before its threshold, at it, and past it."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from midas.domain.command import Resume, SetMode
from midas.domain.decision import LossesAccepted, OrderPlanned, TargetRefused
from midas.domain.mode import Mode
from midas.domain.order import Purpose, Side
from midas.domain.time import DAY, MINUTE, SECOND
from midas.domain.triggers import TriggerRules
from tests.engine.scene import Scene, of
from tests.fakes.desk import BTC
from tests.fakes.strategy import long
from tests.scenarios.stage import EQUITY, HELD, WORTH_OF_A_TICK, Stage, changes, tripped, wall

LOSSES = {
    "drawdown_stop": "drawdown_stop", "day_stop": "daily_loss_stop", "week_stop": "weekly_loss_stop",
    "month_stop": "monthly_loss_stop", "drawdown_defensive": "drawdown_defensive",
    "week_defensive": "weekly_loss_defensive",
}  # fmt: skip
STOPS = [name for name in LOSSES if name.endswith("_stop")]
CAREFUL = [name for name in LOSSES if name.endswith("_defensive")]
NONE = msgspec.structs.replace(TriggerRules(), **dict.fromkeys(LOSSES.values(), 1.0))
SIDES = [(-1, False), (0, False), (1, True)]  # ticks past the threshold, and whether it fires there


def alone(name: str) -> Stage:
    """One trigger at the source's number, every other loss allowed."""
    number = getattr(TriggerRules(), LOSSES[name])
    return Stage(triggers=msgspec.structs.replace(NONE, **{LOSSES[name]: number}))


def edge(name: str, ticks: int = 0) -> float:
    """The loss at a trigger's threshold, USDT, or so many ticks past it."""
    return EQUITY * float(getattr(TriggerRules(), LOSSES[name])) + ticks * WORTH_OF_A_TICK


def test_the_account_is_worth_ten_thousand_and_loses_what_it_is_told() -> None:
    stage = Stage(triggers=NONE)
    assert (stage.state.equity(), stage.position, stage.mode()) == (EQUITY, HELD, Mode.NORMAL)
    stage.lose(1_500.0)
    stage.tick()
    assert stage.state.equity() == pytest.approx(8_500.0, abs=1e-9)
    assert stage.mode() is Mode.NORMAL


@pytest.mark.parametrize(("ticks", "stops"), SIDES)
@pytest.mark.parametrize("name", STOPS)
def test_a_stop_fires_one_tick_past_its_threshold_and_closes_everything(
    name: str, ticks: int, stops: bool
) -> None:
    stage = alone(name)
    stage.lose(edge(name, ticks))
    first = stage.tick()
    assert bool(tripped(first)) is stops
    assert (stage.mode() is Mode.EMERGENCY) is stops, "within one event, with nobody asked"
    stage.tick(4)
    assert stage.position == (0 if stops else HELD)
    assert ("latch" in stage.alarms) is stops
    assert not stage.state.orders.open


@pytest.mark.parametrize("name", STOPS)
def test_a_stop_stays_when_the_loss_has_gone_and_over_a_restart(name: str) -> None:
    stage = alone(name)
    stage.lose(edge(name, 1))
    stage.tick(4)
    stage.lose(0.0)
    stage.until(stage.now + 40 * DAY)
    assert (stage.mode(), stage.state.control.latched) == (Mode.EMERGENCY, True)
    assert stage.position == 0
    stage.restart().tick(5)
    assert (stage.mode(), stage.state.control.latched) == (Mode.EMERGENCY, True)
    assert not stage.desk.command(SetMode("NORMAL", "all is well", confirmed=True)).accepted
    assert "latch" in stage.alarms


@pytest.mark.parametrize("name", STOPS)
def test_only_a_person_goes_on_after_a_stop_in_two_steps_with_a_review(name: str) -> None:
    stage = alone(name)
    stage.lose(edge(name, 1))
    stage.tick(4)
    review = stage.resume("the loss is accepted")
    assert "stopped by trigger at level flatten" in review
    assert "losses count from here on" in review
    assert "positions none" in review
    assert stage.mode() is Mode.OBSERVATION
    assert not tripped(stage.tick(5)), "who resumes after a loss isn't stopped by it again"
    assert stage.desk.command(SetMode("NORMAL", "looked at it", confirmed=True)).accepted
    stage.tick(5)
    assert stage.mode() is Mode.NORMAL


def test_what_a_resume_accepts_is_the_stop_that_fires_and_nothing_else() -> None:
    stage = Stage(wall("2026-01-05 12:00"))
    stage.lose(edge("day_stop", 1))
    stage.tick(4)
    kept, peak = stage.state.budgets.openings, stage.state.equity_peak
    review = stage.resume("the loss is accepted")
    assert "losses count from here on for day alone (drawdown 3.0% of 15.0%" in review
    (accepted,) = of(LossesAccepted, stage.desk.audits)
    assert accepted.names == ("day_stop",)
    equity = stage.state.equity()
    assert stage.state.budgets.openings == (kept[0], equity, *kept[2:])
    assert stage.state.equity_peak == peak
    for marks in (True, False):
        assert stage.journaled(marks).day_equity == equity, "also where the process ended in between"


def test_days_that_stop_add_up_to_the_week_that_stops() -> None:
    stage = Stage(wall("2026-01-05 12:00"))  # a Monday
    stage.lose(edge("day_stop", 1))
    stage.tick(4)
    stage.resume("the loss is accepted")
    stage.restart().tick(2)
    assert not stage.state.control.latched
    stage.until(wall("2026-01-06 12:00"))
    stage.state.ledger.adjust("USDT", -Decimal("205"))
    (trip,) = tripped(stage.tick())
    assert trip.reason.startswith("week's loss 5.1%")


def test_what_fires_only_after_the_review_is_reviewed_first() -> None:
    stage = Stage(wall("2026-01-05 12:00"))
    stage.lose(edge("day_stop", 1))
    stage.tick(4)
    assert stage.desk.command(Resume("the loss is accepted")).accepted
    stage.state.ledger.adjust("USDT", -Decimal("250"))
    refused = stage.desk.command(Resume("the loss is accepted", confirmed=True))
    assert not refused.accepted
    assert refused.message.startswith("since the review week fires too")
    assert "losses count from here on for day and week" in stage.resume("the loss is accepted")


def test_a_stop_that_the_engine_dies_of_goes_on_after_the_start() -> None:
    stage = alone("day_stop")
    stage.venue.refusing = "no orders now"
    stage.lose(edge("day_stop", 1))
    stage.tick()
    assert stage.mode() is Mode.EMERGENCY
    assert stage.position == HELD
    stage.venue.refusing = ""
    stage.restart().tick(10)
    assert stage.position == 0


@pytest.mark.parametrize(("ticks", "careful"), SIDES)
@pytest.mark.parametrize("name", CAREFUL)
def test_defensive_begins_one_tick_past_its_threshold_and_halves_what_is_held(
    name: str, ticks: int, careful: bool
) -> None:
    stage = alone(name)
    stage.lose(edge(name, ticks))
    assert changes(stage.tick()) == (["DEFENSIVE"] if careful else [])
    stage.tick(20)
    assert stage.position == (HELD / 2 if careful else HELD)
    assert ("mode" in stage.alarms) is careful
    assert not stage.state.control.latched


@pytest.mark.parametrize("name", CAREFUL)
def test_defensive_ends_below_four_fifths_of_its_threshold_and_after_five_minutes(name: str) -> None:
    stage = alone(name)
    stage.venue.refusing = "no orders now"  # what is held stays, so that the figures stay in step
    stage.lose(edge(name, 1))
    stage.tick()
    began = stage.now
    stage.lose(0.8 * edge(name))
    stage.until(began + 60 * MINUTE)
    assert stage.mode() is Mode.DEFENSIVE, "not at it"
    stage.lose(0.8 * edge(name) - WORTH_OF_A_TICK)
    stage.tick()
    assert stage.mode() is Mode.NORMAL, "but below it"


@pytest.mark.parametrize("name", CAREFUL)
def test_defensive_lasts_five_minutes_even_where_its_cause_has_gone(name: str) -> None:
    stage = alone(name)
    stage.venue.refusing = "no orders now"
    stage.lose(edge(name, 1))
    stage.tick()
    began = stage.now
    stage.lose(0.0)
    stage.until(began + 5 * MINUTE - SECOND)
    assert stage.mode() is Mode.DEFENSIVE
    stage.until(began + 5 * MINUTE)
    assert stage.mode() is Mode.NORMAL


def test_defensive_goes_on_over_a_restart_and_ends_after_it_by_itself() -> None:
    stage = alone("drawdown_defensive")
    stage.venue.refusing = "no orders now"
    stage.lose(edge("drawdown_defensive", 1))
    stage.tick()
    began = stage.now
    stage.lose(900.0)  # between its two edges: only who remembers that it fired goes on
    stage.restart().tick(2)
    assert (stage.mode(), stage.state.control.since) == (Mode.DEFENSIVE, began)
    assert stage.state.control.ends_when == "drawdown below 8.0%"
    stage.until(began + 6 * MINUTE)
    assert stage.mode() is Mode.DEFENSIVE
    stage.lose(0.0)
    stage.tick()
    assert stage.mode() is Mode.NORMAL


def test_defensive_after_a_restart_and_a_pause_halves_nothing_twice() -> None:
    stage = Stage(triggers=NONE)
    stage.desk.command(SetMode("DEFENSIVE", "a nervous day"))
    stage.tick(8)
    assert stage.position == HELD / 2
    stage.restart()
    for mode in ("PAUSE", "DEFENSIVE"):
        assert stage.desk.command(SetMode(mode, "a nervous day", confirmed=True)).accepted
        stage.tick(8)
    assert stage.position == HELD / 2


def test_defensive_after_a_restart_in_a_safer_mode_halves_nothing_twice() -> None:
    stage = Stage(triggers=NONE)
    for mode in ("DEFENSIVE", "PAUSE"):
        stage.desk.command(SetMode(mode, "a nervous day"))
        stage.tick(8)
    stage.restart().restart()
    assert stage.desk.command(SetMode("DEFENSIVE", "a nervous day", confirmed=True)).accepted
    stage.tick(8)
    assert stage.position == HELD / 2
    for mode in ("NORMAL", "DEFENSIVE"):
        assert stage.desk.command(SetMode(mode, "a nervous day", confirmed=True)).accepted
    stage.tick(8)
    assert stage.position == HELD / 4


def test_a_restart_goes_on_with_what_defensive_has_not_worked_down_yet() -> None:
    stage = Stage(triggers=NONE)
    stage.venue.refusing = "no orders now"
    stage.desk.command(SetMode("DEFENSIVE", "a nervous day"))
    stage.tick(2)
    stage.restart().restart()
    assert stage.position == HELD
    stage.venue.refusing = ""
    stage.tick(20)
    assert stage.position == HELD / 2
    assert stage.journaled().reducing == ()


def test_defensive_never_ends_past_the_mode_that_a_person_set() -> None:
    stage = alone("drawdown_defensive")
    stage.desk.command(SetMode("OBSERVATION", "a look around"))
    stage.lose(edge("drawdown_defensive", 1))
    stage.tick()
    stage.lose(0.0)
    stage.until(stage.now + DAY)
    assert stage.mode() is Mode.OBSERVATION


def test_the_sources_numbers_hold_one_after_another_over_a_bad_quarter() -> None:
    """Nothing is loosened: 1.9 % a week, so that no day, week or month stops what the drawdown should."""
    stage = Stage(wall("2026-01-05 12:00"))  # a Monday
    for week in range(1, 6):
        stage.lose(190.0 * week)
        stage.until(stage.now + 7 * DAY)
        assert stage.mode() is Mode.NORMAL, f"after {week} weeks"
    stage.lose(1_000.0 + WORTH_OF_A_TICK)
    assert changes(stage.tick()) == ["DEFENSIVE"]
    assert stage.state.control.cause == "drawdown 10.0% above 10.0%"
    stage.tick(20)
    assert stage.position == HELD / 2
    stage.until(stage.now + 7 * DAY)
    while stage.state.equity() > 8_600.0:  # half is held: a price falls twice as far
        stage.move(-300_000)
        stage.until(stage.now + 7 * DAY)
        assert not stage.state.control.latched
    stage.move(-120_000)
    (trip,) = tripped(stage.tick())
    assert trip.reason.startswith("drawdown 15.1%")
    stage.tick(3)
    assert stage.mode() is Mode.EMERGENCY
    assert stage.position == 0
    sold = [d.intent for d in of(OrderPlanned, stage.desk.audits) if d.intent.side is Side.SELL]
    assert {order.purpose for order in sold} == {Purpose.EXIT, Purpose.FLATTEN}
    assert not [d for d in of(OrderPlanned, stage.desk.audits) if d.intent.side is Side.BUY]
    assert stage.state.ledger.position(BTC.id) == 0


@pytest.mark.parametrize(("confidence", "executed"), [(0.699, False), (0.7, True), (0.701, True)])
def test_defensive_executes_only_signals_of_seventy_percent_and_more(
    confidence: float, executed: bool
) -> None:
    scene = Scene()
    scene.desk.command(SetMode("DEFENSIVE"))
    audits = scene.say(long(confidence))
    assert [d.breaches[0].limit for d in of(TargetRefused, audits)] == ([] if executed else ["confidence"])
    assert bool(of(OrderPlanned, audits)) is executed
