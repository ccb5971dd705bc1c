from __future__ import annotations

from decimal import Decimal

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from midas.domain.instrument import Instrument
from midas.domain.market import Bar, BookDelta, Quote, Trade
from midas.domain.time import SECOND
from midas.errors import ConfigInvalid, MalformedMessage
from midas.venues.binance.candles import bars_of_rows
from midas.venues.binance.codec import MarketCodec
from midas.venues.binance.prices import Grid
from midas.venues.intervals import interval

Levels = list[tuple[str, str]]

MS = 1_723_161_255_208
NS = MS * 1_000_000
BTC = Instrument(
    "binance", "BTCUSDT", "BTC", "USDT", Decimal("0.01000000"), Decimal("0.00001000"),
    Decimal("0.00001"), Decimal(9000), Decimal(5),
)  # fmt: skip


def instrument(tick: str, lot: str) -> Instrument:
    return msgspec.structs.replace(BTC, tick_size=Decimal(tick), lot_size=Decimal(lot))


def wrapped(stream: str, **data: object) -> bytes:
    return msgspec.json.encode({"stream": stream, "data": data})


def depth(bids: object = (), asks: object = (), **changes: object) -> bytes:
    data = {"e": "depthUpdate", "E": MS, "s": "BTCUSDT", "U": 11, "u": 14, "b": bids, "a": asks}
    return wrapped("btcusdt@depth@100ms", **(data | changes))


def quote(**changes: object) -> bytes:
    data = {
        "u": 7,
        "s": "BTCUSDT",
        "b": "61837.63000000",
        "B": "3.78826000",
        "a": "61837.64000000",
        "A": "1.54698000",
    }
    return wrapped("btcusdt@bookTicker", **(data | changes))


def trade(**changes: object) -> bytes:
    data = {"e": "trade", "E": MS + 5, "s": "BTCUSDT", "t": 373, "p": "61837.63000000", "q": "0.02000000",
            "T": MS, "m": True, "M": True}  # fmt: skip
    return wrapped("btcusdt@trade", **(data | changes))


def kline(**changes: object) -> bytes:
    open_ = 1_723_161_255_000
    candle = {"t": open_, "T": open_ + 999, "s": "BTCUSDT", "i": "1s", "f": 1, "L": 2, "o": "10.00",
              "c": "11.00", "h": "12.00", "l": "9.00", "v": "1.50", "n": 42, "x": True, "q": "1",
              "B": "0"}  # fmt: skip
    return wrapped("btcusdt@kline_1s", e="kline", E=MS, s="BTCUSDT", k=candle | changes)


def rows(levels: bytes) -> list[list[int]]:
    return np.frombuffer(levels, np.int64).reshape(-1, 2).tolist()


def test_a_depth_message_becomes_whole_ticks_and_lots() -> None:
    payload = depth([["61837.63000000", "3.78826000"], ["61820.99000000", "0.00000000"]], [["62000.5", "1"]])
    diff = MarketCodec([BTC]).decode(payload, 99)
    assert isinstance(diff, BookDelta)
    assert (diff.instrument, diff.time, diff.at) == ("BTC-USDT.binance", NS, 99)
    assert (diff.first_id, diff.last_id, diff.bids) == (11, 14, 2)
    assert rows(diff.levels) == [[6_183_763, 378_826], [6_182_099, 0], [6_200_050, 100_000]]


def test_futures_chain_their_diffs_by_the_id_before() -> None:
    diff = MarketCodec([BTC]).decode(depth([["10.00", "1.0"]], pu=3, T=MS), 99)
    assert isinstance(diff, BookDelta)
    assert (diff.first_id, rows(diff.levels)) == (4, [[1000, 100_000]])


def test_a_bare_payload_and_an_odd_layout_say_the_same_as_the_usual_one() -> None:
    codec, usual = MarketCodec([BTC]), depth([["10.00", "1.0"]], [["11.00", "2.0"]])
    data = msgspec.json.decode(usual)["data"]
    bare = msgspec.json.encode(data)
    spread = msgspec.json.format(usual, indent=2)
    turned = b'{"data":' + bare + b',"stream":"btcusdt@depth@100ms"}'
    expected = codec.decode(usual, 5)
    assert all(codec.decode(other, 5) == expected for other in (bare, spread, turned))


