"""What must hold in every world, judged from outside of the desk: I1 to I14 of the order notes.

The oracle is the model venue's own list of orders and trades, the network's count of what left, and the
disk. I2, I4, I5 and I13 are watched in production too (`runtime.watching`), whose word is taken here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal

import msgspec

from midas.agents.covers import covers
from midas.agents.execution_agent import PREFIX
from midas.agents.stop_keeper import AWAY
from midas.domain.carry import Carried
from midas.domain.decision import Anomaly, CloseMoved, Noted, OrderMoved, OrderPlanned
from midas.domain.event import AccountReported, Event, LatchTripped, OrderFilled, Ticked, TradeBusted
from midas.domain.instrument import Instrument
from midas.domain.mode import KillLevel, Mode
from midas.domain.money import ZERO
from midas.domain.order import CloseReason, OrderIntent, Phase, Purpose, Side
from midas.domain.time import SECOND
from midas.engine.audit import Audit
from midas.engine.effect import ReleaseLatch
from midas.risk.exposure import worst_case
from midas.runtime.records import AUDIT, EVENT, decode_header
from midas.runtime.replay import Row, fold_ledger
from midas.runtime.watching import Watch
from midas.simulation.clock import EPOCH
from midas.simulation.coverage import Coverage
from midas.simulation.desk import LIMITS, Desk, folded
from midas.simulation.network import Asked, Network
from midas.simulation.storage import Disk
from midas.simulation.venue import Venue
from midas.state.lives import CLOSED_KEPT
from midas.state.order import Order
from midas.state.reconcile import NEVER
from midas.state.state import EXTERNAL, State
from midas.venues.sim.floor.orders import Deal
from midas.venues.sim.floor.orders import Order as VenueOrder

CLEARED_S = 25.0  # a kill has worked after so long without any fault
OPEN_MAX = 64
WAITING_MAX = 10_000
SLACK = 1e-9
APART = 19 * SECOND // 10  # of two answers that an order isn't there; asked two seconds apart
TWICE_EVERY = 4  # worlds: folding a journal once more is dear
PASSES = 2  # over the account before anything leaves
PROOF_S = 10.0  # after what its stamp claims, wrong or not, an order may still arrive for so long
FLAT = "flat, verified"
_LEVELS = list(KillLevel)
_BOOKED = frozenset({OrderFilled, AccountReported, TradeBusted})
_ACCOUNT = b'{"type":"account"'
Violate = Callable[[str, str], None]
Due = tuple[Counter[str], dict[str, Decimal]]  # by owner: trades, and what they moved


class Violation(msgspec.Struct, frozen=True):
    """One invariant that didn't hold, and where."""

    invariant: str
    seed: int
    step: int  # of the loop
    at: float  # virtual seconds
    evidence: str

    def __str__(self) -> str:
        return f"{self.invariant} at step {self.step}, {self.at:.3f} s: {self.evidence}"


class _Known:
    """Of one pair in one session: the trades that are known here, summed up."""

    def __init__(self, session: str) -> None:
        self.session = session
        self.deals = self.ids = 0  # so many were compared
        self.waiting: list[Deal] = []  # that nobody here had heard of then
        self.due: Counter[str] = Counter()
        self.moved: dict[str, Decimal] = {}


