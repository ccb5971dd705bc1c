"""The stop keeper: one stop for each open position, at the venue where that is possible, else in memory.

It only ever sells what no other order has set aside, and takes a stop away before anything else sells the
same: so nothing is sold twice, whatever the venue answers and however late. Every other exit goes first; the
stop makes room for it and comes back for what is left.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

import msgspec

from midas.agents.covers import resident
from midas.agents.execution_agent import ExecutionAgent, Step, Withdrawal
from midas.agents.flattening import sellable
from midas.agents.risk_manager import reduced
from midas.domain.decision import Noted, PositionChecked, StopMoved
from midas.domain.market import Trade
from midas.domain.money import ZERO, floor_to, from_float, plain
from midas.domain.opinion import Urgency
from midas.domain.order import OrderType, Phase, Purpose, Side, TimeInForce
from midas.domain.stops import StopBook, StopKept, StopRules
from midas.domain.time import MINUTE, SECOND
from midas.execution import stops
from midas.execution.worker import Plan
from midas.state.ledger import Sleeve
from midas.state.market import InstrumentMarket
from midas.state.order import Order
from midas.state.state import BY_HAND, EXTERNAL, State

AGAIN = SECOND  # after one that was refused or never sent; twice as long after each further refusal
AGAIN_DOUBLINGS = 6
THERE = "trigger immediately"  # how a venue says that the stop's price has come already
KILLED = "the kill in force lets none of our orders stand"
AWAY = "it isn't there yet, and is placed as soon as it can be"
CHOSEN = "it is held in memory by the operator's choice ([risk.stops] resident = false)"
FINE = Decimal("1e-12")  # finer than any tick
StopStep = Step | StopMoved | PositionChecked
Key = tuple[str, str]


class Live(msgspec.Struct):
    """What is known of one stop beyond its level; a restart may forget it."""

    best: float
    moved_at: int = 0  # wall time, as all but the last
    placed_at: int = 0
    refusals: int = 0
    reached_at: int = 0  # 0: not
    checked_at: int = 0  # market time


class StopKeeper:
    """Asked once a second, at each bar, and after whatever may have changed a position or a stop."""

    def __init__(
        self, book: StopBook, execution: ExecutionAgent, atr: Mapping[str, float], taker: float
    ) -> None:
        """`atr`: the newest by instrument; `taker`: the fee of one way out, as a fraction."""
        self.book = book
        self._execution = execution
        self._atr = atr
        self._taker = taker
        self._live: dict[Key, Live] = {}
        self._nearest: dict[str, Decimal] = {}  # instrument -> its highest stop
        self._highs: dict[str, float] = {}  # instrument -> highest print since it was last looked at

    def on_trade(self, trade: Trade, market: InstrumentMarket) -> bool:
        """Whether this print has reached a stop of its instrument."""
        nearest = self._nearest.get(trade.instrument)
        if nearest is None:
            return False
        price = trade.price * market.tick
        if price > self._highs.get(trade.instrument, 0.0):
            self._highs[trade.instrument] = price
        return price <= nearest

    def refused(self, order: Order, reason: str, state: State) -> None:
        """The venue takes no such stop: it is held in memory, and tried again ever more seldom."""
        key = order.intent.strategy, order.intent.instrument
        live = self._live.get(key)
        if live is None:
            return
        if THERE in reason:
            live.reached_at = live.reached_at or 1  # long ago: nothing at the venue waits for it any more
            return
        live.refusals += 1
        state.stops.troubles[key] = f"the venue refused it: {reason}"

    def concerned(self, state: State) -> bool:
        """Whether anything has a stop, or could get one."""
        return self.book.enabled or bool(state.stops.kept)

    def look(self, state: State, sequence: int, instrument: str = "") -> Iterator[StopStep]:
        """What every stop (of one instrument) needs now."""
        control = state.control
        if not self.concerned(state) or state.recovering or control.guarded:
            return
        for sleeve in list(state.sleeves()):
            if instrument in ("", sleeve.instrument) and self._concerns(state, sleeve):
                yield from self._sleeve(state, sequence, sleeve)
                self._name_naked(state, sleeve)
        self._remember(state, instrument)

    def _concerns(self, state: State, sleeve: Sleeve) -> bool:
        key = sleeve.strategy, sleeve.instrument
        if sleeve.strategy == EXTERNAL:
            return False
        return sleeve.quantity > ZERO or key in state.stops.kept or bool(_standing(state, sleeve))

    def _name_naked(self, state: State, sleeve: Sleeve) -> None:
        """Whatever keeps its stop away: a position that no order is there to close is told."""
        key = sleeve.strategy, sleeve.instrument
        kept, working = state.stops.kept.get(key), state.orders.working(*key)
        if kept is None or not kept.level or any(o.intent.side is Side.SELL for o in working):
            return
        closes = self._execution.closes(*key) and sleeve.instrument not in state.stale
        if not (closes or self._execution.leaving(state, *key)):
            resident = self._rules(sleeve.strategy).resident
            state.stops.troubles.setdefault(key, AWAY if resident else CHOSEN)

    def _remember(self, state: State, instrument: str) -> None:
        self._nearest.clear()
        for seen in (instrument,) if instrument else state.instruments:
            self._highs.pop(seen, None)
        for kept in state.stops.kept.values():
            if kept.level > self._nearest.get(kept.instrument, ZERO):
                self._nearest[kept.instrument] = kept.level

    def _sleeve(self, state: State, sequence: int, sleeve: Sleeve) -> Iterator[StopStep]:
        key = sleeve.strategy, sleeve.instrument
        rules, standing = self._rules(sleeve.strategy), _standing(state, sleeve)
        if not rules.enabled or not sellable(state, sleeve, sleeve.quantity):
            yield from self._end(state, sleeve, standing, rules)
            return
        market, control = state.markets[sleeve.instrument], state.control
        if not market.bid_lots or not market.mark > 0.0:
            return
        kept = state.stops.kept.get(key)
        live = self._live.get(key)
        if live is None or kept is None or kept.opened_at != sleeve.opened_at:
            begun = kept if kept is not None and kept.opened_at == sleeve.opened_at else None
            live = self._live[key] = Live(begun.best if begun is not None else market.mark)
            state.stops.troubles.pop(key, None)
        else:
            live.best = max(live.best, market.mark, self._highs.get(sleeve.instrument, 0.0))
        moved = self._moved(state, sleeve, live, rules)
        if moved is not None:
            state.move_stop(moved)
            yield moved
        kept = state.stops.kept[key]
        yield from self._check(state, sleeve, kept, live)
        barred = control.withdraws_exits or control.holds_back(*state.scopes(*key)) is not None
        if barred:
            state.stops.troubles[key] = KILLED
        elif state.stops.troubles.get(key) == KILLED:
            del state.stops.troubles[key]
        if barred or control.permissions.flattens or self._execution.closes(*key):
            return
        if reason := self._due(state, sleeve, kept, live, rules, standing):
            yield from self._fire(state, sleeve, reason)
            return
        yield from self._place(state, sequence, sleeve, kept, live, standing)

    def _rules(self, strategy: str) -> StopRules:
        rules = self.book.of(strategy)
        if strategy in BY_HAND and not rules.by_hand:
            return msgspec.structs.replace(rules, enabled=False)
        return rules

    def _end(
        self, state: State, sleeve: Sleeve, standing: list[Order], rules: StopRules
    ) -> Iterator[StopStep]:
        """Nothing is left that a stop could sell, or none is wanted."""
        useless = not rules.enabled or not sleeve.quantity
        if standing and useless:
            yield from (Withdrawal(o, "there is no position") for o in standing if _settled(o))
        key = sleeve.strategy, sleeve.instrument
        if key in state.stops.kept and not standing:
            self._live.pop(key, None)
            ended = StopMoved(*key, None, "the position is gone" if rules.enabled else "stops are off")
            state.move_stop(ended)
            yield ended

    # where it belongs

    def _moved(self, state: State, sleeve: Sleeve, live: Live, rules: StopRules) -> StopMoved | None:
        """The stop as it should be from now on, where that is another one."""
        key = sleeve.strategy, sleeve.instrument
        old, market = state.stops.kept.get(key), state.markets[sleeve.instrument]
        tick = market.instrument.tick_size
        if old is None or old.opened_at != sleeve.opened_at:
            old = None
            base = self._first(sleeve, live, rules, market)
        elif abs(old.entry - sleeve.average_price) >= tick:
            entry = sleeve.average_price
            base = msgspec.structs.replace(old, entry=entry, risk=rules.distance(float(entry), old.atr))
        elif old.risk <= 0.0 < rules.atr and (atr := self._known_atr(sleeve.instrument)):
            base = msgspec.structs.replace(old, atr=atr, risk=rules.distance(float(old.entry), atr))
        else:
            base = old
        course = stops.Course(
            entry=float(base.entry), risk=base.risk, best=live.best,
            atr=self._known_atr(sleeve.instrument), taker=self._taker,
        )  # fmt: skip
        found = stops.wanted(rules, course)
        to = stops.rounded(found.price, tick) if found.price > 0.0 else ZERO
        if old is not None and old.level:
            to = stops.raised(old.level, to, _lowest(market), tick)
        gained = rules.time > 0 and live.best > course.entry * (1.0 + rules.time_gain)
        base = msgspec.structs.replace(base, gained=base.gained or gained)
        rises = stops.worth_moving(base.level, to, rules)
        rested = not base.level or abs(state.now - live.moved_at) >= rules.pace
        if rises and rested:
            live.moved_at = state.now
            base = msgspec.structs.replace(base, level=to, kind=found.kind, best=live.best)
        if base == old:
            return None
        return StopMoved(*key, base, _why(old, base))

    def _first(self, sleeve: Sleeve, live: Live, rules: StopRules, market: InstrumentMarket) -> StopKept:
        atr, entry = self._known_atr(sleeve.instrument), sleeve.average_price
        live.best = max(live.best, float(entry))
        return StopKept(
            strategy=sleeve.strategy, instrument=sleeve.instrument, opened_at=sleeve.opened_at,
            since=market.time, entry=entry, risk=rules.distance(float(entry), atr), atr=atr, best=live.best,
        )  # fmt: skip

    def _known_atr(self, instrument: str) -> float:
        atr = self._atr.get(instrument, 0.0)
        return atr if atr > 0.0 else 0.0

    # once a minute

    def _check(self, state: State, sleeve: Sleeve, kept: StopKept, live: Live) -> Iterator[PositionChecked]:
        market = state.markets[sleeve.instrument]
        if market.time < live.checked_at + MINUTE:
            return
        live.checked_at = market.time
        there, level, mark = resident(state, *kept.key), kept.level, market.mark
        distance = 1.0 - float(level) / mark if level else 0.0
        usual = "held in memory" if level else "no stop"
        trouble = "" if there else state.stops.troubles.get(kept.key, usual)
        yield PositionChecked(*kept.key, sleeve.quantity, mark, level, distance, there, trouble)

    # when it is due

    def _due(
        self, state: State, sleeve: Sleeve, kept: StopKept, live: Live, rules: StopRules,
        standing: list[Order],
    ) -> str:  # fmt: skip
        """Why the position has to be sold by us, now; empty while it hasn't."""
        market, key = state.markets[sleeve.instrument], kept.key
        if sleeve.instrument in state.stale or state.closing:
            return ""  # nothing is decided on what was true a while ago
        if stops.late(rules, kept.gained, kept.since, market.time):
            return f"no gain of {rules.time_gain:.2%} in {rules.time // MINUTE} min"
        woken = any(o.phase is Phase.WORKING and not o.untriggered and _settled(o) for o in standing)
        there = stops.reached(kept.level, _printed(market, kept.since), market.mark)
        if not (there or woken or live.reached_at == 1):
            live.reached_at = 0
            return ""
        live.reached_at = live.reached_at or state.now
        # A stop at the venue goes first, and is nearer to the market than we are.
        covered = resident(state, *key) >= floor_to(sleeve.quantity, market.instrument.lot_size)
        if covered and abs(state.now - live.reached_at) < rules.chase:
            return ""
        after = f", not filled at the venue for {rules.chase / SECOND:g} s" if covered else ""
        return f"{kept.kind} stop at {plain(kept.level)}{after}"

    def _fire(self, state: State, sleeve: Sleeve, reason: str) -> Iterator[StopStep]:
        """Sold at the touch by the execution agent, which withdraws first whatever stands in the sleeve."""
        name = state.instruments[sleeve.instrument].name
        yield Noted("STOP", "warn", f"{sleeve.strategy} {name} is sold: {reason}")
        self._execution.stop(reduced(sleeve, ZERO, reason, state, Urgency.AGGRESSIVE), state.now)

    # at the venue

    def _place(
        self, state: State, sequence: int, sleeve: Sleeve, kept: StopKept, live: Live, standing: list[Order]
    ) -> Iterator[StopStep]:
        rules = self._rules(sleeve.strategy)
        wanted = self._room(state, sleeve, standing) if rules.resident and kept.level else ZERO
        for extra in standing[1:]:
            if _settled(extra):
                yield Withdrawal(extra, "one stop is enough")
        if standing:
            reason = _misplaced(standing[0], kept, wanted, live, state, rules)
            if _settled(standing[0]) and reason:
                yield Withdrawal(standing[0], reason)
            elif standing[0].phase is Phase.WORKING:
                live.refusals = 0
                state.stops.troubles.pop(kept.key, None)
            return
        if not wanted or not kept.level:
            return
        pair, market = state.instruments[sleeve.instrument], state.markets[sleeve.instrument]
        limit = stops.limit(kept.level, rules, pair.tick_size)
        if wanted < pair.quantity_least or wanted * limit < pair.notional_min:
            state.stops.troubles[kept.key] = "too small for a stop at the venue"
            return
        wait = AGAIN << min(live.refusals, AGAIN_DOUBLINGS)
        there = stops.reached(kept.level, market.last_price, market.mark)
        if abs(state.now - live.placed_at) < wait or there:
            return
        live.placed_at = state.now
        plan = Plan(Side.SELL, OrderType.STOP_LOSS_LIMIT, TimeInForce.GTC, wanted, limit, kept.level)
        reason = f"{kept.kind} stop at {plain(kept.level)}"
        yield self._execution.intent(state, sequence, kept.key, plan, Purpose.STOP, reason)

    def _room(self, state: State, sleeve: Sleeve, standing: list[Order]) -> Decimal:
        """Whole lots that a stop may sell: held, offered by no other order and not about to be."""
        pair = state.instruments[sleeve.instrument]
        mine = sum((o.reserved for o in standing), ZERO)
        others = sum((o.reserved for o in state.orders.exits(sleeve.strategy, pair.id)), ZERO)
        free = sleeve.quantity - others - self._execution.leaving(state, sleeve.strategy, pair.id)
        total = state.ledger.balances.get(pair.base, ZERO)
        there = total - state.orders.leaves(pair.id, Side.SELL) + mine
        return floor_to(max(ZERO, min(free, there, pair.quantity_max)), pair.lot_size)


