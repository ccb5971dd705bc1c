"""The execution agent: accepts Approved and nothing else, and turns it into intents and cancels."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from decimal import Decimal

import msgspec

from midas.agents.flattening import Flattening, sellable
from midas.agents.risk_manager import reduced
from midas.domain.decision import AmendmentMoved, CloseMoved, Noted, ReductionBegun
from midas.domain.money import ZERO, floor_to
from midas.domain.opinion import Reducing, Urgency
from midas.domain.order import OrderIntent, Purpose, Side, TimeInForce
from midas.domain.verdict import Approved
from midas.execution.worker import ExecutionRules, Place, Plan, Work, next_order, pausing, stale
from midas.risk.gates import entry_closed
from midas.state.ledger import Sleeve
from midas.state.order import Order
from midas.state.reconcile import OURS
from midas.state.state import BY_HAND, State

PREFIX = OURS
BUY, SELL = Side.BUY, Side.SELL  # asked for every order: a look into an Enum costs more than the comparison
ENTRY, EXIT, STOP = Purpose.ENTRY, Purpose.EXIT, Purpose.STOP
DEFENSIVE = "mode DEFENSIVE"  # why it reduces


class Withdrawal(msgspec.Struct, frozen=True):
    """An order that should be cancelled."""

    order: Order
    reason: str


class Refusals(msgspec.Struct, frozen=True):
    """How often the venue has lately refused one side of a sleeve; when the last such order was made."""

    count: int
    at: int


Step = OrderIntent | Withdrawal | AmendmentMoved | CloseMoved | Noted
NOTHING: tuple[Step, ...] = ()


class ExecutionAgent:
    """Keeps the work of every sleeve; asked after each event that could let it proceed."""

    def __init__(self, rules: ExecutionRules) -> None:
        self._rules = rules
        self._patience = min(rules.reprice_age, rules.passive_timeout)  # no order is looked after before
        self._work: dict[tuple[str, str], Work] = {}
        self.idle: set[str] = set()  # instruments in which all work was settled when it was last looked at
        self.any_given_up = False  # whether any target of this session was
        self._flattening = Flattening(rules.reprice_age)
        self._refused: dict[tuple[str, str, Side], Refusals] = {}

    def accept(self, approved: Approved, now: int) -> None:
        """A new target replaces the old one of its sleeve."""
        target = approved.target
        self._begin((target.strategy, target.instrument), Work(approved, now))

    def rejected(self, order: Order) -> None:
        """The venue said no to an order of this sleeve."""
        intent = order.intent
        work = self._work.get((intent.strategy, intent.instrument))
        if work is not None:
            work.rejects += 1
        key = intent.strategy, intent.instrument, intent.side
        known = self._refused.get(key)
        lately = known is not None and intent.created_at - known.at <= 2 * self._pause(known)
        count = known.count + 1 if known is not None and lately else 1
        self._refused[key] = Refusals(count, intent.created_at)

    def close(self, approved: Approved, now: int) -> None:
        """A person closes a position: no target replaces it until nothing is left that could be sold."""
        target = approved.target
        assert not target.quantity
        self._begin((target.strategy, target.instrument), Work(approved, now, closing=True))

    def stop(self, approved: Approved, now: int) -> None:
        """Its stop closes a position, as a person would."""
        target = approved.target
        work = Work(approved, now, closing=True, stopped=True)
        self._begin((target.strategy, target.instrument), work)

    def stopped(self, strategy: str, instrument: str) -> bool:
        """Whether this sleeve's stop is closing its position."""
        work = self._work.get((strategy, instrument))
        return work is not None and work.stopped

    def stopped_out(self, strategy: str, instrument: str, held: Decimal) -> None:
        """Its stop at the venue trades: an older target must not buy back what that sells."""
        work = self._work.get((strategy, instrument))
        if work is not None and work.approved.target.quantity > held:
            del self._work[strategy, instrument]

    def leaving(self, state: State, strategy: str, instrument: str) -> Decimal:
        """What its target is still to sell of a sleeve and no order offers yet; 0: nothing that could be."""
        work = self._work.get((strategy, instrument))
        if work is None or work.given_up or state.closing or instrument in state.stale:
            return ZERO
        if work.rejects > self._rules.rejects_free and pausing(work, state.now, self._rules):
            return ZERO  # the venue refuses it for longer than a position should be without its stop
        pair, bid = state.instruments[instrument], state.markets[instrument].bid_price
        offered = sum((o.reserved for o in state.orders.exits(strategy, instrument)), ZERO)
        held = state.ledger.sleeve(strategy, instrument).quantity
        lots = floor_to(held - work.approved.target.quantity - offered, pair.lot_size)
        large = lots >= pair.quantity_least
        return lots if large and float(lots) * bid >= float(pair.notional_min) else ZERO

    def closes(self, strategy: str, instrument: str) -> bool:
        """Whether a person is closing this sleeve's position."""
        work = self._work.get((strategy, instrument))
        return work is not None and work.closing

    def parent(self, strategy: str, instrument: str) -> Decimal | None:
        """What this sleeve is to hold; None where nothing was approved for it."""
        work = self._work.get((strategy, instrument))
        return work.approved.target.quantity if work is not None else None

    def forget_closes(self, state: State, gate: str = "") -> list[CloseMoved]:
        """A kill withdraws exits too: what a person was closing isn't gone on with when it is released.

        `gate`: of the scope that was killed; empty: everywhere. What mode DEFENSIVE works down goes on then.
        """
        for key in [k for k, work in self._work.items() if work.closing]:
            if not gate or gate in state.scopes(*key):
                del self._work[key]
        self.resume(state)
        asked = [key for key in state.closes_asked if not gate or gate in state.scopes(*key)]
        return [close_ended(state, *key) for key in asked]

    def forget_entries(self, state: State, instrument: str = "", strategy: str = "") -> None:
        """No new risk any more, in one place or anywhere: targets above what is held become what is held."""
        for (owner, traded), work in self._work.items():
            if traded != (instrument or traded) or owner != (strategy or owner):
                continue
            if work.approved.target.quantity > state.ledger.sleeve(owner, traded).quantity:
                work.given_up = self.any_given_up = True

    def gave_up(self, strategy: str, instrument: str) -> bool:
        """Whether the last target of this sleeve is no longer worked."""
        work = self._work.get((strategy, instrument))
        return work is not None and work.given_up

    def reduce(self, state: State, factor: Decimal) -> list[ReductionBegun]:
        """Mode DEFENSIVE: every position is worked down to a part of itself, at patient prices."""
        begun: list[ReductionBegun] = []
        self.forget_entries(state)
        for sleeve in state.sleeves():
            if sleeve.quantity <= ZERO or sleeve.strategy in BY_HAND:
                continue  # a position of a person or of somebody else is theirs to reduce
            key = sleeve.strategy, sleeve.instrument
            less = floor_to(sleeve.quantity * factor, state.instruments[sleeve.instrument].lot_size)
            work = self._work.get(key)
            if work is None or work.given_up or work.approved.target.quantity > less:
                self._begin(key, Work(reduced(sleeve, less, DEFENSIVE, state), state.now, shrinks=True))
            elif not work.closing:  # a close goes on to nothing, and is worked down if a kill ends it
                less = work.approved.target.quantity
            to = Reducing(*key, less, DEFENSIVE)
            state.reduce(to)
            begun.append(ReductionBegun(to))
        return begun

    def resume(self, state: State) -> None:
        """What is to be worked down and nothing else is worked for: begun in an earlier session, say."""
        for to in state.still_reducing():
            key = to.strategy, to.instrument
            if key not in self._work and to.instrument in state.instruments:
                less = reduced(state.ledger.sleeve(*key), to.quantity, to.reason, state)
                self._begin(key, Work(less, state.now, shrinks=True))

    def take_up(self, state: State) -> Iterator[CloseMoved | Noted]:
        """What of an earlier session is gone on with: closes, and exits that rest to where they led."""
        for key, by in list(state.closes_asked.items()):
            sleeve, gone = state.ledger.sleeve(*key), key[1] not in state.instruments
            if gone or sleeve.quantity <= ZERO or _held_back(state, key):
                yield close_ended(state, *key)
                continue
            nothing = reduced(sleeve, ZERO, f"closed by {by}", state, Urgency.AGGRESSIVE)
            self._begin(key, Work(nothing, state.now, closing=True))
            name = state.instruments[sleeve.instrument].name
            yield Noted("ORDER", "warn", f"{sleeve.strategy} {name} is still being closed, as {by} asked for")
        for order in state.orders.open.values():
            intent = order.intent
            key = intent.strategy, intent.instrument
            sleeve = state.ledger.sleeve(*key)
            rests = intent.purpose is Purpose.EXIT and intent.time_in_force is not TimeInForce.IOC
            if not rests or intent.strategy in BY_HAND or key in self._work or sleeve.quantity <= ZERO:
                continue
            if not _held_back(state, key):
                less = max(ZERO, sleeve.quantity - order.leaves)
                self._begin(key, Work(reduced(sleeve, less, intent.reason, state), state.now, shrinks=True))

    def shrink(self, state: State, sleeve: Sleeve, quantity: Decimal, reason: str) -> bool:
        """Work a position down for a limit's sake; False where that is under way, or already so small."""
        key, least = (sleeve.strategy, sleeve.instrument), state.instruments[sleeve.instrument].lot_size
        work = self._work.get(key)
        if quantity > sleeve.quantity - least or (work is not None and _leaving(work, sleeve)):
            return False
        self._begin(key, Work(reduced(sleeve, quantity, reason, state), state.now, shrinks=True))
        return True

    def _begin(self, key: tuple[str, str], work: Work) -> None:
        self._work[key] = work
        self.idle.clear()

    def proceed(self, state: State, sequence: int, instrument: str | None = None) -> Iterator[Step]:
        """What each sleeve (of one instrument, or all) needs now."""
        if instrument is None:
            self.idle.clear()
        idle, closing = True, False
        for (strategy, traded), work in self._work.items():
            if instrument is None:
                work.settled = False
            elif work.settled or traded != instrument:
                continue
            # A list: hardly any sleeve needs anything, and what it needs doesn't change with its first step.
            if steps := self._sleeve(state, sequence, strategy, traded, work):
                yield from steps
            idle, closing = idle and work.settled, closing or work.closing
        if instrument is None:
            if closing:
                yield from self._closed(state)
            if state.orders.open:
                yield from self._nobodys(state)
            self._note_idle()
        elif idle:
            self.idle.add(instrument)

    def _nobodys(self, state: State) -> Iterator[Withdrawal]:
        """Entries that no target is worked by: of an earlier session, or beside a stop that has traded."""
        for order in state.orders.open.values():
            intent = order.intent
            mine = order.increases_risk and not intent.ticket and not order.unknown
            if mine and (intent.strategy, intent.instrument) not in self._work:
                yield Withdrawal(order, "no target asks for it any more")

    def waits(self, state: State) -> bool:
        """Whether all there is to do is to wait for the only order out, which serves its target as it stands.

        `proceed` would find nothing then: no other sleeve is worked, and this one's order is a moment old.
        """
        if self.idle or len(self._work) != 1 or len(state.orders.open) != 1:
            return False
        ((key, work),) = self._work.items()
        (order,) = state.orders.open.values()
        intent = order.intent
        if key != (intent.strategy, intent.instrument) or intent.purpose is STOP:
            return False
        if work.settled or work.given_up or work.closing or order.pending or order.unknown_since:
            return False
        if not 0 <= state.now - intent.created_at <= self._patience:
            return False
        sleeve = state.ledger.sleeves.get(key)
        gap = work.approved.target.quantity - (sleeve.quantity if sleeve is not None else ZERO)
        return intent.quantity <= (gap if intent.side is BUY else -gap)

    def _note_idle(self) -> None:
        """All sleeves were looked at: where all of an instrument's are settled, it is idle."""
        settled = [traded for (_, traded), work in self._work.items() if work.settled]
        if len(settled) < len(self._work):
            moving = [traded for (_, traded), work in self._work.items() if not work.settled]
            settled = [traded for traded in settled if traded not in moving]
        self.idle.update(settled)

    def flatten(self, state: State, sequence: int, scoped: bool = False) -> Iterator[Step]:
        """Close every position, as `Flattening` says; `scoped`: those in the scope of a kill that closes."""
        for each in self._flattening.plans(state, scoped):
            if isinstance(each, Noted):
                yield each
            else:
                sleeve, plan = each
                key = sleeve.strategy, sleeve.instrument
                yield self.intent(state, sequence, key, plan, Purpose.FLATTEN, "kill switch")

    def begin_flatten(self) -> None:
        """A kill was pulled: whoever does that again means it again."""
        self._flattening.begin()

    def _closed(self, state: State) -> Iterator[Step]:
        """The positions that a person closed are gone, or what is left of them can't be sold."""
        for (strategy, traded), work in list(self._work.items()):
            if not work.closing or state.orders.working(strategy, traded):
                continue
            sleeve = state.ledger.sleeve(strategy, traded)
            if not sellable(state, sleeve, sleeve.quantity):
                del self._work[strategy, traded]
                left = f", {sleeve.quantity} can't be sold" if sleeve.quantity else ""
                name = state.instruments[traded].name
                yield Noted("ORDER", "info", f"{strategy} {name} is closed{left}")
                if (strategy, traded) in state.closes_asked:
                    yield close_ended(state, strategy, traded)

    def _sleeve(self, state: State, sequence: int, strategy: str, traded: str, work: Work) -> Sequence[Step]:
        if traded in state.stale:
            return NOTHING  # nothing is decided on what was true a while ago
        standing = state.orders.working(strategy, traded) if state.orders.open else []
        # A stop rests beside whatever else is worked, until an exit needs what it has set aside.
        working = standing if work.closing or not standing else [o for o in standing if not o.protects]
        if working:
            return self._tend(state, work, working)
        held = state.ledger.sleeve(strategy, traded).quantity
        target = work.approved.target.quantity
        if held == target or (work.shrinks and held < target):
            work.settled = work.settled or state.markets[traded].bid_lots > 0
            return NOTHING
        if work.given_up or pausing(work, state.now, self._rules):
            return NOTHING
        entering = target > held
        if self._refused and self._inherits(work, (strategy, traded, BUY if entering else SELL), state.now):
            return NOTHING
        if (
            state.closing
            or state.control.withdraws_exits
            or (state.control.gates and state.control.holds_back(*state.scopes(strategy, traded)))
            or (entering and entry_closed(state, strategy, traded))
        ):
            return NOTHING
        if entering and work.orders >= self._rules.attempts_max:
            work.given_up = self.any_given_up = True
            name = state.instruments[traded].name
            return [Noted("ORDER", "info", f"{strategy} gives up entering {name} after {work.orders} orders")]
        if not entering and standing and (blocking := self._in_the_way(state, strategy, traded)):
            return [Withdrawal(order, "an exit goes first") for order in blocking if not order.unknown]
        free = ZERO if entering else state.free_base(strategy, traded)
        place = Place(state.markets[traded], held, free, working, state.now)
        plan = next_order(work, place, self._rules)
        if plan is None:
            return NOTHING
        work.orders += 1
        work.ordered_at = state.now
        purpose = ENTRY if plan.side is BUY else EXIT
        reason = work.approved.target.reason
        return [self.intent(state, sequence, (strategy, traded), plan, purpose, reason)]

    def _in_the_way(self, state: State, strategy: str, traded: str) -> list[Order]:
        """Stops that have set aside what the sleeve's target sells now."""
        stops = [o for o in state.orders.working(strategy, traded) if o.protects]
        if not stops:
            return stops
        return stops if self.leaving(state, strategy, traded) > state.free_base(strategy, traded) else []

    def _inherits(self, work: Work, key: tuple[str, str, Side], now: int) -> bool:
        """A new target waits as the old one would have, where the venue has just refused that side.

        A person who closes a position waits for nothing.
        """
        known = self._refused.get(key)
        if work.orders or work.closing or known is None or abs(now - known.at) >= self._pause(known):
            return False
        work.rejects, work.ordered_at = known.count, known.at
        return True

    def _pause(self, known: Refusals) -> int:
        return self._rules.reprice_age << min(max(known.count - self._rules.rejects_free, 0), 6)

    def _tend(self, state: State, work: Work, working: list[Order]) -> Sequence[Step]:
        """Withdraw what no longer serves the target, and entries behind a gate that has closed."""
        intent = working[0].intent
        held = state.ledger.sleeve(intent.strategy, intent.instrument).quantity
        place = Place(state.markets[intent.instrument], held, ZERO, working, state.now)
        found: list[Step] = [Withdrawal(order, reason) for order, reason in stale(work, place, self._rules)]
        if not state.control.gates:
            return found
        closed = entry_closed(state, intent.strategy, intent.instrument)
        if closed is not None and closed.limit == "gate":
            found += [Withdrawal(o, closed.sentence) for o in working if o.increases_risk and not o.unknown]
        return found

    def intent(
        self, state: State, sequence: int, sleeve: tuple[str, str], plan: Plan, purpose: Purpose, reason: str
    ) -> OrderIntent:
        """The next order of this session, with everything that led to it."""
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
            stop_price=plan.stop_price,
        )


