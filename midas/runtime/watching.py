"""What must never be, looked for after each recorded event: a second opinion on the engine's own books.

It follows what the audits say was booked, and compares. Whatever it finds is told as a sentence, and the
runner then latches a halt: a book that contradicts itself opens no new risk until a person has looked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Protocol

from midas.domain.decision import Adjusted, Anomaly, Decision, FillBooked, FillBusted, OrderMoved
from midas.domain.event import (
    AccountReported,
    CommandGiven,
    Event,
    FlowSeen,
    OrderFilled,
    OrderSent,
    SessionOpened,
    Ticked,
    TradeBusted,
)
from midas.domain.money import ZERO, plain
from midas.domain.order import CloseReason, Fill, Purpose
from midas.engine.audit import Audit
from midas.state.order import Order
from midas.state.state import State

_MOVES_MONEY = frozenset(
    {OrderFilled, TradeBusted, AccountReported, FlowSeen, CommandGiven, SessionOpened, Ticked}
)
_OVER = frozenset(reason.value for reason in CloseReason)
_REOPENS = frozenset({"resurrected", "trade_bust"})
# Moves of the ledger that an audit tells without their fees: taken over, not foreseen.
_UNFORESEEN = frozenset({"external_trade", "guard_trade", "inferred_fill", "inferred_replaced"})


class Watches(Protocol):
    """Whoever looks on."""

    def after(self, event: Event, audit: Audit | None) -> str:
        """What is wrong now, as a sentence; empty: nothing."""


class Watch:
    """One look after each recorded event of one session."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._opened = False
        self._positions: dict[str, Decimal] = {}
        self._balances: dict[str, Decimal] = {}
        self._quantities: list[Decimal] = []  # of the sleeves, in their order
        self._before: dict[str, Decimal] = {}  # by order: what filled before this session
        self._cum: dict[str, Decimal] = {}  # by order: what had filled when last seen
        self._sent: dict[str, int] = {}
        self._bases = Counter(pair.base for pair in state.instruments.values())
        for pair in state.instruments.values():
            self._bases[pair.quote] += len(state.instruments)  # never judged as a base alone

    def after(self, event: Event, audit: Audit | None) -> str:
        """The first invariant that is broken, as a sentence that begins with its name; empty: none."""
        decisions, kind = audit.decisions if audit is not None else (), type(event)
        if kind is not Ticked and (told := self._heard(event)):
            return told
        if decisions and (told := _reopened(decisions)):
            return told
        return self._money(decisions) if kind in _MOVES_MONEY else ""

    def _heard(self, event: Event) -> str:
        match event:
            case SessionOpened():
                self._before = {i: o.filled for i, o in self._state.orders.open.items()}
            case OrderSent(client_id=client_id):
                return self._leaving(client_id)
            case OrderFilled() | TradeBusted():
                return self._number(event.fill) or self._filled(event)
            case AccountReported():
                return self._report(event)
        return ""

    def _leaving(self, client_id: str) -> str:
        """I3 and I7: known, once, and not through a closed latch."""
        self._sent[client_id] = self._sent.get(client_id, 0) + 1
        if self._sent[client_id] > 1:
            return f"I3: order {client_id} was sent {self._sent[client_id]} times"
        state, order = self._state, self._state.orders.get(client_id)
        if order is None:
            return f"I3: order {client_id} was sent, and nobody planned it"
        if order.intent.purpose is not Purpose.ENTRY:
            return ""
        if state.control.latched or state.recovering:
            why = f"the {state.control.level} latch was set" if state.control.latched else "recovering"
            return f"I7: entry {client_id} was sent while {why}"
        return ""

    def _number(self, fill: Fill) -> str:
        """I13: what crosses the adapter is a number that can be traded."""
        for name, value in (("price", fill.price), ("quantity", fill.quantity)):
            if not value.is_finite() or value <= ZERO:
                return f"I13: trade {fill.trade_id} came with {name} {value}"
        return "" if fill.fee.is_finite() else f"I13: trade {fill.trade_id} came with fee {fill.fee}"

    def _report(self, event: AccountReported) -> str:
        for balance in event.balances:
            if not balance.total.is_finite() or balance.total < ZERO:
                return f"I13: the balance of {balance.asset} came as {balance.total}"
        told = next((t for trade in event.trades if (t := self._number(trade.fill))), "")
        if told:
            return told
        orders = self._state.orders
        self._cum = {i: c for i, c in self._cum.items() if orders.get(i) is not None}
        self._sent = {i: n for i, n in self._sent.items() if orders.get(i) is not None}
        return next((t for o in orders.open.values() if (t := self._cumulative(o, busted=False))), "")

    def _filled(self, event: OrderFilled | TradeBusted) -> str:
        order = self._state.orders.get(event.client_id)
        return self._cumulative(order, type(event) is TradeBusted) if order is not None else ""

    def _cumulative(self, order: Order, busted: bool) -> str:
        """I4: what has filled is the sum of its fills, only grows, and is no more than was asked for."""
        client_id, filled = order.intent.client_id, order.filled
        listed = sum((fill.quantity for fill in order.fills.values()), ZERO)
        inferred = client_id in self._state.inferred or "inferred_replaced" in self._state.orders.anomalies
        if busted or inferred:
            self._before[client_id], self._cum[client_id] = filled - listed, filled
            return ""
        last, self._cum[client_id] = self._cum.get(client_id, ZERO), filled
        if filled < last:
            return f"I4: order {client_id} had {last} filled and has {filled}"
        if filled != listed + self._before.get(client_id, ZERO):
            return f"I4: order {client_id} counts {filled} filled, its fills are {listed}"
        if filled > order.most and not self._state.orders.overfills:
            return f"I4: order {client_id} has {filled} of {order.most}, and nobody was told"
        return ""

    def _money(self, decisions: Sequence[Decision]) -> str:
        """I1 and I2: positions follow what was booked, and balances follow positions."""
        ledger = self._state.ledger
        quantities = [sleeve.quantity for sleeve in ledger.sleeves.values()]
        if not decisions and quantities == self._quantities and ledger.balances == self._balances:
            self._opened = ledger.opened
            return ""  # as most seconds end
        self._quantities = quantities
        positions = dict.fromkeys(self._state.instruments, ZERO)
        for (_, instrument), sleeve in ledger.sleeves.items():
            if instrument in positions and sleeve.quantity:
                positions[instrument] += sleeve.quantity
        balances = dict(ledger.balances)
        known, self._opened = self._opened, ledger.opened
        before, self._positions = self._positions, positions
        held, self._balances = self._balances, balances
        if not decisions and positions == before and balances == held:
            return ""
        if not known or any(_unforeseen(d) for d in decisions):
            return ""
        moved, fees = self._booked(decisions)
        for instrument, pair in self._state.instruments.items():
            change = positions[instrument] - before[instrument]
            if change != moved.get(instrument, ZERO):
                booked = plain(moved.get(instrument, ZERO))
                return f"I1: {pair.name} moved by {plain(change)}, booked was {booked}"
            if self._bases[pair.base] > 1:
                continue  # one asset of several instruments: only their sum could be compared
            flow = balances.get(pair.base, ZERO) - held.get(pair.base, ZERO)
            if flow != change - fees.get(pair.base, ZERO):
                told = f"{plain(flow)} {pair.base} entered the account"
                return f"I2: {told}, the position of {pair.name} moved by {plain(change)}"
        return ""

    def _booked(self, decisions: Iterable[Decision]) -> tuple[dict[str, Decimal], dict[str, Decimal]]:
        """By instrument what was booked, by asset the fees in assets that the trade itself didn't move."""
        moved: dict[str, Decimal] = {}
        fees: dict[str, Decimal] = {}
        for made in decisions:
            if not isinstance(made, FillBooked):
                continue
            pair = self._state.instruments[made.instrument]
            change = made.quantity * made.side.sign
            if made.fee_asset == pair.base:
                change -= made.fee
            elif made.fee_asset != pair.quote:
                fees[made.fee_asset] = fees.get(made.fee_asset, ZERO) + made.fee
            moved[made.instrument] = moved.get(made.instrument, ZERO) + change
        return moved, fees


def _unforeseen(made: Decision) -> bool:
    return isinstance(made, FillBusted | Adjusted) or (isinstance(made, Anomaly) and made.kind in _UNFORESEEN)


def _reopened(decisions: Iterable[Decision]) -> str:
    """I5: what is over stays over, unless the venue says otherwise and that is told."""
    moves = [d for d in decisions if isinstance(d, OrderMoved) and d.before in _OVER]
    if not moves:
        return ""
    told = {d.subject for d in decisions if isinstance(d, Anomaly) and d.kind in _REOPENS}
    for move in moves:
        if move.after not in _OVER and move.client_id not in told:
            return f"I5: order {move.client_id} was {move.before} and is {move.after}"
    return ""
