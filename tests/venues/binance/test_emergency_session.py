"""The guard's own session: reads the venue's word, sells once, and knows an answer from a silence."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from midas.domain.time import SECOND
from midas.errors import MidasError, OutcomeUnknown, RateLimited, Rejected
from midas.runtime.takeover import Resting, Sale
from midas.venues.binance.emergency_session import EmergencySession
from tests.fakes.binance_bench import KEY, SECRET
from tests.fakes.binance_stub import StubVenue, ok, refused

D = Decimal
ORDER = {
    "symbol": "BTCUSDT", "orderId": 7, "clientOrderId": "md-1", "side": "SELL", "origQty": "0.5",
    "executedQty": "0.2", "status": "EXPIRED",
}  # fmt: skip


def session(venue: StubVenue) -> EmergencySession:
    return EmergencySession(venue.endpoints.rest, KEY, SECRET, time.time_ns, 1.0)


async def asked(venue: StubVenue, ask: Callable[[EmergencySession], Any]) -> Any:
    """One call on a thread of its own, as the guard makes it."""
    one = session(venue)
    try:
        return await asyncio.to_thread(ask, one)
    finally:
        one.close()


async def sold(venue: StubVenue) -> Any:
    return await asked(venue, lambda s: s.sell("BTCUSDT", D("0.50"), D("59700.00"), "md-guard-1"))


async def test_open_orders_and_balances_are_the_venues_word(venue: StubVenue) -> None:
    venue.on("GET", "openOrders", lambda _: ok([ORDER]))
    venue.on("GET", "account", lambda _: ok({"balances": [{"asset": "BTC", "free": "0.1", "locked": "0.4"}]}))
    assert await asked(venue, lambda s: s.open_orders()) == [Resting("BTCUSDT", "md-1", "SELL", D("0.3"))]
    assert await asked(venue, lambda s: s.balances()) == {"BTC": D("0.5")}


async def test_a_sale_goes_out_at_once_or_not_at_all_and_never_below_its_price(venue: StubVenue) -> None:
    venue.on("POST", "order", lambda _: ok(ORDER))
    assert await sold(venue) == Sale(D("0.2"), "EXPIRED")
    (sent,) = venue.sent("POST", "order")
    wanted = {
        "side": "SELL", "type": "LIMIT", "timeInForce": "IOC", "quantity": "0.5", "price": "59700",
        "newClientOrderId": "md-guard-1",
    }  # fmt: skip
    assert {name: sent[name] for name in wanted} == wanted


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (None, OutcomeUnknown),
        (refused(503, 0, "busy"), OutcomeUnknown),
        (refused(408, 0, "Request Timeout"), OutcomeUnknown),
        (refused(400, -1007, "Timeout waiting for response from backend server."), OutcomeUnknown),
        (refused(400, -2010, "Duplicate order sent."), OutcomeUnknown),
        (refused(400, -2010, "Account has insufficient balance."), Rejected),
        (refused(429, -1003, "Too many requests."), RateLimited),
    ],
    ids=["silence", "5xx", "a proxy's", "it doesn't know", "it is there", "refusal", "429"],
)
async def test_a_sale_is_sent_once_whatever_comes_back(
    venue: StubVenue, answer: Any, error: type[MidasError]
) -> None:
    venue.on("POST", "order", lambda _: answer)
    with pytest.raises(error):
        await sold(venue)
    assert len(venue.sent("POST", "order")) == 1


async def test_a_sale_is_found_by_its_id_or_said_not_to_be_there(venue: StubVenue) -> None:
    answers = [ok(ORDER), refused(400, -2013, "Order does not exist.")]
    venue.on("GET", "order", lambda _: answers.pop(0))
    assert await asked(venue, lambda s: s.find("BTCUSDT", "md-1")) == Sale(D("0.2"), "EXPIRED")
    assert await asked(venue, lambda s: s.find("BTCUSDT", "md-1")) is None


async def test_a_clock_that_is_off_is_set_and_the_question_repeated(venue: StubVenue) -> None:
    ahead = time.time_ns() // 1_000_000 + 3_600_000
    answers = [refused(400, -1021, "Timestamp for this request is outside of the recvWindow."), ok([])]
    venue.on("GET", "openOrders", lambda _: answers.pop(0))
    venue.on("GET", "time", lambda _: ok({"serverTime": ahead}))
    assert await asked(venue, lambda s: s.open_orders()) == []
    first, second = (int(sent["timestamp"]) for sent in venue.sent("GET", "openOrders"))
    assert second - first > 3_000_000


def test_a_request_without_an_answer_is_dead_after_its_window_and_the_venues_own_bound() -> None:
    assert EmergencySession("http://127.0.0.1:1/api", "k", "s", time.time_ns).dead_after == 13 * SECOND


async def test_whose_account_it_is_is_the_venues_word(venue: StubVenue) -> None:
    venue.on("GET", "account", lambda _: ok({"balances": [], "uid": 700_001}))
    assert await asked(venue, lambda s: s.uid()) == 700_001
    venue.on("GET", "account", lambda _: ok({"balances": []}))
    assert await asked(venue, lambda s: s.uid()) == 0


def test_the_session_loads_neither_the_engines_client_nor_a_loop() -> None:
    code = (
        "import sys, midas.venues.binance.emergency_session\n"
        "print(sorted({'aiohttp', 'binance', 'asyncio', 'numpy'} & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown == "[]\n"
