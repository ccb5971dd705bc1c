"""Kills of less than everything: the scope is stopped and stays so, the rest goes on."""

from __future__ import annotations

from decimal import Decimal

import pytest

from midas.domain.command import Answer, Kill, Resume, SetStrategy
from midas.domain.decision import GateMoved
from midas.domain.event import RulesRead
from midas.domain.order import Purpose
from tests.engine.hands import Hands
from tests.engine.scene import Scene, folded, of
from tests.fakes.desk import BTC, Desk
from tests.fakes.strategy import Puppet, flat, long

SCOPES = [("strategy", "puppet"), ("instrument", "btc-usdt"), ("venue", "Binance")]


@pytest.fixture
def scene() -> Scene:
    return Scene()


def kill(scene: Scene, level: str, scope: str, name: str, preview: bool = False) -> Answer:
    name = scene.puppet.name if name == "puppet" else name
    return scene.desk.command(Kill(level, "drill", scope, name, preview))


@pytest.mark.parametrize(("scope", "name"), SCOPES)
def test_a_halted_scope_withdraws_entries_and_opens_nothing_more(scene: Scene, scope: str, name: str) -> None:
    scene.say(long())
    assert scene.desk.state.orders.open
    answer = kill(scene, "halt", scope, name)
    assert answer.accepted, answer.message
    assert "1 order withdrawn" in answer.message
    scene.tick(2)
    assert not scene.desk.state.orders.open
    assert not scene.desk.state.control.latched
    scene.say(flat())
    scene.say(long())
    scene.tick(12)
    assert not scene.desk.state.orders.open


@pytest.mark.parametrize(("scope", "name"), SCOPES)
def test_at_halt_the_scopes_exits_are_managed(scene: Scene, scope: str, name: str) -> None:
    scene.hold()
    kill(scene, "halt", scope, name)
    scene.say(flat())
    scene.tick(8)
    scene.desk.play(scene.market.move(3))
    assert any(o.intent.purpose is Purpose.EXIT for o in scene.desk.state.orders.closed.values()) or any(
        o.intent.purpose is Purpose.EXIT for o in scene.desk.state.orders.open.values()
    )


@pytest.mark.parametrize(("scope", "name"), SCOPES)
def test_at_all_the_scopes_exits_are_withdrawn_and_none_follows(scene: Scene, scope: str, name: str) -> None:
    scene.hold()
    held = scene.position
    scene.say(flat())
    kill(scene, "all", scope, name)
    scene.tick(12)
    assert not scene.desk.state.orders.open
    assert scene.position == held


@pytest.mark.parametrize(("scope", "name"), SCOPES)
def test_a_flattened_scope_is_closed_without_a_latch(scene: Scene, scope: str, name: str) -> None:
    scene.hold()
    answer = kill(scene, "flatten", scope, name)
    assert "closed: " in answer.message
    scene.tick(3)
    assert scene.position < BTC.quantity_min
    assert not scene.desk.state.control.latched
    assert scene.desk.state.control.mode.value == "NORMAL"


def test_what_a_person_holds_goes_on_beside_a_killed_strategy(scene: Scene) -> None:
    hands = Hands(scene).hold("0.01")
    resting = hands.resting()
    kill(scene, "flatten", "strategy", "puppet")
    scene.tick(3)
    assert hands.held() > 0
    assert resting.intent.client_id in scene.desk.state.orders.open
    assert hands.buy("0.001").accepted


def test_a_kill_of_one_order_is_its_withdrawal(scene: Scene) -> None:
    hands = Hands(scene)
    first, second = hands.resting(), hands.resting(price="59998.00")
    answer = scene.desk.command(Kill("all", "", "order", first.intent.client_id[-4:]))
    assert answer.accepted, answer.message
    scene.tick(2)
    assert list(scene.desk.state.orders.open) == [second.intent.client_id]
    assert not scene.desk.command(Kill("flatten", "", "order", second.intent.client_id)).accepted


def test_a_preview_says_what_would_happen_and_does_nothing(scene: Scene) -> None:
    scene.hold()
    answer = kill(scene, "flatten", "strategy", "puppet", preview=True)
    assert answer.accepted
    assert "kill flatten of strategy" in answer.message
    assert "everything else goes on" in answer.message
    assert not scene.desk.state.control.gates


def test_a_scope_opens_by_name_in_two_steps_with_a_reason(scene: Scene) -> None:
    desk = scene.desk
    kill(scene, "halt", "instrument", "BTC-USDT")
    assert not desk.command(Resume("", False, "instrument", "BTC-USDT")).accepted
    hasty = desk.command(Resume("checked", True, "instrument", "BTC-USDT"))
    assert not hasty.accepted
    assert "two steps" in hasty.message
    review = desk.command(Resume("checked", False, "instrument", "BTC-USDT"))
    assert "confirm to let it trade again" in review.message
    assert desk.state.control.gates
    assert desk.command(Resume("checked", True, "instrument", "BTC-USDT")).accepted
    assert not desk.state.control.gates
    assert not desk.command(Resume("checked", True, "instrument", "BTC-USDT")).accepted


