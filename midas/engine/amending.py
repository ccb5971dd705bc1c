"""Amending a person's order: cancelled first; once the venue has closed it, a new one for what is left.

So both can never fill, and while the fate of the old one isn't known nothing is sent. Whatever closes
meanwhile - kill, mode, gate, session - drops the new one and says so. A crash drops it too, and the next
session says so: a restart takes as long as it takes, the price was asked for in another market, and an
order that is sent can't be taken back, while one that isn't can be asked for again.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from midas.agents.execution_agent import Step, Withdrawal
from midas.agents.risk_manager import RiskManager
from midas.domain.command import AmendOrder
from midas.domain.decision import AmendmentMoved, Decision, FillBooked, Noted
from midas.domain.money import ZERO, plain
from midas.domain.order import CloseReason, OrderIntent, Phase, Purpose
from midas.domain.verdict import once
from midas.engine.lookup import SHORT, amendable, exit_barred, open_order
from midas.engine.manual import MEANT, ManualDesk, described
from midas.engine.reply import Asked, Reply
from midas.engine.review import Reviewer
from midas.errors import OrderInvalid
from midas.execution import wanted
from midas.execution.worker import Plan
from midas.risk.gates import entry_forbidden
from midas.state.order import Order
from midas.state.state import BY_HAND, State

REPLACEABLE = (CloseReason.CANCELED, CloseReason.EXPIRED)


class Amendment(msgspec.Struct, frozen=True):
    """What is to stand in an order's place once that is closed."""

    ticket: str
    quantity: Decimal  # in all: what the order has filled counts
    price: Decimal
    actor: str


