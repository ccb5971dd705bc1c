"""Deposits and withdrawals by hand: what the control port adds for them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation

import msgspec
from aiohttp import web

from midas.domain.unreadable import UNREADABLE
from midas.errors import ConfigInvalid
from midas.venues.sim.control import JSON
from midas.venues.sim.floor.accounts import Account
from midas.venues.sim.floor.exchange import Exchange
from midas.venues.sim.floor.wallet import Flow

_ENCODE = msgspec.json.Encoder().encode


class _Wish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is asked for."""

    asset: str
    amount: str | int | float
    account: str = ""  # empty: the first one
    address: str = ""


class Cashier:
    """Moves money of one exchange. Raises ConfigInvalid for what can't be."""

    def __init__(self, exchange: Exchange, wall: Callable[[], int]) -> None:
        self._exchange = exchange
        self._wall = wall

    def routes(self) -> list[web.RouteDef]:
        """For the control port."""
        return [
            web.get("/accounts", self._accounts),
            web.post("/deposit", self._deposit),
            web.post("/withdraw", self._withdraw),
        ]

    async def _accounts(self, request: web.Request) -> web.Response:
        wallet = self._exchange.wallet
        rows = [_described(account) for account in self._exchange.accounts.values()]
        return _json(
            {"accounts": rows, "paid_in": {key: _plain(sum_) for key, sum_ in wallet.paid_in.items()}}
        )

    async def _deposit(self, request: web.Request) -> web.Response:
        wish = await _wish(request)
        wallet = self._exchange.wallet
        account = wallet.account(wish.account)
        flow = wallet.deposit(account, wish.asset, _amount(wish), self._wall())
        return self._done(account, flow)

    async def _withdraw(self, request: web.Request) -> web.Response:
        wish = await _wish(request)
        wallet = self._exchange.wallet
        account = wallet.account(wish.account)
        amount = _amount(wish)
        wallet.check(account, wish.asset, amount)
        try:
            flow = wallet.withdraw(account, wish.asset, amount, self._wall(), address=wish.address)
        except ConfigInvalid as error:
            return _json({"error": str(error)}, status=409)
        return self._done(account, flow)

    def _done(self, account: Account, flow: Flow) -> web.Response:
        self._exchange.settled()
        balance = account.balance(flow.asset)
        answer = {"id": flow.id, "account": account.name, "asset": flow.asset, "amount": _plain(flow.amount)}
        return _json(answer | {"free": _plain(balance.free), "locked": _plain(balance.locked)})


async def _wish(request: web.Request) -> _Wish:
    if request.content_type != JSON:
        raise ConfigInvalid(f"the content type is {request.content_type}; expected {JSON}")
    try:
        return msgspec.json.decode(await request.read(), type=_Wish)
    except UNREADABLE as error:
        raise ConfigInvalid(
            f'a deposit or withdrawal is {{"asset": "USDT", "amount": "100", "account": "default"}}: {error}'
        ) from None


def _amount(wish: _Wish) -> Decimal:
    try:
        return Decimal(str(wish.amount))
    except InvalidOperation:
        raise ConfigInvalid(f"an amount is a number, not {wish.amount!r}") from None


def _described(account: Account) -> dict[str, object]:
    balances = account.balances.items()
    held = {asset: {"free": _plain(one.free), "locked": _plain(one.locked)} for asset, one in balances}
    return {"name": account.name, "balances": held}


def _plain(amount: Decimal) -> str:
    """Without the zeros that arithmetic leaves at the end."""
    return f"{amount.normalize():f}"


def _json(content: object, status: int = 200) -> web.Response:
    return web.Response(status=status, body=_ENCODE(content), content_type=JSON)
