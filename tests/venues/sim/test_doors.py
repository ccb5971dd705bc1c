"""Signing, limits, frames and parameters, without a socket."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from urllib.parse import quote, urlencode

import pytest

from midas.domain.time import DAY, MILLISECOND, MINUTE, SECOND
from midas.errors import ConfigInvalid
from midas.venues.sim.doors import signing
from midas.venues.sim.doors.asks import ask
from midas.venues.sim.doors.limits import (
    CONNECTIONS_MAX,
    REQUESTS_MAX,
    WEIGHT_MAX,
    Connections,
    RequestWeight,
)
from midas.venues.sim.doors.ordercounts import OrderCount
from midas.venues.sim.doors.params import Params
from midas.venues.sim.doors.streams import BUFFER_MAX, Client, Hub, frame
from midas.venues.sim.floor.accounts import Account
from midas.venues.sim.floor.refusal import Refusal
from tests.fakes.keys import KeyPair

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


def test_a_text_that_was_not_percent_encoded_is_refused_however_it_is_signed() -> None:
    for text in ("newClientOrderId=a:b", "newClientOrderId=a/b", 'symbols=["BTCUSDT"]', "note=ü"):
        query = f"{text}&timestamp=1"
        assert code_of(partial(signing.check_request, ACCOUNT, query, f"signature={signed(query)}")) == -1022
    query = urlencode({"newClientOrderId": "a:b/c"})
    signing.check_request(ACCOUNT, query, f"signature={signed(query)}")


@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
def test_public_keys_sign_in_base64_whose_case_matters(kind: str) -> None:
    pair = KeyPair.ed25519() if kind == "ed25519" else KeyPair.rsa()
    account = Account(1, "key", "", {}, public_key=pair.public)
    query = "symbol=BTCUSDT&timestamp=1"
    signature = pair.sign(query)
    signing.check_request(account, query, f"signature={quote(signature, safe='')}")
    signing.check_message(account, Params({"symbol": "BTCUSDT", "timestamp": "1", "signature": signature}))
    for wrong in (signature.swapcase(), signature[:-4], "no base64", pair.sign(query + "x")):
        forged = f"signature={quote(wrong, safe='')}"
        assert code_of(partial(signing.check_request, account, query, forged)) == -1022
    assert account.key.may_log_on is (kind == "ed25519")


def test_what_is_no_public_key_is_refused_with_a_hint() -> None:
    with pytest.raises(ConfigInvalid, match="Ed25519 or RSA"):
        Account(1, "key", "", {}, public_key="-----BEGIN NOTHING-----")


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
     (-50_000, "60000", True), (0, "60001", False), (-1, "1.001", True), (-2, "1.999", False),
     (0, "1.0001", False), (0, "x", False)],
)  # fmt: skip
def test_the_time_window_is_the_venues(offset: int, window: str | None, accepted: bool) -> None:
    values = {"timestamp": str(NOW // MILLISECOND + offset)} | ({"recvWindow": window} if window else {})
    if accepted:
        signing.check_time(Params(values), NOW)
        signing.check_time(Params(values | {"timestamp": values["timestamp"] + "000"}), NOW)
    else:
        assert code_of(lambda: signing.check_time(Params(values), NOW)) in (-1021, -1100, -1131)


@pytest.mark.parametrize("window", ["60001", "100000", "99999999.5"])
def test_a_window_of_more_than_a_minute_is_too_long_however_long(window: str) -> None:
    params = Params({"timestamp": str(NOW // MILLISECOND), "recvWindow": window})
    assert code_of(lambda: signing.check_time(params, NOW)) == -1131


@pytest.mark.parametrize("name", ["symbol", "orderId", "recvWindow", "quantity"])
def test_a_line_that_ends_is_no_part_of_a_value(name: str) -> None:
    params = Params({name: "1\n"})
    reads: dict[str, Callable[[], object]] = {
        "symbol": params.symbol,
        "orderId": lambda: params.integer(name),
        "recvWindow": lambda: signing.check_time(Params({"timestamp": "1", name: "1\n"}), NOW),
        "quantity": lambda: params.amount(name),
    }
    assert code_of(reads[name]) == -1100


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


def test_requests_are_counted_in_five_minutes_whatever_they_weigh() -> None:
    weight, start = RequestWeight(), NOW // (5 * MINUTE) * 5 * MINUTE
    for _ in range(REQUESTS_MAX):
        weight.spend(0, start)
    assert code_of(lambda: weight.spend(0, start + MINUTE)) == -1003
    weight.spend(0, start + 5 * MINUTE)


def test_an_address_opens_only_so_many_connections() -> None:
    connections, start = Connections(), NOW // (5 * MINUTE) * 5 * MINUTE
    for _ in range(CONNECTIONS_MAX):
        connections.open(start)
    assert code_of(lambda: connections.open(start)) == -1003
    connections.open(start + 5 * MINUTE)


def placed(count: OrderCount, now: int, orders: int = 1) -> tuple[int, int]:
    with count.placing(now, orders):
        pass
    return count.counts(now)


def test_orders_are_counted_by_the_clocks_ten_seconds_and_by_the_utc_day() -> None:
    count, start = OrderCount(), NOW // (10 * SECOND) * 10 * SECOND
    for place in range(100):
        assert placed(count, start + place)[0] == place + 1
    assert code_of(lambda: placed(count, start + 9 * SECOND)) == -1015
    assert placed(count, start + 10 * SECOND) == (1, 101)
    assert placed(count, start + 10 * SECOND, 2) == (3, 103)
    assert count.counts(start + DAY) == (0, 0)


def test_orders_that_trade_make_room_and_refused_ones_take_none() -> None:
    count, start = OrderCount(), NOW // (10 * SECOND) * 10 * SECOND
    placed(count, start, 7)
    count.filled(maker=False, now=start)
    assert count.counts(start) == (6, 6)
    count.filled(maker=True, now=start)
    assert count.counts(start) == (1, 1)
    count.filled(maker=True, now=start)
    assert count.counts(start) == (0, 0)
    with pytest.raises(Refusal), count.placing(start):
        raise Refusal(-2010, "no")
    assert count.counts(start) == (0, 0)


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