class Inspector:
    """Looks at one world; `violate` is told the invariant and the evidence."""

    def __init__(self, seed: int, venue: Venue, disk: Disk, network: Network, violate: Violate) -> None:
        self._seed = seed
        self._venue = venue
        self._disk = disk
        self._network = network
        self.violate = violate
        self._posts: Counter[str] = Counter()  # orders that reached the venue, by client id
        self._copied = False  # whether any of them reached it twice
        self._latched_s = 0.0
        self._looker: Looker | None = None
        self._wanted: dict[str, str] = {}  # whose order it is, by client id
        self._owners: dict[int, str] = {}  # the same by the venue's id
        self._dues: dict[str, _Known] = {}  # by pair
        self._absent: dict[str, list[int]] = {}  # when the venue didn't know it, by its clock
        self._guarded = False  # the guard has acted: whose its sales were, the ledger decides
        self._told_of: KillLevel | None = None  # the kill that a desk has heard of and nobody released
        self.on_planned: Callable[[], None] = lambda: None
        self.on_close: Callable[[CloseMoved], None] = lambda _: None
        self.pairs: Counter[str] = Counter()

    def meet(self, desk: Desk) -> None:
        """A life begins."""
        looker = self._looker = Looker(self, desk, self.pairs)
        desk.watch = lambda _: looker
        desk.painter.seen = looker.decided

    # asked by the world

    @property
    def passes(self) -> int:
        """Over the account, in this life."""
        return self._looker.passes if self._looker is not None else 0

    def left(self, desk: Desk, client_id: str) -> None:
        """I3 and I7, as the bytes of an order leave."""
        if self._network.left[client_id] > 1:
            self.violate("I3", f"order {client_id} left {self._network.left[client_id]} times")
        if self._looker is not None and self._looker.passes < PASSES:
            self.violate("I7", f"order {client_id} left before the account was compared")
        journal, mark = desk.journal, client_id.encode()
        durable = reversed(journal.rows[: journal.durable])
        if not any(mark in row.body for row in durable if row.kind == AUDIT):
            self.violate("I3", f"order {client_id} left before its intent was durable")
        order = desk.state.orders.get(client_id)
        if order is None:
            self.violate("I3", f"order {client_id} left, and the desk doesn't know it")
        else:
            self._wanted[client_id] = order.intent.strategy
        if order is not None and (reason := self._closed(desk.state, order.intent)):
            self.violate("I7", f"{order.intent.purpose.value} {client_id} left although {reason}")

    def served(self, desk: Desk, asked: Asked, status: int) -> None:
        """I6: the venue takes an order whose exposure has been given up."""
        if asked.place == "GET order" and status != 200:
            name = asked.parameters.get("origClientOrderId", "")
            self._absent.setdefault(name, []).append(self._venue.now())
        if asked.place != "POST order":
            return
        client_id = asked.parameters["newClientOrderId"]
        self._posts[client_id] += 1
        self._copied = self._copied or self._posts[client_id] > 1
        order = desk.state.orders.get(client_id)
        if status == 200 and self._posts[client_id] == 1 and order is not None and _given_up(order):
            self.violate("I6", f"order {client_id} was accepted after it was {order.status} here")

    def dying(self, desk: Desk) -> None:
        """I8 and I10, right before the disk loses what isn't durable."""
        rows = desk.journal.rows
        if desk.runner is None or len(rows) < 2 or not desk.state.session:
            return
        live, replayed = desk.state.carried(), folded(desk.journal)
        for told in _unlike(live, replayed):
            self.violate("I8", f"the journal of {desk.session} doesn't give what was there: {told}")
        if self._seed % TWICE_EVERY:
            return
        twice = fold_ledger(decode_header(rows[0].body), _each_pass_twice(rows[1:]))
        for told in _unlike(replayed, twice):
            self.violate("I10", f"passes folded twice differ from once: {told}")

    def second(self, desk: Desk, now: float, calm_since: float) -> None:
        """I12, once a virtual second: what a kill has left at the venue, faults aside."""
        record = self._disk.latched
        if record is None and self._told_of is not None:
            self.violate("I12", f"the kill latch ({self._told_of.value}) is gone, and nobody released it")
        self._latched_s = (self._latched_s or now) if record is not None else 0.0
        if record is None or not desk.up or now - max(calm_since, self._latched_s) < CLEARED_S:
            return
        if not desk.state.control.latched:
            self.violate("I12", f"a kill of level {record.level.value} is on the disk, and the desk goes on")
        spared = {Purpose.FLATTEN}
        if record.level is KillLevel.HALT:
            spared |= {Purpose.EXIT, Purpose.STOP}
        for order in self._venue.open_orders:
            name = self._venue.name(order)
            known = desk.state.orders.get(name)
            if name.startswith(PREFIX) and (known is None or known.intent.purpose not in spared):
                self.violate("I12", f"{name} stands under a kill of level {record.level.value}")

    def guard_acts(self, level: KillLevel) -> None:
        """The guard has set the latch, and sells for the strategies."""
        self._guarded, self._told_of = True, level

    # asked by the lookers

    def kill_heard(self, level: KillLevel | None) -> None:
        """The desk knows of a kill, or of its release."""
        self._told_of = level if self._disk.latched is not None else None

    def closed(self, order: Order, move: OrderMoved) -> Iterator[tuple[str, str]]:
        """I4 and I6: an order is over here; is it there, and with the same fills?"""
        client_id, venue = order.intent.client_id, self._order(order.intent)
        if self._posts[client_id] > 1:
            return
        if move.detail.startswith("proven"):
            signed = self._network.signed.get(client_id, 0) / 1000
            waited = EPOCH / SECOND + self._network.now() - signed
            if venue is not None:
                yield "I6", f"{client_id} was {move.detail}, and the venue has it"
            elif not self._twice_absent(client_id, order.dead_at):
                yield "I6", f"{client_id} was {move.detail}, and the venue said so less than twice"
            elif waited < PROOF_S:
                yield "I6", f"{client_id} was {move.detail} after {waited:.1f} s: it could still arrive"
        elif venue is not None and not venue.status.open and order.filled + order.busted != venue.executed:
            yield "I4", f"{client_id} closed here with {order.filled} filled, {venue.executed} at the venue"

    def flat(self, state: State) -> Iterator[tuple[str, str]]:
        """I12: nothing of ours stands or has traded unknown to us, where a person reads that all is flat."""
        if self._copied:
            return
        for order in self._venue.open_orders:
            if (name := self._venue.name(order)).startswith(PREFIX):
                yield "I12", f"flat was told as verified, and {name} stands"
        for pair in self._venue.pairs:
            known = state.ledger.trades(pair.id)
            for deal in self._venue.deals:
                if deal.symbol == pair.symbol and deal.trade_id not in known and self._ours(deal):
                    yield "I12", f"flat was told as verified, and trade {deal.trade_id} isn't known"

    def _twice_absent(self, client_id: str, dead_at: int) -> bool:
        """Two answers, apart, that came when the order could no longer arrive."""
        late = [at for at in self._absent.get(client_id, ()) if at > dead_at]
        return len(late) > 1 and late[-1] - late[0] >= APART

    def resurrected(self, client_id: str, state: State) -> Iterator[tuple[str, str]]:
        """I5: what was over stands again only where the venue has it."""
        order = state.orders.get(client_id)
        venue = self._order(order.intent) if order is not None else None
        if venue is None or not venue.status.open:
            yield "I5", f"{client_id} was over, stands again here, and doesn't stand at the venue"

    def _order(self, intent: OrderIntent) -> VenueOrder | None:
        pair = next(pair for pair in self._venue.pairs if pair.id == intent.instrument)
        return self._venue.find(pair.symbol, intent.client_id)

    def books(self, state: State) -> Iterator[tuple[str, str]]:
        """I1: what is held here is the sum of the venue's trades that are known here."""
        if state.inferred or not state.ledger.opened:
            return
        for pair in self._venue.pairs:
            ids = set(state.ledger.trades(pair.id)) - {NEVER}
            due, moved = self._due(state.session, pair, ids)
            adjusted = state.adjustments.get(pair.id, ZERO)
            if due.total() < len(ids):
                yield "I1", f"{pair.name}: a trade is booked that the venue never made"
            bought = sum(moved.values(), adjusted)
            if (held := state.ledger.position(pair.id)) != bought:
                yield "I1", f"{pair.name}: {held} here, {bought} by the trades that are known here"
            whose = {} if self._guarded else moved | {EXTERNAL: moved.get(EXTERNAL, ZERO) + adjusted}
            for owner, quantity in sorted(whose.items()):
                sleeve = state.ledger.sleeve(owner, pair.id)
                if (held := sleeve.quantity - sleeve.handed) != quantity:
                    yield "I1", f"{owner} has {held} {pair.base}, by its {due[owner]} trades {quantity}"
            yield from self._sold(state, pair)

    def _sold(self, state: State, pair: Instrument) -> Iterator[tuple[str, str]]:
        """I15: nobody sells more than they hold, whatever stands there to sell it."""
        if self._copied:
            return  # a proxy's second copy is nobody's decision
        for sleeve in state.sleeves():
            if sleeve.instrument == pair.id and sleeve.strategy != EXTERNAL and sleeve.quantity < ZERO:
                yield "I15", f"{sleeve.strategy} holds {sleeve.quantity} {pair.base}"

    def _due(self, session: str, pair: Instrument, ids: set[int]) -> Due:
        """Whose the trades are that are known here, and what they moved.

        The venue takes none back and a session forgets none, so their numbers tell whether one came.
        """
        deals, known = self._venue.deals, self._dues.get(pair.id)
        if known is None or known.session != session:
            known = self._dues[pair.id] = _Known(session)
        if len(deals) == known.deals and len(ids) == known.ids:
            return known.due, known.moved
        waiting = [*known.waiting, *(deal for deal in deals[known.deals :] if deal.symbol == pair.symbol)]
        known.deals, known.ids, known.waiting = len(deals), len(ids), []
        for deal in waiting:
            if deal.trade_id not in ids:
                known.waiting.append(deal)
                continue
            owner, fee = self._owner(deal), deal.fee if deal.fee_asset == pair.base else ZERO
            known.moved[owner] = known.moved.get(owner, ZERO) + deal.side.sign * deal.quantity - fee
            known.due[owner] += 1
        return known.due, known.moved

    def _ours(self, deal: Deal) -> bool:
        return self._owner(deal) != EXTERNAL

    def _owner(self, deal: Deal) -> str:
        owner = self._owners.get(deal.order_id)
        if owner is None:
            order = self._venue.exchange.find(self._venue.account, deal.symbol, deal.order_id, None)
            name = self._venue.name(order) if order is not None else ""
            owner = self._wanted.get(name, EXTERNAL)
            self._owners[deal.order_id] = owner
        return owner

    def reserves(self, state: State) -> Iterator[tuple[str, str]]:
        """I6: whatever may still trade at the venue is reserved here."""
        if state.recovering:
            return
        for order in self._venue.exchange.open.values():
            client_id = self._venue.name(order)
            if not client_id.startswith(PREFIX) or self._posts[client_id] > 1:
                continue  # a proxy's second copy is found by a pass, not foreseen
            known = state.orders.get(client_id)
            if known is None:
                yield "I6", f"{client_id} stands at the venue, and nothing is reserved for it"
            elif known.reserved < order.quantity - order.executed:
                left = order.quantity - order.executed
                yield "I6", f"{client_id} is {known.status} here with {known.reserved}, {left} at the venue"

    def _closed(self, state: State, intent: OrderIntent) -> str:
        """Why this order may not leave at this moment; said without asking the gate that let it through."""
        record, control = self._disk.latched, state.control
        level = max(
            _LEVELS.index(record.level) if record is not None else -1,
            _LEVELS.index(KillLevel(control.level)) if control.latched else -1,
        )
        if control.guarded or (record is not None and record.guarded == state.session):
            return "the guard acts"
        scoped = _scoped(state, intent)
        if intent.purpose is Purpose.FLATTEN:
            flattens = max(level, scoped) >= _LEVELS.index(KillLevel.FLATTEN)
            return "" if flattens else "no kill flattens"
        if scoped > 0:
            return f"a kill of its scope is set to {_LEVELS[scoped].value}"
        if level > 0 or (level == 0 and intent.purpose is Purpose.ENTRY):
            return f"the latch is set to {_LEVELS[level].value}"
        if state.recovering or (state.closing and intent.purpose is not Purpose.STOP):
            return "the account isn't known" if state.recovering else "the session closes"
        if intent.purpose is not Purpose.ENTRY:
            return ""
        if control.mode not in (Mode.NORMAL, Mode.DEFENSIVE):
            return f"the mode is {control.mode.value}"
        if gate := control.blocked(*state.scopes(intent.strategy, intent.instrument)):
            return f"the gate {gate.scope} is closed"
        doubtful = [o for o in state.orders.of_instrument(intent.instrument) if o.unknown]
        return f"{doubtful[0].intent.client_id} is UNKNOWN" if doubtful else ""


