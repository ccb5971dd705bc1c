"""What no fill explains: flows that the venue tells of, dust, and differences that a person accepts.

Each enters the ledger as one journaled decision with its price and where that came from, so that a position
is always the sum of its fills and of these. None of them is profit or loss: peaks of equity move with them.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from decimal import Decimal
from itertools import combinations

from midas.domain.command import AcceptBreak, reasoned
from midas.domain.decision import Adjusted, Decision
from midas.domain.event import AccountReported, FlowSeen, FundingSeen
from midas.domain.instrument import Instrument
from midas.domain.money import ZERO, from_float, plain
from midas.domain.time import SECOND, clock_text
from midas.engine.reply import Asked, Reply
from midas.execution.wanted import shown
from midas.state.breaks import Difference, Kind, Known
from midas.state.lives import REQUEST_LIFE, SETTLING
from midas.state.state import EXTERNAL, State

FINE = Decimal("1e-12")
LISTED_MAX = 20
TOGETHER_MAX = 3  # of the listed flows: more of them could make any amount by chance
CLEAN_SLACK = 60 * SECOND  # clocks differ, and a pass takes a while
FLOWS_KEPT = 1_000  # a stream may tell the same one twice
_Mark = tuple[str, Decimal, int]


class Adjuster:
    """Books adjustments; asked by the engine, which journals what it decides."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._flows: OrderedDict[_Mark, None] = OrderedDict()
        self._reviewed: dict[str, tuple[str, str]] = {}  # what a person has been shown

    def flow(self, event: FlowSeen) -> list[Decision]:
        """A deposit, a withdrawal, dust that the venue converted, an airdrop: once each."""
        mark = _mark(event)
        if not self._state.ledger.opened or mark in self._flows:
            return []
        self._flows[mark] = None
        if len(self._flows) > FLOWS_KEPT:
            self._flows.popitem(last=False)
        return [self._book("external_flow", _name(event), event.asset, event.amount)]

    def funding(self, event: FundingSeen) -> list[Decision]:
        """What holding cost or earned: results and losses count it."""
        if not self._state.ledger.opened or not event.amount:
            return []
        price, source = self._price(event.asset)
        made = Adjusted(
            kind="funding", name=f"funding {event.time}", asset=event.asset, amount=event.amount,
            at=self._state.now, price=price, price_source=source,
        )  # fmt: skip
        self._state.book_adjustment(made)
        return [made]

    def dust(self) -> list[Decision]:
        """Less than a lot that stands over two passes, with nothing in doubt there, is no break."""
        made: list[Decision] = []
        breaks = self._state.breaks
        for name, known, amount in self._standing():
            if not self._is_dust(name, amount):
                continue
            if breaks.exhausted(name):
                known.tried = "adjusted twice already, and it came back"
                continue
            breaks.corrected(name)
            made.append(self._book("dust", name, name, amount))
            del breaks.known[name]
        return made

    def listed(self, event: AccountReported) -> list[Decision]:
        """Flows that nobody was there to hear of: such as explain a standing difference to the last digit."""
        made: list[Decision] = []
        breaks = self._state.breaks
        for name, known, wanted in self._standing():
            if event.flows is None:
                known.tried = "the venue doesn't list deposits and withdrawals to this key"
                continue
            told = _explaining(wanted, self._unheard(event.flows, name))
            known.tried = "" if told else "no deposit or withdrawal that the venue lists explains it"
            for flow in told:
                made += self.flow(flow)
            if told:
                del breaks.known[name]
        return made

    def _standing(self) -> list[tuple[str, Known, Decimal]]:
        """Balances that differ over two passes: the asset, and how much more of it the venue has."""
        breaks = self._state.breaks
        return [
            (name, known, _missing(known.difference))
            for name, known in breaks.known.items()
            if known.difference.kind is Kind.ASSET and breaks.standing(name)
        ]

    def _unheard(self, flows: Iterable[FlowSeen], asset: str) -> list[FlowSeen]:
        """Those since both sides were equal, newest first: by the venue's time, ours may have been set."""
        since = self._state.clean_as_of - CLEAN_SLACK
        own = [f for f in flows if f.asset == asset and f.time > since and _mark(f) not in self._flows]
        return sorted(own, key=lambda f: (-f.time, f.amount))[:LISTED_MAX]

    def accept(self, command: AcceptBreak, asked: Asked) -> Reply:
        """The review, or once confirmed the adjustment."""
        state, name = self._state, command.name.strip()
        found = _named(name, state)
        if found is None:
            names = ", ".join(d.name for d in state.breaks.open())
            there = f"there is {names}" if names else "both sides are equal"
            return Reply(False, f"nothing differs under {shown(name)}; {there}")
        if found.name in state.breaks.accepted:
            return Reply(True, f"{found.subject} is accepted already")
        if not state.breaks.standing(found.name):
            return Reply(False, f"{found.text}: seen once; the next pass looks again")
        if waits := self._may_still_come(found):
            return Reply(False, f"{found.text}: {waits}")
        if command.confirmed and not reasoned(command.reason):
            return Reply(False, "taking the venue's figure needs a reason of at least 3 letters")
        figures = (found.here, found.venue)
        if not command.confirmed or self._reviewed.get(found.name) != figures:
            moved = command.confirmed and found.name in self._reviewed
            self._reviewed[found.name] = figures
            said = "it isn't what was reviewed any more: " if moved else ""
            text = f"{said}{found.text}; {state.breaks.evidence(found.name)}. {self._effect(found)}"
            step = "confirm to do it" if not command.confirmed else "read this, then confirm once more"
            return Reply(not command.confirmed, f"{text}; {step}")
        del self._reviewed[found.name]
        by = f"{asked.actor}: {command.reason.strip()}"
        decision = self._accept(found, by)
        return Reply(True, f"{found.subject} is accepted as the venue has it", decisions=[decision])

    def _may_still_come(self, found: Difference) -> str:
        """Of an order that was never answered, while the venue may still take it in: silence is no "no"."""
        order = self._state.orders.get(_order_of(found)) if found.kind is Kind.ORDER_HERE else None
        if order is None or not order.unknown:
            return ""
        until = (order.dead_at or order.sent_at + REQUEST_LIFE) + SETTLING
        if self._state.now > until:
            return ""
        return f"no answer came to it, and it may come to work until {clock_text(until)} UTC; wait until then"

    def _accept(self, found: Difference, by: str) -> Decision:
        if found.kind is Kind.ASSET:
            amount = _missing(found)
            return self._book("accepted", found.name, found.name, amount, found, by)
        client_id = _order_of(found) if found.kind is Kind.ORDER_HERE else ""
        made = Adjusted(
            kind="accepted", name=found.name, asset=self._state.quote, amount=ZERO, at=self._state.now,
            client_id=client_id, here=found.here, venue=found.venue, by=by,
        )  # fmt: skip
        self._state.book_adjustment(made)
        return made

    def _effect(self, found: Difference) -> str:
        """What accepting it would do, in words."""
        opened = " and ".join(_where(self._state, gate) for gate in found.closes)
        if found.kind is Kind.ORDER_HERE:
            return f"Accepting takes the order as cancelled and lets new risk be opened {opened}"
        if found.kind is not Kind.ASSET:
            kept = "until it differs otherwise"
            return f"Accepting changes nothing here; it lets new risk be opened {opened}, {kept}"
        amount = _missing(found)
        price, source = self._price(found.name)
        at = f" at {plain(price)} ({source})" if price else f" ({source})"
        position = self._position(found.name, amount, "accepted")
        moves = f", {_signed(position)} of it to the position `external`" if position else ""
        gates = f" and lets new risk be opened {opened}" if opened else ""
        return (
            f"Accepting books {_signed(amount)} {found.name}{at}{moves}; "
            f"it counts neither as profit nor as loss{gates}"
        )

    def _book(
        self, kind: str, name: str, asset: str, amount: Decimal, found: Difference | None = None, by: str = ""
    ) -> Adjusted:
        state, pair = self._state, _pair(self._state, asset)
        price, source = self._price(asset)
        position = self._position(asset, amount, kind)
        before = state.equity()
        made = Adjusted(
            kind=kind, name=name, asset=asset, amount=amount, at=state.now,
            instrument=pair.id if pair is not None and position else "", position=position,
            price=price, price_source=source, here=found.here if found else "",
            venue=found.venue if found else "", by=by,
        )  # fmt: skip
        state.book_adjustment(made)
        state.scale_equity(before)
        return made

    def _position(self, asset: str, amount: Decimal, kind: str) -> Decimal:
        """What of it moves a position: what a person takes over, or what sleeves hold and is gone."""
        state = self._state
        if _pair(state, asset) is None:
            return ZERO
        if amount > ZERO:
            # What came back ends what an earlier withdrawal took out of the sleeves' hands.
            return amount if kind == "accepted" else min(amount, self._short(asset))
        held = sum((state.ledger.position(i) for i, p in state.instruments.items() if p.base == asset), ZERO)
        left = state.ledger.balances.get(asset, ZERO) + amount
        return max(amount, min(ZERO, left - held))

    def _short(self, asset: str) -> Decimal:
        """How much of a coin `external` lacks."""
        pair = _pair(self._state, asset)
        held = self._state.ledger.sleeve(EXTERNAL, pair.id).quantity if pair is not None else ZERO
        return max(ZERO, -held)

    def _price(self, asset: str) -> tuple[Decimal, str]:
        if asset == self._state.quote:
            return Decimal(1), "the currency that is counted in"
        pair = _pair(self._state, asset)
        mark = self._state.markets[pair.id].mark if pair is not None else 0.0
        if pair is None or not mark > 0.0:
            return ZERO, "no price is known"
        return from_float(mark, FINE), f"mark of {pair.name}"

    def _is_dust(self, asset: str, amount: Decimal) -> bool:
        state = self._state
        lots = [(i, p.lot_size) for i, p in state.instruments.items() if p.base == asset]
        if not lots or abs(amount) > min(lot for _, lot in lots):
            return False
        return not any(o.unknown for i, _ in lots for o in state.orders.of_instrument(i))


