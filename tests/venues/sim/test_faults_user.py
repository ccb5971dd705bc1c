"""User events that come twice, in the wrong order, spoilt or not at all: what unmodified clients see."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
from binance import AsyncClient
from binance.exceptions import BinanceAPIException

from tests.fakes.faults import Faults
from tests.fakes.faulty import SYMBOL, buy, client, faults, place, pro, venue
from tests.fakes.shows import shows
from tests.venues.sim.conftest import Venue

__all__ = ["client", "faults", "pro", "venue"]

SOON = 30.0


class User:
    """python-binance's user socket, and what it said."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self.events: list[dict[str, Any]] = []

    async def next(self, kind: str = "executionReport") -> dict[str, Any]:
        """The next event of a kind."""
        while True:
            event: dict[str, Any] = await asyncio.wait_for(self._socket.recv(), SOON)
            self.events.append(event)
            if event["e"] == kind:
                return event


@pytest.fixture
async def user(venue: Venue, client: AsyncClient) -> AsyncIterator[User]:
    client.ws_api.TIMEOUT = 0.3
    socket = venue.sockets(client).user_socket()
    await socket.connect()
    yield User(socket)
    with contextlib.suppress(BinanceAPIException):  # it unsubscribes, even where the venue ended it
        await socket.__aexit__(None, None, None)


async def placed(pro: Any) -> None:
    """An order of ccxt that rests."""
    price = (await pro.fetch_ticker("BTC/USDT"))["bid"] - 50
    await pro.create_order("BTC/USDT", "limit", "buy", 0.001, round(price, 2))


async def subscribed(pro: Any) -> None:
    """Wait until ccxt's user stream tells of orders."""
    watching = asyncio.create_task(pro.watch_orders("BTC/USDT"))
    while not watching.done():
        await placed(pro)
        await asyncio.wait([watching], timeout=0.05)
    watching.result()


@shows("duplicate_event")
async def test_a_fill_that_is_told_twice_has_one_trade_and_one_execution_id(
    client: AsyncClient, user: User, faults: Faults
) -> None:
    await buy(client, "first")
    await user.next()
    await user.next()
    number = await faults.arm("duplicate_event", symbol=SYMBOL, count=2)
    await buy(client, "twice-1")
    new, new_again, fill, fill_again = [await user.next() for _ in range(4)]
    assert (new["x"], fill["x"]) == ("NEW", "TRADE")
    assert (new, fill) == (new_again, fill_again)
    assert len(await client.get_my_trades(symbol=SYMBOL)) == 2
    assert number not in [row["id"] for row in await faults.armed()]


@shows("reorder_events")
async def test_two_swapped_reports_go_back_to_an_earlier_state(
    client: AsyncClient, user: User, faults: Faults
) -> None:
    await faults.arm("reorder_events")
    await buy(client, "swap-1")
    first, second = await user.next(), await user.next()
    assert [first["x"], second["x"]] == ["TRADE", "NEW"]
    assert first["I"] > second["I"], "execution ids tell what was first"
    assert first["X"] == "FILLED"


@shows("reorder_events")
async def test_an_event_without_a_second_one_comes_after_its_wait(
    client: AsyncClient, user: User, faults: Faults
) -> None:
    await faults.arm("reorder_events", within_s=0.05)
    await place(client, "alone-1")
    assert (await user.next())["c"] == "alone-1"
    await faults.disarm()
    await place(client, "alone-2")
    assert (await user.next())["c"] == "alone-2"


@shows("fill_before_ack")
async def test_a_fill_comes_before_its_order_is_acknowledged(
    client: AsyncClient, user: User, faults: Faults
) -> None:
    await faults.arm("fill_before_ack", gap_s=1.0)
    reply = asyncio.create_task(buy(client, "early-1"))
    fill, new = await user.next(), await user.next()
    assert [fill["x"], new["x"]] == ["TRADE", "NEW"]
    assert not reply.done()
    assert (await reply)["status"] == "FILLED"


@shows("fill_before_ack")
async def test_ccxt_takes_a_fill_that_comes_before_its_acknowledgement(pro: Any, faults: Faults) -> None:
    await subscribed(pro)
    watching = asyncio.create_task(pro.watch_my_trades("BTC/USDT"))
    await faults.arm("fill_before_ack")
    order = await pro.create_order("BTC/USDT", "market", "buy", 0.001)
    trades = await asyncio.wait_for(watching, SOON)
    assert (order["status"], trades[-1]["order"]) == ("closed", order["id"])


