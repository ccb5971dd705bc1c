"""A full pass over the account: the evidence that reconciliation folds. One failed part fails the pass."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import msgspec

from midas.domain.event import AccountReported
from midas.domain.order import BalanceReport, OrderReport, TradeReport
from midas.domain.time import MILLISECOND
from midas.errors import ConfigInvalid, MalformedMessage, Rejected
from midas.venues.binance.answers import KEY_REFUSED, ORDER_ABSENT
from midas.venues.binance.orders import KnownOrders, OrderLine, TradeLine, amount, report, trade
from midas.venues.binance.rest import Rest
from midas.venues.binance.transfers import flows
from midas.venues.binance.weights import Priority

PAGE = 1000
# A look-up weighs 4; beyond this a trade is reported without its client id, and the next pass goes on.
_LOOKUPS_MAX = 50
Answer = TypeVar("Answer")
# Whether a flatten has worked is asked from the reserve that cancels have: nobody waits a minute for it.
_PRIORITIES = {"audit": Priority.AUDIT, "kill": Priority.CANCEL}


class _Balance(msgspec.Struct):
    asset: str
    free: str
    locked: str


class _Account(msgspec.Struct, rename="camel"):
    can_trade: bool
    balances: list[_Balance]


class _Owner(msgspec.Struct):
    uid: int = 0


async def uid(rest: Rest) -> int:
    """The account's number at the venue; 0 where it tells none. Raises ConfigInvalid, VenueError."""
    await rest.set_clock()
    try:
        return (await rest.ask(rest.client.get_account, _Owner, Priority.RECONCILE)).uid
    except Rejected as error:
        if error.code in KEY_REFUSED:
            raise _refused(error) from None
        raise


def _refused(error: Rejected) -> ConfigInvalid:
    return ConfigInvalid(f"Binance refuses the API key ({error.code}); check key and secret")


