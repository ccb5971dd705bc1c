"""A kill at the worst moments: what had to happen happens, and the report says only what is true."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from midas.agents.flattening import TRIES
from midas.domain.command import Kill
from midas.domain.decision import FillBooked
from midas.domain.event import (
    Event,
    LatchTripped,
    OrderNotSent,
    OrderRejected,
    OrderSent,
    SessionOpened,
)
from midas.domain.order import CloseReason, OrderIntent, Phase, Purpose, Side
from midas.domain.time import SECOND
from tests.engine.scene import Scene, of
from tests.fakes.desk import BTC, Desk
from tests.fakes.strategy import Puppet, long

NEVER = 3_600 * SECOND


def report(scene: Scene | Desk) -> list[str]:
    desk = scene.desk if isinstance(scene, Scene) else scene
    return list(desk.picture().kill.report)


def told(scene: Scene, text: str) -> list[str]:
    return [line for line in report(scene) if text in line]


def thin(scene: Scene, share: int = 40) -> Decimal:
    """Bids for a part of the position only; what is held."""
    for event in scene.market.move(0, bid_lots=int(scene.position / BTC.lot_size / share)):
        scene.desk.feed(event)
    return scene.position


def later(scene: Scene, seconds: int) -> None:
    """Wall time passes, and somebody looks at the report."""
    scene.tick(seconds)
    scene.desk.painter.tick(scene.desk.now, scene.desk.health)


def test_killed_while_submitting_an_order_that_never_left_is_told_as_such() -> None:
    scene = Scene()
    scene.desk.latency = NEVER  # its intent waits for the disk
    scene.say(long())
    [order] = scene.desk.state.orders.open.values()
    assert order.phase is Phase.QUEUED
    scene.desk.feed(LatchTripped("halt", "test", "", scene.desk.now))
    assert scene.desk.picture().kill.unacked == (order.intent.client_id[-4:],)
    scene.desk.feed(OrderNotSent(order.intent.client_id, scene.desk.now, "the kill latch is set (halt)"))
    assert told(scene, ": it never left")
    assert scene.desk.picture().kill.unacked == ()


def test_killed_while_submitting_an_order_that_had_left_is_cancelled_and_told() -> None:
    scene = Scene()
    scene.desk.latency = SECOND // 4
    scene.say(long())
    [order] = scene.desk.state.orders.open.values()
    scene.desk.feed(LatchTripped("halt", "test", "", scene.desk.now))
    later(scene, 4)
    assert order.phase is Phase.CLOSED
    assert scene.desk.venue.orders[order.intent.client_id].reason is CloseReason.CANCELED
    assert told(scene, "CANCELED ack")
    assert not told(scene, "no answer")


def test_killed_while_recovering_what_was_left_open_is_cancelled_and_told() -> None:
    scene = Scene()
    scene.say(long())
    carried = scene.desk.state.carried()
    short = carried.orders[0].intent.client_id[-4:]
    scene.desk.venue.deaf = True
    desk = Desk([Puppet()], venue=scene.desk.venue)
    desk.feed(SessionOpened("session-2", scene.market.now, "account-1", "SIM", "", carried))
    desk.command(Kill("halt", "drill"))
    assert desk.state.recovering
    assert any(line.startswith("+0.000s  HALT by test: drill") for line in report(desk))
    assert any(f"{short} BUY" in line and "CANCELED" in line for line in report(desk))
    assert desk.picture().kill.unacked == ()


def test_killed_while_disconnected_nothing_is_called_done() -> None:
    scene = Scene().hold()
    held = scene.position
    scene.desk.latency = NEVER  # neither orders nor questions reach the venue
    scene.desk.feed(LatchTripped("flatten", "test", "", scene.desk.now))
    later(scene, 7)
    assert told(scene, "NOT verified flat")
    assert str(held) in told(scene, "NOT verified flat")[0]
    assert not told(scene, "flat, verified")
    assert not told(scene, " filled at ")


def test_killed_while_disconnected_an_unanswered_cancel_is_said_and_later_the_truth() -> None:
    scene = Scene()
    scene.say(long())
    [client_id] = scene.desk.state.orders.open
    answers = scene.desk.venue.cancel
    scene.desk.venue.cancel = lambda client_id, now: []  # type: ignore[method-assign]
    scene.desk.venue.deaf = True
    scene.desk.command(Kill("all"))
    later(scene, 7)
    assert told(scene, f"no answer yet to the cancel of {client_id[-4:]}")
    assert not told(scene, "CANCELED")
    scene.desk.venue.cancel, scene.desk.venue.deaf = answers, False  # type: ignore[method-assign]
    later(scene, 12)
    assert told(scene, "CANCELED ack")
    assert scene.desk.picture().kill.unacked == ()


def test_killed_on_a_full_disk_orders_go_and_the_latch_is_not_called_durable() -> None:
    scene = Scene()
    scene.say(long())
    scene.desk.feed(LatchTripped("all", "test", "", scene.desk.now, doubt="no room on the disk"))
    scene.tick(2)
    assert told(scene, "but NOT on the disk: no room on the disk")
    assert told(scene, "CANCELED ack")
    assert not scene.desk.state.orders.open


@pytest.mark.parametrize("second", ["halt", "flatten"])
def test_killed_twice_both_pulls_are_told_and_what_was_done_is_told_once(second: str) -> None:
    scene = Scene()
    scene.say(long())
    scene.desk.command(Kill("halt", "first"))
    scene.desk.command(Kill(second, "second"))
    later(scene, 3)
    assert told(scene, "HALT by test: first")
    assert told(scene, f"{second.upper()} by test: second")
    assert len(told(scene, "CANCELED")) == 1


def test_killed_again_during_a_flatten_with_partial_fills_the_fills_add_up() -> None:
    scene = Scene().hold()
    held = thin(scene)
    scene.desk.command(Kill("flatten", "first"))
    assert Decimal(0) < scene.position < held
    assert scene.desk.picture().kill.residual == f"{scene.position} BTC-USDT of puppet"
    assert not told(scene, "flat, verified")
    scene.desk.command(Kill("flatten", "again"))
    for _ in range(8):
        for event in scene.market.move(1):
            scene.desk.feed(event)
        scene.tick()
    assert scene.position == 0
    sold = [f for f in of(FillBooked, scene.desk.audits) if f.purpose is Purpose.FLATTEN]
    assert len(sold) > 1
    assert sum(f.quantity for f in sold) == held
    assert len(told(scene, " filled at ")) == len(sold)
    assert len(told(scene, "flat, verified at the venue")) == 1


def test_a_flatten_that_the_venue_refuses_has_an_end_and_says_what_is_left() -> None:
    scene = Scene().hold()
    held = scene.position
    scene.desk.venue.refusing = "Market is closed."
    scene.desk.command(Kill("flatten"))
    later(scene, 40 * 60)
    refused = [o for o in scene.desk.state.orders.closed.values() if o.intent.purpose is Purpose.FLATTEN]
    assert len(refused) == TRIES
    assert told(scene, f"NOT closed after {TRIES} tries without a fill: {held} BTC-USDT of puppet")
    assert scene.desk.picture().kill.residual == f"{held} BTC-USDT of puppet"
    assert not told(scene, "flat, verified")
    scene.desk.venue.refusing = ""
    scene.desk.command(Kill("flatten", "the market is open again"))
    later(scene, 3)
    assert scene.position == 0
    assert told(scene, "flat, verified")


def test_a_fill_begins_the_count_of_tries_anew() -> None:
    scene = Scene().hold()
    thin(scene)
    for n in range(5):
        if not n:
            scene.desk.command(Kill("flatten"))
        scene.tick(30)
        for event in scene.market.move(1):
            scene.desk.feed(event)
    scene.tick(40)
    assert scene.position == 0


def test_a_sale_by_hand_in_the_middle_of_a_flatten_turns_nothing_over() -> None:
    scene = Scene().hold()
    held = thin(scene)
    venue = scene.desk.venue
    submit, refused = venue.submit, list[str]()

    def spot(intent: OrderIntent, now: int) -> list[Event]:
        """No spot venue sells what isn't there."""
        if intent.side is Side.SELL and intent.quantity > venue.balances["BTC"]:
            refused.append(intent.client_id)
            sent = OrderSent(intent.client_id, now, now + SECOND)
            return [sent, OrderRejected(intent.client_id, -2010, "Account has insufficient balance.", now)]
        return submit(intent, now)

    venue.submit = spot  # type: ignore[method-assign]
    scene.desk.command(Kill("flatten"))
    left = scene.position
    assert Decimal(0) < left < held
    venue.trade_by_hand(BTC, Side.SELL, Decimal(60_000), left, scene.desk.now)
    for _ in range(5):
        for event in scene.market.move(1):
            scene.desk.feed(event)
        scene.tick()
    assert len(refused) == 1  # the venue's word on the account is taken at once, and nothing is asked again
    assert venue.balances["BTC"] == 0
    assert scene.desk.state.ledger.position(BTC.id) == 0
    assert told(scene, "Account has insufficient balance")
    assert len(told(scene, "flat, verified")) == 1


