"""Cancels and pauses: what a person takes back stays taken back."""

from __future__ import annotations

import pytest

from midas.domain.command import CancelEntries, CancelOrder, Command, SetStrategy
from midas.domain.decision import GateMoved, OrderPlanned, SignalMade
from midas.domain.event import CommandGiven
from midas.domain.order import Purpose
from midas.domain.time import SECOND
from tests.engine.hands import Hands
from tests.engine.scene import Scene, of
from tests.fakes.strategy import flat, long


@pytest.fixture
def hands() -> Hands:
    """A person at a warm desk that holds nothing."""
    return Hands()


def test_a_cancelled_order_is_withdrawn(hands: Hands) -> None:
    order = hands.resting()
    answer = hands.desk.command(CancelOrder(order.intent.client_id[-4:]))
    assert answer.message == f"{order.intent.client_id[-4:]} is being cancelled"
    assert order.status == "CANCELED"


def test_an_order_on_its_way_is_cancelled_once_the_venue_has_it(hands: Hands) -> None:
    hands.desk.latency = SECOND
    order = hands.resting()
    assert order.status == "QUEUED"
    hands.desk.command(CancelOrder(order.intent.client_id))
    hands.scene.tick(5)
    assert order.status == "CANCELED"


def test_what_is_not_open_is_answered_with_what_became_of_it(hands: Hands) -> None:
    order = hands.resting()
    client_id = order.intent.client_id
    hands.desk.command(CancelOrder(client_id))
    answer = hands.desk.command(CancelOrder(client_id))
    assert (answer.accepted, answer.message) == (
        False,
        f"order {client_id[-4:]} isn't open: it is CANCELED",
    )
    assert "there is no order 'nope'; none is open" in hands.desk.command(CancelOrder("nope")).message


def test_a_strategys_cancelled_entry_does_not_come_straight_back(hands: Hands) -> None:
    hands.scene.say(long())
    [order] = hands.open
    answer = hands.desk.command(CancelOrder(order.intent.client_id))
    assert "puppet may enter again on its next signal" in answer.message
    hands.scene.tick(5)
    assert hands.open == []


def test_a_strategys_cancelled_exit_is_sent_again_and_said_to_be(hands: Hands) -> None:
    scene = hands.scene.hold()
    scene.say(flat())
    [leaving] = hands.open
    answer = hands.desk.command(CancelOrder(leaving.intent.client_id))
    assert "puppet is leaving and sends another one" in answer.message


def test_all_entries_are_cancelled_and_exits_stay(hands: Hands) -> None:
    hands.hold("0.005")
    hands.scene.say(long(0.5))
    hands.resting("0.002")
    hands.sell("0.004", "60500.00")
    answer = hands.desk.command(CancelEntries())
    assert answer.accepted
    assert answer.message.startswith("entries being cancelled: ")
    hands.scene.tick(5)
    assert [o.intent.purpose for o in hands.open] == [Purpose.EXIT]


def test_where_no_entry_is_open_that_is_said(hands: Hands) -> None:
    assert hands.desk.command(CancelEntries()).message == "no entry is open"
    assert hands.desk.command(CancelEntries("btcusdt")).message == "no entry is open in BTC-USDT"
    assert not hands.desk.command(CancelEntries("DOGE")).accepted


def pause(reason: str = "") -> Command:
    return SetStrategy("puppet", running=False, reason=reason)


def test_a_paused_strategy_opens_nothing_and_leaves_as_it_wants(hands: Hands) -> None:
    hands.scene.hold()
    assert hands.desk.command(pause("news")).message == "puppet opens nothing new; its exits are managed"
    [moved] = of(GateMoved, hands.desk.audits)
    assert (moved.scope, moved.closed, moved.by) == ("puppet", True, "test")
    assert moved.reason == "paused by test: news"
    hands.scene.say(flat())
    hands.scene.tick(8)
    assert hands.held("puppet") < 1
    made = of(SignalMade, hands.scene.say(long()))[-1]
    assert made.outcome == "refused"
    assert "paused by test: news" in made.detail


def test_a_paused_strategy_is_not_shown_as_running(hands: Hands) -> None:
    hands.desk.command(pause("news"))
    [shown] = hands.desk.picture().strategies
    assert (shown.state, shown.detail, shown.paused) == ("paused", "paused by test: news", True)


def test_its_open_entries_are_withdrawn(hands: Hands) -> None:
    hands.scene.say(long())
    [order] = hands.open
    hands.desk.command(pause())
    assert order.status == "CANCELED"
    assert not of(OrderPlanned, hands.scene.tick(3))


def test_paused_twice_is_paused_once(hands: Hands) -> None:
    hands.desk.command(pause("news"))
    assert hands.desk.command(pause()).message == "puppet is paused by test: news already"
    assert len(of(GateMoved, hands.desk.audits)) == 1


def test_starting_it_again_takes_two_steps(hands: Hands) -> None:
    hands.desk.command(pause("news"))
    asked = hands.desk.command(SetStrategy("puppet", running=True))
    assert asked.message == "puppet is paused by test: news; confirm to let it open new risk again"
    assert hands.state.control.paused("puppet")
    assert hands.desk.command(SetStrategy("puppet", running=True, confirmed=True)).accepted
    assert hands.state.control.paused("puppet") is None
    assert of(SignalMade, hands.scene.say(long()))[-1].outcome == "acted"


def test_one_that_runs_is_said_to_run(hands: Hands) -> None:
    assert hands.desk.command(SetStrategy("puppet", running=True)).message == "puppet isn't paused"


def test_one_that_nobody_knows_is_answered_with_those_that_are(hands: Hands) -> None:
    answer = hands.desk.command(SetStrategy("momo", running=False))
    assert (answer.accepted, answer.message) == (False, "there is no strategy 'momo'; there are puppet")


def test_its_name_is_found_in_any_case(hands: Hands) -> None:
    enrolled = hands.desk.engine.orchestrator.strategies.enrolled
    enrolled["Momo"] = enrolled.pop("puppet")
    assert hands.desk.command(SetStrategy("mOMO", running=False)).accepted
    assert hands.state.control.paused("Momo") is not None


def test_a_pause_by_nobody_in_particular_can_be_ended(hands: Hands) -> None:
    hands.desk.feed(CommandGiven("1", "", SetStrategy("puppet", running=False), hands.desk.now))
    assert hands.desk.command(SetStrategy("puppet", running=True, confirmed=True)).accepted
    assert not hands.state.control.gates


def test_one_that_failed_is_not_started_by_words(hands: Hands) -> None:
    hands.scene.puppet.error = RuntimeError("broken")
    hands.scene.bar()
    answer = hands.desk.command(SetStrategy("puppet", running=True, confirmed=True))
    assert not answer.accepted
    assert "RuntimeError: broken" in answer.message


def test_a_pause_survives_a_restart_and_the_engines_own_gates_do_not() -> None:
    scene = Scene()
    scene.desk.command(pause("news"))
    scene.desk.tick(scene.desk.now + SECOND, feed_age=12 * SECOND)
    carried = scene.desk.state.carried()
    successor = Scene()
    successor.desk.open(successor.desk.now, carried)
    assert list(successor.desk.state.control.gates) == ["puppet"]
    gate = successor.desk.state.control.paused("puppet")
    assert gate is not None
    assert (gate.reason, gate.by) == ("paused by test: news", "test")