def _standing(state: State, sleeve: Sleeve) -> list[Order]:
    return [o for o in state.orders.working(sleeve.strategy, sleeve.instrument) if o.protects]


def _settled(order: Order) -> bool:
    """At the venue, nothing about it in doubt and nothing asked of it."""
    return order.phase is Phase.WORKING and not order.unknown and not order.pending


def _misplaced(
    order: Order, kept: StopKept, wanted: Decimal, live: Live, state: State, rules: StopRules
) -> str:
    """Why a standing stop has to give way to another one; empty where it doesn't."""
    if not order.untriggered:
        return ""  # it is selling
    if not rules.resident:
        return "stops are held in memory"
    if order.leaves > wanted:
        return "it would sell more than is left for it"
    if order.intent.stop_price != kept.level:
        return f"the stop is at {plain(kept.level)} now"
    rested = abs(state.now - live.placed_at) >= rules.pace
    return "the position is larger" if order.leaves < wanted and rested else ""


def _printed(market: InstrumentMarket, since: int) -> float:
    """The newest print, where it is younger than the position's stop; NaN: what came before sells nothing."""
    return market.last_price if market.prints and market.prints[-1].time > since else float("nan")


def _lowest(market: InstrumentMarket) -> Decimal:
    """The lowest of the prices that a stop is compared with."""
    known = [p for p in (market.bid_price, market.last_price) if p > 0.0]
    return from_float(min(known), FINE)


def _why(old: StopKept | None, new: StopKept) -> str:
    if old is None:
        return f"{new.kind} stop at {plain(new.level)}" if new.level else "no stop yet"
    if new.level != old.level:
        return f"{new.kind}: {plain(old.level)} -> {plain(new.level)}"
    return "the entry changed" if new.entry != old.entry else "its gain has come"
