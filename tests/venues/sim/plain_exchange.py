"""The exchange's slow, plain reference, written from the venue's rules rather than from our code.

It locks nothing: what is locked is what open orders need now, added up anew each time. Books trade one lot
at a time (`plain_book`).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal

from midas.venues.sim.floor.lists import ListAsk
from midas.venues.sim.floor.orders import Ask
from tests.venues.sim.plain_book import BUY, SELL, Levels, Step
from tests.venues.sim.plain_orders import (
    ZERO,
    PlainDeal,
    PlainDesk,
    PlainList,
    PlainOrder,
    check_market,
    check_open,
    coming,
    must_wait,
    reached,
    undecided,
)
from tests.venues.sim.plain_rules import PlainRefusal, View

FAILED = "Order cancel-replace failed."


class PlainExchange:
    """Accounts, orders, lists and desks."""

    def __init__(
        self,
        desks: Sequence[PlainDesk],
        opening: dict[str, dict[str, Decimal]],
        fees: dict[str, tuple[Decimal, Decimal]],  # maker, taker
        first_order: int,
        first_list: int,
    ) -> None:
        self.desks = {desk.rules.symbol: desk for desk in desks}
        self.held = {name: dict(assets) for name, assets in opening.items()}
        self.fees = fees
        self.orders: dict[int, PlainOrder] = {}
        self.lists: dict[int, PlainList] = {}
        self.deals: list[PlainDeal] = []
        self._next_order = first_order
        self._next_list = first_list
        self._watches = 0
        self._due: list[PlainOrder | PlainList] = []

    def locked(self, account: str, asset: str, but: PlainOrder | None = None) -> Decimal:
        """What open orders need, without one of them."""
        orders = [one for one in self.orders.values() if one.account == account and one.open]
        held = sum((self._need(one) for one in orders if one is not but and self._pays(one) == asset), ZERO)
        for made in self.lists.values():
            if made.account == account and made.undecided and self._pays(made.legs[0]) == asset:
                held += made.aside
        return held

    def free(self, account: str, asset: str, but: PlainOrder | None = None) -> Decimal:
        """What isn't locked."""
        return self.held[account].get(asset, ZERO) - self.locked(account, asset, but)

    def flow(self, account: str, asset: str, amount: Decimal) -> None:
        """Money comes in or goes out; no more goes out than is free."""
        if amount < 0 and -amount > self.free(account, asset):
            raise PlainRefusal(0, "more than is free")
        self.held[account][asset] = self.held[account].get(asset, ZERO) + amount

    def place(self, account: str, ask: Ask) -> PlainOrder:
        """A single order."""
        desk = self.desks[ask.symbol]
        check_open(desk)
        desk.rules.check(ask, self._view(desk, account))
        self._check_names(account, [ask])
        check_market(desk, ask)
        self._check_funds(desk, account, ask, self._cost(desk, account, ask, ask.quantity))
        order = self._new(account, ask)
        self._accept(desk, order)
        if not order.waits:
            self._match(desk, order)
        self._finish(desk)
        return order

    def place_list(self, account: str, ask: ListAsk) -> PlainList:
        """OCO, OTO or OTOCO."""
        desk = self.desks[ask.symbol]
        check_open(desk)
        asks = self._check_list(desk, account, ask)
        number, self._next_list = self._next_list, self._next_list + 1
        orders = [self._new(account, one) for one in asks]
        legs = orders if ask.working is None else orders[1:]
        made = PlainList(number, account, ask.symbol, ask.client_id, orders, legs)
        self.lists[number] = made
        for order in orders:
            order.list = made
        if ask.working is None:
            self._start_pair(desk, made)
        else:
            for leg in legs:
                leg.status = "PENDING_NEW"
            self._accept(desk, orders[0])
            self._match(desk, orders[0])
        self._finish(desk)
        return made

    def cancel(self, order: PlainOrder) -> None:
        """Take an order out; its list goes with it."""
        if not order.open:
            raise PlainRefusal(-2011, "Unknown order sent.")
        self._end(self.desks[order.ask.symbol], order, "CANCELED")
        self._finish(self.desks[order.ask.symbol])

    def replace(self, order: PlainOrder, ask: Ask, stop: bool) -> None:
        """A cancel and a new order; A.4.4 tells what is said where one half fails."""
        desk = self.desks[ask.symbol]
        desk.rules.check(ask, self._view(desk, order.account))  # which costs nothing but the request
        cancelled = placed = None
        try:
            self.cancel(order)
        except PlainRefusal as refusal:
            cancelled = refusal.code
            if stop:
                raise PlainRefusal(-2022, f"{FAILED} FAILURE {cancelled} NOT_ATTEMPTED None") from None
        try:
            self.place(order.account, ask)
        except PlainRefusal as refusal:
            placed = refusal.code
        results = f"{_result(cancelled)} {cancelled} {_result(placed)} {placed}"
        if cancelled and placed:
            raise PlainRefusal(-2022, f"{FAILED} {results}")
        if cancelled or placed:
            raise PlainRefusal(-2021, f"Order cancel-replace partially failed. {results}")

    def amend(self, order: PlainOrder, quantity: Decimal, client_id: str) -> None:
        """Reduce an order, which keeps its place."""
        desk = self.desks[order.ask.symbol]
        self._check_amend(desk, order, quantity, client_id)
        legs = self._shrinking(order)
        for leg in legs:
            desk.book.shrink(leg.number, desk.rules.lots(leg.quantity - quantity))
            leg.quantity = quantity
            leg.aside = min(leg.aside, self._fresh_need(desk, leg.ask, leg.left))
        if order.list is not None and order.list.undecided and order in order.list.legs:
            needs = [self._fresh_need(desk, leg.ask, leg.left) for leg in legs]
            order.list.aside = min(order.list.aside, max(needs))
        order.client_id, order.amends = client_id, order.amends + 1

    def _shrinking(self, order: PlainOrder) -> list[PlainOrder]:
        """Two legs shrink together; any other order by itself."""
        made = order.list
        if made is None or len(made.legs) != 2 or order not in made.legs:
            return [order]
        return [leg for leg in made.legs if leg.open]

    def depth(self, symbol: str, time: int, number: int, bids: Levels, asks: Levels) -> None:
        """Levels changed."""
        desk = self.desks[symbol]
        desk.time = time
        self._settle(desk, desk.book.changed(number, bids, asks, desk.trading))
        self._finish(desk)

    def quote(self, symbol: str, time: int, number: int, bid: tuple[int, int], ask: tuple[int, int]) -> None:
        """The best bid and ask changed."""
        desk = self.desks[symbol]
        desk.time = time
        self._settle(desk, desk.book.quoted(number, bid, ask, desk.trading))
        self._finish(desk)

    def print(self, symbol: str, time: int, tick: int, lots: int, buyer_is_maker: bool) -> None:
        """A public trade."""
        desk = self.desks[symbol]
        desk.time = time
        desk.last_print = tick
        desk.prints.append((time, tick, lots))
        if desk.trading:  # a halted symbol's orders neither trade nor start
            self._settle(desk, desk.book.printed(tick, lots, buyer_is_maker))
            self._saw(desk, tick)
        self._finish(desk)

    def _pays(self, order: PlainOrder) -> str:
        rules = self.desks[order.ask.symbol].rules
        return rules.quote if order.side == BUY else rules.base

    def _need(self, order: PlainOrder) -> Decimal:
        """What an open order has set aside on its own."""
        if order.status == "PENDING_NEW" or undecided(order):
            return ZERO
        if order.ask.price is None:
            return order.aside if order.waits else ZERO
        return order.left * (order.ask.price if order.side == BUY else 1)

    def _fresh_need(self, desk: PlainDesk, ask: Ask, left: Decimal) -> Decimal:
        """What an order that starts now sets aside."""
        if ask.type.name == "MARKET":
            return ZERO
        price = ask.price or ask.stop_price or desk.rules.tick * desk.last
        return left * price if ask.side.name == BUY else left

    def _cost(self, desk: PlainDesk, account: str, ask: Ask, left: Decimal | None) -> Decimal:
        """What an order needs to be taken in: for the book as it is where it has no limit price."""
        waiting = ask.type.name.startswith(("STOP", "TAKE"))
        if waiting or ask.price is not None:
            assert left is not None
            return self._fresh_need(desk, ask, left)
        return self._cost_now(desk, account, ask, left)

    def _cost_now(self, desk: PlainDesk, account: str, ask: Ask, left: Decimal | None) -> Decimal:
        """What an order without limit price costs in the book as it is."""
        if ask.side.name == SELL and left is not None:
            return left
        if ask.side.name == BUY and ask.quote_quantity is not None:
            return ask.quote_quantity
        lots, value = desk.book.would_take(coming(desk, 0, account, ask, left))
        rules = desk.rules
        return rules.lot * lots if ask.side.name == SELL else rules.tick * rules.lot * value

    def _view(self, desk: PlainDesk, account: str) -> View:
        mine = [o for o in self._open(account) if o.ask.symbol == desk.rules.symbol]
        return View(
            average=desk.average(),
            orders=len(mine),
            algos=sum(must_wait(o.ask) and (o.waits or o.status == "PENDING_NEW") for o in mine),
            icebergs=sum(o.ask.iceberg is not None for o in mine),
            position=self.held[account].get(desk.rules.base, ZERO)
            + sum((o.left for o in mine if o.side == BUY), ZERO),
        )

    def _open(self, account: str) -> list[PlainOrder]:
        return [order for order in self.orders.values() if order.account == account and order.open]

    def _check_names(self, account: str, asks: Sequence[Ask]) -> None:
        names = [order.client_id for order in self._open(account)]
        for ask in asks:
            if ask.client_id and ask.client_id in names:
                raise PlainRefusal(-2010, "Duplicate order sent.")
            names.append(ask.client_id)

    def _check_funds(self, desk: PlainDesk, account: str, ask: Ask, amount: Decimal) -> None:
        asset = desk.rules.quote if ask.side.name == BUY else desk.rules.base
        if amount > self.free(account, asset):
            raise PlainRefusal(-2010, "Account has insufficient balance for requested action.")

    def _check_list(self, desk: PlainDesk, account: str, ask: ListAsk) -> list[Ask]:
        """The orders of a list as the venue numbers them, if nothing speaks against it."""
        last = desk.rules.tick * desk.last if ask.working is None else None
        if len(ask.legs) == 2:
            desk.rules.check_pair(ask.legs[0], ask.legs[1], last)
        legs = sorted(ask.legs, key=lambda leg: not leg.type.name.startswith("STOP"))
        asks = legs if ask.working is None else [ask.working, *legs]
        mine = [made for made in self.lists.values() if made.account == account and not made.done]
        desk.rules.check_lists(sum(made.symbol == ask.symbol for made in mine))
        view = self._view(desk, account)
        for one in asks:
            desk.rules.check(one, view)
            view.orders += 1
            view.algos += must_wait(one)
            view.icebergs += one.iceberg is not None
            view.position += one.quantity or ZERO if one.side.name == BUY else ZERO
        if ask.client_id and ask.client_id in [made.client_id for made in mine]:
            raise PlainRefusal(-2010, "Duplicate order sent.")
        self._check_names(account, asks)
        starting = list(ask.legs) if ask.working is None else [ask.working]
        for one in starting:
            check_market(desk, one)
        needs = [self._cost(desk, account, one, one.quantity) for one in starting]
        self._check_funds(desk, account, starting[0], max(needs))
        return asks

    def _check_amend(self, desk: PlainDesk, order: PlainOrder, quantity: Decimal, client_id: str) -> None:
        if not order.open or order.ask.quantity is None:
            raise PlainRefusal(-2011, "Unknown order sent.")
        if quantity == order.quantity:
            raise PlainRefusal(-2038, "The requested action would change no state; rejecting.")
        if quantity > order.quantity:
            raise PlainRefusal(-2038, "Order amend (quantity increase) is not supported.")
        if any(quantity <= leg.executed + leg.prevented for leg in self._shrinking(order)):
            raise PlainRefusal(-2038, "Order amend (quantity already executed) is not supported.")
        if order.amends >= desk.rules.amends_max:
            raise PlainRefusal(-2038, "Filter failure: MAX_NUM_ORDER_AMENDS")
        desk.rules.check_amended(order.ask, quantity, desk.average())
        if client_id in [other.client_id for other in self._open(order.account) if other is not order]:
            raise PlainRefusal(-2010, "Duplicate order sent.")

    def _new(self, account: str, ask: Ask) -> PlainOrder:
        number, self._next_order = self._next_order, self._next_order + 1
        name = ask.client_id or f"sim{number:020d}"
        order = PlainOrder(number, account, ask, name, ask.quantity or ZERO)
        self.orders[number] = order
        return order

    def _accept(self, desk: PlainDesk, order: PlainOrder) -> None:
        """The order is in; a stop begins to wait."""
        order.status = "NEW"
        order.aside = self._fresh_need(desk, order.ask, order.left)
        order.waits = must_wait(order.ask)
        self._watches += 1
        order.watched = self._watches
        if order.waits and order.ask.trailing_delta and order.ask.stop_price is None:
            order.follows, order.best = True, desk.last

    def _start_pair(self, desk: PlainDesk, made: PlainList) -> None:
        """Both legs of a pair begin; funds are set aside once."""
        made.undecided = True
        made.aside = max(self._fresh_need(desk, leg.ask, leg.left) for leg in made.legs)
        for leg in made.legs:
            self._accept(desk, leg)
        for leg in made.legs:
            if leg.open and not leg.waits:
                self._match(desk, leg)

    def _match(self, desk: PlainDesk, order: PlainOrder) -> None:
        """An order meets the book; what is left of it rests or expires."""
        ask = order.ask
        taker = coming(desk, order.number, order.account, ask, None if ask.quantity is None else order.left)
        force = ask.time_in_force.name if ask.price is not None and ask.type.name != "LIMIT_MAKER" else "GTC"
        if force == "FOK" and desk.book.would_take(taker)[0] < (taker.lots or 0):
            self._end(desk, order, "EXPIRED", "UNFILLED_FOK_ORDER_EXPIRED")
            return
        self._settle(desk, desk.book.take(taker))
        if not order.open:
            return
        if ask.price is None:
            self._end(desk, order, "EXPIRED", "INSUFFICIENT_LIQUIDITY")
        elif force != "GTC":
            self._end(desk, order, "EXPIRED", "UNFILLED_IOC_QUANTITY_EXPIRED")
        else:
            slice = 0 if ask.iceberg is None else desk.rules.lots(ask.iceberg)
            desk.book.rest(taker, desk.rules.lots(order.left), slice)

    def _settle(self, desk: PlainDesk, steps: list[Step]) -> None:
        """Orders pay for what the book did; the prices are seen when all is done."""
        steps = [step for step in steps if step.order]
        for step in steps:
            order = self.orders[step.order]
            if step.prevented:
                self._prevent(desk, order, step)
            else:
                self._deal(desk, order, step)
        for step in steps:
            if not step.prevented:
                self._saw(desk, step.tick)

    def _prevent(self, desk: PlainDesk, order: PlainOrder, step: Step) -> None:
        order.prevented += desk.rules.lot * step.lots
        self._grow(order)
        if step.ended:
            self._end(desk, order, "EXPIRED_IN_MATCH")

    def _deal(self, desk: PlainDesk, order: PlainOrder, step: Step) -> None:
        self._decide(desk, order)
        rules = desk.rules
        price, quantity = rules.tick * step.tick, rules.lot * step.lots
        received, asset = (quantity, rules.base) if order.side == BUY else (price * quantity, rules.quote)
        maker, taker = self.fees[order.account]
        fee = (received * (maker if step.maker else taker)).quantize(Decimal("1e-8"), ROUND_HALF_EVEN)
        deal = PlainDeal(order.number, price, quantity, step.maker, fee, asset)
        self.deals.append(deal)
        order.executed, order.value = order.executed + quantity, order.value + price * quantity
        self._grow(order)
        sign, held = 1 if order.side == BUY else -1, self.held[order.account]
        held[rules.base] += sign * quantity
        held[rules.quote] -= sign * price * quantity
        held[asset] -= fee
        order.status = "PARTIALLY_FILLED"
        if order.left == 0 if order.ask.quote_quantity is None else step.ended:
            self._end(desk, order, "FILLED")

    def _grow(self, order: PlainOrder) -> None:
        """An order by quote quantity is as large as what became of it."""
        if order.ask.quote_quantity is not None:
            order.quantity = order.executed + order.prevented

    def _decide(self, desk: PlainDesk, order: PlainOrder) -> None:
        """One of two legs trades or triggers: the other expires."""
        if undecided(order):
            assert order.list is not None
            order.list.undecided = False
            for other in order.list.legs:
                if other is not order and other.open:
                    self._end(desk, other, "EXPIRED", "OCO_TRIGGER")

    def _end(self, desk: PlainDesk, order: PlainOrder, status: str, reason: str = "") -> None:
        """An order is over, and so is its list unless this starts the rest of it."""
        order.status, order.reason, order.waits = status, reason, False
        desk.book.leave(order.number)
        made = order.list
        if made is None or made.done or reason == "OCO_TRIGGER":
            return
        if order in made.legs:
            made.undecided = False
        elif status == "FILLED":
            self._due.append(made)
            return
        for other in made.orders:
            if other.open:
                self._end(desk, other, "CANCELED" if status == "CANCELED" else "EXPIRED")
        made.done = True

    def _saw(self, desk: PlainDesk, tick: int) -> None:
        """A trade at `tick`: stops that it reaches are due, those that wait longest first."""
        desk.last = tick
        waiting = [o for o in self.orders.values() if o.waits and self.desks[o.ask.symbol] is desk]
        for order in sorted(waiting, key=lambda one: one.watched):
            if order not in self._due and reached(desk, order, tick):
                self._due.append(order)

    def _finish(self, desk: PlainDesk) -> None:
        """Whatever is due starts, first come first."""
        while self._due:
            due = self._due[0]
            if isinstance(due, PlainList):
                self._due.pop(0)
                self._activate(desk, due)
            else:
                waits = due.waits
                due.waits = False
                self._due.pop(0)
                if waits:
                    self._trigger(desk, due)

    def _trigger(self, desk: PlainDesk, order: PlainOrder) -> None:
        """The price that an order waited for has come."""
        self._decide(desk, order)
        if order.ask.price is None:
            cost = self._cost_now(desk, order.account, order.ask, order.left)
            if cost > self.free(order.account, self._pays(order), order):
                self._end(desk, order, "REJECTED", "INSUFFICIENT_BALANCES")
                return
        self._match(desk, order)

    def _activate(self, desk: PlainDesk, made: PlainList) -> None:
        """The working order was filled: the legs start, or fail together."""
        if not made.legs[0].open:
            return
        for leg in made.legs:
            reason = self._objection(desk, leg)
            if reason:
                self._end(desk, made.legs[0], "REJECTED", reason)
                return
        if len(made.legs) == 2:
            self._start_pair(desk, made)
            return
        self._accept(desk, made.legs[0])
        if not made.legs[0].waits:
            self._match(desk, made.legs[0])

    def _objection(self, desk: PlainDesk, leg: PlainOrder) -> str:
        if self._cost(desk, leg.account, leg.ask, leg.left) > self.free(leg.account, self._pays(leg)):
            return "INSUFFICIENT_BALANCES"
        try:
            check_market(desk, leg.ask)
        except PlainRefusal as refusal:
            stops = refusal.text == "Order would trigger immediately."
            return "STOP_PRICE_WOULD_TRIGGER_IMMEDIATELY" if stops else "WOULD_MATCH_IMMEDIATELY"
        return ""


def _result(code: int | None) -> str:
    return "SUCCESS" if code is None else "FAILURE"