def test_a_quote_takes_the_market_time_seen_last() -> None:
    codec = MarketCodec([BTC])
    assert codec.decode(quote(), 1) is None
    codec.decode(depth(), 2)
    assert codec.decode(quote(), 3) == Quote(
        "BTC-USDT.binance", NS, 3, 6_183_763, 378_826, 6_183_764, 154_698, 7
    )


def test_a_quote_with_an_empty_side_has_no_lots_there() -> None:
    codec = MarketCodec([BTC])
    codec.decode(depth(), 2)
    seen = codec.decode(quote(b="0.00000000", B="0.00000000"), 3)
    assert isinstance(seen, Quote) and (seen.bid, seen.bid_lots) == (0, 0)


def test_a_trade_keeps_its_own_time_and_the_side_of_its_aggressor() -> None:
    codec = MarketCodec([BTC])
    assert codec.decode(trade(), 3) == Trade("BTC-USDT.binance", NS, 3, 6_183_763, 2000, True, 373)
    assert codec.market_time == NS + 5_000_000


def test_prices_that_come_again_count_as_before_however_many_lie_between() -> None:
    grid = Grid(BTC)
    texts = [f"{cents / 100:.2f}" for cents in range(1, 2_500)]
    assert [grid.ticks(text, "price") for text in (*texts, *texts)] == [*range(1, 2_500)] * 2


def test_an_aggregate_trade_counts_its_parts() -> None:
    payload = wrapped(
        "btcusdt@aggTrade", e="aggTrade", E=MS, s="BTCUSDT", a=8, p="10.00", q="1.0", f=5, l=9, T=MS, m=False
    )
    assert MarketCodec([BTC]).decode(payload, 3) == Trade(
        "BTC-USDT.binance", NS, 3, 1000, 100_000, False, 8, 5
    )


def test_only_a_closed_candle_is_a_bar() -> None:
    codec = MarketCodec([BTC])
    assert codec.decode(kline(x=False), 3) is None
    closed = 1_723_161_256 * SECOND
    assert codec.decode(kline(), 3) == Bar(
        "BTC-USDT.binance", closed, 3, SECOND, 10.0, 12.0, 9.0, 11.0, 1.5, 42
    )


def test_microsecond_stamps_are_understood() -> None:
    diff = MarketCodec([BTC]).decode(depth(E=MS * 1000 + 7), 3)
    assert isinstance(diff, BookDelta) and diff.time == NS + 7000


@pytest.mark.parametrize(
    "payload",
    [b'{"result":null,"id":1}', b'{"result":["a"],"id":3}', b'{"event":{"e":"serverShutdown","E":1}}'],
)
def test_answers_and_notices_are_no_events(payload: bytes) -> None:
    assert MarketCodec([BTC]).decode(payload, 1) is None


BAD_NUMBERS = [
    "NaN",
    "inf",
    "-1.00",
    "1e-400",
    "1e3",
    "",
    "61837,63",
    "+1.00",
    " 1.00",
    "1_0.00",
    "1.",
    ".5",
    "\u0661.00",
    "0x10",
]


@pytest.mark.parametrize("text", [*BAD_NUMBERS, "61837.635", "0.00000000"])
@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda text: depth([[text, "1.0"]]), "BTCUSDT bid price"),
        (lambda text: depth([], [["10.00", "1.0"], [text, "1.0"]]), "BTCUSDT ask price"),
        (lambda text: quote(a=text), "BTCUSDT best ask price"),
        (lambda text: trade(p=text), "BTCUSDT trade price"),
    ],
)
def test_a_price_that_is_no_multiple_of_the_tick_is_refused_by_name(
    make: object, field: str, text: str
) -> None:
    with pytest.raises(MalformedMessage) as refusal:
        MarketCodec([BTC]).decode(make(text), 1)  # type: ignore[operator]
    assert str(refusal.value) == f"{field}: expected a price in steps of 0.01, got {text!r}"