@shows("reply_first")
async def test_the_reply_can_come_before_every_event_of_its_order(
    client: AsyncClient, user: User, faults: Faults
) -> None:
    await faults.arm("reply_first", path="POST order", gap_s=1.0)
    order = await buy(client, "reply-1")
    assert order["status"] == "FILLED"
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(waiting := asyncio.ensure_future(user.next())), 0.1)
    new, fill = await waiting, await user.next()
    assert [new["x"], fill["x"]] == ["NEW", "TRADE"]
    assert {row["a"] for row in (await user.next("outboundAccountPosition"))["B"]} == {"BTC", "USDT"}


@shows("reply_first")
async def test_events_come_first_where_nothing_is_armed(client: AsyncClient, user: User) -> None:
    reply = asyncio.create_task(buy(client, "stream-1"))
    assert (await user.next())["x"] == "NEW"
    assert (await reply)["status"] == "FILLED"


@shows("reply_first")
async def test_a_refused_order_lets_go_of_the_events_that_waited(
    client: AsyncClient, user: User, faults: Faults
) -> None:
    await faults.arm("reply_first", gap_s=0.05)
    with pytest.raises(Exception, match="insufficient balance"):
        await buy(client, "poor-1", "50")
    await place(client, "rich-1")
    assert (await user.next())["c"] == "rich-1"


@shows("partial_fills")
async def test_an_order_that_takes_fills_in_the_chosen_sizes(
    client: AsyncClient, user: User, faults: Faults
) -> None:
    sizes = ["0.00040", "0.00010", "0.00050"]
    number = await faults.arm("partial_fills", sizes=sizes)
    order = await buy(client, "parts-1")
    assert [Decimal(fill["qty"]) for fill in order["fills"]] == [Decimal(size) for size in sizes]
    await user.next()
    reports = [await user.next() for _ in sizes]
    assert [report["X"] for report in reports] == ["PARTIALLY_FILLED", "PARTIALLY_FILLED", "FILLED"]
    assert len({report["t"] for report in reports}) == 3
    await faults.done(number)
    assert len((await buy(client, "whole-1"))["fills"]) == 1


@shows("partial_fills")
async def test_an_order_that_rests_fills_in_the_chosen_sizes_and_lives_on(
    client: AsyncClient, user: User, faults: Faults
) -> None:
    order = await place(client, "rest-1")
    await user.next()
    await faults.arm("partial_fills", sizes=["0.0002", "0.0003"], client_id="rest-1")
    first, second = await user.next(), await user.next()
    assert (first["l"], first["z"]) == ("0.00020000", "0.00020000")
    assert (second["l"], second["z"], second["X"]) == ("0.00030000", "0.00050000", "PARTIALLY_FILLED")
    assert (first["L"], first["m"]) == (order["price"], True)
    rest = await client.get_order(symbol=SYMBOL, orderId=order["orderId"])
    assert (rest["status"], rest["executedQty"]) == ("PARTIALLY_FILLED", "0.00050000")
    await faults.arm("partial_fills", sizes=["5"], client_id="rest-1")
    assert (await user.next())["X"] == "FILLED"
    account = await client.get_account()
    assert {row["asset"]: Decimal(row["locked"]) for row in account["balances"]}["USDT"] == 0


@shows("partial_fills")
async def test_ccxt_adds_partial_fills_up(pro: Any, faults: Faults) -> None:
    await faults.arm("partial_fills", sizes=["0.0004", "0.0006"])
    order = await pro.create_order("BTC/USDT", "market", "buy", 0.001)
    assert ([trade["amount"] for trade in order["trades"]], order["filled"]) == ([0.0004, 0.0006], 0.001)


@shows("expire_user_subscription")
async def test_an_ended_subscription_is_told_and_then_silent(
    client: AsyncClient, user: User, faults: Faults
) -> None:
    await faults.fire("expire_user_subscription")
    await user.next("eventStreamTerminated")
    await place(client, "unheard-1")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(user.next(), 0.3)


@shows("expire_user_subscription")
async def test_an_ended_subscription_does_not_wake_ccxt(pro: Any, faults: Faults) -> None:
    await subscribed(pro)
    waiting = asyncio.create_task(pro.watch_orders("BTC/USDT"))
    await faults.fire("expire_user_subscription")
    await placed(pro)
    done, _ = await asyncio.wait([waiting], timeout=0.5)
    assert not done
    waiting.cancel()


@shows("expire_user_subscription")
async def test_only_the_named_accounts_subscription_ends(
    client: AsyncClient, user: User, faults: Faults
) -> None:
    await faults.fire("expire_user_subscription", account="second")
    await place(client, "heard-1")
    assert (await user.next())["c"] == "heard-1"


@shows("malformed_message")
async def test_a_report_without_a_field_reaches_the_client_as_it_is(
    client: AsyncClient, user: User, faults: Faults
) -> None:
    await faults.arm("malformed_message", sockets="user", field="X")
    await place(client, "torn-1")
    assert "X" not in await user.next()
    await place(client, "torn-2")
    assert (await user.next())["X"] == "NEW"
