"""Orders, deals and accounts as the venue writes them in JSON."""

from __future__ import annotations

from collections.abc import Iterable

from midas.costs import FeeSchedule
from midas.domain.money import ZERO
from midas.domain.order import Side
from midas.domain.time import MILLISECOND
from midas.venues.sim.floor.accounts import Account
from midas.venues.sim.floor.lists import ListNews, ListStatus, OrderList
from midas.venues.sim.floor.matcher import SelfTrade
from midas.venues.sim.floor.orders import Amendment, Change, Deal, Match, Order, Status
from midas.venues.sim.floor.wallet import Flow

NOTHING = "0.00000000"
SELF_TRADE = SelfTrade.EXPIRE_MAKER.value
Json = dict[str, object]


def _eight(value: object) -> str:
    return NOTHING if value is ZERO else f"{value:.8f}"


def core(order: Order) -> Json:
    """The fields that every description of an order shares, and those that apply to it."""
    ask = order.ask
    fields: Json = {
        "price": _eight(ask.price or ZERO),
        "origQty": _eight(order.quantity),
        "executedQty": _eight(order.executed),
        "origQuoteOrderQty": _eight(ask.quote_quantity or ZERO),
        "cummulativeQuoteQty": _eight(order.value),
        "status": order.status.value,
        "timeInForce": ask.time_in_force.value,
        "type": ask.type.value,
        "side": ask.side.value,
        "selfTradePreventionMode": ask.self_trade.value,
    }
    return fields | _applying(order)


