"""Orders as clients ask for them: parameters in, the venue's JSON out."""

from __future__ import annotations

from typing import Any

import pytest

from midas.domain.time import DAY, SECOND
from midas.venues.sim.doors.listdesk import ListDesk
from midas.venues.sim.doors.ordercounts import OrderCounts
from midas.venues.sim.doors.params import Params
from midas.venues.sim.doors.private import Private
from midas.venues.sim.doors.trading import Trading
from midas.venues.sim.floor.refusal import Refusal
from tests.fakes.floor import NOW, Floor, Heard

MILLISECONDS = NOW // 1_000_000


class Client:
    """Asks as the first account. JSON is `Any` here: the tests are what says how it looks."""

    def __init__(self) -> None:
        self.floor = Floor()
        self.now = NOW
        exchange, counts = self.floor.exchange, OrderCounts(Heard())
        self.trading = Trading(exchange, lambda: self.now, counts)
        self.lists = ListDesk(exchange, lambda: self.now, counts)
        self.private = Private(exchange, lambda: self.now, counts)

    def again(self) -> None:
        """The doors open anew before the same exchange."""
        counts = OrderCounts(Heard())
        self.trading = Trading(self.floor.exchange, lambda: self.now, counts)
        self.lists = ListDesk(self.floor.exchange, lambda: self.now, counts)

    def ask(self, call: Any, **values: object) -> Any:
        return call(self.floor.accounts[0], Params.of_json({"symbol": "BTCUSDT", **values}))

    def refused(self, call: Any, **values: object) -> Refusal:
        with pytest.raises(Refusal) as refusal:
            self.ask(call, **values)
        return refusal.value

    def place(self, **values: object) -> Any:
        fields = {"side": "SELL", "type": "LIMIT", "timeInForce": "GTC", "quantity": "2.0", "price": "105"}
        wanted = {name: value for name, value in (fields | values).items() if value is not None}
        return self.ask(self.trading.place, **wanted)

    def refused_order(self, **values: object) -> tuple[int, str]:
        with pytest.raises(Refusal) as refusal:
            self.place(**values)
        return refusal.value.code, refusal.value.text


STOP_LIMIT = {"type": "STOP_LOSS_LIMIT", "stopPrice": "98", "price": "97"}
OCO = {
    "side": "SELL",
    "quantity": "2.0",
    "aboveType": "LIMIT_MAKER",
    "abovePrice": "105",
    "belowType": "STOP_LOSS_LIMIT",
    "belowStopPrice": "97",
    "belowPrice": "96",
    "belowTimeInForce": "GTC",
    "aboveClientOrderId": "gain",
    "belowClientOrderId": "stop",
    "listClientOrderId": "list",
}
WORKING = {
    "workingType": "LIMIT",
    "workingSide": "BUY",
    "workingPrice": "99",
    "workingQuantity": "2.0",
    "workingTimeInForce": "GTC",
}


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.mark.parametrize(
    ("values", "code", "text"),
    [
        ({"type": "STOP"}, -1116, "Invalid orderType."),
        ({"side": "HOLD"}, -1117, "Invalid side."),
        ({"timeInForce": "GTD"}, -1115, "Invalid timeInForce."),
        ({"stopPrice": "98"}, -1106, "Parameter 'stopPrice' sent when not required."),
        ({"trailingDelta": "98"}, -1106, "Parameter 'trailingDelta' sent when not required."),
        (
            STOP_LIMIT | {"stopPrice": None},
            -1102,
            "Param 'stopPrice' or 'trailingDelta' must be sent, but both were empty/null!",
        ),
        (
            STOP_LIMIT | {"price": None},
            -1102,
            "Mandatory parameter 'price' was not sent, was empty/null, or malformed.",
        ),
        (
            {"type": "STOP_LOSS", "stopPrice": "98", "timeInForce": None},
            -1106,
            "Parameter 'price' sent when not required.",
        ),
        (
            {"type": "MARKET", "price": None, "timeInForce": None, "icebergQty": "1.0"},
            -1106,
            "Parameter 'icebergQty' sent when not required.",
        ),
        (
            {"timeInForce": "IOC", "icebergQty": "1.0"},
            -1160,
            "Parameter 'icebergQty' is not supported if 'timeInForce' is not GTC.",
        ),
        ({"strategyType": "999999"}, -1134, "`strategyType` was less than 1000000."),
        (
            {"selfTradePreventionMode": "NONE"},
            -1013,
            "This symbol does not allow the specified self-trade prevention mode.",
        ),
        ({"pegPriceType": "PRIMARY_PEG"}, -2010, "Pegged orders are not supported for this symbol."),
        ({"newOrderRespType": "ALL"}, -1100, None),
    ],
)
def test_a_malformed_order_is_refused_in_the_venues_words(
    client: Client, values: dict[str, object], code: int, text: str | None
) -> None:
    answer = client.refused_order(**values)
    assert answer == (code, answer[1] if text is None else text)
    assert client.floor.exchange.orders == {}


