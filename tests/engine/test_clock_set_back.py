"""Our wall clock is set back by an hour: nothing waits until it has caught up."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from midas.domain.command import SetMode
from midas.domain.decision import Adjusted
from midas.domain.event import AccountReported, FlowSeen, LatchTripped
from midas.domain.market import FeedStatus
from midas.domain.money import ZERO
from midas.domain.opinion import Urgency
from midas.domain.order import CloseReason
from midas.domain.stops import StopRules
from midas.domain.time import SECOND
from midas.engine.effect import WithdrawOrder
from tests.engine.scene import Scene, of
from tests.fakes.desk import BTC
from tests.fakes.nouns import START, account, desk, intent, report
from tests.fakes.strategy import flat, long

HOUR = 3_600 * SECOND


def set_back(scene: Scene) -> None:
    """What comes from here on is dated an hour ago."""
    scene.desk.now -= HOUR
    scene.market.now -= HOUR


def test_passes_go_on(scene: Scene) -> None:
    scene.tick(31)
    set_back(scene)
    known = scene.desk.state.passes
    scene.tick(62)
    assert scene.desk.state.passes - known >= 2


def test_the_gate_of_a_lost_stream_opens(scene: Scene) -> None:
    scene.desk.venue.deaf = True
    for up in (False, True):
        scene.desk.feed(FeedStatus("binance", "user", scene.desk.now, up))
    set_back(scene)
    scene.desk.venue.deaf = False
    scene.tick(20)
    assert scene.desk.state.control.gates == {}


def test_a_deposit_that_nobody_heard_of_is_found_in_the_venues_list(scene: Scene) -> None:
    venue = scene.desk.venue
    real = venue.account

    def listing(purpose: str, unsettled: list[str], now: int) -> AccountReported:
        """The venue's clock is right."""
        there = now - HOUR if scene.market.now > began + HOUR // 2 else now
        deposit = FlowSeen("USDT", Decimal(500), began + 60 * SECOND, now)
        flows = (deposit,) if purpose == "flows" else None
        return msgspec.structs.replace(real(purpose, unsettled, now), as_of=there, flows=flows)

    began = scene.market.now
    venue.account = listing  # type: ignore[method-assign, assignment]
    scene.market.now = scene.desk.now = began + HOUR
    scene.tick(60)  # audits find both sides equal, in an hour that hasn't come yet
    set_back(scene)
    venue.balances["USDT"] += 500
    scene.tick(120)
    assert [made.amount for made in of(Adjusted, scene.desk.audits)] == [Decimal(500)]
    assert scene.desk.state.control.gates == {}


def test_a_cancel_without_an_answer_is_asked_again(scene: Scene) -> None:
    scene.say(long())
    order = next(iter(scene.desk.state.orders.open.values()))
    scene.desk.state.orders.cancel_sent(order.intent.client_id, scene.desk.now)
    order.cancel_after = scene.desk.now + SECOND
    set_back(scene)
    scene.desk.command(SetMode("PAUSE"))
    asked = [e.client_id for a in scene.desk.audits for e in a.effects if isinstance(e, WithdrawOrder)]
    assert asked == [order.intent.client_id]


def test_a_flatten_that_was_refused_goes_on(scene: Scene) -> None:
    scene.hold()
    scene.desk.venue.refusing = "busy"
    scene.desk.feed(LatchTripped("flatten", "cli", "enough", scene.desk.now))
    scene.desk.venue.refusing = ""
    set_back(scene)
    scene.tick(3)
    assert scene.position < BTC.lot_size


def test_an_exit_that_was_refused_goes_on(scene: Scene) -> None:
    scene.hold()
    scene.desk.venue.refusing = "busy"
    scene.say(flat(Urgency.AGGRESSIVE))
    scene.desk.venue.refusing = ""
    set_back(scene)
    scene.tick(3)
    assert scene.position < BTC.lot_size


def test_an_exit_that_waits_for_a_price_gives_up_waiting(scene: Scene) -> None:
    scene.hold()
    scene.say(flat())
    set_back(scene)
    scene.tick(8)
    assert scene.position < BTC.lot_size


def test_a_stop_goes_on_rising() -> None:
    scene = Scene(stops=StopRules(percent=0.001, trail_percent=0.0005)).hold()
    scene.tick(6)
    set_back(scene)
    before = next(o.intent.stop_price for o in scene.desk.state.orders.open.values() if o.protects)
    for event in [*scene.market.move(6_000), scene.market.trade(lots=1)]:
        scene.desk.feed(event)
    scene.tick(8)
    after = next(o.intent.stop_price for o in scene.desk.state.orders.open.values() if o.protects)
    assert before is not None
    assert after is not None
    assert after > before


def test_orders_count_for_one_window_more_at_most() -> None:
    orders = desk().orders
    orders.plan(intent("md-1", created_at=START + HOUR))
    assert orders.rate(START, 60 * SECOND) == 1
    assert orders.rate(START + 60 * SECOND, 60 * SECOND) == 0


def test_audits_judge_what_was_touched_by_the_old_clock() -> None:
    state = desk()
    state.plan(intent())
    state.orders.accepted("md-1", "v-md-1", START + HOUR)
    state.orders.closed_by_venue("md-1", CloseReason.CANCELED, ZERO, START + HOUR)
    state.apply(account(START + 10 * SECOND, {"USDT": "10000"}, open_orders=(report(),)))
    state.apply(account(START + 40 * SECOND, {"USDT": "10000"}, open_orders=(report(),)))
    assert "md-1" in state.orders.open
