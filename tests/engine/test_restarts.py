"""What rests of an earlier session when a desk starts again: entries go, exits are gone on with."""

from __future__ import annotations

from midas.domain.event import LatchTripped
from midas.domain.order import OrderIntent, Purpose
from midas.domain.time import SECOND
from tests.engine.scene import Scene, folded
from tests.fakes.desk import Desk
from tests.fakes.strategy import flat, long


def resting(scene: Scene) -> list[OrderIntent]:
    """What stands open, as the desk knows it."""
    return [order.intent for order in scene.desk.state.orders.open.values()]


def killed(scene: Scene, latch: str = "") -> Scene:
    """The process dies; the next one reads the journal, and its strategy has nothing to say."""
    old = scene.desk
    new = Desk([scene.puppet], settings=old.settings, venue=old.venue)
    for bar in scene.market.history():
        new.feed(bar)
    scene.puppet.opinion = None
    new.open(old.now + SECOND, folded(old), latch, "session-2")
    scene.desk, scene.market.now = new, new.now
    new.play(scene.market.begin())
    return scene


def test_an_entry_of_an_earlier_session_is_withdrawn_for_nobody_watches_its_price(scene: Scene) -> None:
    scene.say(long())
    (entry,) = resting(scene)
    assert entry.purpose is Purpose.ENTRY
    killed(scene).tick(3)
    assert not resting(scene)
    for event in scene.market.move(-50):
        scene.desk.feed(event)
    assert not scene.position


def test_an_exit_of_an_earlier_session_is_gone_on_with(scene: Scene) -> None:
    scene.hold().say(flat())
    (leaving,) = resting(scene)
    assert leaving.purpose is Purpose.EXIT
    held = scene.position
    killed(scene)
    assert scene.position == held
    scene.tick(10)
    assert not resting(scene)
    assert not scene.position, "not sold at a patient price in time, so at the touch"


def test_an_exit_that_a_kill_was_withdrawing_is_not_gone_on_with(scene: Scene) -> None:
    scene.hold().say(flat())
    scene.desk.latency = SECOND  # the cancel doesn't arrive
    scene.desk.feed(LatchTripped("all", "ann", "enough", scene.desk.now))
    scene.desk.latency = 0
    held = scene.position
    killed(scene, latch="all").tick(10)
    assert not resting(scene)
    assert scene.position == held