def test_a_stop_answers_briefly_unless_asked_and_is_not_working_until_triggered(client: Client) -> None:
    assert set(client.place(**STOP_LIMIT)) == {
        "symbol",
        "orderId",
        "orderListId",
        "clientOrderId",
        "transactTime",
    }
    answer = client.place(**STOP_LIMIT, newOrderRespType="RESULT", strategyId="7", strategyType="1000001")
    assert (answer["workingTime"], answer["stopPrice"], answer["type"]) == (
        -1,
        "98.00000000",
        "STOP_LOSS_LIMIT",
    )
    assert (answer["strategyId"], answer["strategyType"], "fills" in answer) == (7, 1_000_001, False)
    asked = {"orderId": answer["orderId"]}
    before = client.ask(client.private.query, **asked)
    client.floor.depth([(100, 0), (99, 0), (98, 0), (96, 1)], [])
    client.floor.print(98, 1, seller=True)
    after = client.ask(client.private.query, **asked)
    assert (before["isWorking"], before["workingTime"], before["icebergQty"]) == (False, -1, "0.00000000")
    assert (after["isWorking"], after["workingTime"]) == (True, MILLISECONDS)


def test_trailing_iceberg_and_prevention_are_told_where_they_apply(client: Client) -> None:
    stop = {"type": "STOP_LOSS", "price": None, "timeInForce": None, "trailingDelta": "100"}
    trailing = client.place(**stop, newOrderRespType="FULL")
    assert (trailing["trailingDelta"], trailing["trailingTime"]) == (100, MILLISECONDS)
    iceberg = client.place(icebergQty="1.0")
    assert (iceberg["icebergQty"], iceberg["fills"]) == ("1.00000000", [])
    client.floor.depth([], [(tick, 0) for tick in (101, 102)])
    taker = client.place(side="BUY", quantity="1.0", selfTradePreventionMode="EXPIRE_TAKER")
    assert (taker["status"], taker["preventedQuantity"]) == ("EXPIRED_IN_MATCH", "1.00000000")
    assert taker["preventedMatches"] == [
        {
            "preventedMatchId": taker["preventedMatchId"],
            "makerOrderId": iceberg["orderId"],
            "price": "105.00000000",
            "takerPreventedQuantity": "1.00000000",
        }
    ]
    [line] = client.ask(client.private.prevented, orderId=taker["orderId"])
    assert (line["takerOrderId"], line["makerOrderId"]) == (taker["orderId"], iceberg["orderId"])


def test_a_test_order_tells_its_commission_where_that_is_asked(client: Client) -> None:
    order = {"side": "BUY", "type": "MARKET", "quantity": "1.0"}
    assert client.ask(client.trading.test, **order) == {}
    rates = client.ask(client.trading.test, **order, computeCommissionRates="true")
    assert rates["standardCommissionForOrder"] == {"maker": "0.00010000", "taker": "0.00040000"}
    assert set(rates) >= {"specialCommissionForOrder", "taxCommissionForOrder", "discount"}
    assert client.floor.exchange.orders == {}


def test_an_oco_answers_with_its_legs_and_can_be_found_and_cancelled(client: Client) -> None:
    answer = client.ask(client.lists.place_oco, **OCO)
    assert answer["contingencyType"] == "OCO"
    assert (answer["listStatusType"], answer["listOrderStatus"]) == ("EXEC_STARTED", "EXECUTING")
    assert [order["clientOrderId"] for order in answer["orders"]] == ["stop", "gain"]
    stop, gain = answer["orderReports"]
    assert (gain["orderListId"], gain["workingTime"]) == (answer["orderListId"], MILLISECONDS)
    assert (stop["stopPrice"], stop["workingTime"]) == ("97.00000000", -1)
    found = client.ask(client.lists.query, origClientOrderId="list")
    assert found == {name: value for name, value in answer.items() if name != "orderReports"}
    assert client.ask(client.lists.open_lists) == client.ask(client.lists.all_lists) == [found]
    done = client.ask(client.lists.cancel, listClientOrderId="list")
    assert (done["listStatusType"], done["listOrderStatus"]) == ("ALL_DONE", "ALL_DONE")
    assert [report["origClientOrderId"] for report in done["orderReports"]] == ["stop", "gain"]
    assert client.ask(client.lists.open_lists) == []
    assert client.refused(client.lists.cancel, listClientOrderId="list").code == -2011
    assert client.refused(client.lists.query, orderListId="99").code == -2018


