"""Stated chances: when the market decides them, when they are doubted, and when trusted again."""

from __future__ import annotations

from typing import Any

import pytest

from midas.agents.calibrator import LOOK_EVERY, Calibrator
from midas.domain.calibration import CalibrationRules, Claim, Decided, Gap, Monitor
from midas.domain.decision import ClaimDecided, ClaimMade, TrustMoved
from midas.domain.market import Bar
from midas.domain.opinion import Signal
from midas.domain.time import DAY, HOUR, SECOND
from midas.state.calibration import CLAIMS_MAX, DECIDED_KEPT, DESK
from midas.statistics.calibration_monitor import naive
from tests.fakes.nouns import BTC, START, desk

TODAY = START // DAY


def signal(**changes: Any) -> Signal:
    """Buy at 100 with a chance of 60 % within three bars of a second."""
    fields: dict[str, Any] = {
        "strategy": "s", "instrument": BTC.id, "direction": 1.0, "confidence": 0.9, "probability": 0.6,
        "horizon_ns": 3 * SECOND, "time": START, "sequence": 1, **changes,
    }  # fmt: skip
    return Signal(**fields)


class Stage:
    """One calibrator before the market of one instrument."""

    def __init__(self) -> None:
        self.state = desk()
        self.agent = Calibrator(CalibrationRules(), "UTC")
        self.clock = START
        self.decided = 0

    def claim(self, *, outcome: str = "acted", **changes: Any) -> ClaimMade | None:
        return self.agent.claim(signal(**changes), outcome, self.state)

    def bar(
        self, seconds: int, close: float, high: float = 0.0, low: float = 0.0, period: int = SECOND
    ) -> list[bool | None]:
        """The candle that ends so many seconds after the claim; what it decides."""
        time = START + seconds * SECOND
        bar = Bar(
            BTC.id, time, time, period, close, max(high, close), min(low or close, close), close, 1.0, 1
        )
        self.state.on_bar(bar)
        return [decided.won for decided in self.agent.on_bar(bar, self.state)]

    def win(self, hits: int, count: int, chance: float, day: int = TODAY, **changes: object) -> None:
        """So many outcomes, one after the other."""
        for place in range(count):
            self.decided += 1
            self.add(place < hits, chance, day, self.decided, **changes)  # type: ignore[arg-type]

    def add(
        self, won: bool, chance: float, day: int, place: int, life: int = 1, strategy: str = "s",
        acted: bool = True,
    ) -> None:  # fmt: skip
        claim = Claim(strategy, BTC.id, 1, chance, 0.0, 0.0, 100.0, place, place + life, 0, acted)
        self.state.calibration.decided(ClaimDecided(claim, won, day, place + life))

    def look(self, days: float = 0.0) -> list[TrustMoved]:
        """A minute later, or so many days."""
        self.clock += int(days * DAY) or LOOK_EVERY
        return [d for d in self.agent.tick(self.clock, self.state) if isinstance(d, TrustMoved)]

    @property
    def gap(self) -> Gap:
        return self.state.calibration.gap("s")

    @property
    def degraded(self) -> bool:
        return self.state.calibration.monitors.get("s", Monitor()).degraded


# What is claimed


@pytest.mark.parametrize("changes", [{"probability": None}, {"direction": 0.0}])
def test_who_states_no_chance_of_a_direction_claims_nothing(changes: dict[str, Any]) -> None:
    assert Stage().claim(**changes) is None


def test_a_claim_waits_with_the_price_that_it_was_said_at() -> None:
    stage = Stage()
    made = stage.claim(outcome="held", direction=-0.5, gain=0.02, loss=0.01)
    assert made is not None
    assert made.claim == Claim(
        "s", BTC.id, -1, 0.6, 0.02, 0.01, 100.0, START, START + 3 * SECOND, START, acted=False
    )
    assert stage.state.calibration.claims == (made.claim,)


def test_more_claims_than_can_wait_are_not_measured() -> None:
    stage = Stage()
    assert sum(stage.claim() is not None for _ in range(CLAIMS_MAX + 5)) == CLAIMS_MAX


# What the market makes of it


@pytest.mark.parametrize(("direction", "close", "won"), [
    (1.0, 100.01, True), (1.0, 100.0, False), (1.0, 99.99, False), (-1.0, 99.99, True), (-1.0, 100.0, False),
])  # fmt: skip
def test_a_chance_without_ends_is_decided_by_the_close_when_it_is_due(
    direction: float, close: float, won: bool
) -> None:
    stage = Stage()
    stage.claim(direction=direction)
    assert stage.bar(1, 200.0) == stage.bar(2, 50.0) == []
    assert stage.bar(3, close) == [won]
    assert stage.state.calibration.pending == 0


