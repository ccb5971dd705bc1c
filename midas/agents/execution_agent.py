"""The execution agent: accepts Approved and nothing else, and turns it into intents and cancels."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from decimal import Decimal

import msgspec

from midas.domain.decision import Noted
from midas.domain.money import ZERO, floor_to, from_float
from midas.domain.opinion import Urgency
from midas.domain.order import OrderIntent, OrderType, Purpose, Side, TimeInForce
from midas.domain.verdict import Approved
from midas.execution.worker import ExecutionRules, Place, Plan, Work, next_order, stale
from midas.state.orders import Order
from midas.state.state import State

PREFIX = "md-"  # how our orders are known on the venue
FLATTEN_COLLAR_BPS = 50.0


class Withdrawal(msgspec.Struct, frozen=True):
    """An order that should be cancelled."""

    order: Order
    reason: str


Step = OrderIntent | Withdrawal | Noted


class ExecutionAgent:
    """Keeps the work of every sleeve; asked after each event that could let it proceed."""

    def __init__(self, rules: ExecutionRules) -> None:
        self._rules = rules
        self._work: dict[tuple[str, str], Work] = {}

    def accept(self, approved: Approved, now: int) -> None:
        """A new target replaces the old one of its sleeve."""
        target = approved.target
        self._work[target.strategy, target.instrument] = Work(approved, now)

    def rejected(self, order: Order) -> None:
        """The venue said no to an order of this sleeve."""
        work = self._work.get((order.intent.strategy, order.intent.instrument))
        if work is not None:
            work.rejects += 1

    def forget_entries(self, state: State) -> None:
        """No new risk any more: targets above what is held become what is held."""
        for (strategy, instrument), work in self._work.items():
            if work.approved.target.quantity > state.ledger.sleeve(strategy, instrument).quantity:
                work.given_up = True

    def reduce(self, state: State, factor: Decimal) -> None:
        """Mode DEFENSIVE: every position is worked down to a part of itself, at patient prices."""
        self.forget_entries(state)
        for (strategy, instrument), work in self._work.items():
            held = state.ledger.sleeve(strategy, instrument).quantity
            less = floor_to(held * factor, state.instruments[instrument].lot_size)
            if work.approved.target.quantity > less:
                target = msgspec.structs.replace(
                    work.approved.target, quantity=less, urgency=Urgency.PASSIVE, reason="mode DEFENSIVE"
                )
                approved = msgspec.structs.replace(work.approved, target=target)
                self._work[strategy, instrument] = Work(approved, state.now)

    def proceed(self, state: State, sequence: int, instrument: str | None = None) -> Iterator[Step]:
        """What each sleeve (of one instrument, or all) needs now."""
        for (strategy, traded), work in self._work.items():
            if instrument is None or traded == instrument:
                yield from self._sleeve(state, sequence, strategy, traded, work)

    def flatten(self, state: State, sequence: int) -> Iterator[Step]:
        """Close every position at the touch with a collar, sleeve by sleeve (kill level flatten)."""
        for (strategy, traded), sleeve in state.ledger.sleeves.items():
            market = state.markets[traded]
            instrument = market.instrument
            quantity = floor_to(sleeve.quantity, instrument.lot_size)
            if state.orders.working(strategy, traded) or quantity < instrument.quantity_min or not market.bid_lots:
                continue
            price = from_float(market.bid_price * (1.0 - FLATTEN_COLLAR_BPS / 1e4), instrument.tick_size)
            if quantity * price < instrument.notional_min:
                continue
            plan = Plan(Side.SELL, OrderType.LIMIT, TimeInForce.IOC, quantity, price)
            yield self._intent(state, sequence, (strategy, traded), plan, Purpose.FLATTEN, "kill switch")

    def _sleeve(self, state: State, sequence: int, strategy: str, traded: str, work: Work) -> Iterator[Step]:
        place = Place(
            state.markets[traded],
            state.ledger.sleeve(strategy, traded).quantity,
            state.orders.working(strategy, traded),
            state.now,
        )
        for order, reason in stale(work, place, self._rules):
            yield Withdrawal(order, reason)
        entering = work.approved.target.quantity > place.held
        if entering and not work.given_up and work.orders >= self._rules.attempts_max and not place.working:
            work.given_up = True
            text = f"{strategy} gives up entering {place.instrument.name} after {work.orders} orders"
            yield Noted("ORDER", "info", text)
        if entering and not state.control.permissions.entries:
            return
        plan = next_order(work, place, self._rules)
        if plan is not None:
            work.orders += 1
            work.ordered_at = state.now
            purpose = Purpose.ENTRY if plan.side is Side.BUY else Purpose.EXIT
            yield self._intent(state, sequence, (strategy, traded), plan, purpose, work.approved.target.reason)

    def _intent(
        self, state: State, sequence: int, sleeve: tuple[str, str], plan: Plan, purpose: Purpose, reason: str
    ) -> OrderIntent:
        strategy, traded = sleeve
        regime = state.regimes.get(traded)
        return OrderIntent(
            client_id=client_id(state.account, state.session, state.intents),
            instrument=traded,
            strategy=strategy,
            side=plan.side,
            type=plan.type,
            time_in_force=plan.time_in_force,
            quantity=plan.quantity,
            price=plan.price,
            purpose=purpose,
            decision=sequence,
            mode=state.control.mode.value,
            regime=regime.label.value if regime else "UNKNOWN",
            market_time=state.markets[traded].time,
            created_at=state.now,
            reason=reason,
        )


def client_id(account: str, session: str, number: int) -> str:
    """Unique for ever, `A-Z a-z 0-9 -` only, 27 characters: no venue refuses or re-encodes it."""
    digest = hashlib.blake2b(f"{account}|{session}|{number}".encode(), digest_size=15).digest()
    return PREFIX + base64.b32encode(digest).decode().lower()


def leaves_nothing(state: State) -> bool:
    """True once no position is left that the venue would still let us sell."""
    return all(
        floor_to(s.quantity, state.instruments[s.instrument].lot_size) <= ZERO
        or float(s.quantity) * state.markets[s.instrument].mark < float(state.instruments[s.instrument].notional_min)
        for s in state.ledger.sleeves.values()
    )
