"""The order side against the embedded exchange: the same wire protocol from both ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import msgspec
import pytest

from midas.domain.event import (
    BalancesSeen,
    CancelRejected,
    OrderAccepted,
    OrderClosed,
    OrderFilled,
    OrderRejected,
)
from midas.domain.instrument import Instrument
from midas.domain.money import floor_to
from midas.domain.order import CloseReason, OrderIntent, OrderType, Purpose, Side
from midas.venues.binance.emergency import EmergencyCanceller
from midas.venues.binance.endpoints import Endpoints, refuse_non_loopback
from midas.venues.binance.instruments import load
from midas.venues.sim.runfile import RunFile
from midas.venues.sim.server import ExchangeConfig, serve
from tests.fakes.binance_bench import Bench, intent
from tests.fakes.binance_stub import until
from tests.fakes.lossy_proxy import LossyProxy


class Desk(Bench):
    """A bench on a running exchange."""

    def __init__(self, run: RunFile, instruments: list[Instrument]) -> None:
        super().__init__(Endpoints.at(run.http, run.ws), run.api_key, run.api_secret, instruments)
        self.run = run
        self.btc = instruments[0]

    async def ask(self) -> Decimal:
        """The best price at which somebody sells."""
        reply = await self.client.get_order_book(symbol=self.btc.symbol, limit="5")
        return Decimal(msgspec.json.decode(reply.body)["asks"][0][0])


@pytest.fixture
async def exchange(tmp_path: Path) -> AsyncIterator[RunFile]:
    """A synthetic market that runs for the time of the test."""
    stop = asyncio.Event()
    path = tmp_path / "exchange.json"
    serving = asyncio.create_task(serve(ExchangeConfig(run_file=path, taker_fee=Decimal("0.001")), stop))
    await until(lambda: path.exists() or serving.done(), 20)
    if serving.done():
        serving.result()
    run = msgspec.json.decode(path.read_bytes(), type=RunFile)
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{run.ws}/ws/btcusdt@trade"):
        yield run
    stop.set()
    await serving


@pytest.fixture
async def desk(exchange: RunFile) -> AsyncIterator[Desk]:
    endpoints = Endpoints.at(exchange.http, exchange.ws)
    refuse_non_loopback(endpoints)
    first = Bench(endpoints, exchange.api_key, exchange.api_secret)
    instruments = await load(first.rest, ["BTCUSDT", "ETHUSDT"])
    await first.broker.close()
    desk = Desk(exchange, instruments)
    await desk.broker.start()
    yield desk
    await desk.broker.close()


async def test_a_resting_order_is_accepted_seen_and_cancelled(desk: Desk) -> None:
    price = floor_to(await desk.ask() * Decimal("0.9"), desk.btc.tick_size)
    await desk.submit(intent(type=OrderType.LIMIT_MAKER, price=price))
    await until(lambda: len(desk.of(OrderAccepted)) == 2)
    assert {event.source.value for event in desk.of(OrderAccepted)} == {"answer", "stream"}
    seen = await desk.broker.account("audit", [], {})
    (order,) = seen.open_orders
    assert (order.client_id, order.price, order.quantity) == ("md-1", price, Decimal("0.001"))
    await desk.broker.cancel("md-1", desk.btc.id)
    await until(lambda: len(desk.of(OrderClosed)) == 2)
    assert {event.reason for event in desk.of(OrderClosed)} == {CloseReason.CANCELED}
    assert {event.client_id for event in desk.of(OrderClosed)} == {"md-1"}
    assert (await desk.broker.account("audit", [], {})).open_orders == ()


async def test_a_taken_order_is_filled_alike_by_answer_stream_and_list(desk: Desk) -> None:
    await desk.ask()
    await desk.submit(intent(type=OrderType.MARKET, price=None, time_in_force=None))
    await until(lambda: {e.source.value for e in desk.of(OrderFilled)} == {"answer", "stream"})
    await until(lambda: len(desk.of(OrderClosed)) == 2)
    answered = {e.fill.trade_id: e.fill for e in desk.of(OrderFilled) if e.source.value == "answer"}
    streamed = {e.fill.trade_id: e.fill for e in desk.of(OrderFilled) if e.source.value == "stream"}
    seen = await desk.broker.account("audit", [("md-1", desk.btc.id)], {})
    listed = {trade.fill.trade_id: trade.fill for trade in seen.trades}
    assert answered == streamed == listed
    assert sum(fill.quantity for fill in listed.values()) == Decimal("0.001")
    assert {trade.client_id for trade in seen.trades} == {"md-1"}
    assert seen.queried[0].close_reason is CloseReason.FILLED
    assert seen.queried[0].filled == Decimal("0.001")
    assert desk.of(BalancesSeen)


async def test_trades_already_known_are_not_listed_again(desk: Desk) -> None:
    for number in range(3):
        await desk.submit(intent(f"md-{number}", type=OrderType.MARKET, price=None))
    trades = (await desk.broker.account("start", [], {})).trades
    known = trades[-2].fill.trade_id
    later = (await desk.broker.account("audit", [], {desk.btc.id: known})).trades
    assert [trade.fill.trade_id for trade in later] == [trades[-1].fill.trade_id]


async def test_an_order_that_the_account_cannot_pay_is_refused(desk: Desk) -> None:
    price = floor_to(await desk.ask() * Decimal("0.9"), desk.btc.tick_size)
    await desk.submit(intent(quantity=Decimal(100), price=price))
    assert desk.of(OrderRejected)[0].code == -2010


async def test_a_passive_order_that_would_take_is_refused(desk: Desk) -> None:
    price = floor_to(await desk.ask() * Decimal("1.01"), desk.btc.tick_size)
    await desk.submit(intent(type=OrderType.LIMIT_MAKER, price=price))
    assert "immediately match" in desk.of(OrderRejected)[0].reason


async def test_orders_that_never_were_are_absent_and_cannot_be_cancelled(desk: Desk) -> None:
    seen = await desk.broker.account("audit", [("md-none", desk.btc.id)], {})
    assert seen.absent == ("md-none",)
    await desk.broker.cancel("md-none", desk.btc.id)
    assert desk.of(CancelRejected)[0].code == -2011


async def test_the_kill_thread_cancels_what_the_broker_placed(desk: Desk) -> None:
    price = floor_to(await desk.ask() * Decimal("0.9"), desk.btc.tick_size)
    for number in range(3):
        await desk.submit(intent(f"md-{number}", price=price))
    url = desk.client.endpoints.rest
    emergency = EmergencyCanceller(
        url, desk.run.api_key, desk.run.api_secret, time.time_ns, lambda: desk.rest.clock.offset_ms
    )
    assert await asyncio.to_thread(emergency.ping)
    assert await asyncio.to_thread(emergency.cancel, "BTCUSDT", "md-0") == (200, 0)
    assert await asyncio.to_thread(emergency.cancel, "BTCUSDT", "md-0") == (400, -2011)
    assert await asyncio.to_thread(emergency.cancel_all, "BTCUSDT") == (200, 0)
    emergency.close()
    await until(lambda: len(desk.of(OrderClosed)) == 3)
    assert (await desk.broker.account("stop", [], {})).open_orders == ()


async def test_an_order_sold_pays_its_fee_in_the_quote(desk: Desk) -> None:
    await desk.submit(intent("md-1", type=OrderType.MARKET, price=None))
    half = intent("md-2", side=Side.SELL, type=OrderType.MARKET, price=None, quantity=Decimal("0.0005"))
    await desk.submit(half)
    fill = next(event.fill for event in desk.of(OrderFilled) if event.client_id == "md-2")
    assert fill.fee_asset == "USDT"
    assert fill.fee == pytest.approx(fill.price * fill.quantity * Decimal("0.001"), abs=Decimal("0.00000001"))


async def test_an_order_whose_answer_was_lost_is_found_by_the_next_pass(desk: Desk) -> None:
    price = floor_to(await desk.ask() * Decimal("0.9"), desk.btc.tick_size)
    proxy = LossyProxy(urlsplit(desk.run.http).port or 0)
    await proxy.start()
    behind = Bench(
        Endpoints.at(f"http://127.0.0.1:{proxy.port}", desk.run.ws), desk.run.api_key, desk.run.api_secret
    )
    proxy.losing = True
    await behind.submit(intent(price=price))
    assert behind.kinds() == ["OrderSent", "OrderUncertain"]
    proxy.losing = False
    seen = await behind.broker.account("stream", [("md-1", desk.btc.id)], {})
    assert [order.client_id for order in seen.open_orders] == ["md-1"]
    assert len([e for e in desk.of(OrderAccepted) if e.client_id == "md-1"]) == 1
    await behind.broker.close()
    await proxy.stop()


async def test_a_stop_waits_and_reserves_until_it_is_cancelled(desk: Desk) -> None:
    await desk.submit(intent("md-0", quantity=Decimal("0.04"), type=OrderType.MARKET, price=None))
    bought = desk.of(OrderFilled)[-1].fill.price
    far = floor_to(bought * Decimal("0.9"), desk.btc.tick_size)
    await desk.submit(_stop(desk, "md-far", far))
    await until(lambda: len(_accepted(desk, "md-far")) == 2)
    assert {(e.source.value, e.untriggered) for e in _accepted(desk, "md-far")} == {
        ("answer", True), ("stream", True),
    }  # fmt: skip
    seen = await desk.broker.account("audit", [], {})
    (line,) = seen.open_orders
    assert (line.type, line.untriggered, line.quantity) == (OrderType.STOP_LOSS_LIMIT, True, Decimal("0.001"))
    assert {b.asset: b.locked for b in seen.balances}["BTC"] == Decimal("0.001")
    await desk.broker.cancel("md-far", desk.btc.id)
    await until(lambda: any(e.client_id == "md-far" for e in desk.of(OrderClosed)))

    await desk.submit(_stop(desk, "md-past", bought * 2))
    assert "trigger immediately" in desk.of(OrderRejected)[-1].reason


def _stop(desk: Desk, client_id: str, price: Decimal) -> OrderIntent:
    limit = floor_to(price * Decimal("0.99"), desk.btc.tick_size)
    return intent(
        client_id, side=Side.SELL, type=OrderType.STOP_LOSS_LIMIT, price=limit, stop_price=price,
        purpose=Purpose.STOP, quantity=Decimal("0.001"),
    )  # fmt: skip


def _accepted(desk: Desk, client_id: str) -> list[OrderAccepted]:
    return [e for e in desk.of(OrderAccepted) if e.client_id == client_id]
