"""A key that the venue refuses: no storm, one word to a person (F23); and a clock that jumps (F21)."""

from __future__ import annotations

import msgspec
import pytest

from midas.domain.event import OrderAccepted, OrderNotSent, OrderRejected
from midas.domain.time import MINUTE
from midas.errors import RateLimited, Rejected
from midas.venues.binance.weights import Priority, Weights
from tests.fakes.binance_desk import Desk
from tests.fakes.proxy import ORDER, FaultProxy

REFUSED = '{"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."}'
SIGNED = ("/api/v3/order", "/api/v3/openOrders", "/api/v3/account", "/api/v3/myTrades")


def signed(proxy: FaultProxy) -> int:
    """How many signed requests left so far."""
    return sum(count for line, count in proxy.requests.items() if line.endswith(SIGNED))


async def test_a_refused_key_is_asked_once_and_told_once(desk: Desk, proxy: FaultProxy) -> None:
    told: list[str] = []
    desk.rest.on_key_refused = lambda: told.append("refused")
    price = await desk.low()
    proxy.arm("answer", "", times=0, status=401, body=REFUSED)
    await desk.order(price=price)
    for number in range(2, 6):
        await desk.order(f"md-{number}", price=price)
        with pytest.raises(RateLimited, match="refuses our API key"):
            await desk.rest.ask(desk.client.get_account, msgspec.Raw, Priority.RECONCILE)
    assert [event.code for event in desk.of(OrderRejected)] == [-2015]
    assert len(desk.of(OrderNotSent)) == 4
    assert signed(proxy) == 1
    assert told == ["refused"]


async def test_public_questions_go_on_while_the_key_is_refused(desk: Desk, proxy: FaultProxy) -> None:
    price = await desk.low()
    proxy.arm("answer", ORDER, status=401, body=REFUSED)
    await desk.order(price=price)
    assert await desk.rest.server_time()
    assert await desk.rest.public("depth", {"symbol": "BTCUSDT", "limit": "5"})


async def test_a_pass_that_the_key_fails_opens_the_breaker_too(desk: Desk, proxy: FaultProxy) -> None:
    proxy.arm("answer", "GET /api/v3/openOrders", status=401, body=REFUSED)
    with pytest.raises(Rejected):
        await desk.broker.account("audit", [], {})
    with pytest.raises(RateLimited):
        await desk.broker.account("audit", [], {})


def test_one_request_a_minute_finds_out_whether_the_key_is_good_again() -> None:
    now = [0]
    weights = Weights(lambda: now[0])
    assert weights.refuse_key()
    now[0] = MINUTE + 1
    weights.admit_key()
    with pytest.raises(RateLimited):
        weights.admit_key()
    assert not weights.refuse_key()
    now[0] = 2 * MINUTE + 2
    weights.admit_key()
    weights.accept_key()
    weights.admit_key()
    assert weights.retry_at == 0


async def test_an_order_signed_by_a_clock_that_jumped_is_refused_and_the_next_one_leaves_in_time(
    trader: Desk, proxy: FaultProxy
) -> None:
    price = await trader.low()
    body = '{"code": -1021, "msg": "Timestamp for this request is outside of the recvWindow."}'
    proxy.arm("answer", ORDER, status=400, body=body)
    asked = proxy.requests["GET /api/v3/time"]
    await trader.order(price=price)
    assert [event.code for event in trader.of(OrderRejected)] == [-1021]
    await trader.until(lambda: proxy.requests["GET /api/v3/time"] > asked)
    await trader.order("md-2", price=price)
    assert trader.of(OrderAccepted)[0].client_id == "md-2"
