"""A person's own orders in the sample desk, and what the small engine of the demo does with them."""

# ruff: noqa: E501  the rows read as tables
from __future__ import annotations

import math

import msgspec

from midas.domain.command import (
    AmendOrder,
    CancelEntries,
    CancelOrder,
    ClosePosition,
    Command,
    LimitMove,
    PlaceOrder,
    Review,
)
from midas.domain.time import HOUR, SECOND
from midas.state.snapshot import Snapshot
from midas.state.views.market import InstrumentView
from midas.state.views.orders import ClosedOrderView, FillView, OrderView, PositionView

Reply = tuple[bool, str, Review | None]
PORTIONS = (0.25, 0.5, 0.75, 1.0)


class Hand:
    """Orders placed, amended and withdrawn by hand; none of them ever fills."""

    def __init__(self) -> None:
        self.placed: dict[str, OrderView] = {}
        self.gone: set[str] = set()  # client ids that don't work any more
        self.flat: set[tuple[str, str]] = set()  # positions that were closed
        self.closed: list[ClosedOrderView] = []
        self._tickets: dict[str, str] = {}

    def orders(self, working: tuple[OrderView, ...]) -> tuple[OrderView, ...]:
        """What works now."""
        return tuple(o for o in (*working, *self.placed.values()) if o.client_id not in self.gone)

    def obey(self, command: Command, snapshot: Snapshot) -> Reply | None:
        """The answer to a person's command; None where it is none."""
        match command:
            case PlaceOrder():
                return self._place(command, snapshot)
            case AmendOrder():
                return self._amend(command, snapshot)
            case ClosePosition():
                return self._close(command, snapshot)
            case CancelOrder():
                return self._cancel(
                    [o for o in snapshot.orders if o.client_id == command.client_id], snapshot
                )
            case CancelEntries():
                entries = [
                    o for o in snapshot.orders
                    if o.purpose == "ENTRY" and command.instrument in ("", o.instrument)
                ]  # fmt: skip
                return self._cancel(entries, snapshot)
            case _:
                return None

    def _place(self, command: PlaceOrder, snapshot: Snapshot) -> Reply:
        if command.ticket in self._tickets:
            return True, f"already sent as {self._tickets[command.ticket]}", None
        review = reviewed(command, snapshot)
        what = f"{command.side} {command.quantity} {command.instrument.partition('.')[0]}"
        if review.breaches:
            return False, f"{what} is refused: {'; '.join(review.breaches)}", review
        if not command.confirmed:
            return True, f"{what}: confirm to send it", review
        short = f"h{len(self._tickets):03d}"
        self._tickets[command.ticket] = short
        purpose = "ENTRY" if command.side == "BUY" else "EXIT"
        kind = "LIMIT" if command.type == "MARKET" else command.type
        self.placed[f"m-{short}"] = OrderView(
            f"m-{short}", short, command.instrument, command.strategy, command.side, kind, review.price,
            review.quantity, 0.0, "OPEN", purpose, snapshot.built_at, "asked for by console", ACKED, True,
        )  # fmt: skip
        return True, f"{what} is sent as {short}", review

    def _amend(self, command: AmendOrder, snapshot: Snapshot) -> Reply:
        order = next((o for o in snapshot.orders if o.client_id == command.client_id), None)
        if order is None:
            return False, f"order {command.client_id} isn't open", None
        again = PlaceOrder(
            command.ticket, order.instrument, order.side, order.type, command.quantity, command.price,
            order.strategy, command.confirmed,
        )  # fmt: skip
        accepted, message, review = self._place(again, snapshot)
        if accepted and command.confirmed:
            self._end(order, snapshot, "amended")
        return accepted, f"{message} (in place of {order.short_id})", review

    def _close(self, command: ClosePosition, snapshot: Snapshot) -> Reply:
        at = (command.instrument, command.strategy)
        held = next((p for p in snapshot.positions if (p.instrument, p.strategy) == at), None)
        if held is None:
            return False, f"{command.strategy} holds nothing of it", None
        review = Review(
            "SELL", held.quantity, held.mark, held.value, held.value * 0.001, 0.2, held.quantity, 0.0, 0.0,
            (), ("its order b002 is cancelled first",),
        )  # fmt: skip
        if not command.confirmed:
            return True, f"close {command.strategy}: sell {held.quantity:g}; confirm to do it", review
        self.flat.add(at)
        return True, f"closing {command.strategy}: {held.quantity:g}", review

    def _cancel(self, orders: list[OrderView], snapshot: Snapshot) -> Reply:
        if not orders:
            return False, "no such order is open", None
        for order in orders:
            self._end(order, snapshot, "asked for by a person")
        return True, f"cancel of {', '.join(o.short_id for o in orders)} sent", None

    def _end(self, order: OrderView, snapshot: Snapshot, why: str) -> None:
        self.gone.add(order.client_id)
        self.closed.insert(0, ended(order, "CANCELED", why, snapshot.built_at, 44.0))


REASONS = {
    "trend-following": "trend +0.41",
    "book-imbalance": "depth, microprice",
    "manual": "asked for by console",
}
ACKED = ("+0.000s  QUEUED", "+0.002s  INFLIGHT, sent", "+0.043s  WORKING (answer)")


