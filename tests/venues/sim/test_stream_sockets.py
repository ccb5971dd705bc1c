"""The streams over real sockets: every way in, and what may be asked of a connection."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from tests.fakes.exchange import Venue


async def heard(socket: aiohttp.ClientWebSocketResponse, count: int) -> list[Any]:
    """The next `count` messages."""
    return [await socket.receive_json(timeout=30) for _ in range(count)]


async def test_microseconds_are_asked_for_in_the_address(venue: Venue) -> None:
    for place in ("/ws/btcusdt@depth@100ms?timeUnit=MICROSECOND",
                  "/stream?streams=btcusdt@depth@100ms&timeUnit=microsecond"):  # fmt: skip
        socket = await venue.session.ws_connect(venue.ws + place)
        (message,) = await heard(socket, 1)
        assert message.get("data", message)["E"] > 10**15
        await socket.close()
    socket = await venue.session.ws_connect(f"{venue.ws}/ws/btcusdt@depth@100ms")
    assert (await heard(socket, 1))[0]["E"] < 10**14


@pytest.mark.parametrize("place", ["/ws/", "/stream?streams=", "/stream/ws/"])
async def test_several_streams_come_in_one_address_the_eastern_clock_too(venue: Venue, place: str) -> None:
    names = "btcusdt@kline_1d@+08:00/btcusdt@bookTicker"
    socket = await venue.session.ws_connect(f"{venue.ws}{place}{names}")
    kinds = {message.get("data", message).get("e") for message in await heard(socket, 200)}
    assert kinds == {"kline", None}


async def test_an_unknown_stream_is_accepted_and_silent(venue: Venue) -> None:
    socket = await venue.session.ws_connect(f"{venue.ws}/ws")
    wanted = ["nosuch@trade", "BTCUSDT@trade", "btcusdt@kline_9m"]
    await socket.send_json({"method": "SUBSCRIBE", "params": wanted, "id": 1})
    await socket.send_json({"method": "LIST_SUBSCRIPTIONS", "id": 2})
    await socket.send_json({"method": "SUBSCRIBE", "params": ["btcusdt@bookTicker"], "id": 3})
    answers = await heard(socket, 13)
    assert answers[:3] == [
        {"result": None, "id": 1}, {"result": wanted, "id": 2}, {"result": None, "id": 3}
    ]  # fmt: skip
    assert all("B" in message for message in answers[3:])


async def test_a_connection_can_be_told_to_name_its_streams(venue: Venue) -> None:
    socket = await venue.session.ws_connect(f"{venue.ws}/ws")
    controls: list[dict[str, object]] = [
        {"method": "GET_PROPERTY", "params": ["combined"]},
        {"method": "SET_PROPERTY", "params": ["combined", True]},
        {"method": "GET_PROPERTY", "params": ["combined"]},
        {"method": "SUBSCRIBE", "params": ["btcusdt@bookTicker"]},
    ]
    for number, control in enumerate(controls):
        await socket.send_json(control | {"id": number})
    answers = await heard(socket, 5)
    assert [answer["result"] for answer in answers[:4]] == [False, None, True, None]
    assert answers[4]["stream"] == "btcusdt@bookTicker"


async def test_the_answer_to_subscribe_comes_before_the_first_event(venue: Venue) -> None:
    stream = await venue.session.ws_connect(f"{venue.ws}/ws/btcusdt@bookTicker")
    await heard(stream, 1)  # the market runs
    for number in range(20):
        socket = await venue.session.ws_connect(f"{venue.ws}/stream/ws/{number}")
        names = ["btcusdt@bookTicker", "btcusdt@depth@100ms", "btcusdt@trade"]
        await socket.send_json({"method": "SUBSCRIBE", "params": names, "id": number})
        assert (await heard(socket, 1)) == [{"result": None, "id": number}]
        await socket.close()


async def test_rest_and_the_websocket_api_tell_the_same_of_a_window(venue: Venue) -> None:
    door = await venue.session.ws_connect(f"{venue.ws}/ws-api/v3")
    for method, path, params in (
        ("ticker", "ticker", {"symbol": "BTCUSDT", "windowSize": "2h"}),
        ("ticker.tradingDay", "ticker/tradingDay", {"symbol": "BTCUSDT", "timeZone": "8"}),
        ("ticker.24hr", "ticker/24hr", {"symbol": "BTCUSDT", "type": "MINI"}),
        ("uiKlines", "uiKlines", {"symbol": "BTCUSDT", "interval": "1M", "limit": "3"}),
        ("trades.aggregate", "aggTrades", {"symbol": "BTCUSDT"}),
    ):
        await door.send_json({"id": method, "method": method, "params": params})
        answer = await door.receive_json(timeout=30)
        async with venue.session.get(f"{venue.http}/api/v3/{path}", params=params) as rest:
            assert answer["result"] == await rest.json(), method