# Base 32 (RFC 4648), two letters at a time: the library's takes ten times as long as the hash.
_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = [high + low for high in _LETTERS for low in _LETTERS]


def _leaving(work: Work, sleeve: Sleeve) -> bool:
    """Whether the sleeve is being worked down already: one decision is carried out before the next."""
    if work.given_up:
        return False
    return work.closing or (not work.settled and work.approved.target.quantity < sleeve.quantity)


def close_ended(state: State, strategy: str, instrument: str) -> CloseMoved:
    """A person's close is over, whatever has come of it."""
    moved = CloseMoved(strategy, instrument, state.closes_asked[strategy, instrument], waits=False)
    state.move_close(moved)
    return moved


def _held_back(state: State, key: tuple[str, str]) -> bool:
    """Whether a kill lets no exit of this sleeve leave."""
    return state.control.withdraws_exits or state.control.holds_back(*state.scopes(*key)) is not None


def client_id(account: str, session: str, number: int) -> str:
    """Unique for ever, `A-Z a-z 0-9 -` only, 27 characters: no venue refuses or re-encodes it."""
    digest = hashlib.blake2b(f"{account}|{session}|{number}".encode(), digest_size=15).digest()
    bits = int.from_bytes(digest, "big")
    return PREFIX + "".join([_PAIRS[bits >> shift & 1023] for shift in range(110, -1, -10)])
