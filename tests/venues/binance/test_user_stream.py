"""The user stream: what its events become, and that a drop is noticed, mended and told."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from midas.domain.event import (
    BalancesSeen,
    FlowSeen,
    OrderAccepted,
    OrderClosed,
    OrderFilled,
    OrderRejected,
    OrderReplaced,
    OrderTriggered,
    Source,
)
from midas.domain.market import FeedStatus, MessageRefused
from midas.domain.order import CloseReason
from midas.domain.time import MILLISECOND
from midas.venues.binance.executions import Translator
from midas.venues.binance.orders import KnownOrders
from tests.fakes.binance_bench import BTC, Stand, fill, intent, placed
from tests.fakes.binance_stub import ok, until

EXECUTION: dict[str, Any] = {
    "e": "executionReport", "E": 1795248017102, "s": "BTCUSDT", "c": "md-1", "S": "BUY", "o": "LIMIT",
    "f": "GTC", "q": "0.00100000", "p": "59000.00000000", "P": "0.00000000", "F": "0.00000000", "g": -1,
    "C": "", "x": "NEW", "X": "NEW", "r": "NONE", "i": 5012, "l": "0.00000000", "z": "0.00000000",
    "L": "0.00000000", "n": "0", "N": None, "T": 1795248017100, "t": -1, "I": 9050, "w": True, "m": False,
    "M": False, "O": 1795248017100, "Z": "0.00000000", "Y": "0.00000000", "Q": "0.00000000",
    "W": 1795248017100, "V": "EXPIRE_MAKER",
}  # fmt: skip
TRADE = EXECUTION | {
    "x": "TRADE", "X": "PARTIALLY_FILLED", "l": "0.00040000", "z": "0.00040000", "L": "59000.00000000",
    "n": "0.00000040", "N": "BTC", "t": 90140, "m": True,
}  # fmt: skip
DONE_AT = 1795248017100 * MILLISECOND
CANCELED = EXECUTION | {"x": "CANCELED", "X": "CANCELED", "c": "cxl-5012", "C": "md-1", "z": "0.00040000"}


@pytest.fixture
def translator() -> Translator:
    return Translator({BTC.symbol: BTC.id}, "md-", KnownOrders())


def test_a_new_order_is_accepted(translator: Translator) -> None:
    (event,) = translator.translate(EXECUTION, 7).events
    assert event == OrderAccepted("md-1", "5012", 7, Source.STREAM, False, DONE_AT)


def test_a_trade_is_a_fill_with_its_fee(translator: Translator) -> None:
    (event,) = translator.translate(TRADE, 7).events
    assert isinstance(event, OrderFilled)
    assert event.instrument == BTC.id
    assert event.fill.trade_id == 90140
    assert event.fill.price == Decimal(59000)
    assert event.fill.quantity == Decimal("0.0004")
    assert (event.fill.fee, event.fill.fee_asset) == (Decimal("0.0000004"), "BTC")
    assert event.fill.maker
    assert event.fill.time == 1795248017100 * 1_000_000


def test_the_last_trade_comes_before_the_end(translator: Translator) -> None:
    filled, closed = translator.translate(TRADE | {"X": "FILLED", "z": "0.001"}, 7).events
    assert isinstance(filled, OrderFilled)
    assert closed == OrderClosed("md-1", CloseReason.FILLED, Decimal("0.001"), 7, Source.STREAM, DONE_AT)


def test_a_cancel_names_the_original_order(translator: Translator) -> None:
    (event,) = translator.translate(CANCELED, 7).events
    assert event == OrderClosed("md-1", CloseReason.CANCELED, Decimal("0.0004"), 7, Source.STREAM, DONE_AT)


@pytest.mark.parametrize("status", ["EXPIRED", "EXPIRED_IN_MATCH"])
def test_an_expired_order_says_what_was_filled(translator: Translator, status: str) -> None:
    (event,) = translator.translate(EXECUTION | {"x": "EXPIRED", "X": status, "z": "0.0002"}, 7).events
    assert event == OrderClosed("md-1", CloseReason.EXPIRED, Decimal("0.0002"), 7, Source.STREAM, DONE_AT)


def test_a_stop_waits_first_and_is_in_the_book_later(translator: Translator) -> None:
    stop = EXECUTION | {"o": "STOP_LOSS_LIMIT", "P": "58000.00000000"}
    (waiting,) = translator.translate(stop | {"w": False}, 7).events
    assert waiting == OrderAccepted("md-1", "5012", 7, Source.STREAM, True, DONE_AT)
    accepted, triggered = translator.translate(stop | {"w": True}, 8).events
    assert accepted == OrderAccepted("md-1", "5012", 8, Source.STREAM, False, DONE_AT)
    assert triggered == OrderTriggered("md-1", 8, Source.STREAM, DONE_AT)


def test_an_amended_order_keeps_the_name_that_we_gave_it(translator: Translator) -> None:
    translator.translate(EXECUTION, 7)
    amended = EXECUTION | {"x": "REPLACED", "c": "web-77", "C": "md-1", "q": "0.00050000"}
    translation = translator.translate(amended, 8)
    price = Decimal("59000")
    assert translation.events == (
        OrderReplaced("md-1", "", Decimal("0.0005"), price, 8, Source.STREAM, DONE_AT),
    )
    assert translation.look
    (later,) = translator.translate(TRADE | {"c": "web-77"}, 9).events
    assert isinstance(later, OrderFilled)
    assert later.client_id == "md-1"


def test_an_order_is_called_by_the_name_that_the_venue_has_for_it() -> None:
    known = KnownOrders()
    assert known.learn(BTC.id, "5012", "md-1") == "md-1"
    assert known.name("md-1") == "md-1"
    assert known.learn(BTC.id, "5012", "web-77") == "md-1"
    assert known.name("md-1") == "web-77"
    assert known.client_id(BTC.id, "5012") == "md-1"


def test_self_trade_prevention_closes_only_when_the_status_says_so(translator: Translator) -> None:
    assert translator.translate(EXECUTION | {"x": "TRADE_PREVENTION"}, 7).events == ()
    closed = translator.translate(EXECUTION | {"x": "TRADE_PREVENTION", "X": "EXPIRED_IN_MATCH"}, 7).events
    assert [type(event) for event in closed] == [OrderClosed]


def test_a_late_rejection_keeps_the_venues_reason(translator: Translator) -> None:
    (event,) = translator.translate(EXECUTION | {"x": "REJECTED", "X": "REJECTED", "r": "NO_FUNDS"}, 7).events
    assert event == OrderRejected("md-1", 0, "NO_FUNDS", 7)


def test_balances_are_seen(translator: Translator) -> None:
    position = {"e": "outboundAccountPosition", "B": [{"a": "BTC", "f": "2.0", "l": "0.5"}]}
    (event,) = translator.translate(position, 7).events
    assert isinstance(event, BalancesSeen)
    assert event.balances[0].total == Decimal("2.5")


def test_money_that_no_trade_moved_is_a_flow_and_asks_for_a_look(translator: Translator) -> None:
    update = {"e": "balanceUpdate", "E": 1795248017102, "a": "USDT", "d": "-100.5", "T": 1795248017100}
    translation = translator.translate(update, 7)
    assert translation.events == (FlowSeen("USDT", Decimal("-100.5"), DONE_AT, 7),)
    assert translation.look


def test_a_trade_of_somebody_elses_order_asks_for_a_look(translator: Translator) -> None:
    translation = translator.translate(TRADE | {"c": "web-1"}, 7)
    assert translation.events == ()
    assert translation.look


def test_other_symbols_and_unknown_events_mean_nothing(translator: Translator) -> None:
    assert not translator.translate(TRADE | {"s": "ETHBTC"}, 7).events
    assert not translator.translate({"e": "listStatus"}, 7).look


async def test_events_arrive_in_order_and_repeated_ones_are_passed_on(bench: Stand) -> None:
    await bench.broker.start()
    for event in (EXECUTION, TRADE, TRADE):
        await bench.venue.push(event)
    await until(lambda: len(bench.of(OrderFilled)) == 2)
    assert bench.kinds() == ["FeedStatus", "OrderAccepted", "OrderFilled", "OrderFilled"]


async def test_an_order_that_was_renamed_is_cancelled_by_its_new_name(bench: Stand) -> None:
    await bench.broker.start()
    amended = EXECUTION | {"x": "REPLACED", "c": "web-1", "C": "md-1"}
    await bench.venue.push(amended)
    await until(lambda: bench.of(OrderReplaced))
    bench.venue.on("DELETE", "order", lambda _: ok(placed("CANCELED")))
    await bench.broker.cancel("md-1", BTC.id)
    (sent,) = bench.venue.sent("DELETE", "order")
    assert sent["origClientOrderId"] == "web-1"
    assert bench.of(OrderClosed)[0].client_id == "md-1"


async def test_a_drop_is_told_and_the_subscription_made_anew(bench: Stand) -> None:
    await bench.broker.start()
    await bench.venue.drop()
    await until(lambda: len(bench.of(FeedStatus)) == 3)
    assert [status.connected for status in bench.of(FeedStatus)] == [True, False, True]
    assert bench.gaps == 1
    await bench.venue.push(TRADE)
    await until(lambda: bench.of(OrderFilled))
    assert bench.venue.socket_methods.count("userDataStream.subscribe.signature") == 2


async def test_it_comes_back_after_many_drops(bench: Stand) -> None:
    await bench.broker.start()
    for _ in range(3):
        bench.gap.clear()
        await bench.venue.drop()
        await asyncio.wait_for(bench.gap.wait(), 30)
    await bench.venue.push(TRADE)
    await until(lambda: bench.of(OrderFilled))
    assert len(bench.of(OrderFilled)) == 1


async def test_a_venue_that_was_away_is_found_again(bench: Stand) -> None:
    await bench.broker.start()
    await bench.venue.stop()
    await until(lambda: len(bench.of(FeedStatus)) == 2)
    await bench.venue.start()
    await until(lambda: bench.of(FeedStatus)[-1].connected)
    assert [status.connected for status in bench.of(FeedStatus)] == [True, False, True]


async def test_a_terminated_subscription_is_renewed(bench: Stand) -> None:
    await bench.broker.start()
    await bench.venue.push({"e": "eventStreamTerminated", "E": 1})
    await until(lambda: bench.gaps == 1)
    assert "ended the subscription" in bench.of(FeedStatus)[1].detail


async def test_a_frozen_socket_is_noticed_and_replaced(bench: Stand) -> None:
    bench.broker.stream.quiet_s = 0.1
    await bench.broker.start()
    await until(lambda: "ping" in bench.venue.socket_methods)
    assert len(bench.of(FeedStatus)) == 1
    bench.venue.silent = True
    await until(lambda: len(bench.of(FeedStatus)) >= 2)
    assert "silent" in bench.of(FeedStatus)[1].detail


@pytest.mark.parametrize(
    "damage",
    [
        {"L": "NaN"},
        {"L": "Infinity"},
        {"l": "-1"},
        {"l": "0"},
        {"t": "x"},
        {"t": -1},
        {"X": "ODD"},
        {"z": None},
    ],
)
async def test_a_malformed_event_is_refused_whole_and_the_stream_goes_on(
    bench: Stand, damage: dict[str, Any]
) -> None:
    await bench.broker.start()
    await bench.venue.push(TRADE | damage)
    await bench.venue.push(TRADE)
    await until(lambda: bench.of(OrderFilled))
    assert bench.kinds() == ["FeedStatus", "MessageRefused", "OrderFilled"]
    assert bench.of(MessageRefused)[0].stream == "user"
    assert bench.gaps == 1


async def test_a_fill_may_come_before_the_answer(bench: Stand) -> None:
    await bench.broker.start()
    bench.venue.on(
        "POST", "order", lambda _: ok(placed("PARTIALLY_FILLED", "0.0004", (fill(90140, "0.0004"),)))
    )
    await bench.venue.push(TRADE)
    await until(lambda: bench.of(OrderFilled))
    await bench.submit(intent())
    streamed, answered = bench.of(OrderFilled)
    assert (streamed.source, answered.source) == (Source.STREAM, Source.ANSWER)
    assert streamed.fill.trade_id == answered.fill.trade_id


async def test_an_unexpected_failure_is_told_by_its_class_and_survived(bench: Stand) -> None:
    await bench.broker.start()
    bench.broker.stream._translator = None  # type: ignore[assignment]
    await bench.venue.push(TRADE)
    await until(lambda: bench.gaps == 1)
    assert bench.of(FeedStatus)[1].detail == "unexpected AttributeError"