def test_what_comes_after_the_proof_takes_it_back_until_there_is_another() -> None:
    scene = Scene()
    scene.hold()
    scene.desk.feed(LatchTripped("flatten", "test", "", scene.desk.now))
    scene.tick(5)
    assert len(told(scene, "flat, verified")) == 1
    venue = scene.desk.venue
    venue.refusing = "no orders now"
    venue.trade_by_hand(BTC, Side.BUY, Decimal(60_000), Decimal("0.01"), scene.desk.now)
    later(scene, 45)
    (line,) = told(scene, "no longer flat")
    assert line.endswith("no longer flat: 0.01 BTC-USDT of external")
    assert told(scene, "NOT verified flat: 0.01 BTC-USDT of external")
    venue.refusing = ""
    later(scene, 30)
    assert len(told(scene, "flat, verified")) == 2
    assert "flat, verified" in report(scene)[-1]


def test_an_audit_that_left_alone_what_moved_proves_nothing() -> None:
    scene = Scene()
    scene.hold()
    now, venue = scene.desk.now, scene.desk.venue
    before = msgspec.structs.replace(venue.account("audit", [], now + 2), asked_at=now)  # it is on its way
    venue.deaf = True
    scene.desk.feed(LatchTripped("flatten", "test", "", now + 1))
    assert scene.position == 0
    scene.desk.feed(before)
    assert not scene.desk.state.differences, "what has just moved is left alone"
    scene.desk.feed(venue.account("kill", [], now + 3))
    assert not told(scene, "flat, verified"), "only one of both was asked after the sale"
    scene.desk.feed(venue.account("kill", [], now + 4))
    assert told(scene, "flat, verified")
