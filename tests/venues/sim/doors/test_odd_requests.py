"""Whatever is sent to a door is answered, and never with a failure of ours."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from binance.exceptions import BinanceAPIException

from midas.venues.sim.floor.accounts import AccountSpec
from tests.fakes.exchange import Opens, Venue
from tests.fakes.keys import KeyPair

DEEP = '{"a":' * 3_000 + "1" + "}" * 3_000
PAIR = KeyPair.ed25519()
WEIGHT = "X-MBX-USED-WEIGHT-1M"


async def weight(venue: Venue) -> int:
    """What was counted so far, this question included."""
    async with venue.session.get(f"{venue.http}/api/v3/ping") as answer:
        return int(answer.headers[WEIGHT])


async def told(venue: Venue, place: str, texts: list[str]) -> list[Any]:
    """What is answered to each of several texts on one connection."""
    async with venue.session.ws_connect(venue.ws + place) as socket:
        answers = []
        for text in texts:
            await socket.send_str(text)
            answers.append(await socket.receive_json(timeout=30))
        return answers


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("ticker/price?symbols=[" + "9" * 5_000 + "]", -1100),
        ("exchangeInfo?permissions=" + "[" * 1_200 + "]" * 1_200, -1130),
        ("ticker?symbol=BTCUSDT&windowSize=1d%0A", -1100),
    ],
    ids=["a long number", "deep brackets", "a line's end"],
)
async def test_a_text_that_cannot_be_read_is_refused(venue: Venue, query: str, code: int) -> None:
    async with venue.session.get(f"{venue.http}/api/v3/{query}") as answer:
        assert (answer.status, (await answer.json())["code"]) == (400, code)


async def test_a_body_that_is_not_what_it_says_is_refused_with_the_weight(venue: Venue) -> None:
    headers = {"Content-Encoding": "gzip", "X-MBX-APIKEY": venue.run.api_key}
    async with venue.session.post(f"{venue.http}/api/v3/order", data=b"no gzip", headers=headers) as answer:
        assert (answer.status, (await answer.json())["code"]) == (400, -1130)
        assert WEIGHT in answer.headers


async def test_a_body_that_is_too_large_is_refused_with_the_weight(venue: Venue) -> None:
    large = b"a" * (2**20 + 1)
    async with venue.session.post(f"{venue.http}/api/v3/order", data=large) as answer:
        assert (answer.status, (await answer.json())["code"]) == (413, -1101)
        assert WEIGHT in answer.headers


async def test_who_speaks_no_websocket_hears_the_weight_too(venue: Venue) -> None:
    async with venue.session.get(f"{venue.http}/ws") as answer:
        assert (answer.status, WEIGHT in answer.headers) == (400, True)


async def test_a_connection_too_many_hears_the_weight_too(venue: Venue) -> None:
    for _ in range(300):
        async with venue.session.get(f"{venue.http}/ws"):
            pass
    async with venue.session.get(f"{venue.http}/ws") as answer:
        assert (answer.status, WEIGHT in answer.headers) == (429, True)


async def test_a_deep_control_message_is_refused_and_the_line_stays_open(venue: Venue) -> None:
    deep, fine = await told(venue, "/ws", [f'{{"method":"SUBSCRIBE","id":1,"x":{DEEP}}}',
                                           '{"method":"LIST_SUBSCRIPTIONS","id":2}'])  # fmt: skip
    assert deep["error"]["code"] == 3
    assert fine == {"result": [], "id": 2}


@pytest.mark.parametrize("value", ["false", "true", 0, None])
async def test_only_a_boolean_names_the_streams(venue: Venue, value: object) -> None:
    texts = [json.dumps({"method": "SET_PROPERTY", "params": ["combined", value], "id": 1}),
             '{"method":"GET_PROPERTY","params":["combined"],"id":2}']  # fmt: skip
    refused, state = await told(venue, "/ws", texts)
    assert "error" in refused
    assert state == {"result": False, "id": 2}


@pytest.mark.parametrize("depth", [50, 200, 400, 900, 3_000])
async def test_a_deep_request_is_answered(venue: Venue, depth: int) -> None:
    deep = "[" * depth + "]" * depth
    text = f'{{"id":1,"method":"depth","params":{{"symbol":{deep}}}}}'
    odd, fine = await told(venue, "/ws-api/v3", [text, '{"id":2,"method":"ping"}'])
    assert odd["error"]["code"] in (-1100, -1135)
    assert fine["status"] == 200


async def test_what_is_no_request_costs_as_much_as_the_smallest(venue: Venue) -> None:
    async with venue.session.ws_connect(f"{venue.ws}/ws-api/v3") as socket:
        before = await weight(venue)
        for text in ("no json", '{"id":1}', '{"id":1,"method":"ping","params":3}'):
            await socket.send_str(text)
            await socket.receive_json(timeout=30)
        assert await weight(venue) == before + 3 + 1


async def test_an_amendment_costs_its_weight_and_an_order_nothing(venue: Venue) -> None:
    client = await venue.client()
    book = await client.get_orderbook_ticker(symbol="BTCUSDT")
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.02"}
    before = await weight(venue)
    placed = await client.create_order(**order, price=f"{float(book['bidPrice']) * 0.9:.2f}")
    assert await weight(venue) == before + 1
    fields = {"symbol": "BTCUSDT", "orderId": placed["orderId"], "newQty": "0.01"}
    await client._put("order/amend/keepPriority", True, data=fields)
    assert await weight(venue) == before + 1 + 4 + 1


async def test_withdrawals_are_searched_by_name_before_they_are_paged(venue: Venue) -> None:
    client = await venue.client()
    for name in ("one", "two", "three"):
        await client.withdraw(coin="USDT", address="home", amount="1", withdrawOrderId=name)
    found = await client.get_withdraw_history(withdrawOrderId="one", limit=1)
    assert [row["withdrawOrderId"] for row in found] == ["one"]


async def test_nobody_is_subscribed_who_left_meanwhile(open_venue: Opens) -> None:
    venue = await open_venue(accounts=(AccountSpec(), PAIR.account("signer")))
    now = time.time_ns() // 1_000_000
    text = f"apiKey=signer&timestamp={now}"
    params = {"apiKey": "signer", "timestamp": now, "signature": PAIR.sign(text)}
    request = {"id": 1, "method": "userDataStream.subscribe.signature", "params": params}
    for _ in range(20):
        socket = await venue.session.ws_connect(f"{venue.ws}/ws-api/v3")
        await socket.send_json(request)
        await socket.close()
    assert (await venue.status())["clients"] == 0


@pytest.mark.parametrize("name", ["strategyId", "strategyType"])
async def test_a_number_that_no_file_can_keep_is_refused(
    open_venue: Opens, tmp_path: Path, name: str
) -> None:
    client = await (await open_venue(state=tmp_path / "state.db")).client()
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.02"}
    with pytest.raises(BinanceAPIException) as refusal:
        await client.create_order(**order, **{name: str(2**63)})
    assert refusal.value.code == -1100
    assert (await client.create_order(**order, **{name: str(2**63 - 1)}))["status"] == "FILLED"
