"""The WebSocket API's own rules: shapes, ids, limits, sessions, subscriptions."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest

from midas.venues.sim.floor.accounts import AccountSpec
from tests.fakes.exchange import Opens, Venue
from tests.fakes.keys import KeyPair

SYMBOL = "BTCUSDT"
WEIGHT = {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6_000}
PAIR = KeyPair.ed25519()
DEEP = "a hundred thousand brackets"


class Line:
    """One connection to the WebSocket API."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, key: str) -> None:
        self._socket = socket
        self._key = key
        self.events: list[dict[str, Any]] = []

    async def say(self, text: str) -> dict[str, Any]:
        """Send a text; the next answer."""
        await self._socket.send_str(text)
        while "event" in (told := await self._socket.receive_json(timeout=30)):
            self.events.append(told)
        answer: dict[str, Any] = told
        return answer

    async def ask(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """Send a request; its answer."""
        return await self.say(json.dumps({"id": 1, "method": method, "params": params or {}}))

    async def signed(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a signed request; its answer."""
        params |= {"apiKey": self._key, "timestamp": time.time_ns() // 1_000_000}
        return await self.ask(method, params | {"signature": PAIR.sign(urlencode(sorted(params.items())))})


@pytest.fixture
async def signer(open_venue: Opens) -> Venue:
    return await open_venue(accounts=(AccountSpec(), PAIR.account("signer")))


@pytest.fixture
async def line(signer: Venue) -> AsyncIterator[Line]:
    async with signer.session.ws_connect(f"{signer.ws}/ws-api/v3") as socket:
        yield Line(socket, "signer")


@pytest.mark.parametrize(
    "number", ['"17"', "17", "null", "1.50", '{"a": [1]}', "123456789012345678901234567890"]
)
async def test_an_id_comes_back_as_it_was_sent(line: Line, number: str) -> None:
    answer = await line.say(f'{{"id": {number}, "method": "v3/ping"}}')
    assert (answer["id"], answer["status"], answer["result"]) == (json.loads(number), 200, {})


@pytest.mark.parametrize(
    ("text", "code"),
    [("no json", -1135), ("[1]", -1135), ('"ping"', -1135), ("", -1135), ('{"id": 1}', -1135),
     ('{"id": 1, "method": 7}', -1135), ('{"id": 1, "method": "ping", "params": [1]}', -1135),
     (DEEP, -1135), ('{"id": 1, "method": "order.fly"}', -1020),
     ('{"id": 1, "method": "depth"}', -1102),
     ('{"id": 1, "method": "depth", "params": {"symbol": {}}}', -1100),
     ('{"id": 1, "method": "account.status", "params": {"apiKey": 5, "signature": [null]}}', -2015),
     ('{"id": 1, "method": "account.status"}', -2014)],
)  # fmt: skip
async def test_whatever_is_sent_is_answered_and_the_line_stays_open(line: Line, text: str, code: int) -> None:
    answer = await line.say("[" * 100_000 if text == DEEP else text)
    assert (answer["error"]["code"], answer["status"]) == (code, 401 if code in (-2014, -2015) else 400)
    assert answer["id"] == (1 if text.startswith('{"id"') else None)
    assert (await line.ask("ping"))["status"] == 200


async def test_limits_are_told_unless_the_request_or_the_url_says_no(signer: Venue, line: Line) -> None:
    answer = await line.ask("ping")
    assert [row | {"count": 0} for row in answer["rateLimits"]] == [WEIGHT | {"count": 0}]
    assert answer["rateLimits"][0]["count"] >= 3, "two for the connection, one for the ping"
    assert "rateLimits" not in await line.ask("ping", {"returnRateLimits": False})
    async with signer.session.ws_connect(f"{signer.ws}/ws-api/v3?returnRateLimits=false") as socket:
        quiet = Line(socket, "signer")
        assert "rateLimits" not in await quiet.ask("ping")
        assert "rateLimits" in await quiet.ask("ping", {"returnRateLimits": True})
    order = {"symbol": SYMBOL, "side": "BUY", "type": "MARKET", "quoteOrderQty": "20"}
    answer = await line.signed("order.place", **order)
    kinds = [(row["rateLimitType"], row["interval"]) for row in answer["rateLimits"]]
    assert kinds == [("ORDERS", "SECOND"), ("ORDERS", "DAY"), ("REQUEST_WEIGHT", "MINUTE")]


async def test_a_session_needs_neither_key_nor_signature_until_it_ends(line: Line) -> None:
    stranger = (await line.ask("session.status"))["result"]
    assert (stranger["apiKey"], stranger["authorizedSince"]) == (None, None)
    now = {"timestamp": time.time_ns() // 1_000_000}
    assert (await line.ask("account.status", now))["error"]["code"] == -2014
    assert (await line.ask("userDataStream.subscribe"))["error"]["code"] == -1002
    on = (await line.signed("session.logon"))["result"]
    assert on["apiKey"] == "signer"
    assert on["connectedSince"] <= on["authorizedSince"] <= on["serverTime"]
    assert (await line.ask("account.status", now))["result"]["uid"] == 700_002
    assert (await line.ask("account.status"))["error"]["code"] == -1102, "the time is still asked for"
    assert (await line.ask("account.status", now | {"apiKey": "who"}))["error"]["code"] == -2015
    assert (await line.ask("userDataStream.subscribe"))["result"] == {"subscriptionId": 0}
    assert (await line.ask("session.status"))["result"]["userDataStream"] is True
    off = (await line.ask("session.logout"))["result"]
    assert (off["apiKey"], off["userDataStream"]) == (None, False)
    assert [event["event"]["e"] for event in line.events] == ["eventStreamTerminated"]
    assert (await line.ask("account.status", now))["error"]["code"] == -2014


async def test_logging_out_leaves_a_subscription_that_was_signed_for(line: Line) -> None:
    await line.signed("session.logon")
    await line.signed("userDataStream.subscribe.signature")
    await line.ask("session.logout")
    assert (await line.ask("session.subscriptions"))["result"] == [{"subscriptionId": 0}]
    assert line.events == []


async def test_subscriptions_count_up_and_end_one_by_one(line: Line) -> None:
    assert (await line.ask("session.subscriptions"))["result"] == []
    assert (await line.signed("userDataStream.subscribe.signature"))["result"] == {"subscriptionId": 0}
    again = await line.signed("userDataStream.subscribe.signature")
    assert again["error"] == {"code": -2035, "msg": "User Data Stream subscription already active."}
    assert (await line.ask("session.subscriptions"))["result"] == [{"subscriptionId": 0}]
    stale = {"subscriptionId": 5}
    assert (await line.ask("userDataStream.unsubscribe", stale))["result"] == {}, "there is nothing to end"
    assert (await line.ask("userDataStream.unsubscribe", {"subscriptionId": 0}))["result"] == {}
    assert (await line.signed("userDataStream.subscribe.signature"))["result"] == {"subscriptionId": 1}
    assert (await line.ask("userDataStream.unsubscribe"))["result"] == {}
    none = await line.ask("userDataStream.unsubscribe")
    assert none["error"] == {"code": -2036, "msg": "User Data Stream subscription not active."}
    assert {event["event"]["e"] for event in line.events} == {"eventStreamTerminated"}


async def test_one_machine_opens_three_hundred_lines_in_five_minutes(signer: Venue) -> None:
    refusals: list[int] = []
    for _ in range(320):
        try:
            async with signer.session.ws_connect(f"{signer.ws}/ws-api/v3"):
                pass
        except aiohttp.WSServerHandshakeError as error:
            refusals.append(error.status)
    assert set(refusals) == {429}
    async with signer.session.ws_connect(f"{signer.ws}/ws/btcusdt@trade") as stream:
        assert not stream.closed, "market streams are counted apart"
