from __future__ import annotations

from decimal import Decimal

import pytest

from midas.agents.guardian import FEED_STALE, UNKNOWN_DEFENSIVE, UNKNOWN_MAX, UNKNOWN_PAUSE, Guardian
from midas.domain.command import Resume, SetMode
from midas.domain.decision import Decision, GateMoved, ModeChanged
from midas.domain.event import LatchTripped, Ticked
from midas.domain.market import Bar
from midas.domain.mode import KillLevel, Mode
from midas.domain.time import DAY, SECOND
from midas.domain.triggers import TriggerRules
from midas.state.state import State
from tests.fakes.nouns import BTC, ETH, START, desk, fill, intent, quote

DWELL = TriggerRules().dwell // SECOND


@pytest.fixture
def state() -> State:
    return desk()


@pytest.fixture
def guardian() -> Guardian:
    return Guardian(TriggerRules())


def tick(guardian: Guardian, state: State, seconds: int = 1, feed_age: int = 0) -> list[Decision]:
    at = START + seconds * SECOND
    state.now = at
    return list(guardian.tick(Ticked(at, feed_age), state))


def mode(state: State) -> Mode:
    return state.control.mode


def worth(state: State, equity: float) -> None:
    state.ledger.balances["USDT"] = Decimal(str(equity))
    state.ledger.changes += 1


def trip(guardian: Guardian, state: State, level: str = "halt") -> list[Decision]:
    return guardian.latch(LatchTripped(level, "cli", "smoke", START), state)


def asks(name: str, confirmed: bool = False, reason: str = "") -> SetMode:
    return SetMode(name, reason, confirmed)


@pytest.mark.parametrize("safer", ["DEFENSIVE", "observation", "PAUSE"])
def test_going_safer_is_immediate(guardian: Guardian, state: State, safer: str) -> None:
    accepted, _, decisions = guardian.set_mode(asks(safer), "console", state)
    assert accepted
    assert isinstance(decisions[0], ModeChanged)
    assert state.control.mode is state.control.floor is Mode(safer.upper())


@pytest.mark.parametrize(("confirmed", "reason"), [(False, ""), (True, " "), (True, "ok"), (False, "done")])
def test_going_riskier_needs_confirmation_and_a_reason(
    guardian: Guardian, state: State, confirmed: bool, reason: str
) -> None:
    guardian.set_mode(asks("PAUSE"), "console", state)
    accepted, sentence, decisions = guardian.set_mode(asks("NORMAL", confirmed, reason), "console", state)
    assert (accepted, decisions, state.control.mode) == (False, [], Mode.PAUSE)
    assert "riskier" in sentence


def test_going_riskier_with_both_is_done(guardian: Guardian, state: State) -> None:
    guardian.set_mode(asks("PAUSE"), "console", state)
    accepted, _, _ = guardian.set_mode(asks("NORMAL", True, "all is well"), "console", state)
    assert accepted
    assert (state.control.mode, state.control.cause) == (Mode.NORMAL, "all is well")


def test_a_mode_that_does_not_exist_is_refused_with_those_that_do(guardian: Guardian, state: State) -> None:
    accepted, sentence, _ = guardian.set_mode(asks("TURBO"), "cli", state)
    assert not accepted
    assert "DEFENSIVE" in sentence


def test_no_mode_is_changed_under_a_latch(guardian: Guardian, state: State) -> None:
    trip(guardian, state)
    accepted, sentence, _ = guardian.set_mode(asks("NORMAL", True, "please"), "cli", state)
    assert not accepted
    assert "resume" in sentence


def test_asking_for_emergency_stops_but_closes_nothing_by_itself(guardian: Guardian, state: State) -> None:
    accepted, sentence, _ = guardian.set_mode(asks("emergency"), "cli", state)
    assert accepted
    assert (state.control.mode, state.control.permissions.flattens) == (Mode.PAUSE, False)
    assert "flatten" in sentence


@pytest.mark.parametrize("level", list(KillLevel))
def test_each_level_leaves_its_mode(guardian: Guardian, state: State, level: KillLevel) -> None:
    trip(guardian, state, level.value)
    assert (state.control.latched, state.control.mode) == (True, level.mode)
    assert state.control.floor is level.mode


def test_a_halt_after_a_flatten_goes_on_flattening(guardian: Guardian, state: State) -> None:
    trip(guardian, state, "flatten")
    trip(guardian, state, "halt")
    assert (state.control.mode, state.control.level) == (Mode.EMERGENCY, "flatten")


def test_a_level_that_nobody_knows_halts(guardian: Guardian, state: State) -> None:
    trip(guardian, state, "everything")
    assert (state.control.latched, state.control.level) == (True, "halt")


