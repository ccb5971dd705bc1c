"""Each circuit breaker of R7.9: when it opens, what it takes away, and how it closes."""

from __future__ import annotations

import pytest

from midas.agents.breakers import PROVEN, BreakerKeeper
from midas.domain.breakers import BreakerRules, Component, Phase
from midas.domain.decision import BreakerMoved, Decision, GateMoved, ModeChanged
from midas.domain.event import ComponentReported
from midas.domain.mode import Mode
from midas.domain.time import HOUR, MINUTE, SECOND
from midas.domain.triggers import ActiveTrigger
from midas.risk.gates import entry_forbidden
from midas.state.state import State
from tests.fakes.nouns import BTC, desk

RULES = BreakerRules()
NOW = 10**6 * SECOND


@pytest.fixture
def state() -> State:
    made = desk()
    made.feed_up = made.user_up = True
    return made


def tick(state: State, at: int = NOW, rules: BreakerRules = RULES) -> list[Decision]:
    state.now = at
    return list(BreakerKeeper(rules).tick(at, state))


def phase(state: State, component: Component) -> Phase:
    return state.breakers.all[component].phase


def moves(decisions: list[Decision]) -> list[tuple[str, str]]:
    return [(d.component, d.after) for d in decisions if isinstance(d, BreakerMoved)]


def say(state: State, component: str, ok: bool, at: int, detail: str = "") -> None:
    state.apply(ComponentReported(component, at, ok, detail))


def barred(state: State) -> str:
    breach = entry_forbidden(state, "s", BTC.id)
    return breach.sentence if breach is not None else ""


@pytest.mark.parametrize(("silent", "opens"), [(5 * MINUTE, False), (5 * MINUTE + SECOND, True)])
def test_a_price_feed_that_is_silent_for_five_minutes_opens_its_breaker(
    state: State, silent: int, opens: bool
) -> None:
    state.feed_age = silent
    assert moves(tick(state)) == ([("price feed", "open")] if opens else [])
    assert bool(barred(state)) is opens


def test_prices_that_come_back_are_on_probation_before_entries_are_allowed(state: State) -> None:
    state.feed_age = 6 * MINUTE
    tick(state)
    state.feed_age = 0
    assert moves(tick(state, NOW + SECOND)) == [("price feed", "half-open")]
    assert "half-open" in barred(state)
    assert moves(tick(state, NOW + 30 * SECOND)) == []
    assert moves(tick(state, NOW + 31 * SECOND)) == [("price feed", "closed")]
    assert barred(state) == ""


def test_silence_on_probation_opens_it_again_at_once(state: State) -> None:
    state.feed_age = 6 * MINUTE
    tick(state)
    state.feed_age = 0
    tick(state, NOW + SECOND)
    state.feed_age = 11 * SECOND
    assert moves(tick(state, NOW + 12 * SECOND)) == [("price feed", "open")]
    assert state.breakers.all[Component.PRICES].opened == 1


def test_a_quiet_second_is_no_silence(state: State) -> None:
    state.feed_age = 6 * MINUTE
    tick(state)
    state.feed_age = 0
    tick(state, NOW + SECOND)
    state.feed_age = 9 * SECOND
    assert moves(tick(state, NOW + 12 * SECOND)) == []


@pytest.mark.parametrize(("gone", "opens"), [(2 * MINUTE, False), (2 * MINUTE + SECOND, True)])
def test_a_broker_that_is_gone_for_two_minutes_opens_its_breaker(
    state: State, gone: int, opens: bool
) -> None:
    state.user_up, state.user_down_at = False, NOW - gone
    assert moves(tick(state)) == ([("broker", "open")] if opens else [])


def test_a_broker_that_stays_away_escalates_to_observation_and_comes_back_from_it(state: State) -> None:
    state.user_up, state.user_down_at = False, NOW - 3 * MINUTE
    tick(state)
    assert state.control.mode is Mode.NORMAL
    tick(state, NOW + 5 * MINUTE - SECOND)
    assert state.control.mode is Mode.NORMAL
    changes = [d for d in tick(state, NOW + 5 * MINUTE) if isinstance(d, ModeChanged)]
    assert [(c.after, c.ends_when) for c in changes] == [("OBSERVATION", PROVEN)]
    state.user_up = True
    back = tick(state, NOW + 6 * MINUTE)
    assert not [d for d in back if isinstance(d, ModeChanged)]
    back = tick(state, NOW + 6 * MINUTE + 30 * SECOND)
    assert [d.after for d in back if isinstance(d, ModeChanged)] == ["NORMAL"]


