"""What each mode allows, who may change it, and what changes it by itself."""

from __future__ import annotations

import pytest

from midas.domain.command import SetMode
from midas.domain.decision import (
    GateMoved,
    ModeChanged,
    OrderPlanned,
    SignalMade,
    TargetApproved,
    TargetRefused,
)
from midas.domain.mode import Mode
from midas.domain.opinion import Urgency
from midas.domain.time import SECOND
from midas.domain.triggers import TriggerRules
from midas.engine.effect import TripLatch
from tests.engine.scene import Scene, of
from tests.fakes.desk import BTC
from tests.fakes.strategy import flat, long


def test_going_riskier_needs_a_reason_and_a_confirmation(scene: Scene) -> None:
    assert scene.desk.command(SetMode("OBSERVATION")).accepted
    unsaid = scene.desk.command(SetMode("NORMAL", confirmed=True))
    unsure = scene.desk.command(SetMode("NORMAL", "all is well"))
    assert not unsaid.accepted
    assert not unsure.accepted
    assert unsaid.message.endswith("it needs a reason of at least 3 letters")
    assert unsure.message.endswith("it needs a confirmation (--confirm in a shell)")
    assert scene.desk.state.control.mode is Mode.OBSERVATION
    assert scene.desk.command(SetMode("NORMAL", "all is well", confirmed=True)).accepted
    change = of(ModeChanged, scene.desk.audits)[-1]
    assert (change.after, change.by, change.cause) == ("NORMAL", "test", "all is well")


def test_a_mode_that_does_not_exist_is_answered_with_those_that_do(scene: Scene) -> None:
    answer = scene.desk.command(SetMode("TURBO"))
    assert not answer.accepted
    assert "NORMAL, DEFENSIVE, OBSERVATION" in answer.message


def test_defensive_halves_what_is_held_and_what_is_wanted(scene: Scene) -> None:
    scene.hold()
    held = scene.position
    scene.desk.command(SetMode("DEFENSIVE"))
    scene.tick(8)
    assert scene.position == pytest.approx(held / 2, abs=BTC.lot_size)
    scene.say(flat(Urgency.AGGRESSIVE))
    scene.tick()
    assert scene.position == 0
    approved = of(TargetApproved, scene.say(long()))[0]
    assert float(approved.target.quantity) == pytest.approx(float(held) / 2, rel=0.05)


def test_defensive_halves_once_until_the_desk_is_normal_again(scene: Scene) -> None:
    scene.hold()
    held = scene.position
    for mode in ("DEFENSIVE", "PAUSE", "DEFENSIVE"):
        assert scene.desk.command(SetMode(mode, "a nervous day", confirmed=True)).accepted
        scene.tick(8)
    assert scene.position == pytest.approx(held / 2, abs=BTC.lot_size)
    for mode in ("NORMAL", "DEFENSIVE"):
        assert scene.desk.command(SetMode(mode, "a nervous day", confirmed=True)).accepted
    scene.tick(8)
    assert scene.position == pytest.approx(held / 4, abs=BTC.lot_size)


def test_defensive_refuses_opinions_of_little_confidence(scene: Scene) -> None:
    scene.desk.command(SetMode("DEFENSIVE"))
    refused = of(TargetRefused, scene.say(long(0.6)))[0]
    assert refused.breaches[0].limit == "confidence"


def test_observation_records_signals_and_executes_none(scene: Scene) -> None:
    scene.desk.command(SetMode("OBSERVATION"))
    audits = scene.say(long())
    made = of(SignalMade, audits)[0]
    assert made.outcome == "refused"
    assert "mode OBSERVATION opens nothing new" in made.detail
    assert not of(OrderPlanned, audits)


def test_observation_withdraws_entries_and_goes_on_managing_exits(scene: Scene) -> None:
    scene.say(long())
    entry = next(iter(scene.desk.state.orders.open))
    scene.desk.command(SetMode("OBSERVATION"))
    assert entry not in scene.desk.state.orders.open
    assert scene.desk.state.orders.closed[entry].status == "CANCELED"
    assert not of(OrderPlanned, scene.tick(5))
    held = Scene().hold()
    held.desk.command(SetMode("OBSERVATION"))
    assert held.position > 0
    held.say(flat(Urgency.AGGRESSIVE))
    assert held.position == 0


def test_a_trigger_never_ends_a_mode_that_a_person_set(scene: Scene) -> None:
    scene.desk.command(SetMode("DEFENSIVE"))
    scene.tick(30)
    assert scene.desk.state.control.mode is Mode.DEFENSIVE


def test_emergency_by_hand_halts_and_says_that_it_closes_nothing(scene: Scene) -> None:
    answer = scene.desk.command(SetMode("EMERGENCY"))
    assert answer.message == (
        "halt latched, mode PAUSE; EMERGENCY closes positions only with `midas kill --level flatten`"
    )
    assert scene.desk.state.control.latched
    assert scene.desk.state.control.mode is Mode.PAUSE


def test_a_loss_beyond_the_day_limit_flattens_by_itself() -> None:
    scene = Scene(triggers=TriggerRules(daily_loss_stop=0.0005)).hold()
    scene.tick(2)
    for event in scene.market.move(-60_000):  # 1 % down
        scene.desk.feed(event)
    audits = scene.tick(4)
    tripped = [e for a in audits for e in a.effects if isinstance(e, TripLatch)]
    assert tripped[0].level == "flatten"
    assert "day's loss" in tripped[0].reason
    assert scene.desk.state.control.mode is Mode.EMERGENCY
    assert scene.position == 0


def test_silence_of_the_feed_closes_the_gate_and_its_return_opens_it(scene: Scene) -> None:
    audits = scene.desk.tick(scene.desk.now + SECOND, feed_age=12 * SECOND)
    closed = of(GateMoved, audits)[0]
    assert closed.closed
    scene.market.now = scene.desk.now
    refused = of(TargetRefused, scene.say(long()))[0]
    assert "no market data for 12 s" in refused.breaches[0].sentence
    opened = of(GateMoved, scene.tick())[0]
    assert not opened.closed
