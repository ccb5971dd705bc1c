"""What the user stream says of orders and lists."""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace

from midas.domain.order import Side
from midas.venues.sim.floor.filters import Rules
from midas.venues.sim.floor.lists import ListNews, OrderList
from midas.venues.sim.floor.matcher import SelfTrade
from midas.venues.sim.floor.orders import Change, Deal, Order
from midas.venues.sim.wire import reports
from tests.fakes.floor import NOW, Floor, Heard

MILLISECONDS = NOW // 1_000_000


class Told(Heard):
    """Keeps the events as the stream renders them, at the time when they happen."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[reports.Json] = []

    def order_changed(self, order: Order, change: Change, deal: Deal | None) -> None:
        self.events.append(reports.execution(order, change, deal, NOW))

    def list_changed(self, made: OrderList, news: ListNews, orders: list[Order]) -> None:
        self.events.append(reports.list_status(made, news, orders, NOW))


@pytest.fixture
def told() -> tuple[Floor, Told]:
    floor, told = Floor(Rules(self_trades=tuple(SelfTrade))), Told()
    floor.listen(told)
    return floor, told


def fields(event: reports.Json, *names: str) -> list[object]:
    return [event.get(name) for name in names]


def test_a_stop_is_reported_out_of_the_book_then_in_it_then_trading(told: tuple[Floor, Told]) -> None:
    floor, heard = told
    floor.depth([(100, 0), (99, 0), (98, 30)], [])
    floor.place(floor.stop(Side.SELL, "2.0", 99, 98))
    floor.print(99, 1, seller=True)
    new, working, trade = heard.events
    assert fields(new, "e", "x", "X", "o", "w", "W", "P", "p") == [
        "executionReport",
        "NEW",
        "NEW",
        "STOP_LOSS_LIMIT",
        False,
        None,
        "99.00000000",
        "98.00000000",
    ]
    assert fields(working, "x", "X", "w", "W") == ["NEW", "NEW", True, MILLISECONDS]
    assert fields(trade, "x", "X", "l", "w") == ["TRADE", "FILLED", "2.00000000", False]
    assert [event["I"] for event in heard.events] == [9_001, 9_002, 9_003]


def test_a_trailing_iceberg_of_a_strategy_carries_its_own_fields(told: tuple[Floor, Told]) -> None:
    floor, heard = told
    ask = floor.stop(Side.SELL, "2.0", None, 98, delta=100)
    floor.place(replace(ask, iceberg=Decimal("1.0"), strategy_id=3, strategy_type=1_000_000))
    assert fields(heard.events[0], "d", "D", "j", "J", "F") == [
        100,
        MILLISECONDS,
        3,
        1_000_000,
        "1.00000000",
    ]


def test_an_oco_reports_its_legs_the_list_the_loser_and_the_end(told: tuple[Floor, Told]) -> None:
    floor, heard = told
    gain, stop = floor.maker(Side.SELL, "2.0", 105), floor.stop(Side.SELL, "2.0", 97)
    made, orders = floor.place_list(gain, stop, client_id="list")
    floor.print(106, 30, seller=False)
    kinds = [(event["e"], event.get("x", event.get("l"))) for event in heard.events]
    assert kinds == [
        ("executionReport", "NEW"),
        ("executionReport", "NEW"),
        ("listStatus", "EXEC_STARTED"),
        ("executionReport", "EXPIRED"),
        ("executionReport", "TRADE"),
        ("listStatus", "ALL_DONE"),
    ]
    assert fields(heard.events[3], "g", "eR", "X") == [made.list_id, "OCO_TRIGGER", "EXPIRED"]
    assert heard.events[-1] == {
        "e": "listStatus",
        "E": MILLISECONDS,
        "s": "BTCUSDT",
        "g": made.list_id,
        "c": "OCO",
        "l": "ALL_DONE",
        "L": "ALL_DONE",
        "r": "NONE",
        "C": "list",
        "T": MILLISECONDS,
        "O": [{"s": "BTCUSDT", "i": order.order_id, "c": order.client_id} for order in orders],
    }


def test_a_cancel_and_an_amendment_name_the_original_order(told: tuple[Floor, Told]) -> None:
    floor, heard = told
    order = floor.place(floor.ask(Side.SELL, "2.0", 105, client_id="first"))
    change = floor.exchange.amend(floor.accounts[0], order, Decimal("1.0"), "second", NOW)
    floor.exchange.cancel(order, NOW, "cancel")
    assert fields(heard.events[1], "x", "c", "C", "q") == ["REPLACED", "second", "first", "1.00000000"]
    assert heard.events[1]["I"] == change.execution_id
    assert fields(heard.events[2], "x", "c", "C") == ["CANCELED", "cancel", "second"]


def test_a_prevented_trade_names_quantity_price_and_the_other_order(told: tuple[Floor, Told]) -> None:
    floor, heard = told
    floor.depth([], [(101, 0), (102, 0)])
    maker = floor.place(floor.ask(Side.SELL, "5.0", 101))
    taker = floor.place(replace(floor.ask(Side.BUY, "2.0", 101), self_trade=SelfTrade.DECREMENT))
    first, second = heard.events[-2:]
    assert fields(first, "x", "X", "A", "B", "U") == [
        "TRADE_PREVENTION",
        "EXPIRED_IN_MATCH",
        "2.00000000",
        "2.00000000",
        maker.order_id,
    ]
    assert fields(second, "X", "U", "pL", "pY", "w") == [
        "NEW",
        taker.order_id,
        "101.00000000",
        "202.00000000",
        True,
    ]
    assert first["v"] == second["v"]


def test_a_rejected_order_says_why(told: tuple[Floor, Told]) -> None:
    floor, heard = told
    working, pending = floor.ask(Side.BUY, "1.0", 100), floor.ask(Side.SELL, "21.0", 105)
    floor.place_list(pending, working=working)
    floor.print(99, 10, seller=True)
    rejected = heard.events[-2]
    assert fields(rejected, "x", "X", "r") == ["REJECTED", "REJECTED", "INSUFFICIENT_BALANCES"]
