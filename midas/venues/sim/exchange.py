"""The exchange itself: accounts trade on desks. Pure and synchronous; every time is handed in.

Market events move the desks, asks become orders, outcomes of the matchers become deals and
balances. What happened is told to the listener, in order.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Protocol

from midas.costs import FeeSchedule
from midas.domain.money import ZERO
from midas.domain.order import OrderType, Side, TimeInForce
from midas.venues.sim.accounts import Account
from midas.venues.sim.desk import Desk
from midas.venues.sim.klines import Candle
from midas.venues.sim.market import BestQuote, DepthChange, MarketEvent
from midas.venues.sim.matcher import Execution, Outcome, Prevented, Taking
from midas.venues.sim.orders import Ask, Change, Deal, Order, Status
from midas.venues.sim.refusal import engine_refusal, insufficient, unknown_cancel, unknown_symbol
from midas.venues.sim.scale import ATOM

FIRST_DEAL_ID = 10**12  # our deals are not in the public tape: their ids lie above every recorded one
FIRST_ORDER_ID = 1_001
ORDERS_KEPT = 50_000  # closed orders that can still be queried


class Listener(Protocol):
    """Who is told what happens to orders and balances."""

    def order_changed(self, order: Order, change: Change, deal: Deal | None) -> None:
        """An order was accepted, executed, cancelled or expired."""
        ...

    def balances_changed(self, account: Account, assets: tuple[str, ...]) -> None:
        """Free or locked amounts of `assets` changed."""
        ...


class Exchange:
    """All desks, accounts and orders of one instance."""

    def __init__(
        self, desks: Iterable[Desk], accounts: Iterable[Account], fees: FeeSchedule, listener: Listener
    ) -> None:
        self.desks = {desk.symbol: desk for desk in desks}
        self.accounts = {account.name: account for account in accounts}
        self.fees = fees
        self.orders: dict[int, Order] = {}
        self.open: dict[int, Order] = {}
        self.deals: dict[str, list[Deal]] = {name: [] for name in self.accounts}
        self._listener = listener
        self._by_client: dict[tuple[str, str, str], int] = {}
        self._next_order = FIRST_ORDER_ID
        self._next_deal = FIRST_DEAL_ID

    def market(self, event: MarketEvent, now: int) -> list[tuple[str, Candle]]:
        """The market moved at wall time `now`; the candles that this closes."""
        desk = self.desks[event.symbol]
        closed = desk.advance(event.time)
        if isinstance(event, DepthChange):
            outcomes = desk.matcher.depth(event.last_id, event.bids, event.asks)
        elif isinstance(event, BestQuote):
            outcomes = desk.matcher.quote(event.last_id, event.bid, event.ask)
        else:
            desk.printed(event)
            outcomes = desk.matcher.trade(event.tick, event.lots, event.buyer_is_maker)
        if outcomes:
            self._settle(desk, outcomes, now)
        return closed

    def desk(self, symbol: str) -> Desk:
        """The desk of `symbol`; refuses an unlisted one."""
        try:
            return self.desks[symbol]
        except KeyError:
            raise unknown_symbol() from None

    def check(self, account: Account, ask: Ask) -> None:
        """Refuse `ask` where a filter, another order's id, the book or the balance forbids it."""
        desk = self.desk(ask.symbol)
        mine = [order for order in self.open.values() if order.account == account.name]
        here = sum(order.symbol == ask.symbol for order in mine)
        desk.filters.check(ask, desk.average(), here)
        if ask.client_id and any(order.client_id == ask.client_id for order in mine):
            raise engine_refusal("Duplicate order sent.")
        if ask.type is OrderType.LIMIT_MAKER and desk.matcher.reach(_taking(desk, 0, account, ask)).lots:
            raise engine_refusal("Order would immediately match and take.")
        asset, amount = self._needs(desk, account, ask)
        if amount > account.balance(asset).free:
            raise insufficient()

    def place(self, account: Account, ask: Ask, now: int) -> Order:
        """Take `ask` in, match it, and leave the rest in the book or expire it."""
        self.check(account, ask)
        desk = self.desk(ask.symbol)
        order = self._accept(account, ask, now)
        if ask.price is not None:
            asset, order.locked = self._needs(desk, account, ask)
            account.lock(asset, order.locked)
        self._listener.order_changed(order, Change.NEW, None)
        self._tell_balances(desk, account, now)
        self._match(desk, order, now)
        return order

    def cancel(self, order: Order, now: int, cancel_id: str) -> Order:
        """Take an open order out of the book."""
        if not order.status.open:
            raise unknown_cancel()
        desk = self.desks[order.symbol]
        desk.matcher.cancel(order.order_id)
        order.cancel_id = cancel_id
        self._close(desk, order, Status.CANCELED, Change.CANCELED, now)
        return order

    def find(
        self, account: Account, symbol: str, order_id: int | None, client_id: str | None
    ) -> Order | None:
        """An order of `account` by the venue's id or by the client's (the newest of that id)."""
        if order_id is None:
            order_id = self._by_client.get((account.name, symbol, client_id or ""))
        order = None if order_id is None else self.orders.get(order_id)
        if order is None or order.account != account.name or order.symbol != symbol:
            return None
        return order if client_id in (None, order.client_id) else None

    def open_orders(self, account: Account, symbol: str | None = None) -> list[Order]:
        """Open orders of `account`, oldest first."""
        return [
            order
            for order in self.open.values()
            if order.account == account.name and symbol in (None, order.symbol)
        ]

    def _accept(self, account: Account, ask: Ask, now: int) -> Order:
        order = Order(
            order_id=self._next_order,
            account=account.name,
            ask=ask,
            client_id=ask.client_id or f"sim{self._next_order:020d}",
            quantity=ask.quantity or ZERO,
            created_at=now,
            updated_at=now,
            deals=[],
        )
        self._next_order += 1
        self.orders[order.order_id] = self.open[order.order_id] = order
        self._by_client[account.name, ask.symbol, order.client_id] = order.order_id
        if len(self.orders) > ORDERS_KEPT + len(self.open):
            self._archive()
        return order

    def _archive(self) -> None:
        """Forget the oldest closed order."""
        oldest = next(order for order in self.orders.values() if not order.status.open)
        del self.orders[oldest.order_id]
        key = oldest.account, oldest.symbol, oldest.client_id
        if self._by_client.get(key) == oldest.order_id:
            del self._by_client[key]

    def _match(self, desk: Desk, order: Order, now: int) -> None:
        taking = _taking(desk, order.order_id, self.accounts[order.account], order.ask)
        ask = order.ask
        fill_or_kill = ask.type is OrderType.LIMIT and ask.time_in_force is TimeInForce.FOK
        if fill_or_kill and desk.matcher.reach(taking).lots < (taking.lots or 0):
            self._expire(desk, order, "UNFILLED_FOK_ORDER_EXPIRED", now)
            return
        self._settle(desk, desk.matcher.take(taking), now)
        if order.order_id not in self.open:
            return
        if ask.type is OrderType.MARKET:
            self._expire(desk, order, "INSUFFICIENT_LIQUIDITY", now)
        elif ask.time_in_force is TimeInForce.IOC and ask.type is OrderType.LIMIT:
            self._expire(desk, order, "UNFILLED_IOC_QUANTITY_EXPIRED", now)
        else:
            desk.matcher.rest(taking, int(order.left / desk.instrument.lot_size))

    def _settle(self, desk: Desk, outcomes: list[Outcome], now: int) -> None:
        for outcome in outcomes:
            order = self.open[outcome.order_id]
            if isinstance(outcome, Prevented):
                self._close(desk, order, Status.EXPIRED_IN_MATCH, Change.TRADE_PREVENTION, now)
            else:
                self._execute(desk, order, outcome, now)

    def _execute(self, desk: Desk, order: Order, execution: Execution, now: int) -> None:
        deal = self._deal(desk, order, execution, now)
        account = self.accounts[order.account]
        self._transfer(desk, account, order, deal)
        order.executed += deal.quantity
        order.value += deal.value
        if order.ask.quote_quantity is not None:
            order.quantity = order.executed
        order.deals.append(deal)
        order.updated_at = now
        order.status = Status.FILLED if self._complete(desk, order) else Status.PARTIALLY_FILLED
        self.deals[account.name].append(deal)
        if not order.status.open:
            del self.open[order.order_id]
        self._listener.order_changed(order, Change.TRADE, deal)
        self._tell_balances(desk, account, now)

    def _complete(self, desk: Desk, order: Order) -> bool:
        if order.ask.quote_quantity is None:
            return not order.left
        left = order.ask.quote_quantity - order.value
        return left < order.deals[-1].price * desk.instrument.lot_size

    def _deal(self, desk: Desk, order: Order, execution: Execution, now: int) -> Deal:
        instrument = desk.instrument
        price, quantity = instrument.price(execution.tick), instrument.quantity(execution.lots)
        buys = order.side is Side.BUY
        deal = Deal(
            trade_id=self._next_deal,
            symbol=desk.symbol,
            order_id=order.order_id,
            side=order.side,
            price=price,
            quantity=quantity,
            fee=_charged(self.fees.fee(quantity if buys else price * quantity, execution.maker)),
            fee_asset=instrument.base if buys else instrument.quote,
            maker=execution.maker,
            time=now,
        )
        self._next_deal += 1
        return deal

    def _transfer(self, desk: Desk, account: Account, order: Order, deal: Deal) -> None:
        """Move what one deal exchanges; a limit order pays from what it had set aside."""
        instrument = desk.instrument
        locked = order.ask.price is not None
        if order.side is Side.BUY:
            paid, amount, received = instrument.quote, deal.value, deal.quantity
            reserved = deal.quantity * order.ask.price if order.ask.price is not None else amount
            got = instrument.base
        else:
            paid, amount, received = instrument.base, deal.quantity, deal.value
            reserved, got = amount, instrument.quote
        account.pay(paid, amount, locked=locked)
        if locked:
            account.unlock(paid, reserved - amount)
            order.locked -= reserved
        account.receive(got, received - deal.fee)

    def _expire(self, desk: Desk, order: Order, reason: str, now: int) -> None:
        if order.order_id in self.open:
            order.expiry_reason = reason
            self._close(desk, order, Status.EXPIRED, Change.EXPIRED, now)

    def _close(self, desk: Desk, order: Order, status: Status, change: Change, now: int) -> None:
        del self.open[order.order_id]
        order.status = status
        order.updated_at = now
        account = self.accounts[order.account]
        if order.ask.price is not None:
            instrument = desk.instrument
            account.unlock(instrument.quote if order.side is Side.BUY else instrument.base, order.locked)
            order.locked = ZERO
        self._listener.order_changed(order, change, None)
        self._tell_balances(desk, account, now)

    def _needs(self, desk: Desk, account: Account, ask: Ask) -> tuple[str, Decimal]:
        """Which asset, and how much of it, `ask` may cost."""
        instrument = desk.instrument
        if ask.side is Side.SELL:
            if ask.quantity is not None:
                return instrument.base, ask.quantity
            reach = desk.matcher.reach(_taking(desk, 0, account, ask))
            return instrument.base, instrument.quantity(reach.lots)
        if ask.quote_quantity is not None:
            return instrument.quote, ask.quote_quantity
        assert ask.quantity is not None
        if ask.price is not None:
            return instrument.quote, ask.quantity * ask.price
        reach = desk.matcher.reach(_taking(desk, 0, account, ask))
        return instrument.quote, instrument.tick_size * instrument.lot_size * reach.value

    def _tell_balances(self, desk: Desk, account: Account, now: int) -> None:
        account.updated_at = now
        self._listener.balances_changed(account, (desk.instrument.base, desk.instrument.quote))


def _charged(fee: Decimal) -> Decimal:
    """To the venue's eight decimals."""
    return fee.quantize(ATOM, ROUND_HALF_EVEN)


def _taking(desk: Desk, order_id: int, account: Account, ask: Ask) -> Taking:
    """`ask` in ticks and lots."""
    instrument = desk.instrument
    quote = ask.quote_quantity
    return Taking(
        order_id=order_id,
        account=account.name,
        side=ask.side,
        lots=None if ask.quantity is None else int(ask.quantity / instrument.lot_size),
        limit=None if ask.price is None else int(ask.price / instrument.tick_size),
        budget=None if quote is None else int(quote / (instrument.tick_size * instrument.lot_size)),
    )