@pytest.mark.parametrize("text", [*BAD_NUMBERS, "1.0000000001"])
@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda text: depth([["10.00", text]]), "BTCUSDT bid quantity"),
        (lambda text: quote(A=text), "BTCUSDT best ask quantity"),
        (lambda text: trade(q=text), "BTCUSDT trade quantity"),
    ],
)
def test_a_quantity_that_is_no_plain_number_is_refused_by_name(make: object, field: str, text: str) -> None:
    with pytest.raises(MalformedMessage) as refusal:
        MarketCodec([BTC]).decode(make(text), 1)  # type: ignore[operator]
    assert str(refusal.value) == f"{field}: expected a quantity in steps of 0.00001, got {text!r}"


def test_a_trade_of_a_fraction_of_a_lot_is_refused() -> None:
    with pytest.raises(
        MalformedMessage, match=r"trade quantity: expected a quantity in steps of 0.00001, got '0.000001'"
    ):
        MarketCodec([BTC]).decode(trade(q="0.000001"), 1)


def test_a_resting_fraction_of_a_lot_from_older_rules_is_cut_and_counted() -> None:
    codec = MarketCodec([BTC])
    diff = codec.decode(depth([["80000.00000000", "244.56630400"], ["79000.00", "0.00000100"]]), 1)
    assert isinstance(diff, BookDelta)
    assert rows(diff.levels) == [[8_000_000, 24_456_630], [7_900_000, 1]]
    assert codec.cut == 2


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (b"", "truncated"),
        (b"hello", "JSON is malformed"),
        (b'{"stream":"btcusdt@trade","data":{"e":"\xff"}}', "btcusdt@trade"),
        (b'{"e":"trade","s":"\xff\xfe"}', "in the message"),
        (b"[1,2]", "Expected `object`"),
        (depth()[:-9], "truncated"),
        (depth(u=1 << 62), "Expected `int` <= 4611686018427387903"),
        (depth([["10.00", "99999999999999999999.0"]]), "bid quantity: expected"),
        (depth([["99999999999999999999.00", "1.0"]]), "bid price: expected"),
        (depth([["10.00"]]), "bid levels"),
        (depth([["10.00", 1.0]]), "bid levels"),
        (depth({"a": 1}), "bid levels"),
        (depth(U=15), "expected ids 0 < U <= u"),
        (depth(E=12), "expected a time in milliseconds"),
        (depth(s="ETHUSDT"), "the message is about 'ETHUSDT'"),
        (
            wrapped("btcusdt@depth@100ms", e="depthUpdate", E=MS, s="BTCUSDT", U=1),
            "missing required field `u`",
        ),
        (wrapped("ethusdt@depth", e="depthUpdate"), "unknown stream 'ethusdt@depth'"),
        (wrapped("btcusdt@forceOrder", e="x"), "unknown stream 'btcusdt@forceOrder'"),
        (b'{"e":"24hrTicker","s":"BTCUSDT"}', "unknown stream 'btcusdt@24hrTicker'"),
        (b'{"error":{"code":2,"msg":"Invalid request"},"id":5}', "refused request 5"),
        (trade(p=61837.63), "Expected `str`, got `float`"),
        (kline(o="NaN"), "expected a plain decimal number, got 'NaN'"),
        (kline(h="8.00"), "expected 0 < low <= open, close <= high"),
        (kline(i="7s"), "unknown interval '7s'"),
        (kline(T=1_723_161_255_998), "doesn't fit its interval"),
        (kline(t=1_723_161_255_001), "no multiple of its interval"),
    ],
)
def test_what_the_venue_does_not_document_is_refused_with_a_sentence(payload: bytes, words: str) -> None:
    with pytest.raises(MalformedMessage) as refusal:
        MarketCodec([BTC]).decode(payload, 1)
    assert words in str(refusal.value)


def text_of(count: int, step: Decimal, zeros: int) -> str:
    text = f"{step * count:f}"
    return text + ("0" * zeros if "." in text else "." + "0" * zeros if zeros else "")


steps = st.sampled_from(["0.01", "0.00001", "0.5", "0.25", "5", "1", "0.00000001"])
pairs = st.lists(st.tuples(st.integers(1, 10**9), st.integers(0, 10**9), st.integers(0, 3)), max_size=6)


