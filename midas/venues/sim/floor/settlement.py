"""Money: what orders set aside, what deals move, what they cost. Exact, and always accounted for.

What all accounts hold, plus `fees`, plus what went to the market `outside`, is what was paid in.

An order with a limit price sets aside what it may cost when it is placed. A market order that waits
for its stop price sets aside its quantity (SELL) or quantity times stop price (BUY; without a stop
price, times the last price); what the market then asks beyond that comes out of the free balance, and
where that isn't enough the triggered order is rejected.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from operator import itemgetter

from midas.costs import FeeSchedule
from midas.domain.money import ZERO
from midas.domain.order import Side
from midas.venues.sim.floor.accounts import Account
from midas.venues.sim.floor.desk import Desk
from midas.venues.sim.floor.lists import OrderList
from midas.venues.sim.floor.matcher import Execution, Taking
from midas.venues.sim.floor.orders import Ask, Deal, Kind, Order
from midas.venues.sim.levels.scale import ATOM

FIRST_DEAL_ID = 10**12  # our deals are not in the public tape: their ids lie above every recorded one


class Settlement:
    """The exchange's books."""

    def __init__(self, accounts: dict[str, Account], fees: FeeSchedule) -> None:
        self.schedule = fees
        self.fees: dict[str, Decimal] = {}  # taken so far, by asset
        self.outside: dict[str, Decimal] = {}  # what the market outside has of ours, by asset
        self.next_deal = FIRST_DEAL_ID
        self._accounts = accounts
        self._half: tuple[str, int, str, int] | None = None  # symbol, meeting, account, id of the last deal

    def rates(self, account: Account) -> FeeSchedule:
        """What `account` pays."""
        return account.rates(self.schedule)

    def reserve(self, desk: Desk, ask: Ask, left: Decimal) -> tuple[str, Decimal]:
        """Which asset, and how much of it, `ask` sets aside while `left` of it is open."""
        instrument = desk.instrument
        asset = instrument.base if ask.side is Side.SELL else instrument.quote
        if ask.type is Kind.MARKET:
            return asset, ZERO
        if ask.side is Side.SELL:
            return asset, left
        price = ask.price or ask.stop_price or instrument.price(desk.triggers.last)
        return asset, left * price

    def cost(self, desk: Desk, account: Account, ask: Ask, left: Decimal | None) -> tuple[str, Decimal]:
        """Which asset, and how much of it, `left` of `ask` costs if it meets the book now; None where
        the ask has no quantity."""
        instrument = desk.instrument
        if ask.price is not None:
            assert left is not None
            return self.reserve(desk, ask, left)
        if ask.side is Side.SELL:
            if left is not None:
                return instrument.base, left
            reach = desk.matcher.reach(taking(desk, 0, account.name, ask))
            return instrument.base, instrument.quantity(reach.lots)
        if ask.quote_quantity is not None:
            return instrument.quote, ask.quote_quantity
        reach = desk.matcher.reach(taking(desk, 0, account.name, ask, left))
        return instrument.quote, instrument.tick_size * instrument.lot_size * reach.value

    def hold(self, desk: Desk, order: Order) -> None:
        """Set aside what `order` may cost."""
        asset, order.locked = self.reserve(desk, order.ask, order.left)
        self._accounts[order.account].lock(asset, order.locked)

    def loosen(self, desk: Desk, order: Order) -> None:
        """Give back what `order` no longer needs; a triggered market order keeps all until its end."""
        if order.ask.price is None and order.working_at:
            return
        asset, needed = self.reserve(desk, order.ask, order.left)
        kept = min(order.locked, needed)
        self._accounts[order.account].unlock(asset, order.locked - kept)
        order.locked = kept

    def release(self, desk: Desk, order: Order) -> None:
        """Give back all that `order` had set aside."""
        asset, _ = self.reserve(desk, order.ask, ZERO)
        self._accounts[order.account].unlock(asset, order.locked)
        order.locked = ZERO

    def hold_pair(self, desk: Desk, made: OrderList, legs: list[Order]) -> None:
        """Set aside, once, what the dearer of two legs may cost."""
        asset, made.locked = self.dearer(desk, [(leg.ask, leg.left) for leg in legs])
        self._accounts[made.account].lock(asset, made.locked)

    def loosen_pair(self, desk: Desk, made: OrderList, legs: list[Order]) -> None:
        """Give back what two reduced legs no longer need."""
        asset, needed = self.dearer(desk, [(leg.ask, leg.left) for leg in legs])
        kept = min(made.locked, needed)
        self._accounts[made.account].unlock(asset, made.locked - kept)
        made.locked = kept

    def claim(self, desk: Desk, made: OrderList, winner: Order) -> None:
        """What two legs had set aside is the winner's now, as far as it needs it."""
        asset, needed = self.reserve(desk, winner.ask, winner.left)
        winner.locked = min(made.locked, needed)
        self._accounts[made.account].unlock(asset, made.locked - winner.locked)
        made.locked = ZERO

    def release_pair(self, desk: Desk, made: OrderList, leg: Order) -> None:
        """Give back all that two legs had set aside."""
        asset, _ = self.reserve(desk, leg.ask, ZERO)
        self._accounts[made.account].unlock(asset, made.locked)
        made.locked = ZERO

    def dearer(self, desk: Desk, legs: Sequence[tuple[Ask, Decimal]]) -> tuple[str, Decimal]:
        """The larger need of two legs, which pay with the same asset."""
        return max((self.reserve(desk, ask, left) for ask, left in legs), key=itemgetter(1))

    def book(self, desk: Desk, order: Order, execution: Execution, now: int) -> Deal:
        """The deal of one execution, paid for."""
        deal = self._deal(desk, order, execution, now)
        instrument, account = desk.instrument, self._accounts[order.account]
        if order.side is Side.BUY:
            paid, amount, got, received = instrument.quote, deal.value, instrument.base, deal.quantity
        else:
            paid, amount, got, received = instrument.base, deal.quantity, instrument.quote, deal.value
        held = min(amount, order.locked)
        account.pay(paid, held, locked=True)
        account.pay(paid, amount - held, locked=False)
        order.locked -= held
        account.receive(got, received - deal.fee)
        self.fees[got] = self.fees.get(got, ZERO) + deal.fee
        self.outside[paid] = self.outside.get(paid, ZERO) + amount
        self.outside[got] = self.outside.get(got, ZERO) - received
        account.volume.add(deal.value, now)
        return deal

    def _deal(self, desk: Desk, order: Order, execution: Execution, now: int) -> Deal:
        instrument = desk.instrument
        price, quantity = instrument.price(execution.tick), instrument.quantity(execution.lots)
        buys = order.side is Side.BUY
        rates = self.rates(self._accounts[order.account])
        fee = rates.fee(quantity if buys else price * quantity, execution.maker)
        deal = Deal(
            trade_id=self._number(order, execution),
            symbol=desk.symbol,
            order_id=order.order_id,
            list_id=order.list_id,
            side=order.side,
            price=price,
            quantity=quantity,
            fee=fee.quantize(ATOM, ROUND_HALF_EVEN),
            fee_asset=instrument.base if buys else instrument.quote,
            maker=execution.maker,
            time=now,
        )
        return deal

    def _number(self, order: Order, execution: Execution) -> int:
        """A trade's id. Both halves of a trade between two accounts have the same."""
        half, self._half = self._half, None
        met = (order.symbol, execution.meeting)
        if execution.meeting and half is not None and half[:2] == met and half[2] != order.account:
            return half[3]
        number, self.next_deal = self.next_deal, self.next_deal + 1
        self._half = (*met, order.account, number)
        return number


def taking(desk: Desk, order_id: int, account: str, ask: Ask, left: Decimal | None = None) -> Taking:
    """`ask` in ticks and lots, or what is left of it."""
    instrument = desk.instrument
    quote, quantity = ask.quote_quantity, ask.quantity if left is None else left
    return Taking(
        order_id=order_id,
        account=account,
        side=ask.side,
        lots=None if ask.quantity is None or quantity is None else int(quantity / instrument.lot_size),
        limit=None if ask.price is None else int(ask.price / instrument.tick_size),
        budget=None if quote is None else int(quote / (instrument.tick_size * instrument.lot_size)),
        self_trade=ask.self_trade,
    )
