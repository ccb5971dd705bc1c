"""A journal that can't be written: nothing new is opened, what rests is withdrawn, and it ends by itself."""

from __future__ import annotations

from midas.domain.decision import GateMoved, TargetRefused
from midas.domain.event import Ticked
from midas.domain.order import Purpose
from midas.engine.audit import Audit
from midas.engine.effect import SubmitOrder, WithdrawOrder
from tests.engine.scene import Scene, of
from tests.fakes.strategy import flat, long

FULL = "The disk refuses the journal of session 1 (database or disk is full)"


def second(scene: Scene, trouble: str) -> list[Audit]:
    """A second of wall time, in which the journal has this trouble."""
    return scene.desk.feed(Ticked(scene.desk.now, 0, {}, trouble))


def sent(audits: list[Audit]) -> list[Purpose]:
    """What left."""
    return [e.intent.purpose for a in audits for e in a.effects if isinstance(e, SubmitOrder)]


def test_no_entry_leaves_while_the_journal_cannot_be_written_and_it_goes_on_by_itself(scene: Scene) -> None:
    [moved] = of(GateMoved, second(scene, FULL))
    assert (moved.scope, moved.closed, moved.reason) == ("journal", True, FULL)
    audits = scene.say(long())
    assert of(TargetRefused, audits)
    assert sent(audits) == []
    [opened] = of(GateMoved, second(scene, ""))
    assert (opened.scope, opened.closed) == ("journal", False)
    scene.say(flat())
    scene.tick(2)
    assert sent(scene.say(long())) == [Purpose.ENTRY]


def test_it_is_said_once_however_long_it_lasts(scene: Scene) -> None:
    second(scene, FULL)
    assert of(GateMoved, second(scene, "the disk has not written for 7 s")) == []
    assert scene.desk.state.control.gates["journal"].reason == "the disk has not written for 7 s"


def test_an_entry_that_rests_is_withdrawn_without_waiting_for_the_disk(scene: Scene) -> None:
    scene.say(long())
    [resting] = scene.desk.state.orders.open
    audits = second(scene, FULL)
    assert resting in [e.client_id for a in audits for e in a.effects if isinstance(e, WithdrawOrder)]
    assert not scene.desk.state.orders.open


def test_an_exit_is_planned_all_the_same(scene: Scene) -> None:
    scene.hold()
    second(scene, FULL)
    assert sent(scene.say(flat())) == [Purpose.EXIT]


def test_the_gate_is_judged_anew_after_a_restart(scene: Scene) -> None:
    second(scene, FULL)
    assert scene.desk.state.carried().pauses == ()
