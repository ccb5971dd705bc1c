"""Days, weeks and months begin where the account lives, also when clocks change and over restarts."""

from __future__ import annotations

import msgspec
import pytest

from midas.domain.decision import DayClosed
from midas.domain.mode import Mode
from midas.domain.time import DAY, SECOND
from midas.domain.triggers import TriggerRules
from midas.statistics.performance import sharpe
from tests.engine.scene import of
from tests.scenarios.stage import BEGIN, EQUITY, WORTH_OF_A_TICK, Stage, changes, tripped, wall

BERLIN = "Europe/Berlin"
LIVES = msgspec.structs.replace(TriggerRules(), zone=BERLIN)
NONE = msgspec.structs.replace(
    LIVES, drawdown_defensive=1.0, weekly_loss_defensive=1.0, drawdown_stop=1.0, daily_loss_stop=1.0,
    weekly_loss_stop=1.0, monthly_loss_stop=1.0,
)  # fmt: skip
PERIODS = {"daily_loss_stop": 0.03, "weekly_loss_stop": 0.05, "monthly_loss_stop": 0.08}

# The first second of a period in Berlin, and the UTC that it is: 23:00 in winter, 22:00 in summer. Clocks go
# forward on 2026-03-29, a Sunday of 23 hours, and back on 2026-10-25, a Sunday of 25.
BEGINNINGS = [
    ("daily_loss_stop", "2026-01-15 00:00", "2026-01-14 23:00"),
    ("daily_loss_stop", "2026-03-29 00:00", "2026-03-28 23:00"),  # the short day begins
    ("daily_loss_stop", "2026-03-30 00:00", "2026-03-29 22:00"),  # and ends
    ("daily_loss_stop", "2026-10-25 00:00", "2026-10-24 22:00"),  # the long one
    ("daily_loss_stop", "2026-10-26 00:00", "2026-10-25 23:00"),
    ("weekly_loss_stop", "2026-03-30 00:00", "2026-03-29 22:00"),  # a Monday
    ("weekly_loss_stop", "2026-10-26 00:00", "2026-10-25 23:00"),
    ("monthly_loss_stop", "2026-04-01 00:00", "2026-03-31 22:00"),
    ("monthly_loss_stop", "2026-11-01 00:00", "2026-10-31 23:00"),
]


def near(rule: str, local: str) -> tuple[Stage, int]:
    """An hour before a period begins, with nine tenths of its loss made already."""
    begins = wall(local, BERLIN)
    stage = Stage(begins - 3600 * SECOND, triggers=msgspec.structs.replace(NONE, **{rule: PERIODS[rule]}))
    stage.lose(0.9 * EQUITY * PERIODS[rule])
    stage.tick()
    assert stage.mode() is Mode.NORMAL
    return stage, begins


@pytest.mark.parametrize(("rule", "local", "utc"), BEGINNINGS)
def test_losses_in_the_last_second_of_a_period_add_up(rule: str, local: str, utc: str) -> None:
    stage, begins = near(rule, local)
    assert begins == wall(utc)
    stage.until(begins - 2 * SECOND)
    stage.lose(EQUITY * PERIODS[rule] + WORTH_OF_A_TICK)
    assert tripped(stage.until(begins - SECOND))


@pytest.mark.parametrize(("rule", "local", "utc"), BEGINNINGS)
def test_a_new_period_counts_from_what_there_is_when_it_begins(rule: str, local: str, utc: str) -> None:
    stage, begins = near(rule, local)
    stage.until(begins)
    left = stage.state.equity()
    stage.lose(EQUITY - left + left * PERIODS[rule])
    assert not tripped(stage.tick()), "the whole of it once more, and no more"
    stage.lose(EQUITY - left + left * PERIODS[rule] + 2 * WORTH_OF_A_TICK)
    assert tripped(stage.tick())


def test_the_same_losses_in_another_time_zone_are_of_one_day() -> None:
    """23:30 and 00:30 in Berlin: two days there, one in UTC."""
    stops = {}
    for zone in (BERLIN, "UTC"):
        rules = msgspec.structs.replace(NONE, zone=zone, daily_loss_stop=0.03)
        stage = Stage(wall("2026-03-29 23:00", BERLIN), triggers=rules)
        stage.lose(200.0)
        stage.tick()
        stage.until(wall("2026-03-30 00:00", BERLIN))
        stage.lose(400.0)
        stops[zone] = bool(tripped(stage.tick()))
    assert stops == {BERLIN: False, "UTC": True}


@pytest.mark.parametrize("rule", list(PERIODS))
def test_what_was_lost_before_a_restart_counts_after_it(rule: str) -> None:
    share = PERIODS[rule]
    stage = Stage(
        wall("2026-03-11 12:00", BERLIN), triggers=msgspec.structs.replace(NONE, **{rule: share})
    )  # a Wednesday
    stage.lose(0.9 * EQUITY * share)
    stage.tick()
    stage.restart()
    stage.lose(EQUITY * share)
    assert not tripped(stage.tick())
    stage.lose(EQUITY * share + WORTH_OF_A_TICK)
    assert tripped(stage.tick())


def test_the_short_and_the_long_day_of_the_year_are_one_day_each() -> None:
    for first, last in (("2026-03-28 12:00", "2026-03-31 12:00"), ("2026-10-24 12:00", "2026-10-27 12:00")):
        stage = Stage(wall(first, BERLIN), triggers=NONE)
        while stage.now < wall(last, BERLIN):
            stage.until(stage.now + 3600 * SECOND)
        made = [decision.made for decision in of(DayClosed, stage.desk.audits)]
        assert [day.days for day in made] == [1, 1, 1]


# The Sharpe ratio of thirty days.


def traded(days: int, last: int = 0) -> Stage:
    """So many days that go up and down in turn; the last of them ends `last` ticks of the price higher."""
    stage = Stage(wall("2026-02-02 00:00"), triggers=msgspec.structs.replace(NONE, zone="UTC"))
    for day in range(days):
        stage.move((100_000 if day % 2 else -96_000) + (last if day == days - 1 else 0))
        stage.days(1)
    return stage


def ratio(stage: Stage) -> float:
    """As anybody would compute it from the thirty days that the engine told."""
    made = [decision.made.value for decision in of(DayClosed, stage.desk.audits)][-30:]
    return sharpe(made, 365, least=30).value


def threshold() -> int:
    """The lowest last price at which thirty days have a Sharpe ratio of a half, in ticks."""
    low, high = -400_000, 400_000
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if ratio(traded(30, middle)) < 0.5 else (low, middle)
    return high


def test_thirty_days_below_a_sharpe_ratio_of_a_half_make_defensive_and_a_better_stretch_ends_it() -> None:
    edge = threshold()
    enough, short = traded(30, edge), traded(30, edge - 1)
    assert ratio(short) < 0.5 <= ratio(enough)
    assert (enough.mode(), short.mode()) == (Mode.NORMAL, Mode.DEFENSIVE)
    assert short.state.control.cause == "30-day Sharpe 0.50 below 0.50"
    short.restart().tick(2)
    assert short.mode() is Mode.DEFENSIVE
    short.move(+400_000)
    audits = short.until(short.now + DAY)
    assert changes(audits) == ["NORMAL"], "the day is closed and its figure told in the same second"
    assert short.market.bid != BEGIN


def test_twenty_nine_days_say_nothing_about_it() -> None:
    assert traded(29, -400_000).mode() is Mode.NORMAL
