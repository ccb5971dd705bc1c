from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace

from midas.domain.order import Side
from midas.venues.sim.floor.filters import Filters, Rules
from midas.venues.sim.floor.matcher import SelfTrade
from midas.venues.sim.floor.orders import Ask, Kind
from tests.fakes.floor import INSTRUMENT, Floor, refused

BUY, SELL = Side.BUY, Side.SELL
STOP = Floor.stop(BUY, "1.0", 105, 106)


@pytest.mark.parametrize(
    ("ask", "name"),
    [
        (replace(Floor.ask(BUY, "1.0", 100), price=Decimal("100.5")), "PRICE_FILTER"),
        (replace(STOP, stop_price=Decimal("105.5")), "PRICE_FILTER"),
        (replace(STOP, stop_price=Decimal(2_000_000)), "PRICE_FILTER"),
        (Floor.ask(BUY, "1.0", 501), "PERCENT_PRICE_BY_SIDE"),
        (Floor.ask(SELL, "2.0", 19), "PERCENT_PRICE_BY_SIDE"),
        (replace(STOP, price=Decimal(501)), "PERCENT_PRICE_BY_SIDE"),
        (Floor.ask(BUY, "1.05", 100), "LOT_SIZE"),
        (Floor.ask(BUY, "9000.1", 100), "LOT_SIZE"),
        (replace(Floor.ask(BUY, "1.0", 100), iceberg=Decimal("0.05")), "LOT_SIZE"),
        (Floor.ask(SELL, "101.0"), "MARKET_LOT_SIZE"),
        (Floor.stop(SELL, "101.0", 95), "MARKET_LOT_SIZE"),
        (Floor.ask(BUY, "0.1", 100), "NOTIONAL"),
        (Floor.ask(BUY, "0.1"), "NOTIONAL"),
        (replace(Floor.ask(BUY, "20.0", 100), iceberg=Decimal("0.1")), "ICEBERG_PARTS"),
        (Floor.stop(SELL, "1.0", None, delta=9), "TRAILING_DELTA"),
        (Floor.stop(SELL, "1.0", None, delta=2_001), "TRAILING_DELTA"),
    ],
)
def test_an_order_that_breaks_a_filter_is_refused_by_its_name(floor: Floor, ask: Ask, name: str) -> None:
    assert refused(floor, ask) == (-1013, f"Filter failure: {name}")


@pytest.mark.parametrize(
    ("rules", "ask", "name"),
    [
        (Rules(min_notional=Decimal(150)), Floor.ask(BUY, "1.0", 100), "MIN_NOTIONAL"),
        (Rules(percent_price=(Decimal("1.1"), Decimal("0.9"))), Floor.ask(BUY, "1.0", 111), "PERCENT_PRICE"),
        (Rules(position_max=Decimal(22)), Floor.ask(BUY, "2.1", 100), "MAX_POSITION"),
        (Rules(notional_max=Decimal(150)), Floor.ask(BUY, "2.0", 100), "NOTIONAL"),
        (Rules(orders_max=0), Floor.ask(BUY, "1.0", 100), "MAX_NUM_ORDERS"),
        (Rules(algos_max=0), STOP, "MAX_NUM_ALGO_ORDERS"),
    ],
)
def test_a_symbol_may_have_filters_of_its_own(rules: Rules, ask: Ask, name: str) -> None:
    assert refused(Floor(rules), ask) == (-1013, f"Filter failure: {name}")


def test_a_position_counts_what_open_orders_buy() -> None:
    floor = Floor(Rules(position_max=Decimal(22)))
    floor.place(floor.ask(BUY, "1.0", 99))
    assert refused(floor, floor.ask(BUY, "1.1", 99)) == (-1013, "Filter failure: MAX_POSITION")
    floor.place(floor.ask(SELL, "1.1", 105))
    floor.place(floor.ask(BUY, "1.0", 99))