class AccountReader:
    """Reads open orders, balances, trades and single orders of the given symbols."""

    def __init__(self, rest: Rest, symbols: Mapping[str, str], known: KnownOrders) -> None:
        """`symbols`: instrument id -> the venue's symbol."""
        self._rest = rest
        self._client = rest.client
        self._symbols = symbols
        self._known = known

    async def check_permission(self) -> None:
        """Raises ConfigInvalid where the key is refused or may not trade."""
        try:
            account = await self._rest.ask(self._client.get_account, _Account, Priority.RECONCILE)
        except Rejected as error:
            if error.code in KEY_REFUSED:
                raise _refused(error) from None
            raise
        if not account.can_trade:
            raise ConfigInvalid("the Binance account may not trade; enable spot trading for this API key")

    async def read(
        self, purpose: str, unsettled: Sequence[tuple[str, str]], trades_since: Mapping[str, int]
    ) -> AccountReported:
        """One pass. Its date is taken first, so that everything in it was seen at `as_of` or later.

        Trades come last: they cover every fill that the orders read before them can claim. What needs no
        order is asked at the same time, since a flatten isn't over before two passes have proven it.
        """
        priority = _PRIORITIES.get(purpose, Priority.RECONCILE)
        asked_at, began = self._rest.now(), self._rest.clock.elapsed()
        as_of = await self._rest.server_time() * MILLISECOND
        found = await together(self._open_orders(name, priority) for name in self._symbols)
        open_orders = [order for orders in found for order in orders]
        listed = {order.client_id for order in open_orders}
        queried, absent = await self._settle([u for u in unsettled if u[0] not in listed], priority)
        balances = await self._balances(priority)
        lists = await together(
            self._trades(name, trades_since.get(name, 0), priority) for name in self._symbols
        )
        trades = [line for lines in lists for line in lines]
        return AccountReported(
            at=self._rest.now(),
            as_of=as_of,
            purpose=purpose,
            balances=balances,
            open_orders=tuple(open_orders),
            queried=queried,
            absent=absent,
            trades=tuple(trades),
            asked_at=asked_at,
            took=self._rest.clock.elapsed() - began,
            flows=await flows(self._rest, priority) if purpose == "flows" else None,
        )

    async def find(self, client_id: str, instrument: str, priority: Priority) -> OrderReport | None:
        """The order of that client id, or None where the venue answered that there is none."""
        symbol = self._symbols[instrument]
        name = self._known.name(client_id)
        call = partial(self._client.get_order, symbol=symbol, origClientOrderId=name)
        try:
            line = await self._rest.ask(call, OrderLine, priority)
        except Rejected as error:
            if error.code == ORDER_ABSENT:
                return None
            raise
        return self._report(line, instrument, client_id)

    async def trades_of(self, order: OrderReport, priority: Priority) -> list[TradeReport]:
        """Every trade of one order."""
        symbol = self._symbols[order.instrument]
        call = partial(self._client.get_my_trades, symbol=symbol, orderId=order.venue_id)
        lines = await self._rest.ask(call, list[TradeLine], priority)
        return [trade(line, order.instrument, order.client_id) for line in lines]

    async def _open_orders(self, instrument: str, priority: Priority) -> list[OrderReport]:
        call = partial(self._client.get_open_orders, symbol=self._symbols[instrument])
        lines = await self._rest.ask(call, list[OrderLine], priority)
        return [self._report(line, instrument, line.client_order_id) for line in lines]

    async def _settle(
        self, unsettled: Sequence[tuple[str, str]], priority: Priority
    ) -> tuple[tuple[OrderReport, ...], tuple[str, ...]]:
        found = [(client_id, await self.find(client_id, name, priority)) for client_id, name in unsettled]
        return (
            tuple(order for _, order in found if order is not None),
            tuple(client_id for client_id, order in found if order is None),
        )

    async def _balances(self, priority: Priority) -> tuple[BalanceReport, ...]:
        account = await self._rest.ask(self._client.get_account, _Account, priority)
        return tuple(BalanceReport(b.asset, amount(b.free), amount(b.locked)) for b in account.balances)

    async def _trades(self, instrument: str, since: int, priority: Priority) -> list[TradeReport]:
        lines: list[TradeLine] = []
        symbol, after = self._symbols[instrument], since
        while True:
            page = await self._page(symbol, after + 1, priority)
            lines += page
            if len(page) < PAGE:
                break
            if page[-1].id <= after:
                raise MalformedMessage(f"trades of {symbol} after {after} don't advance; expected rising ids")
            after = page[-1].id
        await self._learn({str(line.order_id) for line in lines}, instrument, priority)
        return [
            trade(line, instrument, self._known.client_id(instrument, str(line.order_id)) or "")
            for line in lines
        ]

    async def _page(self, symbol: str, first: int, priority: Priority) -> list[TradeLine]:
        call = partial(self._client.get_my_trades, symbol=symbol, fromId=str(first), limit=str(PAGE))
        return await self._rest.ask(call, list[TradeLine], priority)

    async def _learn(self, venue_ids: set[str], instrument: str, priority: Priority) -> None:
        """Look up the client ids of orders that we never saw."""
        symbol = self._symbols[instrument]
        unknown = sorted(v for v in venue_ids if self._known.client_id(instrument, v) is None)
        for venue_id in unknown[:_LOOKUPS_MAX]:
            call = partial(self._client.get_order, symbol=symbol, orderId=venue_id)
            line = await self._rest.ask(call, OrderLine, priority)
            self._known.learn(instrument, venue_id, line.client_order_id)

    def _report(self, line: OrderLine, instrument: str, client_id: str) -> OrderReport:
        known = self._known.learn(instrument, str(line.order_id), client_id)
        return report(line, known, instrument)


async def together(asked: Iterable[Coroutine[Any, Any, Answer]]) -> list[Answer]:
    """All answers, in the order of the questions; the first failure ends the others and is raised."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(question) for question in asked]
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return [task.result() for task in tasks]
