"""Life lines, closed orders and fills as a person reads them."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest

from midas.domain.command import CancelOrder
from midas.domain.event import (
    CancelRejected,
    OrderAccepted,
    OrderFilled,
    OrderRejected,
    OrderSent,
    OrderUncertain,
    SessionOpened,
    Source,
)
from midas.domain.time import MILLISECOND, SECOND
from midas.engine.audit import Audit
from midas.engine.order_log import OrderLog, since
from midas.state.views.orders import ENDED_KEPT
from tests.engine.scene import Scene
from tests.fakes.desk import BTC, Desk
from tests.fakes.nouns import START, fill, intent, report
from tests.fakes.strategy import Puppet, long


@pytest.fixture
def silent(scene: Scene) -> tuple[Scene, str]:
    """A scene whose one order was planned and isn't sent yet, and its client id."""
    scene.desk.venue.submit = lambda intent, now: []  # type: ignore[method-assign]
    scene.say(long())
    return scene, next(iter(scene.desk.state.orders.open))


def texts(life: tuple[str, ...]) -> list[str]:
    return [line.partition("  ")[2] for line in life]


def test_the_life_of_an_order_is_told_step_by_step(silent: tuple[Scene, str]) -> None:
    scene, client_id = silent
    at = scene.desk.now
    scene.desk.feed(OrderSent(client_id, at + 15 * MILLISECOND, at + SECOND))
    scene.desk.feed(OrderAccepted(client_id, "1", at + 56 * MILLISECOND, Source.ANSWER))
    order = scene.desk.picture().orders[0]
    assert order.life[1] == "+0.015s  durable in the journal, sent"
    assert order.life[2] == "+0.056s  acknowledged after 41 ms (answer)"
    part = fill(7, "0.01", "60000", fee=Decimal("0.6"))
    scene.desk.feed(OrderFilled(client_id, "1", BTC.id, part, at + 2 * SECOND, Source.STREAM))
    scene.desk.command(CancelOrder(client_id))
    life = texts(scene.desk.picture().orders[0].life)
    assert life[0].startswith("planned by puppet (NORMAL, ")
    assert "filled 0.01 @ 60000 maker, fee 0.6 USDT (stream)" in life
    assert any(step.startswith("cancel asked: ") for step in life)


def test_how_fast_the_venue_answered_is_not_told_of_an_order_of_an_earlier_session(
    silent: tuple[Scene, str],
) -> None:
    scene, client_id = silent
    scene.desk.feed(OrderSent(client_id, scene.desk.now, scene.desk.now + SECOND))
    later = Desk([Puppet()], venue=scene.desk.venue)
    carried = scene.desk.state.carried()
    later.feed(SessionOpened("session-2", scene.desk.now, "account-1", "SIM", "", carried))
    later.feed(OrderRejected(client_id, -2010, "insufficient balance", scene.desk.now + 42 * SECOND))
    assert math.isnan(later.picture().closed[0].ack_ms)
    assert not later.painter.acks


def test_orders_of_others_are_shown_and_nobody_here_can_cancel_them(scene: Scene) -> None:
    scene.desk.state.orders.found_foreign((report("web-77f3", instrument=BTC.id),))
    (theirs,) = scene.desk.picture().foreign
    assert (theirs.short_id, theirs.strategy, theirs.status) == ("77f3", "external", "EXTERNAL")
    answer = scene.desk.command(CancelOrder("77f3"))
    assert (answer.accepted, answer.message) == (
        False, "order 77f3 isn't ours: cancel or change it where it was placed",
    )  # fmt: skip


def test_a_doubt_tells_its_cause_and_then_what_settled_it(silent: tuple[Scene, str]) -> None:
    scene, client_id = silent
    at = scene.desk.now
    scene.desk.feed(OrderSent(client_id, at, at + SECOND))
    scene.desk.feed(OrderUncertain(client_id, "no answer within 5 s", at + 5 * SECOND))
    doubted = scene.desk.picture().orders[0]
    assert (doubted.status, doubted.unknown_since) == ("UNKNOWN", at + 5 * SECOND)
    assert doubted.unknown_cause == "no answer within 5 s"
    scene.desk.feed(OrderAccepted(client_id, "1", at + 7 * SECOND, Source.QUERY))
    settled = scene.desk.picture().orders[0]
    told = texts(settled.life)
    assert told.index("UNKNOWN: no answer within 5 s") + 1 == told.index("settled (query): OPEN")
    assert settled.unknown_since == 0


def test_a_refused_cancel_is_told_as_one(silent: tuple[Scene, str]) -> None:
    scene, client_id = silent
    at = scene.desk.now
    scene.desk.feed(OrderSent(client_id, at, at + SECOND))
    scene.desk.feed(OrderAccepted(client_id, "1", at + SECOND, Source.ANSWER))
    scene.desk.command(CancelOrder(client_id))
    scene.desk.feed(CancelRejected(client_id, -1015, "too many orders", at + 2 * SECOND, gone=False))
    told = texts(scene.desk.picture().orders[0].life)
    assert any(step.startswith("cancel refused: ") for step in told)


def test_a_refused_order_is_closed_with_the_venues_reason(silent: tuple[Scene, str]) -> None:
    scene, client_id = silent
    at = scene.desk.now
    scene.desk.feed(OrderSent(client_id, at, at + SECOND))
    scene.desk.feed(OrderRejected(client_id, -2010, "insufficient balance", at + 9 * MILLISECOND))
    closed = scene.desk.picture().closed[0]
    assert (closed.status, closed.ack_ms) == ("REJECTED", 9.0)
    assert closed.ending == "-2010 insufficient balance"
    assert math.isnan(closed.average_price)
    assert texts(closed.life)[-1] == "REJECTED: -2010 insufficient balance"
    assert scene.desk.painter.acks.pop() == 9 * MILLISECOND


def test_a_filled_order_has_the_average_of_its_fills(scene: Scene) -> None:
    scene.hold()
    picture = scene.desk.picture()
    closed, traded = picture.closed[0], picture.fills[0]
    assert (closed.status, closed.ending) == ("FILLED", "")
    assert closed.average_price == pytest.approx(traded.price)
    assert closed.filled == pytest.approx(sum(f.quantity for f in picture.fills))
    assert (traded.short_id, traded.strategy, traded.fee_asset) == (closed.short_id, "puppet", "BTC")
    assert picture.orders == ()


def test_only_so_many_closed_orders_are_kept_newest_first(scene: Scene) -> None:
    state, log = scene.desk.state, OrderLog(scene.desk.state)
    made = [f"md-{number:04d}" for number in range(ENDED_KEPT + 20)]
    for client_id in made:
        state.plan(intent(client_id))
        event = OrderRejected(client_id, 1, "no", START)
        log.observe(event, Audit(1, "order.rejected", START, tuple(state.apply(event)), ()))
    assert [c.client_id for c in log.closed] == made[:19:-1]


@pytest.mark.parametrize(
    ("span", "text"),
    [(0, "+0.000s"), (41 * MILLISECOND, "+0.041s"), (99 * SECOND, "+99.000s"),
     (100 * SECOND, "+1m40s"), (7_500 * SECOND, "+2h05m")],
)  # fmt: skip
def test_times_get_coarser_as_they_grow(span: int, text: str) -> None:
    assert since(span) == text