@pytest.mark.parametrize(("direction", "high", "low", "verdict"), [
    (1.0, 102.0, 99.01, [True]),
    (1.0, 101.99, 99.01, []),
    (1.0, 101.0, 99.0, [False]),
    (1.0, 102.0, 99.0, [False]),  # nobody knows which came first
    (-1.0, 100.99, 98.0, [True]),
    (-1.0, 101.0, 99.0, [False]),
])  # fmt: skip
def test_a_bet_is_decided_by_the_end_that_the_price_reaches_first(
    direction: float, high: float, low: float, verdict: list[bool]
) -> None:
    stage = Stage()
    stage.claim(direction=direction, gain=0.02, loss=0.01)
    assert stage.bar(1, 100.0, high, low) == verdict


def test_a_bet_that_reaches_neither_end_is_decided_by_the_close() -> None:
    stage = Stage()
    stage.claim(gain=0.02, loss=0.01)
    assert [*stage.bar(1, 100.0), *stage.bar(2, 100.0)] == []
    assert stage.bar(3, 100.5) == [True]


def test_of_the_bar_in_which_it_was_said_only_the_close_counts() -> None:
    stage = Stage()
    stage.claim(gain=0.02, loss=0.01, time=START + SECOND // 2)
    assert stage.bar(1, 100.0, 103.0, 98.0) == []
    assert stage.bar(2, 100.0, 103.0) == [True]


def test_a_hole_in_the_bars_decides_no_bet() -> None:
    stage = Stage()
    stage.claim(gain=0.02, loss=0.01)
    stage.bar(1, 100.0)
    assert stage.bar(3, 150.0) == [None]
    assert (stage.state.calibration.voided, len(stage.state.calibration.acted)) == (1, 0)


def test_a_hole_at_the_end_decides_no_direction_and_one_before_does_not_matter() -> None:
    early, late = Stage(), Stage()
    early.claim()
    late.claim()
    assert early.bar(3, 101.0) == [True]
    assert late.bar(5, 101.0) == [None]


def test_a_claim_that_nothing_ever_decides_is_given_up_after_the_window() -> None:
    stage = Stage()
    stage.claim()
    stage.look(30)
    assert stage.state.calibration.pending == 1
    stage.look(1)
    assert (stage.state.calibration.pending, stage.state.calibration.voided) == (0, 1)


def test_a_session_decides_by_its_history_what_the_last_one_left() -> None:
    before = Stage()
    made = before.claim()
    assert made is not None
    after = Stage()
    for seconds, close in ((-1, 90.0), (1, 90.0), (2, 90.0), (3, 101.0), (4, 90.0)):
        after.bar(seconds, close)
    after.state.calibration.restore((made.claim,), (), {})
    assert [decided.won for decided in after.agent.resume(after.state)] == [True]


def test_a_session_whose_history_begins_too_late_does_not_guess() -> None:
    before = Stage()
    made = before.claim(gain=0.02, loss=0.01)
    assert made is not None
    after = Stage()
    after.bar(3, 105.0)
    after.state.calibration.restore((made.claim,), (), {})
    assert [decided.won for decided in after.agent.resume(after.state)] == [None]


# Who is doubted: each number just under it, at it and just over it


@pytest.mark.parametrize(("count", "doubted"), [(29, False), (30, True), (31, True)])
def test_thirty_effective_outcomes_are_needed(count: int, doubted: bool) -> None:
    stage = Stage()
    stage.win(0, count, 0.6)
    assert bool(stage.look()) is doubted
    assert naive(stage.gap)  # as R7.5 is written it fires at once


@pytest.mark.parametrize(("count", "doubted"), [(58, False), (59, True), (62, True)])
def test_outcomes_that_wait_together_count_once(count: int, doubted: bool) -> None:
    stage = Stage()
    for place in range(count):
        stage.add(False, 0.6, TODAY, place, life=2)  # all but the first and the last live with another one
    stage.look()
    assert stage.gap.effective == pytest.approx(count / (2 * count / (count + 1)))
    assert stage.degraded is doubted


@pytest.mark.parametrize(("hits", "doubted"), [(17, False), (16, False), (15, True)])
def test_a_hit_rate_more_than_fifteen_points_below_is_doubted(hits: int, doubted: bool) -> None:
    stage = Stage()
    stage.win(hits, 40, 0.55)  # 16 of 40 are 15 points below, to the bit of a float not quite
    stage.look()
    assert stage.degraded is doubted


@pytest.mark.parametrize(("hits", "doubted"), [(461, False), (460, True)])
def test_misses_that_chance_hardly_explains_are_doubted(hits: int, doubted: bool) -> None:
    stage = Stage()
    stage.win(hits, 1000, 0.5)  # z of -2.47 and -2.53, four points below
    stage.look()
    assert stage.degraded is doubted
    assert not naive(stage.gap)


def test_more_wins_than_promised_are_no_doubt_whatever_the_plain_rule_says() -> None:
    stage = Stage()
    stage.win(40, 40, 0.55)
    assert stage.look() == []
    assert naive(stage.gap)


@pytest.mark.parametrize(("age", "counted"), [(29, 40), (30, 0)])
def test_outcomes_older_than_the_window_are_forgotten(age: int, counted: int) -> None:
    stage = Stage()
    stage.win(0, 40, 0.6, TODAY - age)
    stage.look()
    assert stage.gap.count == counted


def test_what_was_not_acted_on_is_measured_and_decides_nothing() -> None:
    stage = Stage()
    stage.win(0, 40, 0.6, acted=False)
    assert stage.look() == []
    assert stage.state.calibration.gap("s", acted=False).count == 40
    assert stage.state.calibration.effective("s") == 40.0
    assert not stage.degraded


def test_a_strategy_and_the_desk_are_judged_apart() -> None:
    stage = Stage()
    stage.win(0, 40, 0.6, strategy="bold")
    stage.win(200, 300, 0.6, strategy="sound")
    assert [moved.strategy for moved in stage.look()] == ["bold"]
    calibration = stage.state.calibration
    assert (calibration.doubted("bold"), calibration.doubted("sound")) == (True, False)
    stage.win(0, 200, 0.6, strategy="bold")
    assert DESK in [moved.strategy for moved in stage.look()]
    assert calibration.doubted("sound")  # all of them are


# How a doubt ends


def doubted() -> Stage:
    stage = Stage()
    stage.win(9, 40, 0.6)
    assert [moved.monitor.degraded for moved in stage.look()] == [True, True]  # the strategy and the desk
    return stage


@pytest.mark.parametrize(("hits", "ended"), [(55, 0), (56, 5)])
def test_the_release_lies_at_minus_one(hits: int, ended: int) -> None:
    stage = doubted()
    stage.win(hits - 9, 60, 0.6)  # z of -1.02 and -0.82
    days = [day for day in range(1, 8) if stage.look(1) is not None and not stage.degraded]
    assert (days[0] if days else 0) == ended


def test_a_day_below_the_release_begins_the_count_anew() -> None:
    stage = doubted()
    stage.win(60, 60, 0.6)
    for _ in range(4):
        stage.look(1)
    assert stage.state.calibration.monitors["s"].calm_days == 4
    stage.win(0, 30, 0.6)  # z of -1.6
    stage.look(1)
    assert stage.state.calibration.monitors["s"].calm_days == 0


@pytest.mark.parametrize("trickle", [0, 20])
def test_who_stops_trading_is_not_doubted_forever(trickle: int) -> None:
    stage = doubted()
    for day in range(1, 61):
        stage.look(1)
        if trickle and day % 10 == 0:
            stage.win(0, trickle // 3, 0.6, TODAY + day)
        # The forty outcomes leave the window on day 30; thirty more days say too little.
        assert stage.degraded is (day < 59), day
        if day >= 59:
            break


def test_a_look_comes_once_a_minute_and_only_where_something_is_new() -> None:
    stage = Stage()
    stage.win(0, 40, 0.6)
    assert stage.look()
    stage.win(0, 5, 0.6)
    before = stage.gap
    stage.clock += LOOK_EVERY - 1
    list(stage.agent.tick(stage.clock, stage.state))
    assert stage.gap is before
    stage.clock += 1
    list(stage.agent.tick(stage.clock, stage.state))
    assert stage.gap.count == 45
    after = stage.gap
    stage.look(1 / 48)
    assert stage.gap is after


def test_the_days_are_those_of_the_account() -> None:
    state = desk()
    agent = Calibrator(CalibrationRules(), "Asia/Tokyo")
    state.now = 20 * HOUR  # the next day there
    made = agent.claim(signal(), "acted", state)
    assert made is not None
    bar = Bar(BTC.id, START + 3 * SECOND, START, SECOND, 1.0, 1.0, 1.0, 1.0, 1.0, 1)
    state.on_bar(bar)
    assert [decided.day for decided in agent.on_bar(bar, state)] == [1]


def test_only_the_newest_outcomes_are_kept() -> None:
    stage = Stage()
    stage.win(0, DECIDED_KEPT + 10, 0.6)
    assert len(stage.state.calibration.acted) == DECIDED_KEPT


def test_what_is_carried_comes_back_as_it_was() -> None:
    stage = doubted()
    stage.claim()
    stage.win(3, 5, 0.6, acted=False)
    kept = stage.state.carried()
    other = Stage()
    other.state.calibration.restore(kept.claims, kept.decided, kept.monitors)
    again = other.state.carried()
    assert (again.claims, again.decided, again.monitors) == (kept.claims, kept.decided, kept.monitors)
    assert isinstance(kept.decided[0], Decided)
    other.look()
    assert other.gap == stage.gap
    assert other.degraded
