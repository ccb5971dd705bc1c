"""A submit that is cancelled at whatever await it stands: never half a word about its order (F43)."""

from __future__ import annotations

import asyncio

from midas.domain.event import OrderAccepted, OrderNotSent, OrderSent, OrderUncertain
from tests.fakes.binance_bench import intent
from tests.fakes.binance_desk import Desk
from tests.fakes.proxy import FaultProxy

TURNS = 40


async def test_whenever_a_submit_is_cancelled_its_order_is_known_or_in_doubt(
    desk: Desk, proxy: FaultProxy
) -> None:
    price = await desk.low()
    for turns in range(1, TURNS):
        client_id, known = f"md-{turns}", len(desk.events)
        submitting = asyncio.create_task(desk.broker.submit(intent(client_id, price=price), lambda _: ""))
        for _ in range(turns):
            await asyncio.sleep(0)
        submitting.cancel()
        await asyncio.gather(submitting, return_exceptions=True)
        said = [type(event) for event in desk.events[known:]]
        assert said in ([OrderNotSent], [OrderSent, OrderUncertain], [OrderSent, OrderAccepted]), turns
        assert proxy.orders[client_id] <= (OrderSent in said)