class Looker:
    """One life of the desk, looked at after each recorded event: the runner's `Watches`."""

    def __init__(self, inspector: Inspector, desk: Desk, pairs: Counter[str]) -> None:
        self._inspector = inspector
        self._desk = desk
        self._state = desk.state
        self._watch = Watch(desk.state)
        self._coverage = Coverage(desk.state, pairs)
        self.passes = 0  # over the account, in this life

    def after(self, event: Event, audit: Audit | None) -> str:
        """What the engine's own watch says, once everything else was looked at."""
        inspector = self._inspector
        if not self._desk.process.alive:  # the rest of the step in which it died
            return ""
        told = self._watch.after(event, audit)
        if told:
            name, _, evidence = told.partition(": ")
            inspector.violate(name, evidence)
        kind = type(event)
        if audit is not None or kind is not Ticked:  # a tick that says nothing moves no order
            self._coverage.after(event)
        self._tell(inspector.reserves(self._state))
        if kind is Ticked:
            self._tell(self._bounds())
        elif kind in _BOOKED:
            self._tell(inspector.books(self._state))
            self.passes += kind is AccountReported
        elif isinstance(event, LatchTripped):
            inspector.kill_heard(KillLevel(event.level))
        return told

    def _tell(self, found: Iterable[tuple[str, str]]) -> None:
        for name, evidence in found:
            self._inspector.violate(name, evidence)

    def decided(self, event: Event, audit: Audit) -> None:
        """What an audit tells: plans (I6, I11), ends (I4, I6), returns (I5), a kill's release."""
        if not self._desk.process.alive:
            return
        for name, evidence in self._moves(audit):
            self._inspector.violate(name, evidence)
        if any(isinstance(effect, ReleaseLatch) for effect in audit.effects):
            self._inspector.kill_heard(None)
        planned = [d.intent for d in audit.decisions if isinstance(d, OrderPlanned)]
        if not planned:
            return
        self._coverage.look()
        self._inspector.on_planned()
        for intent in planned:
            if missing := _unexplained(intent, audit.sequence):
                self._inspector.violate("I11", f"order {intent.client_id} has no {missing}")
            if intent.purpose is Purpose.ENTRY and (over := self._over(intent)):
                self._inspector.violate("I6", f"order {intent.client_id} was planned: {over}")
            if intent.purpose in (Purpose.EXIT, Purpose.STOP) and (over := self._twice(intent)):
                self._inspector.violate("I15", f"order {intent.client_id} was planned: {over}")

    def _moves(self, audit: Audit) -> Iterator[tuple[str, str]]:
        orders = self._state.orders
        for made in audit.decisions:
            if isinstance(made, CloseMoved):
                self._inspector.on_close(made)
            elif isinstance(made, Noted) and made.text.startswith(FLAT):
                yield from self._inspector.flat(self._state)
            elif isinstance(made, Anomaly) and made.kind == "resurrected":
                yield from self._inspector.resurrected(made.subject, self._state)
            elif isinstance(made, OrderMoved) and made.client_id in orders.closed:
                yield from self._inspector.closed(orders.closed[made.client_id], made)

    def _twice(self, intent: OrderIntent) -> str:
        """What a sleeve's stop and its exits would sell together, where that is more than it holds."""
        state = self._state
        working = state.orders.working(intent.strategy, intent.instrument)
        offered = sum((o.reserved for o in working if o.intent.side is Side.SELL), ZERO)
        held = state.ledger.sleeve(intent.strategy, intent.instrument).quantity
        return f"{intent.strategy} offers {offered} of {held} {intent.instrument}" if offered > held else ""

    def _over(self, intent: OrderIntent) -> str:
        """Summed up here once more: what the risk manager doesn't see, it can't have limited."""
        state, pair = self._state, self._state.instruments[intent.instrument]
        held = max(state.ledger.balances.get(pair.base, ZERO), state.ledger.position(pair.id))
        orders = [o for o in state.orders.open.values() if o.intent.instrument == pair.id]
        held += sum((o.reserved for o in orders if o.intent.side is Side.BUY), ZERO)
        exposure = worst_case(state, LIMITS.assets)
        share = float(held) * state.markets[pair.id].mark / exposure.equity
        if (counted := exposure.by_instrument[intent.instrument]) < share - SLACK:
            return f"{intent.instrument} may come to {share:.4f} of equity, and risk counts {counted:.4f}"
        if share > LIMITS.position_max + SLACK:
            return f"{intent.instrument} may come to {share:.4f} of equity, allowed are {LIMITS.position_max}"
        if exposure.cash < LIMITS.cash_min - SLACK:
            return f"cash may fall to {exposure.cash:.4f} of equity, kept is {LIMITS.cash_min}"
        return ""

    def _bounds(self) -> Iterator[tuple[str, str]]:
        """I14: what is kept has an end."""
        orders = self._state.orders
        if (size := len(orders.open)) > OPEN_MAX:
            yield "I14", f"{size} open orders, at most {OPEN_MAX} were to be kept"
        if (size := len(orders.closed)) > CLOSED_KEPT:
            yield "I14", f"{size} closed orders, at most {CLOSED_KEPT} were to be kept"
        if (size := len(self._desk.inbox)) > WAITING_MAX:
            yield "I14", f"{size} events that wait, at most {WAITING_MAX} were to be kept"