def test_an_oto_and_an_otoco_take_the_parameters_of_their_legs(client: Client) -> None:
    pending = {"pendingType": "LIMIT_MAKER", "pendingSide": "SELL", "pendingQuantity": "2.0"}
    oto = client.ask(client.lists.place_oto, **WORKING, **pending, pendingPrice="105")
    assert [report["status"] for report in oto["orderReports"]] == ["NEW", "PENDING_NEW"]
    assert oto["contingencyType"] == "OTO"
    legs = {
        "pendingAboveType": "LIMIT_MAKER",
        "pendingAbovePrice": "105",
        "pendingBelowType": "STOP_LOSS",
        "pendingBelowTrailingDelta": "200",
    }
    side = {"pendingSide": "SELL", "pendingQuantity": "2.0"}
    otoco = client.ask(client.lists.place_otoco, **WORKING, **side, **legs)
    types = [report["type"] for report in otoco["orderReports"]]
    assert types == ["LIMIT", "STOP_LOSS", "LIMIT_MAKER"]
    market = WORKING | {"workingType": "MARKET", "workingPrice": None, "workingTimeInForce": None}
    assert client.refused(client.lists.place_oto, **market, **pending, pendingPrice="105").code == -1116
    assert client.refused(client.lists.place_oto, **WORKING, **pending).code == -1102


def test_an_order_list_counts_each_of_its_orders_against_the_limits(client: Client) -> None:
    client.ask(client.lists.place_oco, **OCO)
    rows = client.ask(client.private.order_rates)
    assert [row["count"] for row in rows] == [2, 2]


def test_cancelling_everything_names_lists_and_orders_once(client: Client) -> None:
    client.ask(client.lists.place_oco, **OCO)
    single = client.place(newClientOrderId="single")
    answers = client.ask(client.trading.cancel_all)
    assert [("orderReports" in answer) for answer in answers] == [True, False]
    assert answers[1]["orderId"] == single["orderId"]
    assert client.floor.exchange.open == {}
    assert client.refused(client.trading.cancel_all).code == -2011


def test_an_amended_order_is_answered_with_its_history(client: Client) -> None:
    order = client.place(newClientOrderId="old")
    answer = client.ask(client.trading.amend, newQty="1.0", origClientOrderId="old", newClientOrderId="new")
    assert (answer["amendedOrder"]["qty"], answer["amendedOrder"]["clientOrderId"]) == ("1.00000000", "new")
    [line] = client.ask(client.private.amendments, orderId=order["orderId"])
    assert line == {
        "symbol": "BTCUSDT",
        "orderId": order["orderId"],
        "executionId": answer["executionId"],
        "origClientOrderId": "old",
        "newClientOrderId": "new",
        "origQty": "2.00000000",
        "newQty": "1.00000000",
        "time": MILLISECONDS,
    }
    client.ask(client.lists.place_oco, **OCO)
    answer = client.ask(client.trading.amend, newQty="1.5", origClientOrderId="gain")
    assert len(answer["listStatus"]["orders"]) == 2


REPLACE = {
    "cancelReplaceMode": "STOP_ON_FAILURE",
    "cancelOrigClientOrderId": "old",
    "side": "SELL",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "quantity": "1.0",
    "price": "104",
}


def test_a_replaced_order_is_gone_and_the_new_one_is_there(client: Client) -> None:
    client.place(newClientOrderId="old")
    answer = client.ask(client.trading.replace, **REPLACE)
    assert (answer["cancelResult"], answer["newOrderResult"]) == ("SUCCESS", "SUCCESS")
    [order] = client.ask(client.private.open_orders)
    assert order["orderId"] == answer["newOrderResponse"]["orderId"]


