"""The broker: one send per intent, and what each kind of answer or silence becomes."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import time
from decimal import Decimal
from typing import Any

import pytest

from midas.domain.event import (
    CancelRejected,
    CancelSent,
    OrderAccepted,
    OrderClosed,
    OrderFilled,
    OrderNotSent,
    OrderRejected,
    OrderSent,
    OrderUncertain,
    Source,
)
from midas.domain.market import MessageRefused
from midas.domain.order import CloseReason, OrderIntent, OrderType
from midas.domain.time import MILLISECOND, SECOND
from midas.errors import ConfigInvalid, SentTwice, VenueError
from midas.ports.venue import Broker
from midas.state.order import Order
from midas.venues.binance.client import BinanceClient
from midas.venues.binance.rest import Rest
from tests.fakes.binance_bench import (
    BTC,
    KEY,
    SECRET,
    Stand,
    fill,
    intent,
    order_line,
    placed,
    trade_line,
)
from tests.fakes.binance_stub import ACCOUNT, StubVenue, ok, refused, until


async def test_an_order_is_sent_once_in_plain_numbers_and_signed(bench: Stand) -> None:
    bench.venue.on("POST", "order", lambda _: ok(placed()))
    await bench.submit(intent(quantity=Decimal("0.00001000")))
    (sent,) = bench.venue.sent("POST", "order")
    assert sent["quantity"] == "0.00001"
    assert sent["price"] == "59000"
    assert sent["newClientOrderId"] == "md-1"
    assert sent["newOrderRespType"] == "FULL"
    assert sent["timeInForce"] == "GTC"
    text = "&".join(f"{name}={value}" for name, value in sorted(sent.items()) if name != "signature")
    assert sent["signature"] == hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()


async def test_the_proof_of_absence_is_dated_by_the_window_on_the_wire(bench: Stand) -> None:
    bench.venue.on("POST", "order", lambda _: ok(placed()))
    await bench.submit(intent())
    (sent,) = bench.venue.sent("POST", "order")
    assert sent["recvWindow"] == "3000"
    dead_at = (int(sent["timestamp"]) + 3000) * MILLISECOND + 11 * SECOND
    assert bench.of(OrderSent)[0].dead_at == dead_at


@pytest.mark.parametrize(
    ("kind", "absent"),
    [(OrderType.MARKET, {"price", "timeInForce"}), (OrderType.LIMIT_MAKER, {"timeInForce"})],
)
async def test_an_order_type_sends_only_the_parameters_it_has(
    bench: Stand, kind: OrderType, absent: set[str]
) -> None:
    bench.venue.on("POST", "order", lambda _: ok(placed()))
    await bench.submit(intent(type=kind))
    (sent,) = bench.venue.sent("POST", "order")
    assert not absent & set(sent)


async def test_fills_come_before_the_end_that_they_lead_to(bench: Stand) -> None:
    fills = (fill(1, "0.0006"), fill(2, "0.0004"))
    bench.venue.on("POST", "order", lambda _: ok(placed("FILLED", "0.00100000", fills)))
    await bench.submit(intent())
    assert bench.kinds() == ["OrderSent", "OrderAccepted", "OrderFilled", "OrderFilled", "OrderClosed"]
    assert [event.fill.trade_id for event in bench.of(OrderFilled)] == [1, 2]
    (closed,) = bench.of(OrderClosed)
    assert (closed.reason, closed.filled) == (CloseReason.FILLED, Decimal("0.001"))


async def test_an_unfilled_remainder_closes_as_expired(bench: Stand) -> None:
    answer = placed("EXPIRED", "0.00060000", (fill(1, "0.0006"),))
    bench.venue.on("POST", "order", lambda _: ok(answer))
    await bench.submit(intent())
    assert bench.of(OrderClosed)[0].reason is CloseReason.EXPIRED


async def test_a_definite_refusal_is_rejected_with_the_venues_words(bench: Stand) -> None:
    bench.venue.on("POST", "order", lambda _: refused(400, -2010, "Account has insufficient balance"))
    await bench.submit(intent())
    (rejected,) = bench.of(OrderRejected)
    assert rejected.code == -2010
    assert "insufficient balance" in rejected.reason


async def test_an_answer_lost_after_execution_is_uncertain_and_never_sent_again(bench: Stand) -> None:
    bench.venue.on("POST", "order", lambda _: None)
    await bench.submit(intent())
    assert bench.kinds() == ["OrderSent", "OrderUncertain"]
    await asyncio.sleep(0.1)
    assert len(bench.venue.sent("POST", "order")) == 1


async def test_an_answer_lost_on_a_kept_connection_is_not_retried(bench: Stand) -> None:
    await bench.rest.server_time()  # leaves a kept-alive connection behind
    bench.venue.on("POST", "order", lambda _: None)
    await bench.submit(intent())
    assert len(bench.venue.sent("POST", "order")) == 1
    assert len(bench.of(OrderUncertain)) == 1


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b"oops"),
        (503, {"code": -1008, "msg": "overloaded"}),
        (504, {"code": -1007, "msg": "Timeout waiting for response from backend server."}),
        (400, {"code": -1000, "msg": "An unknown error occurred"}),
        (403, b"<html>firewall</html>"),
        (502, b"[]"),
        (200, b"not json"),
        (200, {"symbol": "BTCUSDT"}),
        (200, {"orderId": 1, "transactTime": 1, "status": "NEW", "executedQty": "NaN", "fills": []}),
        (200, {"orderId": 1, "transactTime": 1, "status": "FILLED", "executedQty": "NaN", "fills": []}),
        (200, {"orderId": 1, "transactTime": 1, "status": "ODD", "executedQty": "0", "fills": []}),
    ],
)
async def test_whatever_could_have_been_executed_is_uncertain(
    bench: Stand, status: int, body: object
) -> None:
    bench.venue.on("POST", "order", lambda _: (status, body, {}))
    await bench.submit(intent())
    assert bench.kinds() == ["OrderSent", "OrderUncertain"]


async def test_a_redirect_is_not_followed(bench: Stand) -> None:
    bench.venue.on("POST", "order", lambda _: (307, {}, {"Location": "/api/v3/elsewhere"}))
    await bench.submit(intent())
    assert [path for _, path, _ in bench.venue.asked] == ["order"]
    assert len(bench.of(OrderUncertain)) == 1


async def test_a_venue_that_cannot_be_reached_was_sent_nothing(venue: StubVenue) -> None:
    bench = Stand(venue)
    await venue.stop()
    await bench.submit(intent())
    await bench.broker.close()
    assert bench.kinds() == ["OrderNotSent"]


async def test_a_time_out_after_the_bytes_left_is_uncertain(venue: StubVenue) -> None:
    bench = Stand(venue, timeout_s=0.5)
    server = await asyncio.start_server(lambda r, w: asyncio.sleep(2), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    bench.client.API_URL = f"http://127.0.0.1:{port}/api"
    await bench.submit(intent())
    await bench.broker.close()
    server.close()
    assert bench.kinds() == ["OrderSent", "OrderUncertain"]


async def test_a_shutdown_while_waiting_leaves_the_order_uncertain(venue: StubVenue) -> None:
    bench = Stand(venue)
    server = await asyncio.start_server(lambda r, w: asyncio.sleep(2), "127.0.0.1", 0)
    bench.client.API_URL = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api"
    submitting = asyncio.create_task(bench.submit(intent()))
    await until(lambda: bench.of(OrderSent))
    submitting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await submitting
    await bench.broker.close()
    server.close()
    assert bench.kinds() == ["OrderSent", "OrderUncertain"]


async def test_an_intent_given_twice_is_our_mistake(bench: Stand) -> None:
    bench.venue.on("POST", "order", lambda _: ok(placed()))
    await bench.submit(intent())
    with pytest.raises(SentTwice, match="sent once"):
        await bench.submit(intent())
    assert len(bench.venue.sent("POST", "order")) == 1


async def test_an_order_that_may_no_longer_leave_once_it_is_connected_was_never_sent(
    venue: StubVenue,
) -> None:
    bench = Stand(venue)
    may_send, asked = [""], []
    connector = bench.client.session.connector
    assert connector is not None
    connect = connector.connect

    async def slowly(*arguments: Any, **named: Any) -> Any:
        may_send[0] = "the kill latch is set"  # while aiohttp connects
        return await connect(*arguments, **named)

    def ask(order: OrderIntent) -> str:
        asked.append(order.client_id)
        return may_send[0]

    connector.connect = slowly
    await bench.submit(intent(), ask)
    assert [(event.client_id, event.reason) for event in bench.of(OrderNotSent)] == [
        ("md-1", "the kill latch is set")
    ]
    assert bench.kinds() == ["OrderNotSent"]
    assert asked == ["md-1"]
    await asyncio.sleep(0.05)
    assert venue.sent("POST", "order") == []
    may_send[0] = ""
    connector.connect = connect
    await bench.submit(intent("md-2"), ask)
    assert [sent["newClientOrderId"] for sent in venue.sent("POST", "order")] == ["md-2"]
    await bench.broker.close()


async def test_after_a_429_nothing_leaves_before_its_time(bench: Stand) -> None:
    bench.venue.on("POST", "order", lambda _: refused(429, -1003, "Too much", Retry_After="5"))
    await bench.submit(intent("md-1"))
    await bench.submit(intent("md-2"))
    assert [event.code for event in bench.of(OrderRejected)] == [-1003]
    assert [event.client_id for event in bench.of(OrderNotSent)] == ["md-2"]
    with pytest.raises(VenueError):
        await bench.broker.account("audit", [], {})
    assert len(bench.venue.asked) == 1


async def test_a_refused_timestamp_is_definite_and_resets_the_clock(bench: Stand) -> None:
    await bench.broker.start()
    bench.venue.time_shift_ms = 5000
    bench.venue.on("POST", "order", lambda _: refused(400, -1021, "outside of the recvWindow"))
    await bench.submit(intent())
    assert bench.of(OrderRejected)[0].code == -1021
    await until(lambda: bench.client.timestamp_offset > 4000)
    assert bench.rest.clock.offset_ms == pytest.approx(5000, abs=500)


async def test_a_duplicate_is_adopted_as_the_venue_has_it(bench: Stand) -> None:
    bench.venue.on("POST", "order", lambda _: refused(400, -2010, "Duplicate order sent."))
    bench.venue.on("GET", "order", lambda _: ok(order_line(status="CANCELED", executed="0.0004")))
    bench.venue.on("GET", "myTrades", lambda _: ok([trade_line(77)]))
    await bench.submit(intent())
    assert bench.kinds() == ["OrderSent", "OrderAccepted", "OrderFilled", "OrderClosed"]
    assert {event.source for event in bench.of(OrderAccepted)} == {Source.QUERY}


async def test_a_duplicate_that_cannot_be_looked_up_is_uncertain(bench: Stand) -> None:
    bench.venue.on("POST", "order", lambda _: refused(400, -2010, "Duplicate order sent."))
    await bench.submit(intent())
    assert bench.kinds() == ["OrderSent", "OrderUncertain"]


async def test_a_cancel_closes_by_the_venues_word(bench: Stand) -> None:
    bench.venue.on("DELETE", "order", lambda _: ok(placed("CANCELED", "0.00040000")))
    await bench.broker.cancel("md-1", BTC.id)
    assert bench.kinds() == ["CancelSent", "OrderClosed"]
    assert bench.of(OrderClosed)[0].filled == Decimal("0.0004")
    (sent,) = bench.venue.sent("DELETE", "order")
    assert sent["origClientOrderId"] == "md-1"


@pytest.mark.parametrize(
    ("code", "text", "gone"),
    [(-2011, "Unknown order sent.", True), (-2015, "Invalid API-key, IP, or permissions for action.", False)],
)
async def test_a_refused_cancel_is_never_read_as_cancelled(
    bench: Stand, code: int, text: str, gone: bool
) -> None:
    bench.venue.on("DELETE", "order", lambda _: refused(400, code, text))
    await bench.broker.cancel("md-1", BTC.id)
    assert bench.kinds() == ["CancelSent", "CancelRejected"]
    assert (bench.of(CancelRejected)[0].code, bench.of(CancelRejected)[0].gone) == (code, gone)


async def test_an_order_that_was_renamed_while_nobody_listened_keeps_the_name_that_we_gave_it(
    bench: Stand,
) -> None:
    bench.venue.on("GET", "openOrders", lambda _: ok([order_line("web-77")]))
    bench.venue.on("DELETE", "order", lambda _: ok(placed("CANCELED")))
    left = Order(intent("md-1"))
    left.venue_id = "5012"
    bench.broker.recall([left.carried()])
    (listed,) = (await bench.broker.account("start", [("md-1", BTC.id)], {})).open_orders
    assert listed.client_id == "md-1"
    await bench.broker.cancel("md-1", BTC.id)
    assert bench.venue.sent("DELETE", "order")[0]["origClientOrderId"] == "web-77"


async def test_what_an_answer_ended_is_not_opened_again_by_an_older_list(bench: Stand) -> None:
    answer = placed("EXPIRED", "0.00060000", (fill(1, "0.0006"),))
    bench.venue.on("POST", "order", lambda _: ok(answer))
    await bench.submit(intent())
    assert bench.of(OrderClosed)[0].sequence == answer["transactTime"] * MILLISECOND


async def test_a_cancel_without_an_answer_is_asked_again(bench: Stand) -> None:
    answers = [refused(503, -1008), ok(placed("CANCELED"))]
    bench.venue.on("DELETE", "order", lambda _: answers.pop(0))
    await bench.broker.cancel("md-1", BTC.id)
    assert len(bench.of(CancelSent)) == 2
    assert len(bench.of(OrderClosed)) == 1


async def test_a_second_cancel_of_an_order_waits_for_the_first(bench: Stand) -> None:
    bench.venue.on("DELETE", "order", lambda _: ok(placed("CANCELED")))
    await asyncio.gather(*(bench.broker.cancel("md-1", BTC.id) for _ in range(3)))
    assert len(bench.venue.sent("DELETE", "order")) == 1


async def test_a_key_without_permission_stops_the_start(bench: Stand) -> None:
    bench.venue.on("GET", "account", lambda _: ok(ACCOUNT | {"canTrade": False}))
    with pytest.raises(ConfigInvalid, match="may not trade"):
        await bench.broker.start()


async def test_a_refused_key_stops_the_start_without_telling_it(bench: Stand) -> None:
    bench.venue.on("GET", "account", lambda _: refused(401, -2015, "Invalid API-key"))
    with pytest.raises(ConfigInvalid, match="-2015") as caught:
        await bench.broker.start()
    assert KEY not in repr(caught.value)


async def test_closing_twice_is_harmless(bench: Stand) -> None:
    await bench.broker.start()
    async with asyncio.timeout(5):  # the library alone would wait for its read loop's time-out, twice
        await bench.broker.close()
        await bench.broker.close()
    assert bench.client.session.closed


async def test_neither_key_nor_secret_shows_in_any_text(bench: Stand) -> None:
    bench.venue.on("POST", "order", lambda _: None)
    await bench.submit(intent())
    shown = [repr(thing) for thing in (bench.broker, bench.client, bench.rest, *bench.events)]
    bench.venue.on("GET", "openOrders", lambda _: None)
    with pytest.raises(VenueError) as caught:
        await bench.broker.account("audit", [], {})
    shown += [repr(caught.value), str(caught.value)]
    assert caught.value.__cause__ is None
    assert not [text for text in shown if KEY in text or SECRET in text]


async def test_neither_key_nor_secret_shows_in_the_log(
    bench: Stand, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    bench.venue.on("POST", "order", lambda _: ok(placed()))
    await bench.broker.start()
    await bench.submit(intent())
    await bench.venue.drop()
    await until(lambda: bench.gaps)
    assert "userDataStream" in "".join(bench.venue.socket_methods)
    assert KEY not in caplog.text
    assert SECRET not in caplog.text


async def test_a_stream_that_was_away_has_the_venues_time_measured_anew(bench: Stand) -> None:
    await bench.broker.start()
    asked = len(bench.venue.sent("GET", "time"))
    await bench.venue.drop()
    await until(lambda: len(bench.venue.sent("GET", "time")) > asked)
    assert bench.gaps


def test_the_broker_is_a_broker(bench: Stand) -> None:
    broker: Broker = bench.broker
    assert broker.is_ours("md-1")  # type: ignore[attr-defined]


async def test_orders_beside_each_other_keep_their_own_answers(bench: Stand) -> None:
    bench.venue.on(
        "POST",
        "order",
        lambda p: ok(placed() | {"orderId": int(p["newClientOrderId"][3:])}),
    )
    await asyncio.gather(*(bench.submit(intent(f"md-{n}")) for n in range(20)))
    assert {(event.client_id, event.venue_id) for event in bench.of(OrderAccepted)} == {
        (f"md-{n}", str(n)) for n in range(20)
    }


async def test_a_session_can_be_made_without_reaching_anything(venue: StubVenue) -> None:
    client = BinanceClient(venue.endpoints, KEY, SECRET)
    assert Rest(client, time.time_ns).weights.used == 0
    await client.close_connection()
    assert venue.asked == []


async def test_after_the_session_is_closed_nothing_is_sent_and_everyone_is_told(bench: Stand) -> None:
    await bench.broker.close()
    await bench.submit(intent("md-1"))
    await bench.broker.cancel("md-2", BTC.id)
    with pytest.raises(VenueError):
        await bench.broker.account("stop", [], {})
    assert bench.kinds() == ["OrderNotSent", "OrderUncertain"]
    assert bench.venue.asked == []


async def test_the_market_side_fetches_through_the_same_breaker(bench: Stand) -> None:
    bench.venue.on("GET", "depth", lambda _: ok({"lastUpdateId": 1}, X_MBX_USED_WEIGHT_1M="5800"))
    assert await bench.rest.public("depth", {"symbol": "BTCUSDT", "limit": "5"}) == b'{"lastUpdateId": 1}'
    assert bench.venue.sent("GET", "depth") == [{"symbol": "BTCUSDT", "limit": "5"}]
    with pytest.raises(VenueError, match="held back"):
        await bench.rest.public("depth", {"symbol": "BTCUSDT"})


async def test_a_clock_that_fails_unexpectedly_is_told_and_kept(bench: Stand) -> None:
    await bench.broker.start()

    async def broken() -> int:
        raise ZeroDivisionError

    bench.rest.clock._sample = broken
    bench.rest.clock.suspect()
    await until(lambda: bench.of(MessageRefused))
    assert bench.of(MessageRefused)[0].reason == "unexpected ZeroDivisionError"
