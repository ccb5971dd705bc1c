"""Alarms: what is abnormal right now, each with what a person should do. Few, and gone with their cause.

A condition that ends disappears, seen or not; one that returns is a new one that nobody has seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from midas.agents.flattening import sellable
from midas.agents.guardian import UNKNOWN_PAUSE
from midas.agents.risk_manager import RiskManager
from midas.agents.stop_keeper import CHOSEN
from midas.agents.strategy_manager import StrategyManager
from midas.domain.breakers import EFFECTS, Component, Phase
from midas.domain.mode import Mode
from midas.domain.money import plain
from midas.domain.time import SECOND
from midas.engine.cost_log import CostLog
from midas.engine.exceeded import exceeded
from midas.engine.throttle import BY as THROTTLE
from midas.state.alerts import NAME
from midas.state.breaks import DIFFERS
from midas.state.control import BREAKER, JOURNAL, Gate
from midas.state.state import State
from midas.state.views.health import HealthView
from midas.state.views.log import AlarmView
from midas.state.views.risk import LimitView

BY_ITSELF = frozenset({"trigger", "overfill", "start"})  # who sets modes without being a person
PASSES_MIN = 2  # failed ones in a row, before a hiccup becomes an alarm
GRACE = 2 * SECOND  # before what a start or a hiccup explains becomes an alarm
CLOCK_MAX_MS = 250.0  # the venue refuses what is signed too far from its own time
LAG_MAX_MS = 250.0
LATCH = "latch"
SINGLE = (
    "feed", "user", "orders", "unknown", "account", "passes", "equity", "limits", "stops", "clock", "lag",
    "guard", "costs",
)  # fmt: skip
UNGUARDED = 60 * SECOND  # longer than a guard takes to be started, and started again after a death


def known(name: str, state: State, strategies: StrategyManager) -> bool:
    """Whether an alarm of this name can stand now, by what decisions may look at: the shell's own can."""
    kind, _, of = name.partition(":")
    return {
        LATCH: state.control.latched,
        "mode": state.control.mode is not Mode.NORMAL,
        "gate": of in state.control.gates,
        "strategy": of in strategies.enrolled,
        "book": of in state.markets,
        "unsold": of in state.markets,
        "store": of in ("journal", "tape"),
        "breaker": of in {component.value for component in Component},
        "stream": bool(of),
        "stop": tuple(of.split(" ")) in state.stops.troubles,
    }.get(kind, name in SINGLE)


class Condition(msgspec.Struct, frozen=True):
    """Something abnormal that holds now."""

    name: str
    severity: str  # warn, error
    text: str
    advice: str
    since_at: int = 0  # 0: since it was first noticed
    grace: int = 0  # it must have held so long


