"""A person closes one strategy's position: reviewed, then worked down at the touch like any urgent exit.

What a strategy's book holds and the account doesn't any more (a person sold it on the venue's own page, or a
repair lost the record of a sale) can't be sold: it is taken out of the book, at the price at which `external`
let it go.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import chain

from midas.agents.execution_agent import Withdrawal
from midas.agents.flattening import sellable
from midas.agents.orchestrator import Orchestrator
from midas.domain.command import ClosePosition, Review
from midas.domain.decision import Adjusted, CloseMoved
from midas.domain.instrument import Instrument
from midas.domain.money import ZERO, floor_to, from_float, plain
from midas.domain.opinion import Target, Urgency
from midas.domain.order import OrderIntent, OrderType, Purpose, Side, TimeInForce
from midas.domain.verdict import Refused
from midas.engine.lookup import SHORT, enters_again, exit_barred
from midas.engine.reply import Asked, Reply
from midas.engine.review import Reviewer
from midas.errors import OrderInvalid
from midas.execution import wanted
from midas.execution.worker import Plan
from midas.state.ledger import Sleeve
from midas.state.state import BY_HAND, EXTERNAL, State

FINE = Decimal("1e-12")


class CloseDesk:
    """Closes positions through the execution agent, which alone knows how to leave."""

    def __init__(self, state: State, orchestrator: Orchestrator, reviewer: Reviewer) -> None:
        self._state = state
        self._orchestrator = orchestrator
        self._reviewer = reviewer

    def close(self, command: ClosePosition, asked: Asked) -> Reply:
        """The review, or once confirmed the closing. Raises OrderInvalid."""
        state, execution = self._state, self._orchestrator.execution
        instrument = wanted.instrument_named(command.instrument, state.instruments.values())
        sleeve = self._sleeve(command.strategy, instrument)
        what = f"{sleeve.strategy} {instrument.name}"
        if execution.closes(sleeve.strategy, instrument.id):
            return Reply(True, f"{what} is being closed already")
        if gone := missing(state, sleeve):
            return self._take_out(sleeve, instrument, gone, command.confirmed, asked)
        review = self._review(sleeve, instrument, asked.sequence)
        if barred := exit_barred(state, sleeve.strategy, instrument.id):
            return Reply(False, f"{what} can't be closed now: {barred}", review)
        if silent := state.stale.get(instrument.id):
            kill = f"`kill instrument {instrument.name} flatten` sells at the last known price"
            return Reply(False, f"{what} can't be closed now: {silent}, and its stop stays; {kill}", review)
        sold = self._sold(sleeve, instrument)
        value = f"{plain(sold)} {instrument.base}, about {review.notional:.2f} {state.quote}"
        if over := sleeve.quantity - sold:
            value += f" ({plain(over)} stays as dust)"
        if not command.confirmed:
            return Reply(True, f"close {what}: sell {value}; confirm to do it{_again(sleeve)}", review)
        verdict = self._orchestrator.risk.review(self._nothing(sleeve, asked), state)
        if isinstance(verdict, Refused):
            sentences = "; ".join(breach.sentence for breach in verdict.breaches)
            return Reply(False, f"{what} can't be closed now: {sentences}", review)
        standing = state.orders.working(sleeve.strategy, instrument.id)
        execution.close(verdict, state.now)
        asked_for = CloseMoved(sleeve.strategy, instrument.id, asked.actor, waits=True)
        state.move_close(asked_for)
        # What stands in the sleeve goes first; where nothing does, the first order leaves in this very step.
        leaving = (Withdrawal(order, "the position is being closed") for order in standing)
        working = self._orchestrator.proceed(state, asked.sequence, instrument.id)
        said = f"closing {what}: {value}{_again(sleeve)}"
        return Reply(True, said, review, decisions=[asked_for], steps=chain(leaving, working))

    def _sleeve(self, strategy: str, instrument: Instrument) -> Sleeve:
        """The named one, or where none is named the only one with more than dust. Raises OrderInvalid."""
        state, name = self._state, strategy.strip().lower()
        held = [s for s in state.sleeves() if s.instrument == instrument.id and s.quantity > ZERO]
        found = [s for s in held if s.strategy.lower() == name] if name else held
        if len(found) > 1:
            found = [s for s in found if sellable(state, s, s.quantity) or missing(state, s)] or found
        if len(found) == 1:
            if not (sellable(state, found[0], found[0].quantity) or missing(state, found[0])):
                left = f"{found[0].strategy} holds {plain(found[0].quantity)} {instrument.base}"
                raise OrderInvalid(f"{left}: too little for the venue")
            return found[0]
        holders = ", ".join(f"{s.strategy} {plain(s.quantity)}" for s in held)
        there = f"it is held by {holders}" if held else "nobody holds any"
        if name:
            raise OrderInvalid(f"{wanted.shown(strategy)} holds no {instrument.base}; {there}")
        raise OrderInvalid(f"say whose {instrument.name} to close; {there}" if held else
                           f"there is no position in {instrument.name} to close")  # fmt: skip

    def _take_out(
        self, sleeve: Sleeve, instrument: Instrument, gone: Decimal, confirmed: bool, asked: Asked
    ) -> Reply:
        """The review, or once confirmed the booking; nothing is sent."""
        state, what = self._state, f"{sleeve.strategy} {instrument.name}"
        price, source = self._let_go_at(instrument)
        amount = f"{plain(gone)} {instrument.base}"
        review = Review(
            Side.SELL.value, float(gone), float(price), float(gone * price), 0.0, 0.0, 0.0, 0.0, 0.0,
            booked=True,
        )  # fmt: skip
        if barred := self._unsettled(sleeve, instrument):
            return Reply(False, f"{what}: {amount} isn't in the account any more, and {barred}", review)
        at = f"{plain(price)} {instrument.quote}, {source}"
        if not confirmed:
            text = (
                f"{what}: {amount} isn't in the account any more; confirm to take it out of its book at {at}"
            )
            return Reply(True, f"{text}: no order is sent{_again(sleeve)}", review)
        made = Adjusted(
            kind="taken_out", name=what, asset=instrument.base, amount=ZERO, at=state.now,
            instrument=instrument.id, position=gone, price=price, price_source=source, by=asked.actor,
            strategy=sleeve.strategy,
        )  # fmt: skip
        state.book_adjustment(made)
        self._orchestrator.execution.stopped_out(sleeve.strategy, instrument.id, sleeve.quantity)
        return Reply(True, f"{what}: {amount} is taken out of its book at {at}", review, decisions=[made])

    def _let_go_at(self, instrument: Instrument) -> tuple[Decimal, str]:
        """What a unit brought whoever sold it, else the mark; 0: no price is known."""
        average = self._state.ledger.sleeve(EXTERNAL, instrument.id).average_price
        if average > ZERO:
            return average.quantize(FINE), "at which it left the account"
        mark = self._state.markets[instrument.id].mark
        return (from_float(mark, FINE), "the mark") if mark > 0.0 else (ZERO, "")

    def _unsettled(self, sleeve: Sleeve, instrument: Instrument) -> str:
        """Why nobody can say yet that it is gone for good."""
        state = self._state
        if state.recovering:
            return "the account is being reconciled: wait until it is known"
        if instrument.base in state.breaks.known:
            return f"{instrument.base} differs from the venue: `midas reconcile` tells why, settle that first"
        waiting = [o for o in state.orders.working(sleeve.strategy, instrument.id) if not o.protects]
        if waiting:
            return f"its order {waiting[0].intent.client_id[-SHORT:]} is open: cancel that first"
        return "" if self._let_go_at(instrument)[0] else "no price is known: wait for the market"

    def _review(self, sleeve: Sleeve, instrument: Instrument, sequence: int) -> Review:
        state = self._state
        quantity = min(self._sold(sleeve, instrument), instrument.quantity_max)
        warnings = []
        for order in state.orders.working(sleeve.strategy, instrument.id):
            short = order.intent.client_id[-SHORT:]
            fate = "may or may not exist: closing waits for it" if order.unknown else "is cancelled first"
            warnings.append(f"its order {short} {fate}")
        return self._reviewer.sale(self._sale(sleeve, instrument, quantity, sequence), tuple(warnings))

    def _sold(self, sleeve: Sleeve, instrument: Instrument) -> Decimal:
        """What closing trades in the end: whole lots of what the account has."""
        there = min(sleeve.quantity, self._state.ledger.balances.get(instrument.base, ZERO))
        return floor_to(there, instrument.lot_size)

    def _sale(self, sleeve: Sleeve, instrument: Instrument, quantity: Decimal, sequence: int) -> OrderIntent:
        """The order that would close it; only looked at."""
        bid = instrument.price(self._state.markets[instrument.id].bid)
        plan = Plan(Side.SELL, OrderType.LIMIT, TimeInForce.IOC, quantity, bid)
        place = sleeve.strategy, instrument.id
        execution = self._orchestrator.execution
        return execution.intent(self._state, sequence, place, plan, Purpose.EXIT, "review")

    def _nothing(self, sleeve: Sleeve, asked: Asked) -> Target:
        market = self._state.markets[sleeve.instrument]
        return Target(
            strategy=sleeve.strategy, instrument=sleeve.instrument, quantity=ZERO,
            urgency=Urgency.AGGRESSIVE, reference_price=market.mark if market.mark == market.mark else 0.0,
            confidence=1.0, reason=f"closed by {asked.actor}", time=market.time,
        )  # fmt: skip


def missing(state: State, sleeve: Sleeve) -> Decimal:
    """What of a position somebody else has sold or withdrawn, where nothing of it could be sold."""
    if sleeve.strategy == EXTERNAL or sellable(state, sleeve, sleeve.quantity):
        return ZERO
    lacking = -state.ledger.sleeve(EXTERNAL, sleeve.instrument).quantity
    return max(ZERO, min(sleeve.quantity, lacking))


def gone(state: State, sleeve: Sleeve) -> Decimal:
    """The same to look at; of `external`, below zero, what the others miss."""
    if sleeve.strategy != EXTERNAL:
        return missing(state, sleeve)
    others = (missing(state, each) for each in state.sleeves() if each.instrument == sleeve.instrument)
    return max(sleeve.quantity, -sum(others, ZERO)) if sleeve.quantity < ZERO else ZERO


def _again(sleeve: Sleeve) -> str:
    return "" if sleeve.strategy in BY_HAND else f"; {enters_again(sleeve.strategy)}"