@pytest.mark.parametrize(
    ("placed", "changes", "code", "status", "results"),
    [
        (False, {}, -2022, 400, ("FAILURE", "NOT_ATTEMPTED")),
        (False, {"cancelReplaceMode": "ALLOW_FAILURE"}, -2021, 409, ("FAILURE", "SUCCESS")),
        (
            False,
            {"cancelReplaceMode": "ALLOW_FAILURE", "quantity": "99"},
            -2022,
            400,
            ("FAILURE", "FAILURE"),
        ),
        (True, {"quantity": "99"}, -2021, 409, ("SUCCESS", "FAILURE")),
        (True, {"cancelRestrictions": "ONLY_PARTIALLY_FILLED"}, -2022, 400, ("FAILURE", "NOT_ATTEMPTED")),
    ],
)
def test_a_replace_says_which_half_failed(
    client: Client,
    placed: bool,
    changes: dict[str, object],
    code: int,
    status: int,
    results: tuple[str, str],
) -> None:
    if placed:
        client.place(newClientOrderId="old")
    refusal = client.refused(client.trading.replace, **(REPLACE | changes))
    assert (refusal.code, refusal.status) == (code, status)
    assert refusal.data is not None
    assert (refusal.data["cancelResult"], refusal.data["newOrderResult"]) == results


def test_a_replace_beyond_the_order_limit_does_nothing_or_only_cancels(client: Client) -> None:
    client.place(newClientOrderId="old")
    for _ in range(99):
        client.ask(client.trading.cancel, orderId=client.place(quantity="1.0")["orderId"])
    refusal = client.refused(client.trading.replace, **REPLACE)
    assert (refusal.code, refusal.status) == (-1015, 429)
    assert client.ask(client.private.query, origClientOrderId="old")["status"] == "NEW"
    refusal = client.refused(client.trading.replace, **REPLACE, orderRateLimitExceededMode="CANCEL_ONLY")
    assert (refusal.code, refusal.status) == (-2021, 429)
    assert client.ask(client.private.query, origClientOrderId="old")["status"] == "CANCELED"


def test_an_order_that_never_traded_is_archived_after_ninety_days(client: Client) -> None:
    order = client.place(newClientOrderId="old")
    client.ask(client.trading.cancel, orderId=order["orderId"])
    assert client.ask(client.private.query, orderId=order["orderId"])["status"] == "CANCELED"
    client.now += 90 * DAY + SECOND
    assert client.refused(client.private.query, orderId=order["orderId"]).code == -2026
    assert client.refused(client.private.query, orderId="5").code == -2013


def test_a_new_order_that_a_filter_refuses_costs_the_old_one_nothing(client: Client) -> None:
    client.place(newClientOrderId="old")
    refusal = client.refused(client.trading.replace, **(REPLACE | {"price": "9999"}))
    assert (refusal.code, refusal.text) == (-1013, "Filter failure: PERCENT_PRICE_BY_SIDE")
    assert (refusal.status, refusal.data) == (400, None)
    assert client.ask(client.private.query, origClientOrderId="old")["status"] == "NEW"


def test_a_cancelled_list_reports_only_the_orders_that_this_ended(client: Client) -> None:
    side = {"pendingSide": "SELL", "pendingQuantity": "2.0"}
    legs = {"pendingAboveType": "LIMIT_MAKER", "pendingAbovePrice": "105",
            "pendingBelowType": "STOP_LOSS", "pendingBelowStopPrice": "90"}  # fmt: skip
    made = client.ask(client.lists.place_otoco, **WORKING, **side, **legs)
    client.floor.print(98, 40, seller=True)
    working, *pending = made["orders"]
    assert client.ask(client.private.query, orderId=working["orderId"])["status"] == "FILLED"
    answer = client.ask(client.lists.cancel, orderListId=made["orderListId"])
    reports = answer["orderReports"]
    assert [row["orderId"] for row in reports] == [leg["orderId"] for leg in pending]
    assert {row["status"] for row in reports} == {"CANCELED"}
    assert all(row["clientOrderId"] for row in reports)
    assert len(answer["orders"]) == 3


def test_names_that_the_exchange_gives_never_come_twice(client: Client) -> None:
    given: list[str] = []
    for _ in range(2):
        order = client.place(quantity="3.0")
        given.append(client.ask(client.trading.amend, orderId=order["orderId"], newQty="2.0")
                     ["amendedOrder"]["clientOrderId"])  # fmt: skip
        client.again()  # another process goes on
    given += [row["clientOrderId"] for row in client.ask(client.trading.cancel_all)]
    assert len(set(given)) == len(given) == 4
