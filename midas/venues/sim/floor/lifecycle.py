"""Orders from their start to their end: they wait, meet the book, trade, and start or end each other.

Matchers decide what trades; this settles it. What a trade sets off (a stop, the second half of a list)
starts only after everything that the same event did has been settled.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from decimal import Decimal
from typing import Protocol

from midas.domain.order import TimeInForce
from midas.venues.sim.floor.accounts import Account
from midas.venues.sim.floor.admission import stop_of, takes_now, triggers_now
from midas.venues.sim.floor.desk import Desk
from midas.venues.sim.floor.lists import ListNews, ListStatus, OrderList
from midas.venues.sim.floor.matcher import Execution, Outcome, Prevented
from midas.venues.sim.floor.orders import Amendment, Change, Deal, Match, Order, Status
from midas.venues.sim.floor.registry import Registry
from midas.venues.sim.floor.settlement import Settlement, taking
from midas.venues.sim.floor.wallet import Flow

FIRST_EXECUTION_ID = 9_001
LOST = "OCO_TRIGGER"  # why the leg that came second expired
NO_FUNDS = "INSUFFICIENT_BALANCES"
WOULD_TRIGGER = "STOP_PRICE_WOULD_TRIGGER_IMMEDIATELY"
WOULD_MATCH = "WOULD_MATCH_IMMEDIATELY"


class Listener(Protocol):
    """Who is told what happens to orders, lists and balances."""

    def order_changed(self, order: Order, change: Change, deal: Deal | None) -> None:
        """An order was accepted, executed, amended, cancelled or expired."""
        ...

    def list_changed(self, made: OrderList, news: ListNews, orders: list[Order]) -> None:
        """An order list was accepted, updated or is done."""
        ...

    def balances_changed(self, account: Account, assets: tuple[str, ...]) -> None:
        """Free or locked amounts of `assets` changed."""
        ...

    def flowed(self, account: Account, flow: Flow) -> None:
        """Money came in from outside or went out."""
        ...


class Fills(Protocol):
    """Who may cut executions into other sizes before they are carried out; false where it wants none."""

    def __bool__(self) -> bool: ...

    def cut(self, outcomes: list[Outcome], orders: Mapping[int, Order], lot_size: Decimal) -> list[Outcome]:
        """`outcomes`, with as many lots in all."""
        ...


class Lifecycle:
    """Runs the orders of all desks."""

    def __init__(
        self, accounts: dict[str, Account], registry: Registry, money: Settlement, listener: Listener
    ) -> None:
        self._accounts = accounts
        self._registry = registry
        self._money = money
        self._listener = listener
        self._due: deque[int] = deque()  # orders whose turn came; empty between two calls
        self.next_execution = FIRST_EXECUTION_ID
        self.fills: Fills | None = None

    def begin(self, desk: Desk, order: Order, now: int) -> None:
        """A single order was accepted."""
        self._money.hold(desk, order)
        self._announce(desk, order, now)
        self._start(desk, order, now)
        self.finish(desk, now)

    def begin_list(self, desk: Desk, made: OrderList, orders: list[Order], now: int) -> None:
        """A list was accepted: its working order starts, or both of its legs."""
        if made.working is None:
            self._money.hold_pair(desk, made, orders)
        else:
            self._money.hold(desk, orders[0])
            for leg in orders[1:]:
                leg.status = Status.PENDING_NEW
        for order in orders:
            self._announce(desk, order, now)
        self._listener.list_changed(made, ListNews.EXEC_STARTED, orders)
        for order in orders if made.working is None else orders[:1]:
            self._start(desk, order, now)
        self.finish(desk, now)

    def settle(self, desk: Desk, outcomes: list[Outcome], now: int) -> None:
        """Carry out what a matcher decided."""
        if self.fills:
            outcomes = self.fills.cut(outcomes, self._registry.open, desk.instrument.lot_size)
        full = {
            one.order_id: at for at, one in enumerate(outcomes) if isinstance(one, Execution) and one.full
        }
        for at, outcome in enumerate(outcomes):
            order = self._registry.open[outcome.order_id]
            if isinstance(outcome, Prevented):
                self._prevent(desk, order, outcome, now)
            else:
                self._execute(desk, order, outcome, now, full=full.get(order.order_id) == at)
        for outcome in outcomes:
            if isinstance(outcome, Execution):
                self.traded(desk, outcome.tick, now)

    def traded(self, desk: Desk, tick: int, now: int) -> None:
        """There was a trade at `tick`: stops that it reaches are due."""
        self._due.extend(desk.triggers.traded(tick, now))

    def finish(self, desk: Desk, now: int) -> None:
        """Start what became due."""
        while self._due:
            order = self._registry.open.get(self._due.popleft())
            if order is None:
                continue
            if order.status is Status.PENDING_NEW:
                self._activate(desk, self._registry.lists[order.list_id], now)
            elif not order.working_at:
                self._trigger(desk, order, now)

    def cancel(self, desk: Desk, order: Order, cancel_id: str, now: int) -> None:
        """Take an open order out, and with it the list that it belongs to."""
        order.cancel_id = cancel_id
        self._close(desk, order, Status.CANCELED, Change.CANCELED, now)
        self.finish(desk, now)

    def amend(self, desk: Desk, order: Order, quantity: Decimal, client_id: str, now: int) -> Amendment:
        """Reduce an open order, which keeps its place; the other leg of a pair shrinks with it."""
        old_id, old = order.client_id, order.quantity
        made, legs = self._pair_of(order), self.shrinking(order)
        for leg in legs:
            self._reduce(desk, leg, quantity, now)
        if made is not None and made.locked:
            self._money.loosen_pair(desk, made, legs)
        self._registry.rename(order, client_id)
        amendment = Amendment(
            execution_id=self.next_execution,
            old_client_id=old_id,
            client_id=client_id,
            old_quantity=old,
            quantity=quantity,
            time=now,
        )
        order.amendments.append(amendment)
        for leg in sorted(legs, key=lambda leg: leg is not order):
            self._money.loosen(desk, leg)
            self._tell(leg, Change.REPLACED)
        self._tell_balances(desk, order, now)
        whole = self._registry.lists.get(order.list_id)
        if whole is not None and client_id != old_id:
            self._tell_list(whole, ListNews.UPDATED, now)
        return amendment

    def shrinking(self, order: Order) -> list[Order]:
        """The open orders that an amendment of `order` reduces."""
        made = self._pair_of(order)
        return [order] if made is None else self._open_legs(made)

    def _reduce(self, desk: Desk, order: Order, quantity: Decimal, now: int) -> None:
        if desk.matcher.resting(order.order_id) is not None:
            lots = int((order.quantity - quantity) / desk.instrument.lot_size)
            desk.matcher.reduce(order.order_id, lots)
        order.quantity = quantity
        order.updated_at = now

    def _announce(self, desk: Desk, order: Order, now: int) -> None:
        if order.status is Status.NEW and order.ask.type.waits:
            order.stop = stop_of(desk, order)
            desk.triggers.watch(order.stop, now)
        elif order.status is Status.NEW:
            order.working_at = now
        self._tell(order, Change.NEW)
        self._tell_balances(desk, order, now)

    def _start(self, desk: Desk, order: Order, now: int) -> None:
        if not order.ask.type.waits:
            self._match(desk, order, now)

    def _trigger(self, desk: Desk, order: Order, now: int) -> None:
        """The price that an order waited for has come."""
        self._win(desk, order, now)
        order.working_at = order.updated_at = now
        self._tell(order, Change.NEW)
        if self._affordable(desk, order):
            self._match(desk, order, now)
        else:
            self._reject(desk, order, NO_FUNDS, now)

    def _activate(self, desk: Desk, made: OrderList, now: int) -> None:
        """The working order was filled: the legs start, or are rejected together."""
        legs = [self._registry.open[order_id] for order_id in made.legs]
        for leg in legs:
            leg.status = Status.NEW
            leg.updated_at = now
        refused = next((reason for leg in legs if (reason := self._objection(desk, leg))), "")
        if refused:
            self._reject(desk, legs[0], refused, now)
            return
        if len(legs) == 1:
            self._money.hold(desk, legs[0])
        else:
            self._money.hold_pair(desk, made, legs)
        for leg in legs:
            self._announce(desk, leg, now)
        for leg in legs:
            self._start(desk, leg, now)

    def _objection(self, desk: Desk, order: Order) -> str:
        """Why an order can't start now; empty where it can."""
        if not self._affordable(desk, order):
            return NO_FUNDS
        if triggers_now(desk, order.ask):
            return WOULD_TRIGGER
        return WOULD_MATCH if takes_now(desk, order.ask) else ""

    def _affordable(self, desk: Desk, order: Order) -> bool:
        account = self._accounts[order.account]
        if order.working_at and order.ask.price is not None:
            return True  # it has set everything aside
        if order.ask.type.waits and not order.working_at:
            asset, amount = self._money.reserve(desk, order.ask, order.left)
        else:
            left = None if order.ask.quantity is None else order.left
            asset, amount = self._money.cost(desk, account, order.ask, left)
        return amount <= account.balance(asset).free + order.locked

    def _match(self, desk: Desk, order: Order, now: int) -> None:
        ask, left = order.ask, None if order.ask.quantity is None else order.left
        taker = taking(desk, order.order_id, order.account, ask, left)
        kills = ask.type.forced and ask.time_in_force is TimeInForce.FOK
        if kills and desk.matcher.reach(taker).lots < (taker.lots or 0):
            self._expire(desk, order, "UNFILLED_FOK_ORDER_EXPIRED", now)
            return
        self.settle(desk, desk.matcher.take(taker), now)
        if order.order_id not in self._registry.open:
            return
        if not ask.type.priced:
            self._expire(desk, order, "INSUFFICIENT_LIQUIDITY", now)
        elif ask.type.forced and ask.time_in_force is not TimeInForce.GTC:
            self._expire(desk, order, "UNFILLED_IOC_QUANTITY_EXPIRED", now)
        else:
            lot = desk.instrument.lot_size
            slice = 0 if ask.iceberg is None else int(ask.iceberg / lot)
            desk.matcher.rest(taker, int(order.left / lot), slice)

    def _execute(self, desk: Desk, order: Order, execution: Execution, now: int, *, full: bool) -> None:
        self._win(desk, order, now)
        deal = self._money.book(desk, order, execution, now)
        order.executed += deal.quantity
        order.value += deal.value
        if order.ask.quote_quantity is not None:
            order.quantity = order.executed + order.prevented
        order.deals.append(deal)
        order.updated_at = now
        done = full if order.ask.quote_quantity is not None else not order.left
        order.status = Status.FILLED if done else Status.PARTIALLY_FILLED
        self._registry.traded(order.account, deal)
        if done:
            self._registry.close(order)
            self._money.release(desk, order)
        else:
            self._money.loosen(desk, order)
        self._tell(order, Change.TRADE, deal)
        self._tell_balances(desk, order, now)
        if done:
            self._ended(desk, order, now)

    def _prevent(self, desk: Desk, order: Order, met: Prevented, now: int) -> None:
        """An order met its own account's."""
        quantity = desk.instrument.quantity(met.lots)
        match = Match(
            match_id=met.match_id,
            symbol=order.symbol,
            other_id=met.other_id,
            taker=met.taker,
            price=desk.instrument.price(met.tick),
            quantity=quantity,
            time=now,
        )
        order.matches.append(match)
        order.prevented += quantity
        if order.ask.quote_quantity is not None:
            order.quantity = order.executed + order.prevented
        if met.ended:
            self._close(desk, order, Status.EXPIRED_IN_MATCH, Change.TRADE_PREVENTION, now)
            return
        order.updated_at = now
        self._money.loosen(desk, order)
        self._tell(order, Change.TRADE_PREVENTION)
        self._tell_balances(desk, order, now)

    def _expire(self, desk: Desk, order: Order, reason: str, now: int) -> None:
        order.expiry_reason = reason
        self._close(desk, order, Status.EXPIRED, Change.EXPIRED, now)

    def _reject(self, desk: Desk, order: Order, reason: str, now: int) -> None:
        order.reject_reason = reason
        self._close(desk, order, Status.REJECTED, Change.REJECTED, now)

    def _close(self, desk: Desk, order: Order, status: Status, change: Change, now: int) -> None:
        self._registry.close(order)
        desk.matcher.cancel(order.order_id)
        desk.triggers.drop(order.order_id)
        order.status = status
        order.updated_at = now
        self._money.release(desk, order)
        made = self._pair_of(order)
        if made is not None:
            self._money.release_pair(desk, made, order)
        self._tell(order, change)
        self._tell_balances(desk, order, now)
        self._ended(desk, order, now)

    def _ended(self, desk: Desk, order: Order, now: int) -> None:
        """What the end of an order means for the rest of its list."""
        made = self._registry.lists.get(order.list_id)
        if made is None or made.status is ListStatus.ALL_DONE or order.expiry_reason == LOST:
            return
        if order.status is Status.FILLED and order.order_id == made.working:
            self._due.append(made.legs[0])
            return
        for other in self._registry.orders_of(made):
            if not other.status.open:
                continue  # the end of another one was its end too
            if order.status is Status.CANCELED:
                other.cancel_id = order.cancel_id
                self._close(desk, other, Status.CANCELED, Change.CANCELED, now)
            else:
                self._expire(desk, other, "", now)
        if made.status is ListStatus.EXECUTING:
            self._registry.list_done(made)
            self._tell_list(made, ListNews.ALL_DONE, now)

    def _win(self, desk: Desk, order: Order, now: int) -> None:
        """A leg trades or triggers first: the other expires, and what was set aside is the winner's."""
        made = self._pair_of(order)
        if made is None:
            return
        for other in self._open_legs(made):
            if other is not order:
                self._money.claim(desk, made, order)
                self._expire(desk, other, LOST, now)

    def _pair_of(self, order: Order) -> OrderList | None:
        """The list in which `order` is one of two legs."""
        made = self._registry.lists.get(order.list_id)
        paired = made is not None and len(made.legs) == 2 and order.order_id in made.legs
        return made if paired else None

    def _open_legs(self, made: OrderList) -> list[Order]:
        open_orders = self._registry.open
        return [open_orders[order_id] for order_id in made.legs if order_id in open_orders]

    def _tell(self, order: Order, change: Change, deal: Deal | None = None) -> None:
        order.execution_id = self.next_execution
        self.next_execution += 1
        self._listener.order_changed(order, change, deal)

    def _tell_list(self, made: OrderList, news: ListNews, now: int) -> None:
        made.updated_at = now
        self._listener.list_changed(made, news, self._registry.orders_of(made))

    def _tell_balances(self, desk: Desk, order: Order, now: int) -> None:
        account = self._accounts[order.account]
        account.updated_at = now
        self._listener.balances_changed(account, (desk.instrument.base, desk.instrument.quote))