def test_resume_takes_a_reason_a_review_and_a_confirmation(guardian: Guardian, state: State) -> None:
    assert not guardian.resume(Resume("why not"), "cli", state)[0]
    trip(guardian, state)
    assert not guardian.resume(Resume(" "), "cli", state)[0]
    assert "at least 3 letters" in guardian.resume(Resume("x"), "cli", state)[1]
    assert not guardian.resume(Resume("fixed", confirmed=True), "cli", state)[0]
    assert state.control.latched
    accepted, review, decisions = guardian.resume(Resume("fixed"), "cli", state)
    assert (accepted, decisions, state.control.latched) == (True, [], True)
    assert "stopped by cli at level halt (smoke)" in review
    assert guardian.resume(Resume("fixed", confirmed=True), "cli", state)[0]
    assert (state.control.latched, state.control.mode) == (False, Mode.OBSERVATION)


def test_a_new_trip_wants_a_new_review(guardian: Guardian, state: State) -> None:
    trip(guardian, state)
    guardian.resume(Resume("fixed"), "cli", state)
    trip(guardian, state)
    assert not guardian.resume(Resume("fixed", confirmed=True), "cli", state)[0]


def test_a_silent_feed_closes_the_venue_and_data_opens_it(guardian: Guardian, state: State) -> None:
    assert tick(guardian, state, feed_age=FEED_STALE) == []
    [closed] = tick(guardian, state, feed_age=FEED_STALE + 1)
    assert closed == GateMoved("venue", True, "no market data for 10 s")
    assert tick(guardian, state, feed_age=FEED_STALE + SECOND) == []
    [reopened] = tick(guardian, state)
    assert isinstance(reopened, GateMoved)
    assert not reopened.closed


def test_a_lost_user_stream_closes_the_venue(guardian: Guardian, state: State) -> None:
    state.user_up = False
    tick(guardian, state)
    assert state.control.blocked("venue") is not None


def test_drawdown_makes_defensive_and_ends_by_hysteresis(guardian: Guardian, state: State) -> None:
    tick(guardian, state)
    state.budgets.begin_anew(9_000.0)
    worth(state, 8_999)
    tick(guardian, state)
    assert (state.control.mode, state.control.by) == (Mode.DEFENSIVE, "trigger")
    worth(state, 9_150)
    tick(guardian, state)
    assert mode(state) is Mode.DEFENSIVE
    worth(state, 9_201)
    tick(guardian, state, DWELL)
    assert mode(state) is Mode.DEFENSIVE
    tick(guardian, state, DWELL + 1)
    assert mode(state) is Mode.NORMAL


def test_a_figure_that_flaps_around_its_threshold_changes_the_mode_once(
    guardian: Guardian, state: State
) -> None:
    """F58."""
    tick(guardian, state)
    state.budgets.begin_anew(9_000.0)
    changes: list[Decision] = []
    for second in range(1, 2_000):
        worth(state, 8_990 if second % 2 else 9_010)
        changes += [d for d in tick(guardian, state, second) if isinstance(d, ModeChanged)]
    assert len(changes) == 1


def test_a_second_trigger_is_told_and_both_have_to_end(guardian: Guardian, state: State) -> None:
    tick(guardian, state)
    state.budgets.begin_anew(9_000.0)
    worth(state, 8_995)
    tick(guardian, state)
    assert (state.control.cause, state.control.ends_when) == (
        "drawdown 10.1% above 10.0%", "drawdown below 8.0%",
    )  # fmt: skip
    state.budgets.week.equity = 9_400.0
    tick(guardian, state)
    assert state.control.ends_when == "drawdown below 8.0% and week's loss below 2.4%"
    state.equity_peak = 9_000.0
    tick(guardian, state, 2 * DWELL)
    assert mode(state) is Mode.DEFENSIVE
    state.budgets.week.equity = 9_000.0
    tick(guardian, state, 2 * DWELL + 1)
    assert mode(state) is Mode.NORMAL


def test_nobody_goes_back_to_normal_while_a_trigger_holds(guardian: Guardian, state: State) -> None:
    tick(guardian, state)
    state.budgets.begin_anew(9_000.0)
    worth(state, 8_990)
    tick(guardian, state)
    accepted, sentence, _ = guardian.set_mode(asks("NORMAL", True, "I know better"), "console", state)
    assert not accepted
    assert sentence == (
        "not while a trigger of DEFENSIVE holds: drawdown 10.1% above 10.0% (until drawdown below 8.0%)"
    )


def test_a_trigger_never_ends_past_what_a_person_set(guardian: Guardian, state: State) -> None:
    tick(guardian, state)
    guardian.set_mode(asks("DEFENSIVE"), "console", state)
    worth(state, 10_000)
    tick(guardian, state)
    assert mode(state) is Mode.DEFENSIVE


def doubt(state: State, count: int) -> None:
    for n in range(count):
        state.plan(intent(f"md-{n}"))
        state.orders.uncertain(f"md-{n}", "timeout", START)


