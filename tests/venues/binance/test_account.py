"""The full pass: complete or nothing, dated before what it saw."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

import pytest

from midas.domain.order import CloseReason
from midas.domain.time import SECOND
from midas.errors import ConfigInvalid, MalformedMessage, RateLimited, Unreachable, VenueError
from midas.venues.binance.account import uid
from tests.fakes.binance_bench import BTC, Stand, order_line, trade_line
from tests.fakes.binance_stub import ACCOUNT, ok, refused


async def test_a_pass_holds_orders_balances_trades_and_lookups(bench: Stand) -> None:
    lines = {"md-2": order_line("md-2", "FILLED", "0.001", 5013)}
    bench.venue.on("GET", "openOrders", lambda _: ok([order_line("md-1")]))
    bench.venue.on("GET", "myTrades", lambda _: ok([trade_line(5, 5012), trade_line(6, 5013)]))
    bench.venue.on(
        "GET",
        "order",
        lambda p: (
            ok(lines[p["origClientOrderId"]]) if p["origClientOrderId"] in lines else refused(400, -2013)
        ),
    )
    unsettled = [("md-1", BTC.id), ("md-2", BTC.id), ("md-3", BTC.id)]
    seen = await bench.broker.account("start", unsettled, {BTC.id: 4})
    assert [order.client_id for order in seen.open_orders] == ["md-1"]
    assert [(order.client_id, order.close_reason) for order in seen.queried] == [("md-2", CloseReason.FILLED)]
    assert seen.absent == ("md-3",)
    assert seen.balances[0].free == Decimal("1000.5")
    assert [(trade.fill.trade_id, trade.client_id) for trade in seen.trades] == [(5, "md-1"), (6, "md-2")]
    assert seen.purpose == "start"
    assert bench.venue.sent("GET", "myTrades")[0]["fromId"] == "5"


async def test_an_order_of_the_open_list_is_not_asked_for_again(bench: Stand) -> None:
    bench.venue.on("GET", "openOrders", lambda _: ok([order_line("md-1")]))
    await bench.broker.account("audit", [("md-1", BTC.id)], {})
    assert bench.venue.sent("GET", "order") == []


async def test_a_pass_is_dated_by_the_venues_clock_before_it_looks(bench: Stand) -> None:
    bench.venue.time_shift_ms = 3_600_000
    seen = await bench.broker.account("audit", [], {})
    assert bench.venue.asked[0][1] == "time"
    assert abs(seen.as_of - time.time_ns() - 3600 * SECOND) < 60 * SECOND


async def test_trades_are_paged_to_the_end(bench: Stand) -> None:
    def page(parameters: dict[str, str]) -> Any:
        first = int(parameters["fromId"])
        return ok([trade_line(n) for n in range(first, min(first + 1000, 2501))])

    bench.venue.on("GET", "openOrders", lambda _: ok([order_line("md-1")]))
    bench.venue.on("GET", "myTrades", page)
    seen = await bench.broker.account("start", [], {})
    assert [trade.fill.trade_id for trade in seen.trades] == list(range(1, 2501))
    assert [p["fromId"] for p in bench.venue.sent("GET", "myTrades")] == ["1", "1001", "2001"]


async def test_a_list_that_does_not_advance_is_malformed(bench: Stand) -> None:
    bench.venue.on("GET", "openOrders", lambda _: ok([order_line("md-1")]))
    bench.venue.on("GET", "myTrades", lambda _: ok([trade_line(1)] * 1000))
    with pytest.raises(MalformedMessage, match="don't advance"):
        await bench.broker.account("start", [], {})


async def test_a_trade_of_an_unseen_order_gets_its_client_id_by_one_query(bench: Stand) -> None:
    bench.venue.on("GET", "myTrades", lambda _: ok([trade_line(1, 90), trade_line(2, 90)]))
    bench.venue.on("GET", "order", lambda _: ok(order_line("md-9", "FILLED", order_id=90)))
    for _ in range(2):
        seen = await bench.broker.account("audit", [], {})
        assert {trade.client_id for trade in seen.trades} == {"md-9"}
    assert [p["orderId"] for p in bench.venue.sent("GET", "order")] == ["90"]


@pytest.mark.parametrize("path", ["time", "openOrders", "account", "myTrades", "order"])
@pytest.mark.parametrize("failure", [None, refused(503, -1008), ok(b"{"), refused(400, -1000)])
async def test_one_failed_part_fails_the_pass(bench: Stand, path: str, failure: Any) -> None:
    bench.venue.on("GET", path, lambda _: failure)
    with pytest.raises(VenueError):
        await bench.broker.account("audit", [("md-1", BTC.id)], {})


async def test_a_balance_that_is_no_number_fails_the_pass(bench: Stand) -> None:
    account = {"canTrade": True, "balances": [{"asset": "BTC", "free": "NaN", "locked": "0"}]}
    bench.venue.on("GET", "account", lambda _: ok(account))
    with pytest.raises(MalformedMessage):
        await bench.broker.account("audit", [], {})


@pytest.mark.parametrize(
    "bad", [{"id": -5}, {"price": "0"}, {"qty": "0.000"}, {"qty": "-1"}, {"price": "NaN"}]
)
async def test_a_trade_that_cannot_be_one_fails_the_pass(bench: Stand, bad: dict[str, Any]) -> None:
    bench.venue.on("GET", "myTrades", lambda _: ok([trade_line(5, 5012) | bad]))
    bench.venue.on("GET", "order", lambda _: ok(order_line("md-1", "FILLED", "0.001", 5012)))
    with pytest.raises(MalformedMessage):
        await bench.broker.account("audit", [], {})


async def test_a_foreign_stop_order_does_not_blind_the_pass(bench: Stand) -> None:
    line = order_line("web-1") | {"type": "STOP_LOSS_LIMIT"}
    bench.venue.on("GET", "openOrders", lambda _: ok([line]))
    (order,) = (await bench.broker.account("audit", [], {})).open_orders
    assert not bench.broker.is_ours(order.client_id)


async def test_an_audit_is_held_back_while_a_reconciliation_still_may(bench: Stand) -> None:
    heavy = ok({"serverTime": 1795248017100}, X_MBX_USED_WEIGHT_1M="5000")
    bench.venue.on("GET", "time", lambda _: heavy)
    with pytest.raises(RateLimited):
        await bench.broker.account("audit", [], {})
    seen = await bench.broker.account("stream", [], {})
    assert seen.open_orders == ()


async def test_whether_a_kill_has_worked_is_asked_from_the_reserve_of_cancels(bench: Stand) -> None:
    heavy = ok({"serverTime": 1795248017100}, X_MBX_USED_WEIGHT_1M="5800")
    bench.venue.on("GET", "time", lambda _: heavy)
    with pytest.raises(RateLimited):
        await bench.broker.account("stream", [], {})
    seen = await bench.broker.account("kill", [], {})
    assert seen.open_orders == ()


async def test_an_unreachable_venue_is_no_evidence(bench: Stand) -> None:
    await bench.venue.stop()
    with pytest.raises(Unreachable):
        await bench.broker.account("audit", [("md-1", BTC.id)], {})


async def test_the_accounts_number_is_told_or_not_and_a_refused_key_is_named(bench: Stand) -> None:
    bench.venue.on("GET", "account", lambda _: ok(ACCOUNT | {"uid": 700_001}))
    assert await uid(bench.rest) == 700_001
    bench.venue.on("GET", "account", lambda _: ok(ACCOUNT))
    assert await uid(bench.rest) == 0
    bench.venue.on("GET", "account", lambda _: refused(401, -2015, "Invalid API-key"))
    with pytest.raises(ConfigInvalid, match="refuses the API key"):
        await uid(bench.rest)
