"""The exchange itself: accounts trade on desks. Pure and synchronous; every time is handed in.

Market events move the desks, asks become orders, outcomes of the matchers become deals and
balances. What happened is told to the listener, in order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal

from midas.costs import FeeSchedule
from midas.venues.sim.floor import amending
from midas.venues.sim.floor.accounts import Account
from midas.venues.sim.floor.admission import Admission
from midas.venues.sim.floor.desk import TRADING, Desk
from midas.venues.sim.floor.klines import Candle
from midas.venues.sim.floor.lifecycle import Fills, Lifecycle, Listener
from midas.venues.sim.floor.lists import ListAsk, ListStatus, OrderList
from midas.venues.sim.floor.matcher import Outcome
from midas.venues.sim.floor.orders import Amendment, Ask, Deal, Order
from midas.venues.sim.floor.refusal import unknown_cancel, unknown_symbol
from midas.venues.sim.floor.registry import Registry
from midas.venues.sim.floor.settlement import Settlement
from midas.venues.sim.floor.wallet import Wallet
from midas.venues.sim.source.market import BestQuote, DepthChange, MarketEvent

__all__ = ["Exchange", "Listener"]


class Exchange:
    """All desks, accounts and orders of one instance."""

    def __init__(
        self, desks: Iterable[Desk], accounts: Iterable[Account], fees: FeeSchedule, listener: Listener
    ) -> None:
        self.desks = {desk.symbol: desk for desk in desks}
        self.accounts = {account.name: account for account in accounts}
        self.fees = fees
        self.registry = Registry(deals={name: [] for name in self.accounts})
        self.money = Settlement(self.accounts, fees)
        self._admission = Admission(self.registry, self.money)
        self.life = Lifecycle(self.accounts, self.registry, self.money, listener)
        instruments = [desk.instrument for desk in self.desks.values()]
        assets = frozenset(asset for one in instruments for asset in (one.base, one.quote))
        self.wallet = Wallet(self.accounts, assets, listener)
        self.settled: Callable[[], None] = _nothing  # called when a request or an act is done

    @property
    def orders(self) -> dict[int, Order]:
        """Orders that can be queried, by id."""
        return self.registry.orders

    @property
    def open(self) -> dict[int, Order]:
        """Orders that can still be executed or cancelled, by id."""
        return self.registry.open

    @property
    def deals(self) -> dict[str, list[Deal]]:
        """Every deal, by account."""
        return self.registry.deals

    def fees_of(self, account: Account) -> FeeSchedule:
        """What `account` pays."""
        return self.money.rates(account)

    def market(self, event: MarketEvent, now: int) -> list[tuple[str, Candle]]:
        """The market moved at wall time `now`; the candles that this closes. Where the symbol is halted,
        what is shown and told moves, but no order of ours trades or starts."""
        desk = self.desks[event.symbol]
        closed, printed, trades = desk.advance(event.time), None, desk.status == TRADING
        outcomes: list[Outcome] = []
        if isinstance(event, DepthChange):
            outcomes = desk.matcher.depth(event.last_id, event.bids, event.asks, crosses=trades)
        elif isinstance(event, BestQuote):
            outcomes = desk.matcher.quote(event.last_id, event.bid, event.ask, crosses=trades)
        else:
            desk.printed(event)
            if trades:
                printed = event.tick
                outcomes = desk.matcher.trade(event.tick, event.lots, event.buyer_is_maker)
        if outcomes:
            self.life.settle(desk, outcomes, now)
        if printed is not None:
            self.life.traded(desk, printed, now)
        self.life.finish(desk, now)
        return closed

    def desk(self, symbol: str) -> Desk:
        """The desk of `symbol`; refuses an unlisted one."""
        try:
            return self.desks[symbol]
        except KeyError:
            raise unknown_symbol() from None

    def check(self, account: Account, ask: Ask) -> None:
        """Refuse `ask` where a filter, another order's id, the book or the balance forbids it."""
        self._admission.check(self.desk(ask.symbol), account, ask)

    def check_filters(self, account: Account, ask: Ask) -> None:
        """Refuse `ask` where a filter forbids it."""
        self._admission.check_filters(self.desk(ask.symbol), account, ask)

    def place(self, account: Account, ask: Ask, now: int) -> Order:
        """Take `ask` in; it waits for its price, or meets the book."""
        self.check(account, ask)
        order = self.registry.add(account, ask, now)
        self.life.begin(self.desk(ask.symbol), order, now)
        return order

    def place_list(self, account: Account, ask: ListAsk, now: int) -> OrderList:
        """Take an order list in."""
        desk = self.desk(ask.symbol)
        self._admission.check_list(desk, account, ask)
        made, orders = self.registry.add_list(account, ask, now)
        self.life.begin_list(desk, made, orders, now)
        return made

    def cancel(self, order: Order, now: int, cancel_id: str) -> Order:
        """Take an open order out, and with it the list that it belongs to."""
        if not order.status.open:
            raise unknown_cancel()
        self.life.cancel(self.desks[order.symbol], order, cancel_id, now)
        return order

    def cancel_list(self, made: OrderList, now: int, cancel_id: str) -> OrderList:
        """Take all open orders of a list out."""
        if made.status is ListStatus.ALL_DONE:
            raise unknown_cancel()
        first = next(order for order in self.registry.orders_of(made) if order.status.open)
        self.cancel(first, now, cancel_id)
        return made

    def amend(self, account: Account, order: Order, quantity: Decimal, client_id: str, now: int) -> Amendment:
        """Reduce an open order to `quantity`; it keeps its place in the queue."""
        desk = self.desks[order.symbol]
        amending.check(desk, order, self.life.shrinking(order), quantity)
        self._admission.check_name(account, client_id, order)
        return self.life.amend(desk, order, quantity, client_id, now)

    def cut_fills(self, fills: Fills) -> None:
        """Let `fills` cut executions from now on."""
        self.life.fills = fills

    def fill(self, order: Order, quantity: Decimal, now: int) -> None:
        """Execute `quantity` of a resting order at its own price, whatever the market shows."""
        desk = self.desks[order.symbol]
        lots = int(quantity / desk.instrument.lot_size)
        self.life.settle(desk, desk.matcher.fill(order.order_id, lots), now)
        self.life.finish(desk, now)

    def find(
        self, account: Account, symbol: str, order_id: int | None, client_id: str | None
    ) -> Order | None:
        """An order of `account` by the venue's id or by the client's (the newest of that id)."""
        return self.registry.find(account, symbol, order_id, client_id)

    def open_orders(self, account: Account, symbol: str | None = None) -> list[Order]:
        """Open orders of `account`, oldest first."""
        return self.registry.open_orders(account, symbol)


def _nothing() -> None:
    """Nobody has to know."""
