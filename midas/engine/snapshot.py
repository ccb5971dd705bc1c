"""Painting the `Snapshot`: the state as it is, plus the recent audits as lines. Never part of a decision."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import msgspec

from midas.agents.covers import naked
from midas.agents.flattening import sellable as closable
from midas.domain.command import Acknowledge
from midas.domain.decision import FillBooked, ModeChanged, TargetRefused
from midas.domain.event import CommandGiven, Event
from midas.domain.mode import Mode
from midas.domain.money import floor_to
from midas.domain.regulation import RegulationRules
from midas.domain.time import SECOND
from midas.engine.alarms import Alarms
from midas.engine.audit import Audit
from midas.engine.calibration import CalibrationPainter
from midas.engine.candles import SLOW, CandlePainter
from midas.engine.closing import gone
from midas.engine.controls import controls
from midas.engine.correlations import CorrelationPainter
from midas.engine.cost_log import CostLog
from midas.engine.depth import DepthPainter
from midas.engine.engine import Engine
from midas.engine.exposure_tree import exposure_tree
from midas.engine.kill_preview import choices
from midas.engine.kill_report import KillReport
from midas.engine.kpis import KpiLog
from midas.engine.lines import lines
from midas.engine.order_log import OrderLog
from midas.engine.reconciliation import reconciliation
from midas.engine.results import Results
from midas.engine.scoped_kill import reopening
from midas.engine.standing import breakers, exposures, regulation, stops, triggers
from midas.engine.tail_view import TailPainter
from midas.engine.tape import TapePainter
from midas.engine.voices import RegimeLog, SignalLog
from midas.risk.budget_gauges import budget_gauges
from midas.risk.gauges import further_gauges, gauges, next_to_bind, switched_off
from midas.risk.open_risk import open_risk
from midas.risk.room import buyable, sellable
from midas.state.control import Gate
from midas.state.ledger import Sleeve
from midas.state.market import InstrumentMarket
from midas.state.snapshot import Snapshot
from midas.state.views.account import AccountView, BalanceView, CountsView
from midas.state.views.health import HealthView
from midas.state.views.log import AlertView, EventView
from midas.state.views.market import BookView, InstrumentView, MarkView
from midas.state.views.mode import GateView, KillChoiceView, KillView, ModeChangeView, ModeView
from midas.state.views.orders import PositionView
from midas.state.views.risk import LimitView, RegulationView
from midas.state.views.signals import StrategyView
from midas.statistics.kpis import Goals

EVENTS_SHOWN = 200
MARKS_SHOWN = 100
MODES_SHOWN = 50
CURVE_SAMPLES = 300  # of equity, one a second
CHOICES_EVERY = SECOND // 2
NAN = float("nan")


class Assembly(msgspec.Struct, frozen=True):
    """What the snapshot says about how this engine was put together."""

    venue: str
    version: str
    profile: str
    speed: float
    period: int
    market: str = ""  # of an embedded exchange
    guarded: bool = False  # a supervisor is to keep a guard beside it
    goals: Goals = Goals()  # of the key figures
    regulation: RegulationRules = RegulationRules()


class Painter:
    """Keeps the last lines of what was decided and draws the whole on demand."""

    def __init__(self, engine: Engine, assembly: Assembly) -> None:
        self._engine = engine
        self._assembly = assembly
        self._events: deque[EventView] = deque(maxlen=EVENTS_SHOWN)
        self._lines: tuple[EventView, ...] | None = ()  # None: to be made again from the above
        self._tapes = {name: TapePainter(m) for name, m in engine.state.markets.items()}
        self._signals, self._regimes = SignalLog(), RegimeLog()
        self._depth, self._candles = DepthPainter(), CandlePainter()
        self._orders = OrderLog(engine.state)
        self._kill_report = KillReport(engine.state, engine.orchestrator.strategies)
        self._results = Results()
        self._calibration = CalibrationPainter(engine.state, engine.orchestrator.strategies)
        self._correlations = CorrelationPainter(engine.state, engine.orchestrator.risk)
        self._costs = CostLog(engine.state, engine.costs)
        self._alarms = Alarms(
            engine.state, engine.orchestrator.strategies, engine.orchestrator.risk, assembly.guarded,
            self._costs,
        )  # fmt: skip
        self._kpis = KpiLog(engine.state, assembly.goals)
        self._tail = TailPainter(engine.tail, engine.state)
        self._modes: tuple[ModeChangeView, ...] = ()
        self._curve: tuple[float, ...] = ()
        self._choices: tuple[KillChoiceView, ...] = ()
        self._choices_at = 0
        self._choices_of: object = None  # the orders and holdings that they were made for
        self._marks: dict[str, tuple[MarkView, ...]] = {}
        self._orders_made = self._fills = self._refusals = self._anomalies = 0
        self._fills_by: dict[str, int] = {}

    @property
    def acks(self) -> deque[int]:
        """How long the last orders waited for their answer, nanoseconds; whoever reads takes them."""
        return self._orders.acks

    def observe(self, event: Event, audit: Audit) -> None:
        """Keep what a person will want to see of this step."""
        self._orders.observe(event, audit)
        self._kill_report.observe(event, audit)
        self._results.observe(event)
        self._kpis.observe(event, audit)
        self._costs.observe(audit)
        if isinstance(event, CommandGiven) and isinstance(event.command, Acknowledge):
            self._alarms.acknowledge(event.command.name)
        self._signals.observe(audit)
        self._regimes.observe(audit)
        for decision in audit.decisions:
            kind = type(decision)
            if kind is FillBooked:
                self._fill(decision)  # type: ignore[arg-type]
            elif kind is ModeChanged:
                self._mode_changed(decision, audit.at)  # type: ignore[arg-type]
            elif kind is TargetRefused:
                self._refusals += 1
            line = lines(decision, self._engine.state)
            if line is not None:
                line_kind, severity, text = line
                self._anomalies += line_kind == "ANOMALY"
                self._orders_made += kind.__name__ == "OrderPlanned"
                self._lines = None
                self._events.appendleft(EventView(audit.sequence, audit.at, line_kind, severity, text))

    def tick(self, now: int, health: HealthView) -> None:
        """Once a second, whether anybody looks or not: what has to be sampled to be true."""
        state = self._engine.state
        if state.ledger.opened and (equity := state.equity()) == equity:
            self._curve = (*self._curve, equity)[-CURVE_SAMPLES:]
        self._kill_report.tick(now)
        self._tail.paint()
        self._alarms.update(now, health, self._limits())
        self._kpis.look(now)

    def counts(self) -> CountsView:
        """Totals of the session."""
        state = self._engine.state
        spans = [m.time - m.first_time for m in state.markets.values() if m.first_time]
        bars = sum(m.bars_seen - m.synthetic_bars for m in state.markets.values())
        return CountsView(
            state.market_events, max(spans, default=0) / 1e9, bars, self._signals.made, self._orders_made,
            self._fills, self._refusals, self._anomalies, dict(self._fills_by),
        )  # fmt: skip

    def snapshot(self, now: int, health: HealthView) -> Snapshot:
        """The whole picture as of `now` (wall time)."""
        engine, state, assembly = self._engine, self._engine.state, self._assembly
        rules, risk = engine.guardian.rules, engine.orchestrator.risk
        memory, bare = naked(state)
        self._tail.paint()
        rows = self._limits()
        return Snapshot(
            sequence=engine.sequence,
            built_at=now,
            session=state.session,
            environment=state.environment,
            venue=assembly.venue,
            account=state.account,
            version=assembly.version,
            profile=engine.orchestrator.risk.limits.profile,
            speed=assembly.speed,
            recovering=state.recovering,
            mode=self._mode(),
            kill=self._kill(now),
            gates=tuple(self._gate(gate) for gate in state.control.gates.values()),
            instruments=self._instruments(now),
            signals=self._signals.views,
            limits=rows,
            next_to_bind=next_to_bind(rows),
            positions=tuple(self._positions()),
            orders=tuple(self._orders.open()),
            breakers=breakers(state, engine.breakers.rules),
            calibration=self._calibration.panel(),
            tree=exposure_tree(state, risk.limits),
            correlations=self._correlations.paint(now),
            controls=controls(state, risk.limits),
            foreign=tuple(self._orders.foreign()),
            events=self._written(),
            strategies=tuple(self._strategies()),
            money=self._money(),
            health=health,
            counts=self.counts(),
            closed=self._orders.closed,
            fills=self._orders.fills,
            alerts=tuple(self._alerts()),
            alarms=self._alarms.update(now, health, rows),
            modes=self._modes,
            exposures=exposures(state, engine.orchestrator.risk.limits),
            triggers=triggers(state, rules),
            market=assembly.market,
            limits_off=switched_off(engine.orchestrator.risk.limits),
            reconciliation=reconciliation(state, engine.passes, assembly.venue),
            stops=stops(state),
            naked_memory=memory,
            naked_bare=bare,
            open_risk=open_risk(state),
            kpis=self._kpis.view,
            costs=self._costs.view,
            tail=self._tail.tail,
            stress=self._tail.stress,
            regulation=self._regulated(),
        )

    def _limits(self) -> tuple[LimitView, ...]:
        state, risk = self._engine.state, self._engine.orchestrator.risk
        return (
            *gauges(state, risk.limits, risk.correlations),
            *further_gauges(self._tail.tail, self._regulated(), state.equity()),
            *budget_gauges(state, self._engine.guardian.rules),
        )

    def _regulated(self) -> RegulationView:
        assets = self._engine.orchestrator.risk.limits.assets
        return regulation(self._engine.state, self._assembly.regulation, assets)

    def _fill(self, fill: FillBooked) -> None:
        self._fills += 1
        self._fills_by[fill.strategy] = self._fills_by.get(fill.strategy, 0) + 1
        price, quantity = float(fill.price), float(fill.quantity)
        mark = MarkView(fill.market_time, price, quantity, fill.side.value, fill.purpose.value, fill.strategy)
        self._marks[fill.instrument] = (*self._marks.get(fill.instrument, ()), mark)[-MARKS_SHOWN:]

    def _mode(self) -> ModeView:
        control = self._engine.state.control
        row = control.table[Mode.DEFENSIVE]
        return ModeView(
            control.mode.value, control.by, control.cause, control.since, control.ends_when, row.exposure,
            row.confidence_min, self._engine.guardian.earliest(self._engine.state),
        )  # fmt: skip

    def _written(self) -> tuple[EventView, ...]:
        if self._lines is None:
            self._lines = tuple(self._events)
        return self._lines

    def _mode_changed(self, change: ModeChanged, at: int) -> None:
        view = ModeChangeView(at, change.before, change.after, change.by, change.cause)
        self._modes = (view, *self._modes)[:MODES_SHOWN]

    def _gate(self, gate: Gate) -> GateView:
        return GateView(gate.scope, gate.reason, gate.since, reopening(self._engine.state, gate))

    def _kill(self, now: int) -> KillView:
        state, report = self._engine.state, self._kill_report
        control = state.control
        standing = tuple(state.orders.open), tuple(s.quantity for s in state.sleeves())
        if standing != self._choices_of or now - self._choices_at >= CHOICES_EVERY:
            self._choices_at, self._choices_of = now, standing
            self._choices = choices(state, self._orders.taker_rate)
        return KillView(
            control.latched, control.level, control.kill_by, control.kill_reason, control.tripped_at,
            report.lines, report.unacked, report.residual(), self._choices,
            sum(o.increases_risk for o in state.orders.open.values()),
        )  # fmt: skip

    def _alerts(self) -> Iterator[AlertView]:
        state = self._engine.state
        for alert in state.alerts.all:
            market = state.markets.get(alert.instrument)
            last, price = market.last_price if market is not None else NAN, float(alert.price)
            yield AlertView(
                alert.id, alert.instrument, price, alert.above, alert.set_by, alert.set_at, alert.fired_at,
                alert.acknowledged, last, price / last - 1.0 if last > 0.0 else NAN,
            )  # fmt: skip

    def _instruments(self, now: int) -> tuple[InstrumentView, ...]:
        risk = self._engine.orchestrator.risk
        room = buyable(self._engine.state, risk.limits, risk.correlations)
        markets = self._engine.state.markets.items()
        return tuple(self._instrument(market, room[name], now) for name, market in markets)

    def _instrument(self, market: InstrumentMarket, room: tuple[float, ...], now: int) -> InstrumentView:
        instrument = market.instrument
        state, strategies = self._engine.state, self._engine.orchestrator.strategies
        bars, slow = self._candles.bars(market, self._assembly.period)
        change = market.last_price / market.first_price - 1.0 if market.first_price > 0 else NAN
        return InstrumentView(
            id=instrument.id,
            name=instrument.name,
            base=instrument.base,
            quote=instrument.quote,
            tick_size=instrument.tick,
            price_decimals=instrument.price_decimals,
            quantity_decimals=instrument.quantity_decimals,
            bid=market.bid_price,
            ask=market.ask_price,
            last=market.last_price,
            last_side="SELL" if market.last_sold else "BUY",
            change=change,
            market_time=market.time,
            updated_at=market.at,
            book=self._book(market, now),
            tape=self._tapes[instrument.id].prints(),
            bars=bars,
            bar_period=self._assembly.period,
            slow_bars=slow,
            slow_factor=SLOW,
            marks=self._marks.get(instrument.id, ()),
            regime=self._regimes.view(market, state, strategies),
            lot_size=instrument.lot,
            buyable=room,
            held_average=self._average(instrument.id),
        )

    def _book(self, market: InstrumentMarket, now: int) -> BookView:
        state, name = self._engine.state, market.instrument.id
        holding = sum(self._whole(sleeve) for sleeve in self._held(name))
        return self._depth.book(market, state.orders.of_instrument(name), holding, now)

    def _held(self, instrument: str) -> list[Sleeve]:
        """Sleeves that hold more than dust."""
        state = self._engine.state
        held = (s for s in state.ledger.sleeves.values() if s.instrument == instrument and s.quantity)
        return [sleeve for sleeve in held if closable(state, sleeve, abs(sleeve.quantity))]

    def _average(self, instrument: str) -> float:
        held = self._held(instrument)
        quantity = sum(sleeve.quantity for sleeve in held)
        return float(sum(sleeve.cost for sleeve in held) / quantity) if quantity else NAN

    def _positions(self) -> Iterator[PositionView]:
        state = self._engine.state
        for sleeve in state.sleeves():
            if not sleeve.fills:
                continue
            mark = state.markets[sleeve.instrument].mark
            quantity, cost = float(sleeve.quantity), float(sleeve.cost)
            unrealised = quantity * mark - cost if quantity else 0.0
            dust = bool(quantity) and not closable(state, sleeve, abs(sleeve.quantity))
            result = self._results.of([sleeve])
            yield PositionView(
                sleeve.instrument, sleeve.strategy, quantity, float(sleeve.average_price), mark,
                quantity * mark,
                unrealised, unrealised / cost if cost else 0.0, result.realised, result.fees,
                sleeve.opened_at if quantity and not dust else 0,
                dust=dust,
                sellable=sellable(state, sleeve.strategy, sleeve.instrument),
                whole=self._whole(sleeve),
                realised_ever=result.ever,
                gone=float(gone(state, sleeve)) if dust else 0.0,
            )  # fmt: skip

    def _whole(self, sleeve: Sleeve) -> float:
        lot = self._engine.state.instruments[sleeve.instrument].lot_size
        lots = float(floor_to(abs(sleeve.quantity), lot))
        return -lots if sleeve.quantity < 0 else lots

    def _strategies(self) -> Iterator[StrategyView]:
        state, manager = self._engine.state, self._engine.orchestrator.strategies
        for name, enrolled in manager.enrolled.items():
            condition, detail = self._condition(name, enrolled.failed)
            result = self._results.of(s for s in state.ledger.sleeves.values() if s.strategy == name)
            yield StrategyView(
                name, condition, detail, result.fills, result.realised, self._signals.spoke_at.get(name, 0),
                state.control.paused(name) is not None,
            )  # fmt: skip

    def _condition(self, name: str, failed: str) -> tuple[str, str]:
        control = self._engine.state.control
        if failed:
            return "failed", failed
        if control.latched or not control.permissions.entries:
            return "frozen", control.cause
        if gate := control.paused(name):
            return "paused", gate.reason
        if self._engine.state.recovering:
            return "warming", "the account is being reconciled"
        spoken = [s for (who, _), s in self._engine.orchestrator.strategies.spoken.items() if who == name]
        if spoken and all(s.outcome == "muted" for s in spoken):
            return "muted", "the regime mutes it"
        return "running", ""

    def _money(self) -> AccountView:
        state = self._engine.state
        equity = state.equity()
        opening, day = state.opening_equity or NAN, state.budgets.day.equity or NAN
        balances = tuple(
            BalanceView(a, float(v), float(v) * (1.0 if a == state.quote else self._price(a)))
            for a, v in sorted(state.ledger.balances.items())
        )
        result = self._results.of(state.ledger.sleeves.values())
        detail = "; ".join(state.differences) if state.differences else "orders, balances and trades equal"
        return AccountView(
            state.quote, equity, opening, state.cash, equity - opening, equity / opening - 1.0, equity - day,
            state.drawdown, self._engine.guardian.rules.drawdown_stop,
            result.fees, balances, state.reconciled,
            state.reconciled_at, detail, self._curve, result.realised, result.ever,
        )  # fmt: skip

    def _price(self, asset: str) -> float:
        state = self._engine.state
        return next((m.mark for m in state.markets.values() if m.instrument.base == asset), NAN)
