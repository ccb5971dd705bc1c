"""What the guard sold instead of a hung engine is booked where it was held, and nothing is sold again."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from midas.domain.command import Resume
from midas.domain.decision import Anomaly
from midas.domain.event import LatchTripped
from midas.domain.money import ZERO
from midas.domain.order import GUARDS, Purpose, Side
from midas.state.state import EXTERNAL
from tests.engine.hands import Hands
from tests.engine.scene import Scene
from tests.fakes.desk import BTC, decisions

PRICE = Decimal(60_000)


def sold_by_guard(scene: Scene, quantity: Decimal) -> None:
    """The guard's own sale, as the venue lists it once its id was asked for."""
    venue = scene.desk.venue
    venue.trade_by_hand(BTC, Side.SELL, PRICE, quantity, scene.desk.now)
    venue.trades[-1] = msgspec.structs.replace(venue.trades[-1], client_id=f"{GUARDS}1")


def wake(scene: Scene) -> None:
    """The engine hears what was done while it hung."""
    latch = LatchTripped("flatten", "midas guard", "hung", scene.desk.now, guarded="session-1")
    scene.desk.feed(latch)
    scene.tick(5)


def test_a_woken_engine_books_the_sale_where_it_was_held_and_sells_nothing() -> None:
    scene = Scene().hold()
    sold_by_guard(scene, scene.position)
    wake(scene)
    state = scene.desk.state
    assert scene.position == ZERO
    assert state.ledger.sleeve(EXTERNAL, BTC.id).quantity == ZERO
    assert state.reconciled
    assert not [o for o in state.orders.closed.values() if o.intent.purpose is Purpose.FLATTEN]
    told = [d for d in decisions(scene.desk.audits) if isinstance(d, Anomaly)]
    assert [(d.kind, d.detail[:15]) for d in told] == [("guard_trade", "the guard: SELL")]


def test_a_sale_of_several_sleeves_is_shared_out_and_booked_once() -> None:
    scene = Scene()
    hands = Hands(scene.hold()).hold("0.005")
    both, mine = scene.position + hands.held(), hands.held()
    sold_by_guard(scene, both - mine / 2)
    wake(scene)
    assert scene.position == ZERO
    assert hands.held() == mine / 2
    before = dict(scene.desk.state.ledger.balances)
    scene.tick(40)
    assert hands.held() == mine / 2
    assert scene.desk.state.ledger.balances == before
    assert scene.desk.state.reconciled


def test_what_was_sold_beyond_our_books_is_nobodys() -> None:
    scene = Scene().hold()
    held = scene.position
    scene.desk.venue.balances["BTC"] += 1
    scene.desk.state.ledger.adjust("BTC", Decimal(1))
    sold_by_guard(scene, held + Decimal("0.001"))
    wake(scene)
    assert scene.position == ZERO
    assert scene.desk.state.ledger.sleeve(EXTERNAL, BTC.id).quantity == Decimal("-0.001")


def test_a_kill_that_the_guard_answered_is_released_only_once_its_sales_are_surely_booked() -> None:
    scene = Scene().hold()
    sold_by_guard(scene, scene.position)
    desk = scene.desk
    desk.feed(LatchTripped("flatten", "midas guard", "hung", desk.now, guarded="session-1"))
    early = desk.command(Resume("it turns again"))
    assert not early.accepted
    assert "ask again in a few seconds" in early.message
    scene.tick(5)  # by then the refusal's own pass is in
    assert scene.position == ZERO
    desk.command(Resume("it turns again"))
    assert desk.command(Resume("it turns again", confirmed=True)).accepted
    assert not desk.state.control.guarded
