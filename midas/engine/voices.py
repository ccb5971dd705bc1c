"""Who said what, why, and what became of it: signals with their orders, regimes with their changes."""

from __future__ import annotations

from collections import deque

import msgspec

from midas.agents.strategy_manager import StrategyManager
from midas.analysis.regime import POLICIES
from midas.domain.decision import OrderPlanned, RegimeChanged, SignalMade, TargetRefused
from midas.domain.money import plain
from midas.domain.opinion import Contribution, Reading, Regime, RegimeLabel
from midas.engine.audit import Audit
from midas.risk.gates import entry_forbidden
from midas.state.market import InstrumentMarket
from midas.state.state import State
from midas.state.views.market import RegimeChangeView, RegimeView
from midas.state.views.signals import BreachView, ContributionView, SignalView, SizeStepView

SIGNALS_SHOWN = 100
REFUSED_KEPT = 5  # by a limit, beyond those: a paused strategy's refusals would drive them out
CLOSED = ("gate", "mode", "kill latch")  # refused because somebody, or something, has stopped it
ORDERS_SHOWN = 6  # of one signal
REGIMES_SHOWN = 180  # bars
CHANGES_SHOWN = 20
WARMING = Regime(label=RegimeLabel.UNKNOWN, source="warming", since=0)


class SignalLog:
    """The last signals; a later refusal or order finds the one that it belongs to."""

    def __init__(self) -> None:
        self._shown: deque[SignalView] = deque(maxlen=SIGNALS_SHOWN)
        self._refused: deque[SignalView] = deque(maxlen=REFUSED_KEPT)
        self._views: tuple[SignalView, ...] | None = ()  # None: to be made again from the above
        self.made = 0
        self.spoke_at: dict[str, int] = {}  # wall time, by strategy

    @property
    def views(self) -> tuple[SignalView, ...]:
        """Newest first."""
        if self._views is None:
            oldest = self._shown[-1].sequence if self._shown else 0
            self._views = (*self._shown, *(view for view in self._refused if view.sequence < oldest))
        return self._views

    def observe(self, audit: Audit) -> None:
        """Keep what this step says about signals."""
        for decision in audit.decisions:
            if isinstance(decision, SignalMade):
                self._signal(decision, audit)
            elif isinstance(decision, TargetRefused):
                breaches = tuple(
                    BreachView(b.limit, b.value, b.maximum, b.sentence) for b in decision.breaches
                )
                self._amend(decision.target.strategy, decision.target.instrument, breaches=breaches)
            elif isinstance(decision, OrderPlanned):
                intent = decision.intent
                price = f" @ {plain(intent.price)}" if intent.price is not None else ""
                text = f"{intent.client_id[-4:]} {intent.side.value} {plain(intent.quantity)}{price}"
                self._ordered(intent.strategy, intent.instrument, f"{text} {intent.type.value}")

    def _signal(self, made: SignalMade, audit: Audit) -> None:
        signal = made.signal
        self.made += 1
        self.spoke_at[signal.strategy] = audit.at
        view = SignalView(
            audit.sequence, signal.time, audit.at, signal.strategy, signal.instrument, signal.direction,
            signal.confidence, made.outcome, made.detail, _terms(signal.contributions),
            _terms(signal.inputs), signal.reason,
            steps=tuple(SizeStepView(s.stage.value, s.factor, s.weight, s.why) for s in made.steps),
            probability=signal.probability,
        )  # fmt: skip
        self._views = None
        self._shown.appendleft(view)

    def _ordered(self, strategy: str, instrument: str, text: str) -> None:
        place = self._latest(strategy, instrument, "acted")
        if place is not None:
            orders = (*self._shown[place].orders, text)[-ORDERS_SHOWN:]
            self._views = None
            self._shown[place] = msgspec.structs.replace(self._shown[place], orders=orders)

    def _amend(self, strategy: str, instrument: str, breaches: tuple[BreachView, ...]) -> None:
        place = self._latest(strategy, instrument, "refused")
        if place is not None:
            self._views = None
            self._shown[place] = view = msgspec.structs.replace(self._shown[place], breaches=breaches)
            if not all(breach.limit in CLOSED for breach in breaches):
                self._refused.appendleft(view)

    def _latest(self, strategy: str, instrument: str, outcome: str) -> int | None:
        for place, view in enumerate(self._shown):
            if (view.strategy, view.instrument, view.outcome) == (strategy, instrument, outcome):
                return place
        return None


class RegimeLog:
    """The regime of every instrument: bar by bar, and each change of it."""

    def __init__(self) -> None:
        self._bars: dict[str, deque[str]] = {}
        self._bar_times: dict[str, int] = {}
        self._changes: dict[str, deque[RegimeChangeView]] = {}

    def observe(self, audit: Audit) -> None:
        """Keep the changes of this step."""
        for decision in audit.decisions:
            if isinstance(decision, RegimeChanged):
                now = decision.regime
                change = RegimeChangeView(now.since, decision.before, now.label.value, now.source)
                kept = self._changes.setdefault(decision.instrument, deque(maxlen=CHANGES_SHOWN))
                kept.appendleft(change)

    def view(self, market: InstrumentMarket, state: State, strategies: StrategyManager) -> RegimeView:
        """What the rules see now, whom it and the desk's condition allow to open, and how it came."""
        instrument = market.instrument.id
        regime = state.regimes.get(instrument) or WARMING
        history = self._bars.setdefault(instrument, deque(maxlen=REGIMES_SHOWN))
        if market.bars and market.bars[-1].time != self._bar_times.get(instrument):
            self._bar_times[instrument] = market.bars[-1].time
            history.append(regime.label.value)
        changes = tuple(self._changes.get(instrument, ()))
        policy = POLICIES[regime.label]
        speak, rest = strategies.speaking(instrument, regime)
        barred = _barred(state, instrument)
        silent = speak if barred else tuple(s for s in speak if state.control.paused(s))
        speak, rest = tuple(s for s in speak if s not in silent), (*rest, *silent)
        return RegimeView(
            regime.label.value, regime.label.short, regime.source, regime.since, regime.adx,
            regime.price_over_sma, regime.stress, regime.atr_ratio, regime.bars_seen, regime.bars_needed,
            market.synthetic_bars, policy.size_factor, tuple(history),
            changes[0].before if changes else "", policy.longs, speak, rest, changes,
            barred,
        )  # fmt: skip


def _barred(state: State, instrument: str) -> str:
    breach = entry_forbidden(state, "", instrument)
    if breach is None:
        return ""
    return f"mode {state.control.mode.value}" if breach.limit == "mode" else breach.sentence


def _terms(terms: tuple[Contribution, ...] | tuple[Reading, ...]) -> tuple[ContributionView, ...]:
    return tuple(ContributionView(term.name, term.value) for term in terms)
