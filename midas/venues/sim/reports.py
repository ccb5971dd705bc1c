"""Orders, deals and accounts as the venue writes them in JSON."""

from __future__ import annotations

from collections.abc import Iterable

from midas.costs import FeeSchedule
from midas.domain.money import ZERO
from midas.domain.order import Side
from midas.domain.time import MILLISECOND
from midas.venues.sim.accounts import Account
from midas.venues.sim.orders import Change, Deal, Order, Status

SELF_TRADE = "EXPIRE_MAKER"
Json = dict[str, object]


def _eight(value: object) -> str:
    return f"{value:.8f}"


def core(order: Order) -> Json:
    """The fields that every description of an order shares."""
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
        "selfTradePreventionMode": SELF_TRADE,
    }
    return fields | {"expiryReason": order.expiry_reason} if order.expiry_reason else fields


def _identity(order: Order, client_id: str) -> Json:
    return {"symbol": order.symbol, "orderId": order.order_id, "orderListId": -1, "clientOrderId": client_id}


def placed(order: Order, kind: str) -> Json:
    """The answer to a new order: ACK, RESULT or FULL."""
    answer = _identity(order, order.client_id) | {"transactTime": order.updated_at // MILLISECOND}
    if kind == "ACK":
        return answer
    answer |= core(order) | {"workingTime": order.created_at // MILLISECOND}
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
    created = order.created_at // MILLISECOND
    return (
        _identity(order, order.client_id)
        | core(order)
        | {
            "stopPrice": _eight(ZERO),
            "icebergQty": _eight(ZERO),
            "time": created,
            "updateTime": order.updated_at // MILLISECOND,
            "isWorking": True,
            "workingTime": created,
        }
    )


def my_trade(deal: Deal) -> Json:
    """A line of `myTrades`."""
    return {
        "symbol": deal.symbol,
        "id": deal.trade_id,
        "orderId": deal.order_id,
        "orderListId": -1,
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
        "canWithdraw": False,
        "canDeposit": False,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "preventSor": False,
        "updateTime": account.updated_at // MILLISECOND,
        "accountType": "SPOT",
        "balances": balances,
        "permissions": ["SPOT"],
        "uid": account.uid,
    }


def execution(order: Order, change: Change, deal: Deal | None, execution_id: int, now: int) -> Json:
    """An `executionReport` of the user stream."""
    ask, stamp = order.ask, now // MILLISECOND
    cancel = change is Change.CANCELED
    event: Json = {
        "e": "executionReport",
        "E": stamp,
        "s": order.symbol,
        "c": order.cancel_id if cancel else order.client_id,
        "S": ask.side.value,
        "o": ask.type.value,
        "f": ask.time_in_force.value,
        "q": _eight(order.quantity),
        "p": _eight(ask.price or ZERO),
        "P": _eight(ZERO),
        "F": _eight(ZERO),
        "g": -1,
        "C": order.client_id if cancel else "",
        "x": change.value,
        "X": order.status.value,
        "r": "NONE",
        "i": order.order_id,
        "l": _eight(deal.quantity if deal else ZERO),
        "z": _eight(order.executed),
        "L": _eight(deal.price if deal else ZERO),
        "n": _eight(deal.fee) if deal else "0",
        "N": deal.fee_asset if deal else None,
        "T": order.updated_at // MILLISECOND,
        "t": deal.trade_id if deal else -1,
        "I": execution_id,
        "w": order.status.open and ask.price is not None,
        "m": deal.maker if deal else False,
        "M": deal is not None,
        "O": order.created_at // MILLISECOND,
        "Z": _eight(order.value),
        "Y": _eight(deal.value if deal else ZERO),
        "Q": _eight(ask.quote_quantity or ZERO),
        "W": order.created_at // MILLISECOND,
        "V": SELF_TRADE,
    }
    return event | {"eR": order.expiry_reason} if order.status is Status.EXPIRED else event


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
