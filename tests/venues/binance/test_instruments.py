"""The listing: instruments with their filters, and one sentence for a symbol that can't be traded."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from midas.errors import ConfigInvalid, MalformedMessage, Rejected
from midas.venues.binance.instruments import ExchangeInfo, choose, limits, load, read
from midas.venues.binance.weights import Limits
from tests.fakes.binance_bench import Stand
from tests.fakes.binance_stub import ok, refused

FILTERS: list[dict[str, Any]] = [
    {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "1000000", "tickSize": "0.01000000"},
    {"filterType": "LOT_SIZE", "minQty": "0.00001000", "maxQty": "9000.00000000", "stepSize": "0.00001000"},
    {"filterType": "NOTIONAL", "minNotional": "5.00000000", "avgPriceMins": 5},
    {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 200},
]


def listed(symbol: str = "BTCUSDT", status: str = "TRADING", filters: Any = FILTERS) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "status": status,
        "baseAsset": symbol[:-4],
        "quoteAsset": symbol[-4:],
        "filters": filters,
    }


def info(*symbols: dict[str, Any], rates: tuple[Any, ...] = ()) -> ExchangeInfo:
    return msgspec.convert({"symbols": symbols, "rateLimits": rates}, ExchangeInfo)


@pytest.mark.parametrize("name", ["BTCUSDT", "btcusdt", "BTC-USDT", "BTC/USDT"])
def test_a_symbol_is_found_in_each_spelling(name: str) -> None:
    (instrument,) = choose(info(listed()).symbols, [name])
    assert instrument.id == "BTC-USDT.binance"
    assert instrument.symbol == "BTCUSDT"
    assert (instrument.tick_size, instrument.lot_size) == (Decimal("0.01"), Decimal("0.00001"))
    assert (instrument.quantity_min, instrument.quantity_max) == (Decimal("0.00001"), Decimal(9000))
    assert instrument.notional_min == Decimal(5)


def test_instruments_come_in_the_order_asked_for() -> None:
    listing = info(listed("BTCUSDT"), listed("ETHUSDT")).symbols
    assert [i.base for i in choose(listing, ["ETHUSDT", "BTCUSDT"])] == ["ETH", "BTC"]


def test_an_unlisted_symbol_is_answered_with_near_names() -> None:
    with pytest.raises(ConfigInvalid, match="'BTCUSD'; did you mean BTCUSDT"):
        choose(info(listed(), listed("ETHUSDT")).symbols, ["BTCUSD"])


def test_a_symbol_like_no_other_is_answered_with_what_is_listed() -> None:
    with pytest.raises(ConfigInvalid, match="it lists BTCUSDT"):
        choose(info(listed()).symbols, ["XYZ"])


@pytest.mark.parametrize("status", ["HALT", "BREAK"])
def test_a_symbol_that_does_not_trade_is_refused(status: str) -> None:
    with pytest.raises(ConfigInvalid, match=f"status {status}"):
        choose(info(listed(status=status)).symbols, ["BTCUSDT"])


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_missing_filter_is_malformed(missing: int) -> None:
    filters = [f for index, f in enumerate(FILTERS) if index != missing]
    with pytest.raises(MalformedMessage, match="BTCUSDT: filter"):
        choose(info(listed(filters=filters)).symbols, ["BTCUSDT"])


@pytest.mark.parametrize("tick", ["0.00000000", "NaN", "x", 1])
def test_an_impossible_tick_size_is_malformed(tick: object) -> None:
    price: dict[str, Any] = dict(FILTERS[0])
    filters = [{**price, "tickSize": tick}, *FILTERS[1:]]
    with pytest.raises(MalformedMessage):
        choose(info(listed(filters=filters)).symbols, ["BTCUSDT"])


def test_the_venues_limits_replace_the_usual_ones() -> None:
    rates = (
        {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 1200},
        {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 50},
    )
    assert limits(info(rates=rates).rate_limits) == Limits(1200, 50, 200_000)


async def test_loading_sets_the_limits_of_the_session(bench: Stand) -> None:
    rates = [{"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 1200}]
    bench.venue.on("GET", "exchangeInfo", lambda _: ok({"symbols": [listed()], "rateLimits": rates}))
    (instrument,) = await load(bench.rest, ["BTCUSDT"])
    assert instrument.symbol == "BTCUSDT"
    assert bench.rest.weights.limits.weight_minute == 1200


async def test_the_rules_of_one_symbol_are_read_as_they_are_now(bench: Stand) -> None:
    answer = {"symbols": [listed(status="HALT")], "rateLimits": []}
    bench.venue.on("GET", "exchangeInfo", lambda asked: ok(answer) if asked["symbol"] == "BTCUSDT" else None)
    now = await bench.broker.rules("BTC-USDT.binance")
    assert (now.status, now.name) == ("HALT", "BTC-USDT.binance")
    assert now.listed is not None
    assert now.listed.notional_min == Decimal(5)


async def test_a_symbol_that_is_gone_is_told_as_such_and_another_refusal_is_a_failed_question(
    bench: Stand,
) -> None:
    bench.venue.on("GET", "exchangeInfo", lambda _: refused(400, -1121, "Invalid symbol."))
    now = await bench.broker.rules("BTC-USDT.binance")
    assert (now.status, now.listed) == ("not listed", None)
    bench.venue.on("GET", "exchangeInfo", lambda _: refused(400, -1102, "Mandatory parameter"))
    with pytest.raises(Rejected):
        await bench.broker.rules("BTC-USDT.binance")


async def test_a_desk_starts_with_a_symbol_that_is_halted_and_with_none_that_is_not_listed(
    bench: Stand,
) -> None:
    answer = {"symbols": [listed(status="HALT"), listed("ETHUSDT")], "rateLimits": []}
    bench.venue.on("GET", "exchangeInfo", lambda _: ok(answer))
    found = await read(bench.rest, ["BTCUSDT", "ETHUSDT"])
    assert [(rules.name, rules.status) for rules in found] == [
        ("BTC-USDT.binance", "HALT"), ("ETH-USDT.binance", ""),
    ]  # fmt: skip
    with pytest.raises(ConfigInvalid, match="doesn't list"):
        await read(bench.rest, ["DOGEUSDT"])