class AmendDesk:
    """Remembers amendments until their old order is closed."""

    def __init__(self, state: State, risk: RiskManager, manual: ManualDesk, reviewer: Reviewer) -> None:
        self._state = state
        self._risk = risk
        self._manual = manual
        self._reviewer = reviewer
        self.pending: dict[str, Amendment] = {}  # by the client id of the order that gives way

    def amend(self, command: AmendOrder, asked: Asked) -> Reply:
        """The review of what would stand there, or once confirmed the cancel. Raises OrderInvalid."""
        if (became := self.became(command.ticket)) is not None:
            return became
        order = open_order(command.client_id, self._state)
        client_id, short = order.intent.client_id, order.intent.client_id[-SHORT:]
        if client_id in self.pending:
            raise OrderInvalid(f"{short} is being amended already: wait for what becomes of it")
        _check_amendable(order)
        amendment = self._amendment(command, order, asked)
        intent = self._replacement(amendment, order, asked.sequence)
        review = self._reviewer.order(intent, self._manual.against(intent))
        what = f"{described(intent, self._state)} in place of {short}"
        if review.breaches:
            return Reply(False, f"{what} is refused: {'; '.join(review.breaches)}", review)
        if not command.confirmed:
            return Reply(True, f"{what}: confirm to cancel {short} and send this", review)
        if review.large and not command.large:
            return Reply(False, f"{what} isn't sent: {review.large}; {MEANT}", review)
        steps: list[Step] = [self._wait_for(client_id, amendment), Withdrawal(order, "amended")]
        return Reply(True, f"{what}: sent once {short} is cancelled", review, steps=steps)

    def became(self, ticket: str) -> Reply | None:
        """As the manual desk's; an amendment on its way counts. Raises OrderInvalid."""
        said = self._manual.became(ticket)
        if said is not None:
            return said
        waiting = next((i for i, amendment in self.pending.items() if amendment.ticket == ticket), None)
        return None if waiting is None else Reply(True, f"{waiting[-SHORT:]} is being amended already")

    def follow(self, sequence: int) -> Iterator[Step]:
        """After each recorded event: send what the end of an old order allows, drop what may no longer be."""
        for client_id, amendment in list(self.pending.items()):
            order = self._state.orders.get(client_id)
            if order is not None and order.phase is not Phase.CLOSED:
                yield from self._wait(order)
                continue
            yield self._done_with(client_id)
            if order is not None:
                yield from self._replace(order, amendment, sequence)

    def forget(self, client_id: str, why: str) -> list[AmendmentMoved | Noted]:
        """Whatever was to stand in this order's place isn't sent any more."""
        if client_id not in self.pending:
            return []
        text = f"{client_id[-SHORT:]} won't be replaced: {why}"
        return [self._done_with(client_id), Noted("ORDER", "warn", text)]

    def on_late_fill(self, client_id: str, decisions: list[Decision]) -> list[Step]:
        """An order filled after its end: what stands in its place gives up as much."""
        fills = (d for d in decisions if isinstance(d, FillBooked) and d.client_id == client_id)
        late = sum((fill.quantity for fill in fills), ZERO)
        heir = next((o for o in self._state.orders.open.values() if self._descends(o, client_id)), None)
        if heir is None:
            return []
        intent = heir.intent
        assert intent.price is not None  # only what rests is ever replaced
        standing = Amendment(intent.ticket, intent.quantity, intent.price, "a late fill")
        amendment = self.pending.get(intent.client_id, standing)
        less = msgspec.structs.replace(amendment, quantity=amendment.quantity - late)
        waits = self._wait_for(intent.client_id, less)
        return [waits, Withdrawal(heir, f"{client_id[-SHORT:]} filled after its end")]

    def _wait_for(self, client_id: str, amendment: Amendment) -> AmendmentMoved:
        self.pending[client_id] = amendment
        return self._moved(client_id, waits=True)

    def _done_with(self, client_id: str) -> AmendmentMoved:
        del self.pending[client_id]
        return self._moved(client_id, waits=False)

    def _moved(self, client_id: str, *, waits: bool) -> AmendmentMoved:
        moved = AmendmentMoved(client_id, waits)
        self._state.move_amendment(moved)
        return moved

    def _amendment(self, command: AmendOrder, order: Order, asked: Asked) -> Amendment:
        """What an empty word leaves out stays as it is. Raises OrderInvalid."""
        intent, instrument = order.intent, self._state.instruments[order.intent.instrument]
        short = intent.client_id[-SHORT:]
        text = command.quantity.strip()
        quantity = wanted.quantity(text, instrument) if text else intent.quantity
        text = command.price.strip()
        price = wanted.price(text, instrument) if text else intent.price
        assert price is not None
        if (quantity, price) == (intent.quantity, intent.price):
            raise OrderInvalid(f"{short} is {plain(quantity)} at {plain(price)} already")
        if quantity <= order.filled:
            raise OrderInvalid(
                f"{plain(order.filled)} of {short} is filled: amend it to more than that, or cancel it"
            )
        wanted.check_value(quantity - order.filled, price, instrument)
        return Amendment(command.ticket, quantity, price, asked.actor)

    def _replacement(self, amendment: Amendment, order: Order, sequence: int) -> OrderIntent:
        old, left = order.intent, amendment.quantity - order.filled
        plan = Plan(old.side, old.type, old.time_in_force, left, amendment.price)
        sleeve, reason = (old.strategy, old.instrument), f"amended by {amendment.actor}"
        intent = self._manual.intent(sleeve, plan, amendment.ticket, reason, sequence)
        return msgspec.structs.replace(intent, replaces=old.client_id)

    def _wait(self, order: Order) -> Iterator[Step]:
        intent = order.intent
        barred = exit_barred(self._state, intent.strategy, intent.instrument)
        if not barred and intent.purpose is Purpose.ENTRY:
            breach = entry_forbidden(self._state, intent.strategy, intent.instrument)
            barred = breach.sentence if breach else ""
        if barred:
            yield from self.forget(intent.client_id, barred)
        elif not order.unknown:
            yield Withdrawal(order, "amended")

    def _replace(self, order: Order, amendment: Amendment, sequence: int) -> Iterator[Step]:
        short = order.intent.client_id[-SHORT:]
        if order.filled >= amendment.quantity or order.close_reason is CloseReason.FILLED:
            text = f"{short} has filled {plain(order.filled)}: nothing is sent in its place"
            yield Noted("ORDER", "warn", text)
            return
        new = self._replacement(amendment, order, sequence)
        refused = self._refusals(order, new)
        if refused:
            yield Noted("ORDER", "warn", f"{short} is {order.status} and not replaced: {'; '.join(refused)}")
        else:
            yield new

    def _refusals(self, order: Order, new: OrderIntent) -> list[str]:
        if order.close_reason not in REPLACEABLE:
            return [f"it ended {order.status}"]
        try:
            assert new.price is not None
            wanted.check_value(new.quantity, new.price, self._state.instruments[new.instrument])
        except OrderInvalid as error:
            return [str(error)]
        return [
            *self._manual.against(new),
            *once(b.sentence for b in self._risk.objections(new, self._state)),
        ]

    def _descends(self, order: Order, ancestor: str) -> bool:
        """Whether `order` stands in the place of `ancestor`, over however many amendments."""
        replaced = order.intent.replaces
        while replaced and replaced != ancestor:
            before = self._state.orders.get(replaced)
            replaced = before.intent.replaces if before is not None else ""
        return bool(replaced)


def _check_amendable(order: Order) -> None:
    """Raises OrderInvalid where an order isn't a person's, or isn't resting at the venue."""
    intent, short = order.intent, order.intent.client_id[-SHORT:]
    if not intent.ticket:
        who = intent.strategy
        if who in BY_HAND:
            raise OrderInvalid(f"{short} closes what {who} holds: it can be cancelled, not amended")
        raise OrderInvalid(f"{who} works {short} itself: cancel it, or `strategy {who} pause`")
    if order.unknown:
        raise OrderInvalid(f"{short} may or may not exist: it can be amended once that is settled")
    if not amendable(order):
        raise OrderInvalid(f"{short} is {order.status}: only what rests at the venue can be amended")
