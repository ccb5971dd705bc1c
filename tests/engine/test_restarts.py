"""What rests of an earlier session when a desk starts again: entries go, exits are gone on with."""

from __future__ import annotations

from midas.domain.command import CancelOrder, PlaceOrder
from midas.domain.event import CancelSent, LatchTripped
from midas.domain.order import CloseReason, OrderIntent, Purpose
from midas.domain.time import SECOND
from tests.engine.scene import Scene, folded
from tests.fakes.desk import BTC, Desk
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


def test_an_order_whose_cancel_was_lost_with_the_session_is_cancelled_by_the_next(scene: Scene) -> None:
    asked = PlaceOrder("t1", BTC.name, "BUY", "LIMIT", "0.001", "59000", confirmed=True)
    assert scene.desk.command(asked).accepted
    (order,) = resting(scene)
    scene.desk.latency = SECOND  # the cancel doesn't arrive
    scene.desk.command(CancelOrder(order.client_id))
    scene.desk.feed(CancelSent(order.client_id, scene.desk.now))
    killed(scene).tick(2)
    assert not resting(scene)
    assert scene.desk.venue.orders[order.client_id].reason is CloseReason.CANCELED


def test_an_order_of_a_person_that_nobody_withdrew_stands(scene: Scene) -> None:
    asked = PlaceOrder("t1", BTC.name, "BUY", "LIMIT", "0.001", "59000", confirmed=True)
    assert scene.desk.command(asked).accepted
    killed(scene).tick(60)
    assert [order.ticket for order in resting(scene)] == ["t1"]


def test_an_exit_that_a_kill_was_withdrawing_is_not_gone_on_with(scene: Scene) -> None:
    scene.hold().say(flat())
    scene.desk.latency = SECOND  # the cancel doesn't arrive
    scene.desk.feed(LatchTripped("all", "ann", "enough", scene.desk.now))
    scene.desk.latency = 0
    held = scene.position
    killed(scene, latch="all").tick(10)
    assert not resting(scene)
    assert scene.position == held
