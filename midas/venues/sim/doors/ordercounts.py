"""How many unfilled orders an account has placed: in ten seconds, and today."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from midas.domain.time import DAY, SECOND
from midas.venues.sim.doors.limits import ORDERS_10S_MAX, ORDERS_DAY_MAX, Interval, described
from midas.venues.sim.floor.accounts import Account
from midas.venues.sim.floor.exchange import Listener
from midas.venues.sim.floor.lists import ListNews, OrderList
from midas.venues.sim.floor.orders import Change, Deal, Order
from midas.venues.sim.floor.refusal import Refusal
from midas.venues.sim.floor.wallet import Flow

# A first fill takes its order off the count; the venue rewards one that comes later, as a maker, with more.
TAKER_RELIEF, MAKER_RELIEF = 1, 5


class OrderCount:
    """Unfilled new orders of one account."""

    def __init__(self) -> None:
        self._recent = Interval(10 * SECOND, ORDERS_10S_MAX)
        self._today = Interval(DAY, ORDERS_DAY_MAX)

    def counts(self, now: int) -> tuple[int, int]:
        """Orders in the running ten seconds and in the running UTC day."""
        return self._recent.at(now), self._today.at(now)

    @contextmanager
    def placing(self, now: int, orders: int = 1) -> Iterator[None]:
        """Count `orders` more, or none where the block refuses them. Refuses too many at once."""
        self.check(now, orders)
        self._add(orders, now)
        try:
            yield
        except Refusal:
            self._add(-orders, now)
            raise

    def check(self, now: int, orders: int = 1) -> None:
        """Refuse `orders` more where that is too many."""
        for interval, period in ((self._recent, "10 SECOND"), (self._today, "1 DAY")):
            if interval.at(now) + orders > interval.most:
                text = f"Too many new orders; current limit is {interval.most} orders per {period}."
                raise Refusal(-1015, text, 429, retry_after=interval.wait(now))

    def filled(self, maker: bool, now: int) -> None:
        """An order, placed whenever, traded for the first time."""
        self._add(-(MAKER_RELIEF if maker else TAKER_RELIEF), now)

    def rates(self, now: int) -> list[dict[str, object]]:
        """The limits with their counts, as `rateLimit/order` and the WebSocket API list them."""
        rows = [row for row in described() if row["rateLimitType"] == "ORDERS"]
        return [row | {"count": used} for row, used in zip(rows, self.counts(now), strict=True)]

    def _add(self, orders: int, now: int) -> None:
        self._recent.add(orders, now)
        self._today.add(orders, now)


class OrderCounts:
    """The counts of all accounts: hears of first fills and passes on everything that it hears."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._counts: dict[str, OrderCount] = {}

    def of(self, account: Account) -> OrderCount:
        """The count of `account`."""
        return self._counts.setdefault(account.name, OrderCount())

    def order_changed(self, order: Order, change: Change, deal: Deal | None) -> None:
        """An order was accepted, executed, cancelled or expired."""
        if deal is not None and len(order.deals) == 1 and order.account in self._counts:
            self._counts[order.account].filled(deal.maker, order.updated_at)
        self._listener.order_changed(order, change, deal)

    def list_changed(self, made: OrderList, news: ListNews, orders: list[Order]) -> None:
        """An order list was accepted, updated or is done."""
        self._listener.list_changed(made, news, orders)

    def balances_changed(self, account: Account, assets: tuple[str, ...]) -> None:
        """Free or locked amounts changed."""
        self._listener.balances_changed(account, assets)

    def flowed(self, account: Account, flow: Flow) -> None:
        """Money came in from outside or went out."""
        self._listener.flowed(account, flow)
