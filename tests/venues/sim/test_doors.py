"""Signing, limits, frames and parameters, without a socket."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable
from hashlib import sha256
from urllib.parse import urlencode

import pytest

from midas.domain.time import DAY, MILLISECOND, MINUTE, SECOND
from midas.venues.sim import signing
from midas.venues.sim.accounts import Account
from midas.venues.sim.limits import WEIGHT_MAX, OrderCount, RequestWeight
from midas.venues.sim.params import Params, ask
from midas.venues.sim.refusal import Refusal
from midas.venues.sim.streams import BUFFER_MAX, Client, Hub, frame

NOW = 1_700_000_000 * SECOND
ACCOUNT = Account(1, "key", "secret", {})


def signed(text: str) -> str:
    return hmac.new(b"secret", text.encode(), sha256).hexdigest()


def code_of(call: Callable[[], object]) -> int:
    with pytest.raises(Refusal) as refusal:
        call()
    return refusal.value.code


def test_a_rest_signature_covers_query_and_body_as_they_were_sent() -> None:
    query, body = "symbol=BTCUSDT&a=%3A", "timestamp=1"
    signature = signed(query + body)
    signing.check_request(ACCOUNT, query, f"{body}&signature={signature}")
    signing.check_request(ACCOUNT, f"signature={signature.upper()}&{query}", body)
    assert code_of(lambda: signing.check_request(ACCOUNT, query, body)) == -1102
    forged = f"{body}&signature={signed('x')}"
    assert code_of(lambda: signing.check_request(ACCOUNT, query, forged)) == -1022


@pytest.mark.parametrize("encode", [urlencode, lambda pairs: "&".join(f"{k}={v}" for k, v in pairs)])
def test_a_message_signature_may_be_made_of_encoded_or_plain_text(
    encode: Callable[[list[tuple[str, str]]], str],
) -> None:
    values = {"timestamp": 5, "newClientOrderId": "a:b/c", "flag": True}
    text = encode([("flag", "true"), ("newClientOrderId", "a:b/c"), ("timestamp", "5")])
    signing.check_message(ACCOUNT, Params.of_json({**values, "signature": signed(text)}))
    wrong = Params.of_json({**values, "signature": signed(text + "x")})
    assert code_of(lambda: signing.check_message(ACCOUNT, wrong)) == -1022


@pytest.mark.parametrize(
    ("offset", "window", "accepted"),
    [(0, None, True), (-5_000, None, True), (-5_001, None, False), (999, None, True), (1_000, None, False),
     (-50_000, "60000", True), (0, "60001", False)],
)  # fmt: skip
def test_the_time_window_is_the_venues(offset: int, window: str | None, accepted: bool) -> None:
    values = {"timestamp": str(NOW // MILLISECOND + offset)} | ({"recvWindow": window} if window else {})
    if accepted:
        signing.check_time(Params(values), NOW)
        signing.check_time(Params(values | {"timestamp": values["timestamp"] + "000"}), NOW)
    else:
        assert code_of(lambda: signing.check_time(Params(values), NOW)) in (-1021, -1131)


def test_a_ban_grows_when_it_is_earned_again() -> None:
    weight = RequestWeight()

    def banned_at(now: int) -> int:
        weight.spend(0, now)
        while True:
            try:
                weight.spend(WEIGHT_MAX, now)
            except Refusal as refusal:
                if refusal.status == 418:
                    return refusal.retry_after or 0

    start = NOW // MINUTE * MINUTE
    assert banned_at(start) == 121
    assert code_of(lambda: weight.spend(1, start + MINUTE)) == -1003
    assert banned_at(start + 3 * MINUTE) == 241
    weight.spend(1, start + 8 * MINUTE)
    assert weight.used == 1


def test_orders_are_counted_in_a_sliding_window_and_by_day() -> None:
    count = OrderCount()
    for place in range(100):
        count.check(NOW + place)
        count.add(NOW + place)
    assert code_of(lambda: count.check(NOW + SECOND)) == -1015
    count.check(NOW + 10 * SECOND)
    assert count.counts(NOW + 10 * SECOND) == (99, 100)
    assert count.counts(NOW + DAY) == (0, 0)


@pytest.mark.parametrize("length", [0, 125, 126, 65_535, 65_536])
def test_a_frame_states_its_length_as_the_protocol_asks(length: int) -> None:
    framed = frame(b"x" * length)
    head = 2 if length < 126 else 4 if length < 65_536 else 10
    assert len(framed) == head + length
    stated = framed[1] if head == 2 else int.from_bytes(framed[2:head], "big")
    assert stated == length


class Pipe(asyncio.Transport):
    """A transport that remembers what was written."""

    def __init__(self, unread: int = 0) -> None:
        super().__init__()
        self.unread = unread
        self.written: list[bytes] = []
        self.aborted = False

    def get_write_buffer_size(self) -> int:
        return self.unread

    def is_closing(self) -> bool:
        return self.aborted

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written.append(bytes(data))

    def abort(self) -> None:
        self.aborted = True


def test_a_batch_leaves_in_one_write_and_a_deaf_client_is_dropped() -> None:
    started: list[bool] = []
    hub = Hub(lambda: started.append(True))
    pipes = [Pipe(), Pipe(BUFFER_MAX + 1)]
    clients = [Client(pipe, 0.0) for pipe in pipes]
    for client in clients:
        hub.subscribe(client, ["a@trade"])
    for number in range(3):
        hub.publish("a@trade", b"%d" % number)
    hub.publish("b@trade", b"unheard")
    hub.flush()
    assert pipes[0].written == [frame(b"0") + frame(b"1") + frame(b"2")]
    assert pipes[1].aborted
    assert pipes[1].written == []
    hub.leave(clients[0])
    hub.leave(clients[1])
    assert not hub.wants("a@trade")
    assert started


@pytest.mark.parametrize(
    ("change", "code"),
    [({"type": "MARKET", "timeInForce": None, "price": None}, 0), ({"type": "MARKET"}, -1106),
     ({"type": "LIMIT_MAKER"}, -1106), ({"quantity": ""}, -1105), ({"quantity": "0"}, -1013),
     ({"newClientOrderId": "x" * 37}, -1100), ({"quoteOrderQty": "5"}, -1106)],
)  # fmt: skip
def test_an_order_is_parsed_once_and_refused_in_the_venues_words(
    change: dict[str, str | None], code: int
) -> None:
    values = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "1",
              "price": "5"} | change  # fmt: skip
    params = Params({name: text for name, text in values.items() if text is not None})
    if code:
        assert code_of(lambda: ask(params)) == code
    else:
        assert ask(params).price is None
