"""The wallet's endpoints for deposits and withdrawals. What is asked for is done at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from midas.domain.time import MILLISECOND, SECOND
from midas.errors import ConfigInvalid
from midas.venues.sim.doors.endpoints import Endpoint, fixed
from midas.venues.sim.doors.params import Params
from midas.venues.sim.floor.accounts import Account
from midas.venues.sim.floor.refusal import Refusal
from midas.venues.sim.floor.wallet import Flow, Wallet
from midas.venues.sim.wire.reports import Json

NETWORK = "SIM"  # coins here travel on a network of their own
DEPOSITED, WITHDRAWN = 1, 6  # the venue's numbers for what is done
LIMIT = 1_000
INSUFFICIENT, WRONG = -4026, -4003


class Transfers:
    """Answers about flows."""

    def __init__(self, wallet: Wallet, wall: Callable[[], int]) -> None:
        self._wallet = wallet
        self._wall = wall

    def deposits(self, account: Account, params: Params) -> object:
        """Deposits, newest first."""
        flows = [flow for flow in self._asked(account, params, DEPOSITED) if flow.amount > 0]
        return [_deposit(flow) for flow in _page(flows, params)]

    def withdrawals(self, account: Account, params: Params) -> object:
        """Withdrawals, newest first."""
        name = params.optional("withdrawOrderId")
        flows = [
            flow
            for flow in self._asked(account, params, WITHDRAWN)
            if flow.amount < 0 and name in (None, flow.order_id)
        ]
        return [_withdrawal(flow) for flow in _page(flows, params)]

    def withdraw(self, account: Account, params: Params) -> object:
        """Take money out."""
        asset, address = params.text("coin"), params.text("address")
        params.text("amount")
        amount = params.amount("amount")
        assert amount is not None
        order_id = params.optional("withdrawOrderId") or ""
        try:
            self._wallet.check(account, asset, amount)
        except ConfigInvalid as error:
            raise Refusal(WRONG, str(error)) from None
        if amount > account.balance(asset).free:
            raise Refusal(INSUFFICIENT, "User has insufficient balance")
        flow = self._wallet.withdraw(account, asset, amount, self._wall(), address=address, order_id=order_id)
        return {"id": flow.id}

    def address(self, account: Account, params: Params) -> object:
        """Where deposits of a coin go."""
        coin = params.text("coin")
        return {"coin": coin, "address": f"sim-{account.uid}-{coin.lower()}", "tag": "", "url": ""}

    def _asked(self, account: Account, params: Params, done: int) -> list[Flow]:
        coin, status = params.optional("coin"), params.integer("status")
        start, end = params.integer("startTime"), params.integer("endTime")
        if status not in (None, done):
            return []
        return [
            flow
            for flow in reversed(self._wallet.of(account))
            if coin in (None, flow.asset)
            and (start is None or flow.time // MILLISECOND >= start)
            and (end is None or flow.time // MILLISECOND <= end)
        ]


def endpoints(transfers: Transfers) -> list[Endpoint]:
    """The rows of the gateway."""
    rows: list[tuple[str, int, Callable[[Account, Params], object]]] = [
        ("GET sapi/v1/capital/deposit/hisrec", 1, transfers.deposits),
        ("GET sapi/v1/capital/deposit/address", 10, transfers.address),
        ("GET sapi/v1/capital/withdraw/history", 1, transfers.withdrawals),
        ("POST sapi/v1/capital/withdraw/apply", 600, transfers.withdraw),
    ]
    return [Endpoint(path=path, method="", weigh=fixed(weight), private=call) for path, weight, call in rows]


def _page(flows: list[Flow], params: Params) -> list[Flow]:
    first = params.integer("offset") or 0
    return flows[first : first + params.limit(LIMIT, LIMIT)]


def _deposit(flow: Flow) -> Json:
    return {
        "id": flow.id,
        "amount": f"{flow.amount:f}",
        "coin": flow.asset,
        "network": NETWORK,
        "status": DEPOSITED,
        "address": flow.address,
        "addressTag": "",
        "txId": flow.transaction,
        "insertTime": flow.time // MILLISECOND,
        "completeTime": flow.time // MILLISECOND,
        "transferType": 0,
        "confirmTimes": "1/1",
        "unlockConfirm": 1,
        "walletType": 0,
    }


def _withdrawal(flow: Flow) -> Json:
    time = datetime.fromtimestamp(flow.time // SECOND, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return {
        "id": flow.id,
        "amount": f"{-flow.amount:f}",
        "transactionFee": "0",
        "coin": flow.asset,
        "network": NETWORK,
        "status": WITHDRAWN,
        "address": flow.address,
        "txId": flow.transaction,
        "applyTime": time,
        "completeTime": time,
        "transferType": 0,
        "withdrawOrderId": flow.order_id,
        "info": "",
        "confirmNo": 1,
        "walletType": 0,
        "txKey": "",
    }
