"""Each trigger of R7.6 and R7.7 just under, at and just over its threshold, and where it ends."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import pytest

from midas.domain.calibration import Gap, Monitor
from midas.domain.time import MINUTE, SECOND
from midas.domain.triggers import DayReturn, TriggerRules
from midas.risk.triggers import Reading, any_defensive, any_stop, defensives, readings, stops
from midas.state.calibration import DESK
from midas.state.state import State
from tests.fakes.nouns import BTC, ETH, desk

RULES = TriggerRules()
BASE = 10_000.0
START = 10**6 * SECOND


def stand(equity: float, **bases: float) -> State:
    """An account worth `equity`, its bases 10,000 unless told otherwise."""
    state = desk(cash=str(equity))
    state.now = START
    state.equity_peak = bases.get("peak", equity)
    state.budgets.restore(
        (1, bases.get("day", equity), 1, bases.get("week", equity), 1, bases.get("month", equity))
    )
    return state


def reading(state: State, name: str, rules: TriggerRules = RULES) -> Reading:
    return next(r for r in readings(state, rules) if r.name == name)


def firing(state: State, rules: TriggerRules = RULES) -> set[str]:
    assert any_stop(state, rules) is any(r.fires for r in stops(state, rules))
    assert any_defensive(state, rules, state.equity()) is any(r.fires for r in defensives(state, rules))
    return {r.name for r in readings(state, rules) if r.fires}


LOSSES = [
    ("drawdown_defensive", "peak", 0.10),
    ("week_defensive", "week", 0.03),
    ("drawdown_stop", "peak", 0.15),
    ("day_stop", "day", 0.03),
    ("week_stop", "week", 0.05),
    ("month_stop", "month", 0.08),
]


@pytest.mark.parametrize(("name", "base", "threshold"), LOSSES)
@pytest.mark.parametrize(("beyond", "fires"), [(-0.01, False), (0.0, False), (0.01, True)])
def test_a_loss_fires_above_its_threshold_and_not_at_it(
    name: str, base: str, threshold: float, beyond: float, fires: bool
) -> None:
    state = stand(BASE * (1 - threshold) - beyond, **{base: BASE})
    assert (name in firing(state)) is fires


@pytest.mark.parametrize(("name", "base", "threshold"), LOSSES[:2])
@pytest.mark.parametrize(("beyond", "ends"), [(-0.01, False), (0.01, True)])
def test_a_defensive_loss_ends_below_four_fifths_of_its_threshold(
    name: str, base: str, threshold: float, beyond: float, ends: bool
) -> None:
    state = stand(BASE * (1 - 0.8 * threshold) + beyond, **{base: BASE})
    assert reading(state, name).ended is ends


@pytest.mark.parametrize(("name", "base", "threshold"), LOSSES)
def test_every_threshold_is_a_setting(name: str, base: str, threshold: float) -> None:
    state = stand(BASE * (1 - threshold) - 1, **{base: BASE})
    loose = TriggerRules(
        drawdown_defensive=0.9, weekly_loss_defensive=0.9, drawdown_stop=0.9, daily_loss_stop=0.9,
        weekly_loss_stop=0.9, monthly_loss_stop=0.9,
    )  # fmt: skip
    assert name in firing(state)
    assert firing(state, loose) == set()


def days(values: Iterable[float]) -> State:
    state = stand(BASE)
    for day, value in enumerate(values):
        state.budgets.close(DayReturn(day, 1, value))
    return state


def with_sharpe(annual: float, count: int = 30) -> State:
    """Returns that alternate around a mean, with this annual Sharpe ratio."""
    spread = 0.01 * (count / (count - 1)) ** 0.5  # ddof 1
    mean = annual * spread / 365**0.5
    return days(mean + (0.01 if day % 2 else -0.01) for day in range(count))


@pytest.mark.parametrize(("sharpe", "fires", "ended"), [
    (0.499, True, False), (0.501, False, False), (0.599, False, False), (0.601, False, True),
])  # fmt: skip
def test_a_thirty_day_sharpe_ratio_below_a_half_fires_and_ends_above_six_tenths(
    sharpe: float, fires: bool, ended: bool
) -> None:
    found = reading(with_sharpe(sharpe), "sharpe_defensive")
    assert (found.fires, found.ended) == (fires, ended)


def test_fewer_than_thirty_days_say_nothing_about_the_sharpe_ratio() -> None:
    found = reading(with_sharpe(-3.0, 29), "sharpe_defensive")
    assert (found.fires, found.ended) == (False, False)


def test_a_stretch_that_nobody_measured_by_the_day_is_no_day() -> None:
    state = with_sharpe(-3.0)
    state.budgets.returns[7] = msgspec.structs.replace(state.budgets.returns[7], days=4)
    assert not reading(state, "sharpe_defensive").fires


@pytest.mark.parametrize(("age", "fires"), [(60 * MINUTE, False), (60 * MINUTE + SECOND, True)])
def test_a_feed_that_is_silent_for_more_than_an_hour_stops(age: int, fires: bool) -> None:
    state = stand(BASE)
    state.feed_age = age
    assert ("feed_failed" in firing(state)) is fires


@pytest.mark.parametrize(("age", "fires"), [(30 * MINUTE, False), (30 * MINUTE + SECOND, True)])
def test_a_user_stream_that_is_gone_for_more_than_half_an_hour_stops(age: int, fires: bool) -> None:
    state = stand(BASE)
    state.user_up, state.user_down_at = False, START - age
    assert ("broker_gone" in firing(state)) is fires


def test_silence_counts_anew_from_a_resume_on() -> None:
    state = stand(BASE)
    state.user_up, state.user_down_at = False, START - 120 * MINUTE
    state.feed_age = 120 * MINUTE
    state.control.release(START - MINUTE)
    assert firing(state) == set()


def test_what_is_not_known_neither_fires_nor_ends() -> None:
    state = desk(BTC, ETH, ETH="1")
    state.now, state.equity_peak = START, 1e9
    state.budgets.begin_anew(1e9)
    assert firing(state) == set()
    assert not any(r.ended for r in readings(state, RULES) if r.unit == "%")


def test_a_trigger_says_its_figures_and_what_would_end_it() -> None:
    found = reading(stand(8_800.0, peak=BASE), "drawdown_defensive")
    assert (found.cause, found.ends) == ("drawdown 12.0% above 10.0%", "drawdown below 8.0%")
    found = reading(with_sharpe(0.1), "sharpe_defensive")
    assert (found.cause, found.ends) == ("30-day Sharpe 0.10 below 0.50", "30-day Sharpe above 0.60")


def test_chances_that_do_not_come_true_fire_as_long_as_the_calibrator_doubts() -> None:
    state = stand(BASE)
    calm = reading(state, "calibration_defensive")
    assert (calm.fires, calm.ended, calm.threshold, calm.release) == (False, True, -2.5, -1.0)
    state.calibration.monitors[DESK] = Monitor(degraded=True)
    state.calibration.gaps[DESK, True] = Gap(40, 40.0, 9, 24.0, -4.84)
    held = reading(state, "calibration_defensive")
    assert (held.fires, held.ended, held.value) == (True, False, -4.84)
    assert held.cause == "stated chances don't come true: 22.5% of 40 signals won, 60.0% promised (z -4.8)"
    assert held.ends == "calibration z above -1 for 5 days, or 30 with too few signals to tell"


def test_a_doubt_about_one_strategy_is_no_doubt_about_the_desk() -> None:
    state = stand(BASE)
    state.calibration.monitors["bold"] = Monitor(degraded=True)
    assert "calibration_defensive" not in firing(state)


@pytest.mark.parametrize(
    ("threshold", "loss", "cause", "ends"),
    [
        (0.0001, 0.0041, "drawdown 0.4% above 0.01%", "drawdown below 0.008%"),
        (0.0025, 0.0026, "drawdown 0.3% above 0.25%", "drawdown below 0.2%"),
        (0.10, 0.1002, "drawdown 10.02% above 10.0%", "drawdown below 8.0%"),
        (0.10, 0.12, "drawdown 12.0% above 10.0%", "drawdown below 8.0%"),
    ],
)
def test_a_cause_has_the_digits_that_tell_its_figures_apart(
    threshold: float, loss: float, cause: str, ends: str
) -> None:
    rules = msgspec.structs.replace(RULES, drawdown_defensive=threshold)
    found = reading(stand(BASE * (1 - loss), peak=BASE), "drawdown_defensive", rules)
    assert found.fires
    assert (found.cause, found.ends) == (cause, ends)