def _order_of(found: Difference) -> str:
    """The client id of an order that differs."""
    return found.name.partition(":")[2]


def _missing(difference: Difference) -> Decimal:
    """How much more the venue has."""
    return Decimal(difference.venue) - Decimal(difference.here)


def _name(flow: FlowSeen) -> str:
    return f"{flow.asset}:{flow.amount}:{flow.time}"


def _mark(flow: FlowSeen) -> _Mark:
    """What stream and list tell alike, who share no id: they write amounts with other zeros.

    The list of withdrawals knows whole seconds only.
    """
    return flow.asset, flow.amount, flow.time if flow.amount > ZERO else flow.time // SECOND


def _explaining(amount: Decimal, flows: list[FlowSeen]) -> tuple[FlowSeen, ...]:
    """The fewest of these that make exactly this amount; empty where none do."""
    for count in range(1, min(len(flows), TOGETHER_MAX) + 1):
        for chosen in combinations(flows, count):
            if sum((f.amount for f in chosen), ZERO) == amount:
                return chosen
    return ()


def _named(name: str, state: State) -> Difference | None:
    """A difference by its name, or by the end of an order's id."""
    known = state.breaks.known
    if name in known:
        return known[name].difference
    wanted = name.lower().removeprefix("order:")
    found = [
        k.difference for n, k in known.items()
        if n.lower() == name.lower() or (n.startswith("order:") and wanted and n.lower().endswith(wanted))
    ]  # fmt: skip
    return found[0] if len(found) == 1 else None


def _pair(state: State, asset: str) -> Instrument | None:
    """The instrument that prices an asset and holds what isn't ours of it."""
    pairs = [p for p in state.instruments.values() if p.base == asset]
    return next((p for p in pairs if p.quote == state.quote), pairs[0] if pairs else None)


def _where(state: State, gate: str) -> str:
    pair = state.instruments.get(gate)
    return f"in {pair.name}" if pair is not None else "on this account"


def _signed(amount: Decimal) -> str:
    return f"+{plain(amount)}" if amount > ZERO else plain(amount)