@given(steps, steps, pairs, pairs)
def test_any_exact_levels_are_read_back_exactly(
    tick: str, lot: str, bids: list[tuple[int, int, int]], asks: list[tuple[int, int, int]]
) -> None:
    listed = instrument(tick, lot)
    sides = [
        [(text_of(t, listed.tick_size, z), text_of(q, listed.lot_size, z)) for t, q, z in side]
        for side in (bids, asks)
    ]
    expected = [[t, q] for t, q, _ in bids + asks]
    diff = MarketCodec([listed]).decode(depth(*sides), 1)
    assert isinstance(diff, BookDelta)
    assert (diff.bids, rows(diff.levels)) == (len(bids), expected)
    count, packed = Grid(listed).levels(*(msgspec.Raw(msgspec.json.encode(side)) for side in sides))
    assert (count, rows(packed)) == (len(bids), expected)


@given(st.text(alphabet='0123456789.eE-+,NaNif"[] ', max_size=12))
def test_any_price_text_is_exact_or_refused_whichever_way_it_is_read(text: str) -> None:
    outcomes = []
    for payload in (depth([[text, "1.0"]]), msgspec.json.format(depth([[text, "1.0"]]))):
        try:
            diff = MarketCodec([BTC]).decode(payload, 1)
            assert isinstance(diff, BookDelta)
            assert Decimal(rows(diff.levels)[0][0]) * BTC.tick_size == Decimal(text)
            outcomes.append(diff.levels)
        except MalformedMessage:
            outcomes.append(b"refused")
    assert outcomes[0] == outcomes[1]


def test_a_long_message_finds_room() -> None:
    bids = [[f"{60000 - i}.00000000", "1.00000000"] for i in range(5000)]
    diff = MarketCodec([BTC]).decode(depth(bids), 1)
    assert isinstance(diff, BookDelta)
    assert rows(diff.levels) == [[100 * (60000 - i), 100_000] for i in range(5000)]


def test_a_snapshot_is_read_with_its_id() -> None:
    codec = MarketCodec([BTC])
    body = (
        b'{"lastUpdateId":70211,"bids":[["59999.00000000","0.60000000"]],"asks":[["60001.00000000","0.5"]]}'
    )
    snapshot = codec.snapshot("BTCUSDT", body, 8)
    assert (snapshot.last_id, snapshot.bids, snapshot.at) == (70211, 1, 8)
    assert rows(snapshot.levels) == [[5_999_900, 60_000], [6_000_100, 50_000]]
    with pytest.raises(MalformedMessage, match="BTCUSDT depth snapshot"):
        codec.snapshot("BTCUSDT", b'{"code":-1121,"msg":"Invalid symbol."}', 8)


def row(open_: int, **changes: object) -> list[object]:
    made = {"t": open_, "o": "10.0", "h": "12.0", "l": "9.0", "c": "11.0", "v": "1.5", "T": open_ + 999,
            "q": "1", "n": 3, "V": "1", "Q": "1", "B": "0"} | changes  # fmt: skip
    return list(made.values())


def test_fetched_klines_are_bars_and_made_up_history_says_so() -> None:
    body = msgspec.json.encode([row(1_723_161_255_000, B="synthetic"), row(1_723_161_256_000)])
    bars = bars_of_rows("X", SECOND, body, 4)
    assert [(bar.time, bar.at, bar.synthetic) for bar in bars] == [
        (1_723_161_256 * SECOND, 4, True),
        (1_723_161_257 * SECOND, 4, False),
    ]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"code":-1120,"msg":"Invalid interval."}', "X klines"),
        (msgspec.json.encode([row(1_723_161_256_000), row(1_723_161_255_000)]), "oldest first"),
        (
            msgspec.json.encode([row(1_723_161_256_000, c="inf")]),
            "expected a plain decimal number, got 'inf'",
        ),
        (msgspec.json.encode([row(1_723_161_256_000)[:-1]]), "X klines"),
    ],
)
def test_klines_of_another_shape_are_refused(body: bytes, words: str) -> None:
    with pytest.raises(MalformedMessage) as refusal:
        bars_of_rows("X", SECOND, body, 4)
    assert words in str(refusal.value)


def test_a_period_that_the_venue_lacks_is_named() -> None:
    assert interval(SECOND) == "1s"
    with pytest.raises(ConfigInvalid, match="no bars of 7 s"):
        interval(7 * SECOND)