class Alarms:
    """Remembers since when each condition holds and which ones somebody has seen."""

    def __init__(
        self, state: State, strategies: StrategyManager, risk: RiskManager, guarded: bool = False,
        costs: CostLog | None = None,
    ) -> None:  # fmt: skip
        """`guarded`: a supervisor is to keep a guard beside this engine."""
        self._costs = costs
        self._guarded = guarded
        self._state = state
        self._strategies = strategies
        self._risk = risk
        self._since: dict[str, int] = {}
        self._seen: dict[str, int] = {}  # by name, the beginning of what was acknowledged
        self.views: tuple[AlarmView, ...] = ()

    def acknowledge(self, name: str) -> None:
        """Somebody has seen the alarm of this name, or (empty) all that hold."""
        for alarm in self.views:
            if name in ("", alarm.name):
                self._seen[alarm.name] = alarm.since_at

    def update(self, now: int, health: HealthView, limits: Iterable[LimitView]) -> tuple[AlarmView, ...]:
        """The alarms as of now, gravest first, among equals the newest; `limits` are the gauges."""
        standing = {c.name: c for c in (*self._conditions(health), *self._limits(limits))}
        self._since = {name: c.since_at or self._since.get(name, now) for name, c in standing.items()}
        self._seen = {name: at for name, at in self._seen.items() if self._since.get(name) == at}
        raised = [c for c in standing.values() if now - self._since[c.name] >= c.grace]
        raised.sort(key=lambda c: (c.name != LATCH, c.severity != "error", -self._since[c.name]))
        self.views = (
            *(
                AlarmView(c.name, c.severity, c.text, c.advice, self._since[c.name], c.name in self._seen)
                for c in raised
            ),
            *self._alerts(),
        )
        return self.views

    def _conditions(self, health: HealthView) -> Iterator[Condition]:
        yield from self._control()
        yield from self._breakers()
        yield from self._streams(health)
        yield from self._account(health)
        yield from self._equity()
        yield from self._unsold()
        yield from self._stops()
        yield from self._books()
        yield from self._machine(health)
        yield from self._guard(health)
        yield from self._spent()

    def _control(self) -> Iterator[Condition]:
        control = self._state.control
        if control.latched:
            why = f": {control.kill_reason}" if control.kill_reason else ""
            yield Condition(
                LATCH, "error", f"{control.level.upper()} latched by {control.kill_by}{why}",
                "K shows the report; R or `midas resume` releases it, in two steps", control.tripped_at,
            )  # fmt: skip
        elif control.mode is not Mode.NORMAL and control.by in BY_ITSELF:
            yield Condition(
                "mode", "warn", f"{control.mode.value} set by {control.by}: {control.cause}",
                f"ends when: {control.ends_when}", control.since,
            )  # fmt: skip
        for gate in control.gates.values():
            told = gate.scope in (JOURNAL, BREAKER) or (
                gate.scope == "venue" and self._silent()
            )  # by another alarm
            if not gate.by and not told:
                severity = "error" if gate.reason.startswith(DIFFERS) or gate.scope == "account" else "warn"
                text = f"no new risk {_where(gate.scope)}: {gate.reason}"
                yield Condition(f"gate:{gate.scope}", severity, text, _gate_advice(gate), gate.since)
            elif gate.by == THROTTLE:
                advice = f"look why, then `midas strategy {gate.scope} resume`; its exits are still managed"
                text = f"{gate.scope} is {gate.reason}"
                yield Condition(f"gate:{gate.scope}", "error", text, advice, gate.since)
        for name, enrolled in self._strategies.enrolled.items():
            if enrolled.failed:
                yield Condition(
                    f"strategy:{name}", "error", f"{name} is switched off: {enrolled.failed}",
                    "mend its file and restart; its exits are still managed",
                )  # fmt: skip

    def _breakers(self) -> Iterator[Condition]:
        for component, breaker in self._state.breakers.all.items():
            if not breaker.holds or component is Component.JOURNAL:  # the disk has an alarm of its own
                continue
            severity = "error" if breaker.phase is Phase.OPEN else "warn"
            yield Condition(
                f"breaker:{component.value}", severity,
                f"breaker {component.value} is {breaker.phase.value}: {breaker.reason}",
                f"{EFFECTS[component].value}; closes by itself once the {component.value} has proven itself",
                breaker.since,
            )  # fmt: skip

    def _streams(self, health: HealthView) -> Iterator[Condition]:
        state = self._state
        advice = "nothing new is opened; wait for the reconnect, or check network and venue"
        if not state.feed_up:
            yield Condition("feed", "error", "the market stream is down", advice, grace=GRACE)
        elif self._silent():
            yield Condition("feed", "error", state.control.gates["venue"].reason, advice)
        if not state.user_up:
            yield Condition(
                "user", "error", "the user stream is down: fills come late", advice, state.stream_doubt, GRACE
            )
        for stream in health.streams:
            if stream.connected and stream.age_ms > stream.stale_ms > 0.0 and state.feed_up:
                text = f"{stream.name} has been silent for {stream.age_ms / 1e3:.0f} s"
                yield Condition(
                    f"stream:{stream.name}", "warn", text,
                    "trust its pane less; the feed reconnects by itself", grace=GRACE,
                )  # fmt: skip

    def _silent(self) -> bool:
        gate = self._state.control.gates.get("venue")
        return gate is not None and gate.reason.startswith("no market data")

    def _account(self, health: HealthView) -> Iterator[Condition]:
        state = self._state
        if health.passes_failed >= PASSES_MIN:
            yield Condition(
                "passes", "error", f"the account can't be compared: {health.pass_trouble}",
                f"{health.passes_failed} passes failed, the next comes by itself; check network and venue",
            )  # fmt: skip
        doubts = state.orders.unknown
        if doubts:
            oldest = doubts[0]
            count = f"{len(doubts)} order{'s' if len(doubts) > 1 else ''}"
            names = ", ".join(o.intent.client_id[-4:] for o in doubts[:3])
            yield Condition(
                "orders", "error", f"{count} UNKNOWN ({names}): {oldest.unknown_cause}",
                "it is looked up until the venue has told; nothing new there meanwhile",
                oldest.unknown_since, GRACE,
            )  # fmt: skip
            age = state.now - oldest.unknown_since
            if age > UNKNOWN_PAUSE:
                yield Condition(
                    "unknown", "error", f"an order has been UNKNOWN for {age // SECOND} s: mode PAUSE",
                    "look for it on the venue's own page; `midas reconcile` shows what both sides say",
                    oldest.unknown_since + UNKNOWN_PAUSE,
                )  # fmt: skip
        if state.recovering:
            yield Condition(
                "account", "warn", "the account is being reconciled: nothing is traded yet",
                "wait; if it lasts, see what differs among the events", state.started_at, 5 * SECOND,
            )  # fmt: skip
        elif watched := [d.text for d in state.breaks.open() if not state.breaks.standing(d.name)]:
            yield Condition(
                "account", "warn", f"not reconciled: {'; '.join(watched)}",
                "the next pass looks again; twice the same closes its gate", grace=GRACE,
            )  # fmt: skip

    def _equity(self) -> Iterator[Condition]:
        """What has no price blinds every limit on losses."""
        state = self._state
        if state.recovering or not state.ledger.opened or state.equity() == state.equity():
            return
        held = (asset for asset in state.valuation.routes if state.ledger.balances.get(asset))
        lacking = [asset for asset in held if state.valuation.rate(asset) != state.valuation.rate(asset)]
        yield Condition(
            "equity", "error",
            f"equity isn't known, so no loss stops the desk: {', '.join(lacking)} has no price",
            "nothing new is opened; watch what is held yourself until its market speaks", grace=GRACE,
        )  # fmt: skip

    def _unsold(self) -> Iterator[Condition]:
        """What everything that closes would sell, and nobody bids for."""
        state = self._state
        if not state.control.permissions.flattens or state.control.guarded:
            return
        held = dict.fromkeys(s.instrument for s in state.sleeves() if sellable(state, s, s.quantity))
        for name in held:
            if state.markets[name].bid_lots:
                continue
            yield Condition(
                f"unsold:{name}", "error", f"{state.instruments[name].name} can't be closed: nobody bids",
                "it is sold as soon as somebody does; where you see a market elsewhere, sell it there",
                grace=GRACE,
            )  # fmt: skip

    def _limits(self, gauges: Iterable[LimitView]) -> Iterator[Condition]:
        """A limit was lowered below what is held, or prices have drifted past it."""
        if self._state.recovering or not self._state.ledger.opened:
            return
        told, done = exceeded(gauges, self._risk, self._state)
        if told:
            yield Condition("limits", "warn", f"limits exceeded: {told}", done, grace=GRACE)

    def _stops(self) -> Iterator[Condition]:
        troubles = self._state.stops.troubles
        if chosen := sum(trouble == CHOSEN for trouble in troubles.values()):
            count = f"{chosen} stop{'s are' if chosen > 1 else ' is'}"
            yield Condition(
                "stops", "warn", f"{count} held in memory by the operator's choice (resident = false)",
                "gone if the engine dies; with resident = true in [risk.stops] stops stand at the venue",
                grace=GRACE,
            )  # fmt: skip
        for (strategy, instrument), trouble in troubles.items():
            if trouble == CHOSEN:
                continue
            name = instrument.partition(".")[0]
            yield Condition(
                f"stop:{strategy} {instrument}", "warn",
                f"{strategy} {name} has no stop at the venue: {trouble}",
                "its stop is held in memory and is gone if the engine dies; close the position, or watch it",
                grace=GRACE,
            )  # fmt: skip

    def _books(self) -> Iterator[Condition]:
        if not self._state.feed_up:
            return
        for market in self._state.markets.values():
            if not market.book.valid:
                name = market.instrument.name
                yield Condition(
                    f"book:{market.instrument.id}", "warn", f"{name} book hidden: {market.book.reason}",
                    "a fresh one is fetched; book strategies wait", grace=GRACE,
                )  # fmt: skip

    def _machine(self, health: HealthView) -> Iterator[Condition]:
        for store, trouble in health.troubles.items():
            yield Condition(
                f"store:{store}", "error", f"the {store} fails: {trouble}",
                "free space or mend the disk: no order is sent until it is written, what rests is withdrawn",
            )  # fmt: skip
        if abs(health.clock_offset_ms) > CLOCK_MAX_MS:
            yield Condition(
                "clock", "warn", f"the clock is {health.clock_offset_ms:+.0f} ms off the venue's",
                "synchronise this machine's clock (NTP)", grace=GRACE,
            )  # fmt: skip
        if health.loop_p99_ms > LAG_MAX_MS:
            longest = next((h.max_ms for h in health.histograms if h.name == "loop"), health.loop_p99_ms)
            yield Condition(
                "lag", "warn", f"the engine's loop was held up for {longest / 1e3:.1f} s in the last minute",
                "the machine was busy, or the process was stopped; if it returns, see what else runs here",
                grace=GRACE,
            )  # fmt: skip

    def _guard(self, health: HealthView) -> Iterator[Condition]:
        """A supervisor starts a guard; an engine that was started by hand has none, and knows."""
        names = {process.name for process in health.processes}
        if self._guarded and "supervisor" in names and "guard" not in names:
            yield Condition(
                "guard", "warn", "no guard runs: nobody acts where this engine hangs",
                "it is started again, ever more seldom; guard.log in the home says why it ends",
                grace=UNGUARDED,
            )  # fmt: skip

    def _spent(self) -> Iterator[Condition]:
        if self._costs is not None and self._costs.watch.alert:
            yield Condition(
                "costs", "warn",
                f"orders cost {self._costs.watch.middle:.1f} times what is expected (median of the last 20)",
                "trade smaller or more patiently, look at spread and latency; it ends with cheaper orders",
            )  # fmt: skip

    def _alerts(self) -> Iterator[AlarmView]:
        state = self._state
        for alert in reversed(state.alerts.all):
            if alert.fired_at:
                name = alert.instrument.partition(".")[0]
                text = f"{name} {'rose' if alert.above else 'fell'} to {plain(alert.price)}"
                yield AlarmView(
                    f"{NAME}{alert.id}", "warn", text, f"set by {alert.set_by}: drop it once dealt with",
                    alert.fired_at, alert.acknowledged,
                )  # fmt: skip


def _where(scope: str) -> str:
    """A gate's scope in words: the whole venue or account, or else one instrument or strategy."""
    return {"venue": "anywhere on the venue", "account": "on this account"}.get(
        scope, f"in {scope.partition('.')[0]}"
    )


def _gate_advice(gate: Gate) -> str:
    if gate.reason.startswith(DIFFERS):
        return "opens with an equal pass; or `midas reconcile accept NAME` takes it as the venue has it"
    return "opens by itself once the cause is gone; exits go on"
