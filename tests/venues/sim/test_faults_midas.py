"""What midas's own feed and broker make of an exchange that misbehaves."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from midas.domain.event import (
    OrderAccepted,
    OrderFilled,
    OrderNotSent,
    OrderRejected,
)
from midas.domain.market import BookDelta, BookLost, BookSnapshot, FeedStatus, MessageRefused, Trade
from midas.domain.order import Fill
from midas.domain.time import SECOND
from midas.venues.binance.endpoints import Endpoints
from midas.venues.binance.instruments import load
from tests.fakes.binance_bench import Bench
from tests.fakes.binance_desk import Desk
from tests.fakes.faults import Faults
from tests.fakes.faulty import faults, venue
from tests.fakes.shows import shows
from tests.venues.sim.conftest import Venue

__all__ = ["faults", "venue"]


@pytest.fixture
async def desk(venue: Venue) -> AsyncIterator[Desk]:
    first = Bench(Endpoints.at(venue.http, venue.ws), venue.run.api_key, venue.run.api_secret)
    instruments = await load(first.rest, ["BTCUSDT"])
    await first.broker.close()
    desk = Desk(venue.run, instruments)
    yield desk
    await desk.feed.close()
    await desk.broker.close()


@pytest.fixture
async def market(desk: Desk) -> Desk:
    """With a feed whose book is whole."""
    await desk.feed.start()
    await desk.until(lambda: desk.book.valid)
    return desk


@pytest.fixture
async def trader(desk: Desk) -> Desk:
    """With a broker whose user stream is open."""
    await desk.broker.start()
    return desk


@shows("skip_update_ids")
async def test_a_gap_hides_the_book_until_the_next_snapshot(market: Desk, faults: Faults) -> None:
    await market.until(lambda: market.count(BookDelta) > 1)  # an earlier diff may be in the snapshot already
    snapshots = market.count(BookSnapshot)
    await faults.arm("skip_update_ids")
    await market.until(lambda: market.count(BookSnapshot) > snapshots)
    (lost,) = [event for event in market.events if isinstance(event, BookLost)]
    assert "expected update" in lost.reason or "gap" in lost.reason
    assert (market.feed.gaps, market.book.valid) == (1, True)


@shows("corrupt_book")
async def test_a_crossed_book_is_hidden_and_fetched_anew(market: Desk, faults: Faults) -> None:
    snapshots = market.count(BookSnapshot)
    number = await faults.arm("corrupt_book", how="cross", count=0)
    await market.until(lambda: market.crossed)
    await faults.disarm(number)
    await market.until(lambda: market.book.valid and market.count(BookSnapshot) > snapshots)
    assert market.book.best_bid < market.book.best_ask


@shows("malformed_message")
@pytest.mark.parametrize("field", ["", "p"])
async def test_a_message_that_is_no_trade_is_refused_and_the_next_one_taken(
    market: Desk, faults: Faults, field: str
) -> None:
    await faults.arm("malformed_message", stream="btcusdt@trade", field=field)
    await market.until(lambda: market.count(MessageRefused))
    trades = market.count(Trade)
    await market.until(lambda: market.count(Trade) > trades)
    assert market.feed.refused == 1
    assert market.feed.connections == 1


@shows("freeze")
async def test_a_frozen_market_is_given_up_after_its_limit_and_comes_back(desk: Desk, faults: Faults) -> None:
    desk.impatient()
    await (market := desk).feed.start()
    await market.until(lambda: market.book.valid)
    before = time.monotonic()
    number = await faults.arm("freeze", sockets="market")
    await market.until(lambda: market.count(FeedStatus) > 1)
    assert time.monotonic() - before > 0.7
    down = [event for event in market.events if isinstance(event, FeedStatus)][1]
    assert (down.connected, "silent for" in down.detail) == (False, True)
    assert not market.book.valid
    await faults.disarm(number)
    await market.until(lambda: market.book.valid)


@shows("drop_sockets", "server_shutdown")
@pytest.mark.parametrize(
    ("hook", "fields"),
    [
        ("drop_sockets", {"code": 1006}),
        ("drop_sockets", {"code": 1001}),
        ("server_shutdown", {"cut_after_s": 0.1}),
    ],
)
async def test_a_cut_feed_reconnects_and_joins_a_new_snapshot(
    market: Desk, faults: Faults, hook: str, fields: dict[str, Any]
) -> None:
    await faults.fire(hook, **fields)
    await market.until(lambda: market.feed.connections == 2 and market.book.valid)
    status = [event.connected for event in market.events if isinstance(event, FeedStatus)]
    assert status == [True, False, True]
    assert market.feed.refused == 0


@shows("slow")
async def test_slow_streams_show_as_lag(market: Desk, faults: Faults) -> None:
    await market.until(lambda: market.count(BookDelta) > 10)
    await faults.arm("slow", delay_s=0.25)
    await market.until(lambda: market.feed.lag.latest > 0.15 * SECOND)
    assert market.feed.gaps == 0


@shows("refuse_connections")
async def test_an_order_that_could_not_connect_was_never_sent(trader: Desk, faults: Faults) -> None:
    price = await trader.low()
    number = await faults.arm("refuse_connections", cut=True)
    await trader.until(lambda: any(not status.connected for status in trader.of(FeedStatus)))
    await trader.order(price=price)
    (not_sent,) = trader.of(OrderNotSent)
    assert "no connection" in not_sent.reason
    await faults.disarm(number)
    await trader.until(lambda: trader.of(FeedStatus)[-1].connected)
    await trader.until(lambda: trader.gaps)
    await trader.order("md-2", price=price)
    assert trader.of(OrderAccepted)


@shows("lose_reply", "lose_request", "delay_reply", "answer_500", "answer_503", "answer_504", "answer_403")
@pytest.mark.parametrize(
    ("hook", "fields", "exists"),
    [
        ("lose_reply", {}, True),
        ("lose_request", {}, False),
        ("delay_reply", {"delay_s": 3.0}, True),
        ("answer_504", {"executed": True}, True),
        ("answer_504", {"executed": False}, False),
        ("answer_503", {"path": "POST order"}, False),
        ("answer_500", {"path": "POST order"}, False),
        ("answer_403", {"path": "POST order"}, False),
    ],
)
async def test_an_order_without_a_clear_answer_is_uncertain_until_a_pass_settles_it(
    desk: Desk, faults: Faults, hook: str, fields: dict[str, Any], exists: bool
) -> None:
    price = await desk.low()
    await faults.arm(hook, **fields)
    await desk.order(price=price)
    assert desk.kinds() == ["OrderSent", "OrderUncertain"]
    seen = await desk.broker.account("stream", [("md-1", desk.btc.id)], {})
    assert [order.client_id for order in seen.open_orders] == (["md-1"] if exists else [])
    assert seen.absent == (() if exists else ("md-1",))


@shows("answer_429", "answer_418")
@pytest.mark.parametrize("hook", ["answer_429", "answer_418"])
async def test_a_rate_limit_keeps_the_next_order_back_as_long_as_the_venue_says(
    desk: Desk, faults: Faults, hook: str
) -> None:
    price = await desk.low()
    await faults.arm(hook, path="POST order", retry_after_s=1)
    await desk.order(price=price)
    await desk.order("md-2", price=price)
    assert desk.kinds() == ["OrderSent", "OrderRejected", "OrderNotSent"]
    await desk.until(lambda: desk.rest.weights.retry_at < desk.rest.now())
    await desk.order("md-3", price=price)
    assert desk.kinds()[-1] == "OrderAccepted"


@shows("reject_order", "halt_symbol")
@pytest.mark.parametrize(
    ("hook", "fields", "reason"),
    [
        ("reject_order", {"code": -1013, "text": "Filter failure: LOT_SIZE"}, "Filter failure: LOT_SIZE"),
        ("halt_symbol", {"symbol": "BTCUSDT"}, "Market is closed."),
    ],
)
async def test_a_clear_no_is_a_no(
    desk: Desk, faults: Faults, hook: str, fields: dict[str, Any], reason: str
) -> None:
    await faults.arm(hook, **fields)
    await desk.order()
    (refused,) = desk.of(OrderRejected)
    assert reason in refused.reason


@shows("unknown_order")
async def test_an_order_that_is_open_is_never_absent_whatever_a_query_says(
    desk: Desk, faults: Faults
) -> None:
    await desk.order()
    await faults.arm("unknown_order")
    seen = await desk.broker.account("stream", [("md-1", desk.btc.id)], {})
    assert [order.client_id for order in seen.open_orders] == ["md-1"]
    assert seen.absent == ()


@shows("shift_server_time")
async def test_a_clock_that_jumped_is_measured_anew_after_one_refusal(trader: Desk, faults: Faults) -> None:
    price = await trader.low()
    await faults.arm("shift_server_time", shift_ms=-30_000)
    await trader.order(price=price)
    assert trader.of(OrderRejected)[0].code == -1021
    await trader.until(lambda: trader.rest.clock.offset_ms < -29_000)
    await trader.order("md-2", price=price)
    await trader.until(lambda: [event.client_id for event in trader.of(OrderAccepted)][-1:] == ["md-2"])


@shows("drop_sockets", "expire_user_subscription", "malformed_message")
@pytest.mark.parametrize(
    ("hook", "fields"),
    [
        ("drop_sockets", {"sockets": "user", "code": 1006}),
        ("expire_user_subscription", {}),
        ("malformed_message", {"sockets": "user", "field": "X"}),
    ],
)
async def test_whatever_ends_the_user_stream_asks_for_a_full_pass(
    trader: Desk, faults: Faults, hook: str, fields: dict[str, Any]
) -> None:
    await faults.arm(hook, **fields)
    await trader.order()
    await asyncio.wait_for(trader.gap.wait(), 30)
    await trader.order("md-2")
    await trader.until(
        lambda: {"answer", "stream"} <= {
            event.source.value for event in trader.of(OrderAccepted) if event.client_id == "md-2"
        }
    )  # fmt: skip
    assert {event.client_id for event in trader.of(OrderAccepted)} == {"md-1", "md-2"}


@shows("fill_before_ack", "reorder_events", "duplicate_event", "reply_first", "partial_fills")
@pytest.mark.parametrize(
    ("hook", "fields"),
    [
        ("fill_before_ack", {"gap_s": 0.2}),
        ("reorder_events", {}),
        ("duplicate_event", {"count": 2}),
        ("reply_first", {"gap_s": 0.2}),
        ("partial_fills", {"sizes": ["0.0004", "0.0006"]}),
    ],
)
async def test_fills_are_the_same_in_whatever_order_and_number_they_are_told(
    trader: Desk, faults: Faults, hook: str, fields: dict[str, Any]
) -> None:
    await faults.arm(hook, **fields)
    await trader.market_order("md-1")
    await trader.until(
        lambda: {event.source.value for event in trader.of(OrderFilled)} == {"answer", "stream"}
    )
    await trader.until(lambda: len({e.fill.trade_id for e in trader.of(OrderFilled)}) == len(_trades(trader)))
    assert sum(fill.quantity for fill in _trades(trader).values()) == Decimal("0.001")


def _trades(desk: Desk) -> dict[int, Fill]:
    """The fills by trade id, which are equal wherever they are told."""
    fills: dict[int, Fill] = {}
    for event in desk.of(OrderFilled):
        assert fills.setdefault(event.fill.trade_id, event.fill) == event.fill
    return fills
