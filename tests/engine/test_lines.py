"""The words of the event pane: the essential first, so that a cut line still says it."""

from __future__ import annotations

from midas.domain.decision import GateMoved, OrderBlocked, OrderMoved, TargetRefused
from midas.domain.verdict import Breach
from midas.engine.lines import lines
from tests.engine.scene import Scene
from tests.fakes.nouns import desk, intent, target
from tests.fakes.strategy import long

LIMIT = Breach("position", 0.31, 0.30, "BTC-USDT would be 31.0% of equity, at most 30%")


def test_a_refusal_begins_with_who_what_and_how_much() -> None:
    line = lines(TargetRefused(target("0.5"), (LIMIT,)), desk())
    assert line is not None
    assert line[2].startswith("s BTC-USDT to 0.5 refused (position): BTC-USDT would be 31.0%")


def test_a_blocked_order_begins_with_the_order() -> None:
    line = lines(OrderBlocked(intent(), LIMIT), desk())
    assert line is not None
    assert line[2].startswith("s BUY 1 BTC-USDT blocked (position): ")


def test_a_gate_that_opens_says_why_it_was_closed() -> None:
    text = (lines(GateMoved("venue", False, "the user stream is down"), desk()) or ("", "", ""))[2]
    assert text == "venue open again; it was closed: the user stream is down"


def test_an_order_in_trouble_is_named_before_its_reason(scene: Scene) -> None:
    scene.say(long())
    client_id, order = next(iter(scene.desk.state.orders.open.items()))
    moved = OrderMoved(client_id, "INFLIGHT", "REJECTED", "-2010 no funds")
    kind, severity, text = lines(moved, scene.desk.state) or ("", "", "")
    assert (kind, severity) == ("ORDER", "warn")
    assert text == f"{client_id[-4:]} REJECTED BUY {order.intent.quantity} BTC-USDT: -2010 no funds"