def test_a_weaker_kill_never_softens_a_stronger_one(scene: Scene) -> None:
    kill(scene, "all", "venue", "binance")
    assert "already" in kill(scene, "halt", "venue", "binance").message
    assert scene.desk.state.control.gates["binance"].level == "all"


@pytest.mark.parametrize(
    ("scope", "name", "command"),
    [
        ("strategy", "puppet", "midas resume WHY --strategy puppet"),
        ("instrument", "BTC-USDT", "midas resume WHY --instrument BTC-USDT"),
        ("venue", "binance", "midas resume WHY --venue binance"),
    ],
)
def test_what_a_person_stopped_says_by_which_command_it_goes_on(
    scene: Scene, scope: str, name: str, command: str
) -> None:
    kill(scene, "all", scope, name)
    [gate] = scene.desk.picture().gates
    assert gate.opens == command


def test_what_was_reviewed_and_killed_again_meanwhile_is_reviewed_again(scene: Scene) -> None:
    kill(scene, "halt", "venue", "binance")
    scene.desk.command(Resume("checked", False, "venue", "binance"))
    kill(scene, "all", "venue", "binance")
    assert not scene.desk.command(Resume("checked", True, "venue", "binance")).accepted
    assert scene.desk.state.control.gates["binance"].level == "all"


def test_a_killed_strategy_is_started_in_the_same_two_steps_by_its_own_command(scene: Scene) -> None:
    kill(scene, "all", "strategy", "puppet")
    desk, name = scene.desk, scene.puppet.name
    assert "reason of at least 3 letters" in desk.command(SetStrategy(name, True, "", True)).message
    assert not desk.command(SetStrategy(name, True, "checked", True)).accepted
    assert "confirm to let it trade again" in desk.command(SetStrategy(name, True, "checked")).message
    assert desk.command(SetStrategy(name, True, "checked", True)).accepted
    assert not desk.state.control.gates


@pytest.mark.parametrize(
    ("level", "scope", "name", "sentence"),
    [
        ("disconnect", "venue", "binance", "it has no scope but all"),
        ("halt", "galaxy", "x", "there is no scope 'galaxy'"),
        ("halt", "strategy", "nobody", "there is no strategy 'nobody'"),
        ("halt", "venue", "kraken", "there is no venue 'kraken'; there are binance"),
        ("halt", "instrument", "DOGE", "isn't traded here"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    scene: Scene, level: str, scope: str, name: str, sentence: str
) -> None:
    answer = kill(scene, level, scope, name)
    assert not answer.accepted
    assert sentence in answer.message


def test_it_outlives_a_restart_with_its_level(scene: Scene) -> None:
    scene.hold()
    held = scene.position
    kill(scene, "all", "strategy", "puppet")
    moved = [gate for gate in of(GateMoved, scene.desk.audits) if gate.level]
    assert [(gate.scope, gate.level, gate.by) for gate in moved] == [(scene.puppet.name, "all", "test")]
    puppet = Puppet()
    later = Desk([puppet], settings=scene.desk.settings, venue=scene.desk.venue)
    later.open(scene.market.now, carried=scene.desk.state.carried())
    assert later.state.control.gates[puppet.name].level == "all"
    assert later.state.ledger.sleeve(puppet.name, BTC.id).quantity == held > Decimal(0)


def test_the_journal_alone_tells_the_newest_word_on_a_scope_and_since_when(scene: Scene) -> None:
    scene.desk.feed(RulesRead(BTC.id, "HALT", BTC, scene.desk.now))  # the engine's own gate stands there
    scene.tick(5)
    kill(scene, "halt", "venue", "binance")
    kill(scene, "halt", "instrument", BTC.name)
    assert scene.desk.state.control.gates[BTC.id].since == scene.desk.now
    assert folded(scene.desk).pauses == scene.desk.state.carried().pauses
    scene.tick(5)
    assert scene.desk.command(Kill("halt", "it goes on", "instrument", BTC.name)).accepted
    pause, _ = folded(scene.desk).pauses
    assert pause.reason == "killed (halt) by test: it goes on"
    assert folded(scene.desk).pauses == scene.desk.state.carried().pauses


def test_the_whole_switch_goes_before_a_scope(scene: Scene) -> None:
    scene.hold()
    scene.desk.command(Kill("all", "everything"))
    kill(scene, "flatten", "strategy", "puppet")
    held = scene.position
    scene.tick(5)
    assert scene.position == held