def test_an_order_in_doubt_for_a_minute_makes_defensive_and_for_five_pauses(
    guardian: Guardian, state: State
) -> None:
    doubt(state, 1)
    tick(guardian, state, UNKNOWN_DEFENSIVE // SECOND)
    assert mode(state) is Mode.NORMAL
    tick(guardian, state, UNKNOWN_DEFENSIVE // SECOND + 1)
    assert mode(state) is Mode.DEFENSIVE
    tick(guardian, state, UNKNOWN_PAUSE // SECOND + 1)
    assert mode(state) is Mode.PAUSE


def test_too_many_doubts_make_defensive_until_they_are_settled(guardian: Guardian, state: State) -> None:
    doubt(state, UNKNOWN_MAX)
    tick(guardian, state)
    assert mode(state) is Mode.NORMAL
    state.plan(intent("md-9"))
    state.orders.uncertain("md-9", "timeout", START)
    tick(guardian, state)
    assert mode(state) is Mode.DEFENSIVE
    for client_id in list(state.orders.open):
        state.orders.accepted(client_id, "v", START)
    tick(guardian, state)
    assert mode(state) is Mode.NORMAL


def test_an_overfill_makes_defensive_until_a_person_has_looked(guardian: Guardian, state: State) -> None:
    state.plan(intent())
    state.orders.filled("md-1", fill(quantity="2"), START)
    tick(guardian, state)
    tick(guardian, state)
    assert (state.control.mode, state.control.ends_when) == (Mode.DEFENSIVE, "a person")


@pytest.mark.parametrize(("equity", "stops"), [(9_701, False), (9_699, True)])
def test_a_days_loss_above_the_limit_stops_everything(
    guardian: Guardian, state: State, equity: float, stops: bool
) -> None:
    tick(guardian, state)
    worth(state, equity)
    assert bool(guardian.stop_reason(state)) is stops


def test_a_new_day_counts_its_own_loss(guardian: Guardian, state: State) -> None:
    tick(guardian, state)
    worth(state, 9_600)
    state.user_up = True
    tick(guardian, state, seconds=DAY // SECOND)
    assert guardian.stop_reason(state) == ""


@pytest.mark.parametrize(("equity", "stops"), [(8_501, False), (8_499, True), (0, True)])
def test_a_drawdown_above_the_limit_stops_everything(
    guardian: Guardian, state: State, equity: float, stops: bool
) -> None:
    tick(guardian, state)
    worth(state, equity)
    state.budgets.begin_anew(0.0)
    assert bool(guardian.stop_reason(state)) is stops


def test_nothing_stops_twice_nor_before_the_account_is_known(guardian: Guardian, state: State) -> None:
    tick(guardian, state)
    worth(state, 5_000)
    state.recovering = True
    assert guardian.stop_reason(state) == ""
    state.recovering = False
    trip(guardian, state, "flatten")
    assert guardian.stop_reason(state) == ""


def test_equity_that_is_not_known_moves_no_figure_and_trips_nothing(guardian: Guardian) -> None:
    state = desk(BTC, ETH, ETH="1")
    state.equity_peak = 1_000_000.0
    state.budgets.begin_anew(1_000_000.0)
    state.control.set_mode(Mode.DEFENSIVE, "trigger", "drawdown", "calm", START)
    assert tick(guardian, state) == []
    assert (guardian.stop_reason(state), state.equity_peak) == ("", 1_000_000.0)
    assert mode(state) is Mode.DEFENSIVE


def test_history_that_no_market_printed_values_nothing(guardian: Guardian) -> None:
    state = desk(BTC, ETH, ETH="1")
    state.on_bar(Bar(ETH.id, START, START, SECOND, 9e9, 9e9, 9e9, 9e9, 1.0, 1, synthetic=True))
    tick(guardian, state)
    assert state.equity_peak == 0.0
    state.on_quote(quote("10", "11", ETH))
    tick(guardian, state)
    assert state.equity_peak == pytest.approx(10_010.5)


def test_who_resumes_after_a_loss_accepts_it(guardian: Guardian, state: State) -> None:
    tick(guardian, state)
    worth(state, 8_000)
    assert guardian.stop_reason(state)
    trip(guardian, state, "flatten")
    _, review, _ = guardian.resume(Resume("understood"), "cli", state)
    assert "losses count from here on" in review
    guardian.resume(Resume("understood", confirmed=True), "cli", state)
    assert guardian.stop_reason(state) == ""
    assert state.equity_peak == 8_000


def test_an_automatic_defensive_names_the_time_before_which_it_never_ends() -> None:
    guardian, state = Guardian(TriggerRules()), desk()
    assert guardian.earliest(state) == 0
    state.control.set_mode(Mode.DEFENSIVE, "trigger", "a loss", "its end", 7 * SECOND)
    assert guardian.earliest(state) == 7 * SECOND + TriggerRules().dwell
    state.control.floor = Mode.DEFENSIVE
    assert guardian.earliest(state) == 0, "a person keeps it: nothing ends it by itself"