def _applying(order: Order) -> Json:
    """Fields that are sent only where they say something."""
    ask = order.ask
    fields: Json = {
        "stopPrice": None if ask.stop_price is None else _eight(ask.stop_price),
        "icebergQty": None if ask.iceberg is None else _eight(ask.iceberg),
        "trailingDelta": ask.trailing_delta,
        "trailingTime": order.stop.since // MILLISECOND if order.stop and order.stop.since else None,
        "strategyId": ask.strategy_id,
        "strategyType": ask.strategy_type,
        "preventedMatchId": order.matches[-1].match_id if order.matches else None,
        "preventedQuantity": _eight(order.prevented) if order.matches else None,
        "expiryReason": order.expiry_reason or None,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _identity(order: Order, client_id: str) -> Json:
    return {
        "symbol": order.symbol,
        "orderId": order.order_id,
        "orderListId": order.list_id,
        "clientOrderId": client_id,
    }


def _working(order: Order) -> int:
    return order.working_at // MILLISECOND if order.working_at else -1


def placed(order: Order, kind: str) -> Json:
    """The answer to a new order: ACK, RESULT or FULL."""
    answer = _identity(order, order.client_id) | {"transactTime": order.updated_at // MILLISECOND}
    if kind == "ACK":
        return answer
    answer |= core(order) | {"workingTime": _working(order)}
    taken = [match for match in order.matches if match.taker]
    if taken:
        answer["preventedMatches"] = [
            {
                "preventedMatchId": match.match_id,
                "makerOrderId": match.other_id,
                "price": _eight(match.price),
                "takerPreventedQuantity": _eight(match.quantity),
            }
            for match in taken
        ]
    if kind == "FULL":
        answer["fills"] = [
            {
                "price": _eight(deal.price),
                "qty": _eight(deal.quantity),
                "commission": _eight(deal.fee),
                "commissionAsset": deal.fee_asset,
                "tradeId": deal.trade_id,
            }
            for deal in order.deals
        ]
    return answer


def cancelled(order: Order) -> Json:
    """The answer to a cancel."""
    identity = _identity(order, order.cancel_id) | {"origClientOrderId": order.client_id}
    return identity | {"transactTime": order.updated_at // MILLISECOND} | core(order)


def queried(order: Order) -> Json:
    """An order as `GET order` and the order lists show it."""
    return (
        _identity(order, order.client_id)
        | {"stopPrice": _eight(ZERO), "icebergQty": _eight(ZERO)}
        | core(order)
        | {
            "time": order.created_at // MILLISECOND,
            "updateTime": order.updated_at // MILLISECOND,
            "isWorking": order.working_at > 0,
            "workingTime": _working(order),
        }
    )


def amended(order: Order, change: Amendment) -> Json:
    """The answer to an amendment."""
    ask = order.ask
    described: Json = {
        "symbol": order.symbol,
        "orderId": order.order_id,
        "orderListId": order.list_id,
        "origClientOrderId": change.old_client_id,
        "clientOrderId": change.client_id,
        "price": _eight(ask.price or ZERO),
        "qty": _eight(order.quantity),
        "executedQty": _eight(order.executed),
        "preventedQty": _eight(order.prevented),
        "quoteOrderQty": _eight(ask.quote_quantity or ZERO),
        "cumulativeQuoteQty": _eight(order.value),
        "status": order.status.value,
        "timeInForce": ask.time_in_force.value,
        "type": ask.type.value,
        "side": ask.side.value,
        "workingTime": _working(order),
        "selfTradePreventionMode": ask.self_trade.value,
    }
    return {
        "transactTime": change.time // MILLISECOND,
        "executionId": change.execution_id,
        "amendedOrder": described | _applying(order),
    }


def amendment(order: Order, change: Amendment) -> Json:
    """A line of `order/amendments`."""
    return {
        "symbol": order.symbol,
        "orderId": order.order_id,
        "executionId": change.execution_id,
        "origClientOrderId": change.old_client_id,
        "newClientOrderId": change.client_id,
        "origQty": _eight(change.old_quantity),
        "newQty": _eight(change.quantity),
        "time": change.time // MILLISECOND,
    }


def prevented_match(order: Order, match: Match) -> Json:
    """A line of `myPreventedMatches`, as one of the two orders saw it."""
    taker, maker = (order.order_id, match.other_id) if match.taker else (match.other_id, order.order_id)
    return {
        "symbol": order.symbol,
        "preventedMatchId": match.match_id,
        "takerOrderId": taker,
        "makerOrderId": maker,
        "tradeGroupId": -1,
        "price": _eight(match.price),
        "takerPreventedQuantity" if match.taker else "makerPreventedQuantity": _eight(match.quantity),
        "transactTime": match.time // MILLISECOND,
    }


def described_list(made: OrderList, orders: Iterable[Order]) -> Json:
    """A list as `GET orderList` shows it."""
    done = made.status is ListStatus.ALL_DONE
    return {
        "orderListId": made.list_id,
        "contingencyType": made.contingency,
        "listStatusType": (ListNews.ALL_DONE if done else ListNews.EXEC_STARTED).value,
        "listOrderStatus": made.status.value,
        "listClientOrderId": made.client_id,
        "transactionTime": made.updated_at // MILLISECOND,
        "symbol": made.symbol,
        "orders": [
            {"symbol": order.symbol, "orderId": order.order_id, "clientOrderId": order.client_id}
            for order in orders
        ],
    }


def placed_list(made: OrderList, orders: list[Order], kind: str) -> Json:
    """The answer to a new list."""
    return described_list(made, orders) | {"orderReports": [placed(order, kind) for order in orders]}


def cancelled_list(made: OrderList, orders: list[Order]) -> Json:
    """The answer to the cancel of a list: it reports the orders that this ended, not those done before."""
    ended = [cancelled(order) for order in orders if order.status is Status.CANCELED]
    return described_list(made, orders) | {"orderReports": ended}


def my_trade(deal: Deal) -> Json:
    """A line of `myTrades`."""
    return {
        "symbol": deal.symbol,
        "id": deal.trade_id,
        "orderId": deal.order_id,
        "orderListId": deal.list_id,
        "price": _eight(deal.price),
        "qty": _eight(deal.quantity),
        "quoteQty": _eight(deal.value),
        "commission": _eight(deal.fee),
        "commissionAsset": deal.fee_asset,
        "time": deal.time // MILLISECOND,
        "isBuyer": deal.side is Side.BUY,
        "isMaker": deal.maker,
        "isBestMatch": True,
    }


def rates(fees: FeeSchedule) -> Json:
    """The account's commission rates."""
    return {
        "maker": _eight(fees.maker),
        "taker": _eight(fees.taker),
        "buyer": _eight(ZERO),
        "seller": _eight(ZERO),
    }


def commissions(suffix: str, rates: Json) -> Json:
    """Rates by what they are paid for; `suffix` ends each one's name."""
    none = {name: _eight(ZERO) for name in rates}
    return {
        f"standard{suffix}": rates,
        f"special{suffix}": none,
        f"tax{suffix}": none,
        "discount": {
            "enabledForAccount": False,
            "enabledForSymbol": False,
            "discountAsset": "BNB",
            "discount": _eight(ZERO),
        },
    }


def account(account: Account, fees: FeeSchedule, omit_zero: bool) -> Json:
    """The whole account."""
    balances = [
        {"asset": asset, "free": _eight(balance.free), "locked": _eight(balance.locked)}
        for asset, balance in sorted(account.balances.items())
        if not omit_zero or balance.free or balance.locked
    ]
    return {
        "makerCommission": int(fees.maker * 10_000),
        "takerCommission": int(fees.taker * 10_000),
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": rates(fees),
        "canTrade": True,
        "canWithdraw": True,
        "canDeposit": True,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "preventSor": False,
        "updateTime": account.updated_at // MILLISECOND,
        "accountType": "SPOT",
        "balances": balances,
        "permissions": ["SPOT"],
        "uid": account.uid,
    }


def execution(order: Order, change: Change, deal: Deal | None, now: int) -> Json:
    """An `executionReport` of the user stream."""
    ask, (client_id, original) = order.ask, _names(order, change)
    event: Json = {
        "e": "executionReport",
        "E": now // MILLISECOND,
        "s": order.symbol,
        "c": client_id,
        "S": ask.side.value,
        "o": ask.type.value,
        "f": ask.time_in_force.value,
        "q": _eight(order.quantity),
        "p": _eight(ask.price or ZERO),
        "P": _eight(ask.stop_price or ZERO),
        "F": _eight(ask.iceberg or ZERO),
        "g": order.list_id,
        "C": original,
        "x": change.value,
        "X": order.status.value,
        "r": order.reject_reason or "NONE",
        "i": order.order_id,
        "z": _eight(order.executed),
        "T": order.updated_at // MILLISECOND,
        "I": order.execution_id,
        "w": order.status.open and order.working_at > 0 and ask.type.priced,
        "O": order.created_at // MILLISECOND,
        "Z": _eight(order.value),
        "Q": _eight(ask.quote_quantity or ZERO),
        "V": ask.self_trade.value,
    }
    return event | _traded_short(deal) | _applying_short(order, change)


def _names(order: Order, change: Change) -> tuple[str, str]:
    """The client's name for what happened, and the one that the order had before."""
    if change is Change.CANCELED:
        return order.cancel_id, order.client_id
    if change is not Change.REPLACED:
        return order.client_id, ""
    now_amended = (one.old_client_id for one in order.amendments if one.execution_id == order.execution_id)
    return order.client_id, next(now_amended, order.client_id)


def _traded_short(deal: Deal | None) -> Json:
    """Fields of the user stream that tell of a deal, or that there is none."""
    return {
        "l": _eight(deal.quantity if deal else ZERO),
        "L": _eight(deal.price if deal else ZERO),
        "n": _eight(deal.fee) if deal else "0",
        "N": deal.fee_asset if deal else None,
        "t": deal.trade_id if deal else -1,
        "m": deal.maker if deal else False,
        "M": deal is not None,
        "Y": _eight(deal.value if deal else ZERO),
    }


def _applying_short(order: Order, change: Change) -> Json:
    """Fields of the user stream that are sent only where they say something."""
    ask, stop = order.ask, order.stop
    match = order.matches[-1] if order.matches else None
    met = match if change is Change.TRADE_PREVENTION else None
    fields: Json = {
        "W": _working(order) if order.working_at else None,
        "d": ask.trailing_delta,
        "D": stop.since // MILLISECOND if stop and stop.since else None,
        "j": ask.strategy_id,
        "J": ask.strategy_type,
        "v": met.match_id if met else None,
        "A": _eight(order.prevented) if match else None,
        "B": _eight(met.quantity) if met else None,
        "u": -1 if met else None,
        "U": met.other_id if met else None,
        "Cs": met.symbol if met else None,
        "pl": _eight(met.quantity) if met else None,
        "pL": _eight(met.price) if met else None,
        "pY": _eight(met.quantity * met.price) if met else None,
        "eR": order.expiry_reason or None,
    }
    return {name: value for name, value in fields.items() if value is not None}


def list_status(made: OrderList, news: ListNews, orders: Iterable[Order], now: int) -> Json:
    """A `listStatus` of the user stream."""
    return {
        "e": "listStatus",
        "E": now // MILLISECOND,
        "s": made.symbol,
        "g": made.list_id,
        "c": made.contingency,
        "l": news.value,
        "L": made.status.value,
        "r": "NONE",
        "C": made.client_id,
        "T": made.updated_at // MILLISECOND,
        "O": [{"s": order.symbol, "i": order.order_id, "c": order.client_id} for order in orders],
    }


def balance_update(flow: Flow, now: int) -> Json:
    """A `balanceUpdate` of the user stream: a deposit, or a withdrawal where negative."""
    return {
        "e": "balanceUpdate",
        "E": now // MILLISECOND,
        "a": flow.asset,
        "d": _eight(flow.amount),
        "T": flow.time // MILLISECOND,
    }


def position(account: Account, assets: Iterable[str], now: int) -> Json:
    """An `outboundAccountPosition` of the user stream."""
    return {
        "e": "outboundAccountPosition",
        "E": now // MILLISECOND,
        "u": account.updated_at // MILLISECOND,
        "B": [
            {"a": asset, "f": _eight(account.balance(asset).free), "l": _eight(account.balance(asset).locked)}
            for asset in assets
        ],
    }