def unprotected(state: State) -> Iterator[str]:
    """What is not as it should be once things are quiet: each position has one stop, and no stop is alone."""
    control = state.control
    for cover in covers(state):
        trouble = state.stops.troubles.get(cover.key, AWAY)
        if control.latched or not cover.level or trouble != AWAY:
            continue
        standing = [o for o in state.orders.working(*cover.key) if o.protects]
        leaving = state.orders.exits(*cover.key) or control.gates
        if len(standing) != 1 and not leaving:
            yield f"{' '.join(cover.key)} holds {cover.quantity} and has {len(standing)} stops"
    for order in state.orders.open.values():
        if order.protects and order.leaves > _held(state, order):
            yield f"stop {order.intent.client_id} would sell more than is held"


def _scoped(state: State, intent: OrderIntent) -> int:
    """How high the highest kill stands that closed one of its scopes; -1: none did."""
    gates = state.control.gates
    scopes = state.scopes(intent.strategy, intent.instrument) if gates else ()
    levels = [gate.level for scope in scopes if (gate := gates.get(scope)) is not None and gate.level]
    return max((_LEVELS.index(KillLevel(level)) for level in levels), default=-1)


def _held(state: State, order: Order) -> Decimal:
    return state.ledger.sleeve(order.intent.strategy, order.intent.instrument).quantity