def reviewed(command: PlaceOrder, snapshot: Snapshot) -> Review:
    """What the order would do in the sample's book; more than 30 % of equity is refused."""
    view = next(v for v in snapshot.instruments if v.id == command.instrument)
    buying = command.side == "BUY"
    best = view.ask if buying else view.bid
    price, quantity = float(command.price or best), float(command.quantity)
    takes = quantity if (price >= best if buying else price <= best) else 0.0
    levels = view.book.bids if buying else view.book.asks
    ahead = next((level.size for level in levels if abs(level.price - price) < view.tick_size / 2), 0.0)
    share = price * quantity / snapshot.money.equity
    breach = f"{view.name} would be {share:.1%} of equity, at most 30%"
    return Review(
        command.side, quantity, price, price * quantity, price * quantity * 0.001,
        0.1 if takes else math.nan, takes, 0.0 if takes else ahead, share,
        (breach,) if share > 0.3 else (),
        ("all of it would trade at once",) if takes and command.type != "MARKET" else (),
        horizon=24 * HOUR, var_before=0.0131, var_after=0.0131 + share * 0.04, es_before=0.0183,
        es_after=0.0183 + share * 0.06, moves=moved(snapshot, view, share if buying else -share),
    )  # fmt: skip


def moved(snapshot: Snapshot, view: InstrumentView, share: float) -> tuple[LimitMove, ...]:
    """The position, its class, the cash and the size of the order itself."""
    known = {limit.name: limit for limit in snapshot.limits}
    moves = [
        LimitMove(name, subject, known[name].value, known[name].value + share, known[name].maximum)
        for name, subject in (("position", view.name), ("crypto", "crypto"))
    ]
    cash = known["cash"]
    moves.append(LimitMove("cash", "cash", cash.value, cash.value - share, cash.maximum, True))
    notional = abs(share) * snapshot.money.equity
    moves.append(LimitMove("order notional", "order of", 0.0, notional, 2500.0, False, "USDT"))
    return tuple(moves)


def ended(order: OrderView, status: str, reason: str, at: int, ack: float = 41.0) -> ClosedOrderView:
    """An order that is over."""
    filled = order.quantity if status == "FILLED" else order.filled
    average = order.price if filled else math.nan
    return ClosedOrderView(
        order.client_id, order.short_id, order.instrument, order.strategy, order.side, order.type, order.price,
        order.quantity, filled, average, status, order.purpose, order.reason, order.created_at, at, ack,
        (*order.life, f"+{(at - order.created_at) / SECOND:.3f}s  {status} {reason}".rstrip()), reason,
    )  # fmt: skip


def closed_orders(now: int, btc: str, eth: str, btc_price: float, eth_price: float) -> list[ClosedOrderView]:
    """What ended before the sample begins, newest first."""
    rows = (
        (18, "e5c1", btc, "trend-following", "BUY", "LIMIT_MAKER", btc_price - 1.2, 0.00820, "CANCELED", "repriced", 38.0),
        (44, "93aa", btc, "trend-following", "BUY", "LIMIT_MAKER", btc_price - 0.6, 0.02060, "FILLED", "", 41.0),
        (52, "7d10", eth, "book-imbalance", "BUY", "LIMIT", eth_price - 0.08, 0.6210, "FILLED", "", 36.0),
        (61, "6b3f", eth, "book-imbalance", "SELL", "LIMIT_MAKER", eth_price + 0.02, 0.3105, "REJECTED", "would trade at once", 29.0),
        (75, "51e8", btc, "manual", "BUY", "LIMIT", btc_price - 4.0, 0.00200, "FILLED", "", 47.0),
        (96, "4c02", btc, "trend-following", "SELL", "LIMIT", btc_price + 0.3, 0.02060, "EXPIRED", "its price is gone", 40.0),
        (130, "2a7b", eth, "book-imbalance", "BUY", "LIMIT_MAKER", eth_price - 0.30, 0.6210, "NEVER_SENT", "order rate 10 of 10 in 10 s", math.nan),
    )  # fmt: skip
    found = []
    for back, short, key, strategy, side, kind, price, quantity, status, reason, ack in rows:
        created = now - (back + 3) * SECOND
        order = OrderView(
            f"m-{short}", short, key, strategy, side, kind, round(price, 2), quantity, 0.0, status,
            "ENTRY" if side == "BUY" else "EXIT", created, REASONS[strategy], ACKED if ack == ack else ACKED[:1],
        )  # fmt: skip
        found.append(ended(order, status, reason, now - back * SECOND, ack))
    return found


def fills(closed: list[ClosedOrderView]) -> tuple[FillView, ...]:
    """The executions of those orders, newest first."""
    return tuple(
        FillView(
            o.closed_at, o.instrument, o.strategy, o.side, o.average_price, o.filled,
            round(o.filled * o.average_price * 0.001, 5), "USDT", o.type == "LIMIT_MAKER",
            0.0 if o.side == "BUY" else 1.27, o.short_id,
        )
        for o in closed if o.status == "FILLED"
    )  # fmt: skip


def with_portions(position: PositionView) -> PositionView:
    """A position that says what of it can be sold."""
    portions = tuple(position.quantity * p for p in PORTIONS)
    return msgspec.structs.replace(position, sellable=portions, whole=position.quantity)
