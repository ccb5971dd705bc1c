"""A person's own orders: reviewed by the same risk manager as any target, sent once confirmed.

One ticket, one order: whatever is confirmed twice, from whichever door and after whichever restart, is
answered with what it became.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from midas.agents.execution_agent import ExecutionAgent, Step, Withdrawal
from midas.agents.flattening import sellable
from midas.agents.risk_manager import RiskManager
from midas.domain.command import PlaceOrder
from midas.domain.decision import AmendmentMoved, Noted
from midas.domain.money import ZERO, plain
from midas.domain.order import OrderIntent, OrderType, Phase, Purpose, Side, TimeInForce
from midas.engine.lookup import SHORT, exit_barred
from midas.engine.reply import Asked, Reply
from midas.engine.review import Reviewer
from midas.errors import OrderInvalid
from midas.execution import wanted
from midas.execution.worker import Plan
from midas.state.state import BY_HAND, MANUAL, State

TICKET_MAX = 64
MEANT = "confirm that size, too (--large in a shell)"
DUST = "too little for the venue to sell"


class ManualDesk:
    """Turns a person's words into orders; remembers nothing, the state knows every ticket."""

    def __init__(
        self, state: State, risk: RiskManager, execution: ExecutionAgent, reviewer: Reviewer
    ) -> None:
        self._state = state
        self._risk = risk
        self._execution = execution
        self._reviewer = reviewer
        self.waiting: dict[str, tuple[PlaceOrder, Asked]] = {}  # by the stop that gives way to a sale

    def place(self, command: PlaceOrder, asked: Asked) -> Reply:
        """The review, or once confirmed the order. Raises OrderInvalid."""
        if (became := self.became(command.ticket)) is not None:
            return became
        intent = self._asked_for(command, asked)
        review = self._reviewer.order(intent, self.against(intent))
        what = described(intent, self._state)
        if review.breaches:
            return Reply(False, f"{what} is refused: {'; '.join(review.breaches)}", review)
        if not command.confirmed:
            return Reply(True, f"{what}: confirm to send it", review)
        if review.large and not command.large:
            return Reply(False, f"{what} isn't sent: {review.large}; {MEANT}", review)
        if intent.replaces:
            return self._wait(
                intent, command, asked, Reply(True, f"{what}: sent once its stop is off", review)
            )
        return Reply(True, f"{what} is sent as {intent.client_id[-SHORT:]}", review, steps=[intent])

    def became(self, ticket: str) -> Reply | None:
        """What is said to a ticket that was used before. Raises OrderInvalid for one that can't be."""
        if not 0 < len(ticket) <= TICKET_MAX:
            raise OrderInvalid(f"an order needs a ticket of 1 to {TICKET_MAX} characters")
        if any(command.ticket == ticket for command, _ in self.waiting.values()):
            return Reply(True, "its stop is being withdrawn: it is sent then")
        client_id = self._state.tickets.get(ticket)
        if client_id is None:
            return None
        order = self._state.orders.get(client_id)
        status = f", which is {order.status}" if order is not None else ""
        return Reply(True, f"already sent as {client_id[-SHORT:]}{status}")

    def follow(self, sequence: int) -> Iterator[Step]:
        """After each recorded event: sales whose stop has given back what they sell."""
        for client_id, (command, asked) in list(self.waiting.items()):
            stop = self._state.orders.get(client_id)
            if stop is not None and stop.phase is not Phase.CLOSED:
                if not (stop.unknown or stop.pending):
                    yield Withdrawal(stop, "a person sells")
                continue
            del self.waiting[client_id]
            yield self._moved(client_id, waits=False)
            yield from self._sell(command, Asked(asked.actor, sequence))

    def _sell(self, command: PlaceOrder, asked: Asked) -> Iterator[Step]:
        try:
            reply = self.place(command, asked)
        except OrderInvalid as error:
            reply = Reply(False, str(error))
        if not reply.accepted:
            yield Noted("ORDER", "warn", f"a sale isn't sent: {reply.message}")
        yield from reply.steps

    def _wait(self, intent: OrderIntent, command: PlaceOrder, asked: Asked, reply: Reply) -> Reply:
        self.waiting[intent.replaces] = command, asked
        stop = self._state.orders.open[intent.replaces]
        steps: list[Step] = [self._moved(intent.replaces, waits=True), Withdrawal(stop, "a person sells")]
        return msgspec.structs.replace(reply, steps=steps)

    def _moved(self, client_id: str, *, waits: bool) -> AmendmentMoved:
        moved = AmendmentMoved(client_id, waits)
        self._state.move_amendment(moved)
        return moved

    def intent(
        self, sleeve: tuple[str, str], plan: Plan, ticket: str, reason: str, sequence: int
    ) -> OrderIntent:
        """An order of a person: what buys opens risk, what sells reduces it."""
        purpose = Purpose.ENTRY if plan.side is Side.BUY else Purpose.EXIT
        intent = self._execution.intent(self._state, sequence, sleeve, plan, purpose, reason)
        return msgspec.structs.replace(intent, ticket=ticket)

    def against(self, intent: OrderIntent) -> tuple[str, ...]:
        """What the desk's condition says against such an order, besides what risk has against it."""
        state = self._state
        found = []
        barred = exit_barred(state, intent.strategy, intent.instrument)
        if barred and not (intent.purpose is Purpose.ENTRY and state.control.latched):
            found.append(barred)
        if self._execution.closes(intent.strategy, intent.instrument):
            name = state.instruments[intent.instrument].name
            found.append(f"{intent.strategy} {name} is being closed: wait until that is done")
        return tuple(found)

    def _asked_for(self, command: PlaceOrder, asked: Asked) -> OrderIntent:
        state = self._state
        instrument = wanted.instrument_named(command.instrument, state.instruments.values())
        side, kind = wanted.word(command.side, Side), wanted.word(command.type, OrderType)
        if kind is OrderType.STOP_LOSS_LIMIT:
            raise OrderInvalid("stops are set by [risk.stops]: order LIMIT, LIMIT_MAKER or MARKET")
        sleeve = _sleeve(command.strategy, side), instrument.id
        quantity = wanted.quantity(command.quantity, instrument)
        price, force = self._price(command, kind, side, instrument.id)
        wanted.check_value(quantity, price, instrument)
        if side is Side.SELL:
            self._check_holding(*sleeve, quantity)
        market_order = kind is OrderType.MARKET
        plan = Plan(side, OrderType.LIMIT if market_order else kind, force, quantity, price)
        reason = f"{'market order' if market_order else 'asked for'} by {asked.actor}"
        intent = self.intent(sleeve, plan, command.ticket, reason, asked.sequence)
        return msgspec.structs.replace(intent, replaces=self._in_the_way(sleeve, side, quantity))

    def _in_the_way(self, sleeve: tuple[str, str], side: Side, quantity: Decimal) -> str:
        """The stop that has set aside what is sold here. Raises OrderInvalid while a sale waits for it."""
        stop = self._state.orders.stop(*sleeve)
        if side is Side.BUY or stop is None or quantity <= self._state.free_base(*sleeve):
            return ""
        if stop.intent.client_id in self.waiting:
            raise OrderInvalid("another sale waits for its stop: ask again in a moment")
        return stop.intent.client_id

    def _price(
        self, command: PlaceOrder, kind: OrderType, side: Side, instrument: str
    ) -> tuple[Decimal, TimeInForce | None]:
        """A market order is a limit as far from the market as the collar lets any order go: now or not."""
        text = command.price.strip()
        if kind is not OrderType.MARKET:
            if not text:
                raise OrderInvalid(f"an order of type {kind.value} needs a price")
            force = TimeInForce.GTC if kind is OrderType.LIMIT else None
            return wanted.price(text, self._state.instruments[instrument]), force
        if text:
            raise OrderInvalid("a market order takes no price: give none, or order a LIMIT")
        worst = self._risk.price_worst(instrument, side, self._state)
        if worst is None:
            raise OrderInvalid(f"there is no market in {self._state.instruments[instrument].name} now")
        return worst, TimeInForce.IOC

    def _check_holding(self, strategy: str, instrument: str, quantity: Decimal) -> None:
        """Raises OrderInvalid where a sleeve can't sell so much, saying who could."""
        state = self._state
        stop, traded = state.orders.stop(strategy, instrument), state.instruments[instrument]
        without = stop.intent.client_id if stop is not None else ""
        free = state.free_base(strategy, instrument, without)
        if quantity <= free:
            return
        held, base = state.ledger.sleeve(strategy, instrument).quantity, traded.base
        if held > free > ZERO or held >= quantity:
            elsewhere = f"{plain(held - free)} of {plain(held)} is in open orders or not in the account"
            raise OrderInvalid(f"{strategy} can sell {plain(free)} {base} at most: {elsewhere}")
        if held > ZERO:
            much = sellable(state, state.ledger.sleeve(strategy, instrument), held)
            why = "it can't sell more" if much else DUST
            raise OrderInvalid(f"{strategy} holds {plain(held)} {base}: {why}")
        others = [s for s in state.sleeves() if s.instrument == instrument and s.quantity > ZERO]
        if not others:
            raise OrderInvalid(f"{strategy} holds no {base}")
        holders = " and ".join(f"{s.strategy} holds {plain(s.quantity)}" for s in others)
        enough = [s for s in others if sellable(state, s, s.quantity)]
        way = DUST
        if enough:
            way = f"`close {traded.name} --strategy {enough[0].strategy}` sells that"
        raise OrderInvalid(f"{strategy} holds no {base}; {holders}: {way}")


def described(intent: OrderIntent, state: State) -> str:
    """An order in one line, as a person would say it."""
    instrument = state.instruments[intent.instrument]
    price = f"{intent.price:.{instrument.price_decimals}f}"
    how = f"at {price}"
    if intent.time_in_force is TimeInForce.IOC:
        how = f"at market, {price} at worst"
    elif intent.type is OrderType.LIMIT_MAKER:
        how += ", post only"
    return f"{intent.side.value} {plain(intent.quantity)} {instrument.name} {how}"


def _sleeve(strategy: str, side: Side) -> str:
    name = strategy.strip().lower()
    if name not in BY_HAND:
        typed = wanted.shown(strategy)
        raise OrderInvalid(
            f"a person orders as {MANUAL}, not as {typed}: `close` sells what a strategy holds"
        )
    if side is Side.BUY and name != MANUAL:
        raise OrderInvalid(f"what {name} holds can be sold, not bought: buy as {MANUAL}")
    return name
