"""Random requests at every door: each is answered, and none with a failure of ours."""

from __future__ import annotations

import asyncio
import hmac
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from yarl import URL

from midas.domain.time import MILLISECOND
from midas.venues.sim.config import ExchangeConfig
from midas.venues.sim.doors.params import rendered
from midas.venues.sim.doors.timings import SocketTimings
from tests.fakes.exchange import PAYLOAD, Venue, running

NAMES = (
    "symbol", "symbols", "side", "type", "timeInForce", "quantity", "quoteOrderQty", "price", "stopPrice",
    "trailingDelta", "icebergQty", "newClientOrderId", "strategyId", "strategyType", "orderId", "fromId",
    "origClientOrderId", "cancelOrderId", "cancelReplaceMode", "newQty", "limit", "startTime", "endTime",
    "interval", "timeZone", "windowSize", "permissions", "symbolStatus", "orderListId", "recvWindow",
    "aboveType", "abovePrice", "belowType", "belowStopPrice", "coin", "amount", "address", "offset",
    "omitZeroBalances", "returnRateLimits", "subscriptionId",
)  # fmt: skip
PLACES = (
    "GET exchangeInfo", "GET depth", "GET trades", "GET historicalTrades", "GET aggTrades", "GET klines",
    "GET ticker", "GET ticker/24hr", "GET ticker/tradingDay", "GET ticker/price", "POST order",
    "POST order/test", "DELETE order", "POST order/cancelReplace", "PUT order/amend/keepPriority",
    "GET order", "GET allOrders", "GET myTrades", "GET myPreventedMatches", "GET order/amendments",
    "POST orderList/oco", "GET orderList", "GET allOrderList", "DELETE openOrders", "GET account",
)  # fmt: skip
METHODS = (
    "depth", "klines", "ticker", "order.place", "order.cancel", "order.status", "order.cancelReplace",
    "orderList.place.oco", "userDataStream.unsubscribe", "session.status", "exchangeInfo", "myTrades",
)  # fmt: skip
SENSIBLE = ("BTCUSDT", "BUY", "SELL", "LIMIT", "MARKET", "STOP_LOSS", "GTC", "0.01", "50000", "1", "1m", "[]",
            "99999999999999999999", "STOP_ON_FAILURE", "ALLOW_FAILURE", '["BTCUSDT"]', "-1", "1e5",
            "")  # fmt: skip
_texts = st.sampled_from(SENSIBLE) | st.sampled_from(SENSIBLE) | st.text(max_size=12)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=6,
)
_params = st.dictionaries(st.sampled_from(NAMES), _texts, max_size=12)
_json_params = st.dictionaries(st.sampled_from(NAMES), _texts | _json, max_size=8)
ORDER = {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01", "price": "50000",
         "cancelReplaceMode": "ALLOW_FAILURE", "cancelOrderId": "1"}  # fmt: skip
_orders = st.sampled_from(({}, ORDER, ORDER))
EAGER = SocketTimings(messages_a_second=1_000_000)
CONTROLS = ("SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY", "FLY")


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    """The loop of one exchange for all examples."""
    with asyncio.Runner() as made:
        yield made


@pytest.fixture(scope="module")
def venue(runner: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Venue]:
    """An exchange whose files remember everything that odd requests make."""
    folder: Path = tmp_path_factory.mktemp("venue")
    config = ExchangeConfig(market=str(PAYLOAD), speed=5.0, state=folder / "state.db", timings=EAGER)
    opened = running(folder, config)
    yield runner.run(opened.__aenter__())
    runner.run(opened.__aexit__(None, None, None))


def _sign(venue: Venue, text: str) -> str:
    return hmac.new(venue.run.api_secret.encode(), text.encode(), "sha256").hexdigest()


def _now() -> str:
    return str(time.time_ns() // MILLISECOND)


@settings(max_examples=200, deadline=None)
@given(
    place=st.sampled_from(PLACES),
    order=_orders,
    params=_params,
    tail=st.sampled_from((b"", b"", b"\xff", b"&a=%ff")),
)
def test_every_request_over_rest_is_answered(
    runner: asyncio.Runner,
    venue: Venue,
    place: str,
    order: dict[str, str],
    params: dict[str, str],
    tail: bytes,
) -> None:
    method, path = place.split()
    values = {"symbol": "BTCUSDT", "timestamp": _now()} | order | params
    sent = "&".join(f"{name}={quote(text, safe='', errors='replace')}" for name, text in values.items())
    sent += f"&signature={_sign(venue, sent)}"

    async def ask() -> tuple[int, str]:
        url = URL(f"{venue.http}/api/v3/{path}?{sent}", encoded=True)
        headers = {"X-MBX-APIKEY": venue.run.api_key}
        async with venue.session.request(method, url, data=tail, headers=headers) as answer:
            return answer.status, await answer.text()

    status, text = runner.run(ask())
    assert status < 500, text


@settings(max_examples=150, deadline=None)
@given(message=_json | _texts, method=st.sampled_from(METHODS), order=_orders, params=_json_params)
def test_every_message_to_the_websocket_api_is_answered(
    runner: asyncio.Runner,
    venue: Venue,
    message: Any,
    method: str,
    order: dict[str, str],
    params: dict[str, Any],
) -> None:
    values = {"apiKey": venue.run.api_key, "timestamp": int(_now()), "symbol": "BTCUSDT"} | order | params
    texts = {name: rendered(value) for name, value in values.items() if value is not None}
    text = "&".join(f"{name}={value}" for name, value in sorted(texts.items()))
    values["signature"] = _sign(venue, text.encode("utf-8", "replace").decode())
    request = {"id": message, "method": method, "params": values}
    for sent in (json.dumps(request), message if isinstance(message, str) else json.dumps(message)):
        answer = runner.run(_said(venue, "/ws-api/v3?returnRateLimits=false", sent))
        assert answer["status"] < 500, answer


@settings(max_examples=200, deadline=None)
@given(method=st.sampled_from(CONTROLS), params=_json, number=_json, other=_json)
def test_every_control_message_is_answered(
    runner: asyncio.Runner, venue: Venue, method: str, params: Any, number: Any, other: Any
) -> None:
    sent = json.dumps({"method": method, "params": params, "id": number, "x": other})
    answer = runner.run(_said(venue, "/ws", sent))
    assert {"result", "error"} & answer.keys()


async def _said(venue: Venue, place: str, text: str) -> dict[str, Any]:
    """What is answered to a message: the first thing that is no market event."""
    sockets: dict[str, aiohttp.ClientWebSocketResponse] = venue.__dict__.setdefault("lines", {})
    socket = sockets.get(place)
    if socket is None or socket.closed:
        socket = sockets[place] = await venue.session.ws_connect(venue.ws + place)
    await socket.send_str(text)
    while True:
        answer: dict[str, Any] = await socket.receive_json(timeout=30)
        if {"result", "error"} & answer.keys():
            return answer