def _given_up(order: Order) -> bool:
    """Closed in a way that says: the venue doesn't have it and never will."""
    return order.phase is Phase.CLOSED and order.close_reason in (
        CloseReason.REJECTED, CloseReason.NEVER_SENT,
    )  # fmt: skip


def _unexplained(intent: OrderIntent, sequence: int) -> str:
    """What a regulator would ask for and this intent doesn't carry; empty: nothing is missing."""
    missing = {
        "decision": intent.decision != sequence, "mode": not intent.mode, "regime": not intent.regime,
        "author": not intent.strategy, "reason": not intent.reason, "time": intent.created_at <= 0,
        "market data behind it": intent.market_time <= 0,
    }  # fmt: skip
    return ", ".join(name for name, lacks in missing.items() if lacks)


def _unlike(one: Carried, other: Carried) -> Iterator[str]:
    for field in Carried.__struct_fields__:
        here, there = getattr(one, field), getattr(other, field)
        if here != there:
            yield f"{field} {_short(here)}, not {_short(there)}"


def _short(value: object) -> str:
    return repr(value)[:400]


def _each_pass_twice(rows: list[Row]) -> Iterator[Row]:
    for row in rows:
        yield row
        if row.kind == EVENT and row.body.startswith(_ACCOUNT):
            yield row