def test_an_escalation_never_ends_past_what_a_person_set_or_a_trigger_holds(state: State) -> None:
    state.user_up, state.user_down_at = False, NOW - 3 * MINUTE
    tick(state)
    tick(state, NOW + 5 * MINUTE)
    state.budgets.active["drawdown_defensive"] = ActiveTrigger(NOW, "drawdown 11%", "drawdown below 8%")
    state.user_up = True
    tick(state, NOW + 6 * MINUTE)
    tick(state, NOW + 7 * MINUTE)
    assert (state.control.mode, state.control.ends_when) == (Mode.DEFENSIVE, "drawdown below 8%")


def test_a_stream_whose_gap_is_not_explained_yet_is_not_back(state: State) -> None:
    state.user_up, state.user_down_at = False, NOW - 3 * MINUTE
    tick(state)
    state.user_up, state.stream_doubt = True, NOW
    tick(state, NOW + SECOND)
    assert phase(state, Component.BROKER) is Phase.OPEN


def test_a_journal_that_cannot_be_written_opens_its_breaker_at_once(state: State) -> None:
    state.control.close_gate("journal", "no space left", NOW - SECOND)
    assert moves(tick(state)) == [("journal", "open")]


def test_a_clock_that_is_off_opens_its_breaker_until_it_is_right_again(state: State) -> None:
    say(state, "clock", False, NOW - SECOND, "our clock is +1200 ms off the venue's")
    assert moves(tick(state)) == [("clock", "open")]
    assert "our clock is +1200 ms off" in barred(state)
    say(state, "clock", True, NOW)
    assert moves(tick(state, NOW + SECOND)) == [("clock", "half-open")]
    assert moves(tick(state, NOW + 31 * SECOND)) == [("clock", "closed")]


@pytest.mark.parametrize(("component", "patience"), [("news", HOUR), ("sentiment", HOUR)])
def test_news_and_sentiment_may_be_silent_for_an_hour(state: State, component: str, patience: int) -> None:
    say(state, component, True, NOW - patience)
    assert moves(tick(state)) == []
    assert moves(tick(state, NOW + SECOND)) == [(component, "open")]


def test_without_sentiment_sizes_are_smaller_and_entries_allowed(state: State) -> None:
    say(state, "sentiment", True, NOW - 2 * HOUR)
    tick(state)
    assert state.breakers.factor == RULES.caution
    assert barred(state) == ""
    say(state, "sentiment", True, NOW)
    tick(state, NOW + SECOND)
    tick(state, NOW + 31 * SECOND)
    assert state.breakers.factor == 1.0


def test_a_strategy_that_needs_a_failing_component_is_named(state: State) -> None:
    say(state, "models", False, NOW - 2 * MINUTE, "ValueError: shape")
    tick(state)
    lacking = state.breakers.lacking(frozenset({"models"}))
    assert lacking is not None
    assert lacking.reason == "ValueError: shape"
    assert state.breakers.lacking(frozenset()) is None
    assert barred(state) == ""


def test_a_component_that_never_spoke_is_not_used_and_breaks_nothing(state: State) -> None:
    tick(state, NOW + 10 * HOUR)
    assert not any(breaker.holds for breaker in state.breakers.all.values())
    say(state, "teapot", False, NOW)
    assert moves(tick(state)) == []


def test_one_gate_names_every_breaker_that_holds_it(state: State) -> None:
    state.feed_age = 6 * MINUTE
    state.user_up, state.user_down_at = False, NOW - 3 * MINUTE
    decisions = tick(state)
    gates = [d for d in decisions if isinstance(d, GateMoved)]
    assert len(gates) == 1
    assert "price feed open" in gates[0].reason
    assert "broker open" in gates[0].reason


def test_nothing_is_judged_before_the_account_is_known(state: State) -> None:
    state.recovering, state.feed_age = True, HOUR
    assert tick(state) == []


def test_every_number_is_a_setting(state: State) -> None:
    state.feed_age = 30 * SECOND
    assert moves(tick(state, rules=BreakerRules(price_feed=20 * SECOND))) == [("price feed", "open")]
    assert [breaker.component for breaker in state.breakers.holding()] == [Component.PRICES]
