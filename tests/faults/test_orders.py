"""Orders on a network that loses, repeats and cuts: sent once, and known in the end (F01-F04, F08, F29)."""

from __future__ import annotations

from typing import Any

import pytest

from midas.domain.event import (
    CancelRejected,
    OrderAccepted,
    OrderClosed,
    OrderFilled,
    OrderNotSent,
    OrderRejected,
    OrderUncertain,
)
from midas.domain.order import CloseReason
from tests.fakes.binance_desk import Desk
from tests.fakes.exchange import Venue
from tests.fakes.proxy import ORDER, FaultProxy

CANCEL = "DELETE /api/v3/order"
LOST: list[tuple[str, dict[str, Any], bool]] = [
    ("drop_request", {}, False),
    ("drop_answer", {}, True),
    ("reset_before", {}, False),
    ("reset_after", {}, True),
    ("reset_mid", {}, True),
    ("delay_answer", {"seconds": 3.0}, True),
    ("answer", {"status": 503, "effect": True}, True),
    ("answer", {"status": 503, "effect": False}, False),
    ("answer", {"status": 200, "body": "{}", "effect": True}, True),
    ("answer", {"status": 400, "body": "<html>", "effect": False}, False),
]


@pytest.mark.parametrize(("kind", "fields", "exists"), LOST)
async def test_an_order_whose_answer_is_lost_is_in_doubt_and_sent_once(
    desk: Desk, proxy: FaultProxy, venue: Venue, kind: Any, fields: dict[str, Any], exists: bool
) -> None:
    price = await desk.low()
    proxy.arm(kind, ORDER, **fields)
    await desk.order(price=price)
    assert [type(event) for event in desk.events[1:]] == [OrderUncertain]
    seen = await desk.broker.account("stream", [("md-1", desk.btc.id)], {})
    assert [order.client_id for order in seen.open_orders] == (["md-1"] if exists else [])
    assert seen.absent == (() if exists else ("md-1",))
    assert (await venue.status())["orders"] == exists
    assert proxy.orders == {"md-1": 1}


async def test_an_order_that_filled_before_anybody_asked_is_found_by_its_trades(
    desk: Desk, proxy: FaultProxy
) -> None:
    proxy.arm("drop_answer", ORDER)
    await desk.market_order("md-1")
    assert isinstance(desk.events[-1], OrderUncertain)
    seen = await desk.broker.account("stream", [("md-1", desk.btc.id)], {})
    assert {trade.client_id for trade in seen.trades} == {"md-1"}
    assert seen.queried[0].filled == sum(trade.fill.quantity for trade in seen.trades)
    assert proxy.orders == {"md-1": 1}


async def test_the_stream_tells_of_an_order_whose_answer_is_lost(trader: Desk, proxy: FaultProxy) -> None:
    proxy.arm("reset_after", ORDER)
    await trader.market_order("md-1")
    await trader.until(lambda: trader.of(OrderFilled) and trader.of(OrderClosed))
    assert trader.of(OrderClosed)[0].reason is CloseReason.FILLED


async def test_a_request_that_the_network_repeats_is_one_order(desk: Desk, proxy: FaultProxy) -> None:
    price = await desk.low()
    proxy.arm("duplicate", ORDER)
    await desk.order(price=price)
    assert [event.client_id for event in desk.of(OrderAccepted)] == ["md-1"]
    assert not desk.of(OrderRejected)
    seen = await desk.broker.account("stream", [], {})
    assert [order.client_id for order in seen.open_orders] == ["md-1"]


@pytest.mark.parametrize("kind", ["drop_answer", "reset_after", "reset_mid", "reset_before", "drop_request"])
async def test_a_cancel_is_asked_until_the_venue_answers_and_unknown_is_not_cancelled(
    desk: Desk, proxy: FaultProxy, kind: Any
) -> None:
    price = await desk.low()
    await desk.order(price=price)
    proxy.arm(kind, CANCEL)
    await desk.broker.cancel("md-1", desk.btc.id)
    assert proxy.requests[CANCEL] >= 2
    ends = [*desk.of(OrderClosed), *desk.of(CancelRejected)]
    assert len(ends) == 1
    if isinstance(ends[0], CancelRejected):  # the first one had worked: only a look can tell
        assert ends[0].code == -2011
    seen = await desk.broker.account("stream", [("md-1", desk.btc.id)], {})
    assert seen.open_orders == ()


async def test_an_order_that_the_account_cannot_pay_is_refused_once(desk: Desk, proxy: FaultProxy) -> None:
    body = '{"code": -2010, "msg": "Account has insufficient balance for requested action."}'
    price = await desk.low()
    proxy.arm("answer", ORDER, status=400, body=body)
    await desk.order(price=price)
    assert [event.code for event in desk.of(OrderRejected)] == [-2010]
    assert proxy.orders == {"md-1": 1}


@pytest.mark.parametrize(("headers", "least"), [({}, 9.0), ({"Retry-After": "3"}, 2.0)])
@pytest.mark.parametrize("status", [429, 418])
async def test_nothing_leaves_while_the_venue_wants_silence(
    desk: Desk, proxy: FaultProxy, status: int, headers: dict[str, str], least: float
) -> None:
    price = await desk.low()
    proxy.arm("answer", ORDER, status=status, headers=headers, body='{"code": -1003, "msg": "Too much."}')
    await desk.order(price=price)
    assert isinstance(desk.events[-1], OrderRejected)
    assert desk.rest.weights.retry_at - desk.rest.now() > least * 1e9
    before = proxy.requests.total()
    await desk.order("md-2", price=price)
    with pytest.raises(Exception, match="silence"):
        await desk.broker.account("audit", [], {})
    assert isinstance(desk.events[-1], OrderNotSent)
    assert proxy.requests.total() == before


async def test_the_weight_that_another_process_used_holds_questions_back_but_no_cancel(
    desk: Desk, proxy: FaultProxy
) -> None:
    price = await desk.low()
    await desk.order(price=price)
    used = {"X-MBX-USED-WEIGHT-1M": "5990"}
    proxy.arm("answer", "GET /api/v3/time", times=0, status=200, headers=used, body='{"serverTime": 1}')
    await desk.rest.server_time()
    with pytest.raises(Exception, match="5990"):
        await desk.broker.account("audit", [], {})
    await desk.broker.cancel("md-1", desk.btc.id)
    assert desk.of(OrderClosed)
