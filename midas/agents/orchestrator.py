"""Who speaks on which event: the table at the top is the first thing to read.

event                     who is asked, in this order
------------------------  ---------------------------------------------------------------------
Quote, Trade              tick strategies -> portfolio -> risk -> execution of that instrument
BookDelta                 book strategies -> portfolio -> risk -> execution of that instrument
Bar                       calibrator, technical analyst -> bar strategies -> portfolio -> risk -> execution
order and account events  execution of the sleeves: a fill or a close lets the next order go
Ticked (1 s, wall)        calibrator, guardian (breakers, doubts, losses), execution (patience)
CommandGiven, latch       guardian
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from math import nan

from midas.agents.calibrator import Calibrator
from midas.agents.execution_agent import ExecutionAgent, Step
from midas.agents.portfolio_manager import PortfolioManager
from midas.agents.risk_manager import RiskManager
from midas.agents.strategy_manager import Enrolled, StrategyManager
from midas.agents.technical import TechnicalAnalyst
from midas.domain.decision import Decision, Noted, RegimeChanged, SignalMade, TargetApproved, TargetRefused
from midas.domain.market import Bar
from midas.domain.money import plain
from midas.domain.opinion import Forecast, Opinion, Regime, Signal
from midas.domain.sizing import SizeStep
from midas.domain.verdict import Refused, once
from midas.state.market import InstrumentMarket
from midas.state.state import State

NOTHING_KNOWN = None, nan


class Orchestrator:
    """Asks the agents in turn; always risk before execution."""

    def __init__(
        self,
        analysts: dict[str, TechnicalAnalyst],
        strategies: StrategyManager,
        portfolio: PortfolioManager,
        risk: RiskManager,
        execution: ExecutionAgent,
        calibrator: Calibrator,
    ) -> None:
        self.strategies = strategies
        self.risk = risk
        self.execution = execution
        self.calibrator = calibrator
        self._analysts = analysts
        self._portfolio = portfolio
        self._views: dict[str, tuple[Forecast | None, float]] = {}  # forecast, volatility of one bar
        self.atr: dict[str, float] = {}  # by instrument, price units; NaN until its window is full

    def on_bar(self, bar: Bar, market: InstrumentMarket, state: State, sequence: int) -> list[Decision]:
        """Study the bar; then everybody who hears bars may speak, unless it is history."""
        made: list[Decision] = []
        if state.calibration.waiting:
            made += self.calibrator.on_bar(bar, state)
        analyst = self._analysts.get(bar.instrument)
        if analyst is not None:
            features, regime, forecast = analyst.study(bar)
            self._views[bar.instrument] = forecast, features.rv20
            self.atr[bar.instrument] = features.atr14
            made += _regime_change(state, bar.instrument, regime)
        if market.bid_lots and not bar.synthetic:
            self._hear("bar", market, state, sequence, made)
        return made

    def on_book(self, market: InstrumentMarket, state: State, sequence: int) -> list[Decision]:
        """The book moved and is valid."""
        made: list[Decision] = []
        self._hear("book", market, state, sequence, made)
        return made

    def on_tick(self, market: InstrumentMarket, state: State, sequence: int) -> list[Decision]:
        """The touch moved, or somebody traded."""
        made: list[Decision] = []
        self._hear("tick", market, state, sequence, made)
        return made

    def view(self, instrument: str) -> tuple[Forecast | None, float]:
        """What the analyst forecasts of it, and the volatility of one bar; None and NaN without him."""
        return self._views.get(instrument, NOTHING_KNOWN)

    def proceed(self, state: State, sequence: int, instrument: str | None = None) -> Iterator[Step]:
        """Let the execution agent work; nothing moves while the account isn't known to us."""
        control = state.control
        if state.recovering or control.guarded:
            return iter(())
        if control.permissions.flattens:
            return self.execution.flatten(state, sequence)
        # Asked at every change of a book, and hardly ever is any gate closed.
        if not control.gates or not any(gate.level for gate in control.gates.values()):
            return self.execution.proceed(state, sequence, instrument)
        closing = self.execution.flatten(state, sequence, scoped=True)
        return chain(closing, self.execution.proceed(state, sequence, instrument))

    def _hear(
        self, hears: str, market: InstrumentMarket, state: State, sequence: int, made: list[Decision]
    ) -> None:
        """What it leads to is added to `made`."""
        if not self.speaks(state):
            return
        strategies, execution, instrument = self.strategies, self.execution, market.id
        forecast, volatility = self._views.get(instrument, NOTHING_KNOWN)
        for enrolled in strategies.listeners(hears, instrument):
            if execution.any_given_up and execution.gave_up(enrolled.name, instrument):
                strategies.let_go(enrolled.name, instrument)
            opinion = strategies.ask(enrolled, market, state, forecast, volatility)
            if opinion is not None or enrolled.failed:
                self.answered(enrolled, opinion, market, state, sequence, made)

    def speaks(self, state: State) -> bool:
        """Whether anybody is asked at all."""
        return not (state.recovering or state.closing) and state.control.permissions.computes_signals

    def studies(self, instrument: str) -> bool:
        """Whether an analyst reads the bars of this instrument."""
        return instrument in self._analysts

    def answered(
        self, enrolled: Enrolled, opinion: Opinion | None, market: InstrumentMarket, state: State,
        sequence: int, made: list[Decision],
    ) -> None:  # fmt: skip
        """An opinion, or a failure (None), and all that it leads to."""
        signal = None
        if opinion is not None:
            signal = self.strategies.signal(enrolled, opinion, market, sequence, state)
        if enrolled.failed:
            text = f"{enrolled.name} is switched off: {enrolled.failed}"
            made.append(Noted("STRATEGY", "error", text))
        if signal is None:
            return
        _, volatility = self._views.get(market.id, NOTHING_KNOWN)
        state.signals += 1
        made += self._judge(enrolled, signal, state, volatility)

    def _judge(self, enrolled: Enrolled, signal: Signal, state: State, volatility: float) -> list[Decision]:
        """Signal -> target -> verdict; exactly one SignalMade says how it ended."""
        if reason := self.strategies.muted(enrolled, signal, state):
            return self._made(signal, "muted", reason, state)
        if self.execution.closes(signal.strategy, signal.instrument):
            stopped = self.execution.stopped(signal.strategy, signal.instrument)
            who = "its stop" if stopped else "a person"
            return self._made(signal, "held", f"{who} is closing this position", state)
        room = self.risk.room(signal.strategy, signal.instrument, state) if signal.gain is not None else None
        wish = self._portfolio.target(signal, enrolled.weight, volatility, state, room, enrolled.units)
        if wish.target is None:
            if signal.direction <= 0.0:  # nothing to sell; but an entry may wait for its next try
                self.execution.forget_entries(state, signal.instrument, signal.strategy)
            return self._made(signal, "held", wish.reason, state, wish.steps)
        verdict = self.risk.review(wish.target, state)
        if isinstance(verdict, Refused):
            sentences = "; ".join(once(b.sentence for b in verdict.breaches))
            made = self._made(signal, "refused", sentences, state, wish.steps)
            made.append(TargetRefused(wish.target, verdict.breaches))
            return made
        self.execution.accept(verdict, state.now)
        state.approved(verdict.target)
        state.executed += 1
        detail = f"position to {plain(verdict.target.quantity)}"
        made = self._made(signal, "acted", detail, state, wish.steps)
        made.append(TargetApproved(verdict.target))
        return made

    def _made(
        self, signal: Signal, outcome: str, detail: str, state: State, steps: tuple[SizeStep, ...] = ()
    ) -> list[Decision]:
        self.strategies.remember(signal, outcome)
        made: list[Decision] = [SignalMade(signal, outcome, detail, steps)]
        claim = self.calibrator.claim(signal, outcome, state)
        if claim is not None:
            made.append(claim)
        return made


def _regime_change(state: State, instrument: str, regime: Regime) -> Iterator[Decision]:
    before = state.regimes.get(instrument)
    state.regimes[instrument] = regime
    if before is not None and before.label is not regime.label:
        yield RegimeChanged(instrument, before.label.value, regime)
