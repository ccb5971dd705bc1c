"""Streams that fall silent, break off or crawl: noticed, told, opened again (F14, F24-F26, F39)."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from midas.domain.event import OrderAccepted, OrderFilled
from midas.domain.market import BookDelta, FeedStatus
from tests.fakes.binance_desk import Desk
from tests.fakes.faults import Faults
from tests.fakes.proxy import FaultProxy

USER = "GET /ws-api"
MARKET = "GET /stream"
QUIET_S = 0.4
SLACK_S = 20.0  # of a busy machine


def downs(desk: Desk, stream: str) -> list[FeedStatus]:
    """How often that stream was told to be lost."""
    return [status for status in desk.of(FeedStatus) if status.stream == stream and not status.connected]


async def test_a_half_open_user_stream_is_noticed_within_two_heartbeats(
    desk: Desk, proxy: FaultProxy
) -> None:
    desk.broker.stream.quiet_s = QUIET_S
    await desk.broker.start()
    proxy.arm("half_open", USER, times=0)
    began = time.monotonic()
    await desk.until(lambda: downs(desk, "user"))
    assert time.monotonic() - began < 2 * QUIET_S + SLACK_S
    proxy.disarm()
    await desk.until(lambda: desk.gaps)


async def test_a_market_that_is_connected_and_silent_is_given_up_and_opened_again(
    desk: Desk, proxy: FaultProxy
) -> None:
    desk.impatient()
    await desk.feed.start()
    await desk.until(lambda: desk.book.valid)
    proxy.arm("half_open", MARKET, times=0)
    await desk.until(lambda: downs(desk, "market"))
    assert not desk.book.valid
    proxy.disarm()
    await desk.until(lambda: desk.book.valid)


@pytest.mark.parametrize("path", [USER, MARKET])
async def test_a_reset_stream_comes_back(desk: Desk, proxy: FaultProxy, path: str) -> None:
    await desk.broker.start()
    await desk.feed.start()
    stream = "user" if path == USER else "market"
    assert proxy.cut(path.removeprefix("GET ")) == 1
    await desk.until(lambda: downs(desk, stream))
    await desk.until(lambda: [s for s in desk.of(FeedStatus) if s.stream == stream][-1].connected)


async def test_fills_that_a_lost_stream_missed_are_found_by_the_pass_that_it_asks_for(
    trader: Desk, proxy: FaultProxy
) -> None:
    proxy.arm("half_open", USER, times=0)
    proxy.arm("reset_after", "POST /api/v3/order")
    await trader.market_order("md-1")
    assert not trader.of(OrderFilled)
    proxy.disarm()
    proxy.cut("/ws-api")
    await asyncio.wait_for(trader.gap.wait(), 30)
    seen = await trader.broker.account("stream", [("md-1", trader.btc.id)], {})
    assert seen.queried[0].filled == sum(trade.fill.quantity for trade in seen.trades)


async def test_an_ended_subscription_is_made_anew_and_hears_again(trader: Desk, faults: Faults) -> None:
    await faults.fire("expire_user_subscription")
    await trader.until(lambda: downs(trader, "user"))
    await trader.until(lambda: trader.gaps)
    await trader.order()
    await trader.until(
        lambda: {"answer", "stream"} == {event.source.value for event in trader.of(OrderAccepted)}
    )
    assert {event.client_id for event in trader.of(OrderAccepted)} == {"md-1"}


async def test_a_stream_that_crawls_is_late_and_complete(desk: Desk, proxy: FaultProxy) -> None:
    fault: Any = proxy.arm("slow", MARKET, times=0, rate=400_000)
    await desk.feed.start()
    await desk.until(lambda: desk.book.valid and desk.count(BookDelta) > 5)
    assert fault.done == 1
    assert desk.feed.gaps == 0


async def test_a_user_stream_that_cannot_be_opened_is_tried_again(desk: Desk, proxy: FaultProxy) -> None:
    proxy.arm("reset_before", USER)
    await desk.broker.start()
    assert proxy.requests[USER + "/v3"] == 2