def test_only_waiting_stops_count_as_algo_orders() -> None:
    floor = Floor(Rules(algos_max=1))
    floor.place(floor.stop(BUY, "1.0", 105, 96))
    assert refused(floor, STOP) == (-1013, "Filter failure: MAX_NUM_ALGO_ORDERS")
    floor.place(floor.ask(BUY, "1.0", 99))
    floor.print(105, 1, seller=False)
    floor.place(floor.stop(BUY, "1.0", 108))


def test_an_iceberg_may_not_show_more_than_it_is_and_their_number_may_be_limited() -> None:
    floor = Floor(Rules(icebergs_max=1))
    iceberg = replace(floor.ask(BUY, "2.0", 99), iceberg=Decimal("1.0"))
    large = replace(iceberg, iceberg=Decimal("3.0"))
    assert refused(floor, large) == (-2010, "IcebergQty exceeds QTY.")
    floor.place(iceberg)
    assert refused(floor, iceberg) == (-1013, "Filter failure: MAX_NUM_ICEBERG_ORDERS")


def test_a_mode_of_self_trade_prevention_that_the_symbol_does_not_have_is_refused(floor: Floor) -> None:
    ask = replace(floor.ask(BUY, "1.0"), self_trade=SelfTrade.NONE)
    text = "This symbol does not allow the specified self-trade prevention mode."
    assert refused(floor, ask) == (-1013, text)


def test_every_filter_is_described_with_the_numbers_that_are_enforced() -> None:
    rules = Rules(
        icebergs_max=3,
        position_max=Decimal(7),
        min_notional=Decimal(9),
        percent_price=(Decimal("1.3"), Decimal("0.7")),
    )
    described = {row["filterType"]: row for row in Floor(rules).desk.filters.described()}
    assert set(described) == {
        "PRICE_FILTER",
        "LOT_SIZE",
        "ICEBERG_PARTS",
        "MARKET_LOT_SIZE",
        "TRAILING_DELTA",
        "PERCENT_PRICE_BY_SIDE",
        "PERCENT_PRICE",
        "NOTIONAL",
        "MIN_NOTIONAL",
        "MAX_NUM_ORDERS",
        "MAX_NUM_ORDER_LISTS",
        "MAX_NUM_ALGO_ORDERS",
        "MAX_NUM_ICEBERG_ORDERS",
        "MAX_NUM_ORDER_AMENDS",
        "MAX_POSITION",
    }
    assert described["LOT_SIZE"] == {
        "filterType": "LOT_SIZE",
        "minQty": "0.10000000",
        "maxQty": "9000.00000000",
        "stepSize": "0.10000000",
    }
    assert described["MAX_NUM_ORDER_AMENDS"]["maxNumOrderAmends"] == rules.amends_max
    assert described["PERCENT_PRICE"]["multiplierUp"] == "1.3"


def test_a_symbol_without_older_filters_lists_none(floor: Floor) -> None:
    described = {row["filterType"] for row in floor.desk.filters.described()}
    assert not described & {"MIN_NOTIONAL", "PERCENT_PRICE", "MAX_POSITION", "MAX_NUM_ICEBERG_ORDERS"}
    assert floor.place(floor.ask(BUY, "1.0", 100)).ask.type is Kind.LIMIT


@pytest.mark.parametrize(
    ("lot", "largest", "market"), [("0.00001", "9000", "100"), ("0.1", "9000000", "100000"), ("1", "50", "1")]
)
def test_an_order_without_a_price_may_ask_for_a_share_of_the_largest(
    lot: str, largest: str, market: str
) -> None:
    instrument = replace(
        INSTRUMENT, lot_size=Decimal(lot), quantity_min=Decimal(lot), quantity_max=Decimal(largest)
    )
    filters = Filters(instrument)
    assert filters.market_quantity_max == Decimal(market)
    described = {row["filterType"]: row for row in filters.described()}
    assert Decimal(str(described["MARKET_LOT_SIZE"]["maxQty"])) == Decimal(market)
