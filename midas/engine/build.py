"""Building an engine from its configuration."""

from __future__ import annotations

from collections.abc import Sequence

from midas.agents.breakers import BreakerKeeper
from midas.agents.calibrator import Calibrator
from midas.agents.execution_agent import ExecutionAgent
from midas.agents.guardian import Guardian
from midas.agents.orchestrator import Orchestrator
from midas.agents.portfolio_manager import PortfolioManager
from midas.agents.risk_manager import RiskManager
from midas.agents.stop_keeper import StopKeeper
from midas.agents.strategy_manager import Enrolled, StrategyManager
from midas.agents.tail_watch import TailWatch
from midas.agents.technical import TechnicalAnalyst
from midas.analysis.features import YEAR
from midas.domain.stops import StopBook
from midas.engine.config import EngineConfig
from midas.engine.engine import Engine, Keepers
from midas.engine.freshness import Freshness
from midas.portfolio.sizing import Sizing
from midas.ports.strategy import Strategy
from midas.risk.open_risk import OpenRisk
from midas.risk.regulation import regulation_limits
from midas.risk.tail import TailDesk
from midas.state.state import State


def build_engine(config: EngineConfig, strategies: Sequence[Strategy]) -> Engine:
    """The engine of `config` with its strategies' instances, in the order of `config.strategies`."""
    assert len(strategies) == len(config.strategies)
    state = State(config.instruments, config.quote, config.bar_spread)
    enrolled = [
        Enrolled(
            strategy,
            entry.weight,
            frozenset(entry.instruments),
            needs=frozenset(getattr(strategy, "needs", ())),
            calibrated=bool(getattr(strategy, "calibrated", False)),
            unaided=bool(getattr(strategy, "unaided", False)),
            units=entry.units,
        )
        for strategy, entry in zip(strategies, config.strategies, strict=True)
    ]
    state.closes.follow(state.instruments, config.tail.horizons, config.tail.history + 1)
    tail = TailDesk(config.tail, state.closes)
    state.day_trades.begin(config.regulation)
    further = [*regulation_limits(config.regulation), *([tail.breach] if config.tail.limits else ())]
    risk = RiskManager(config.limits, further)
    orchestrator = Orchestrator(
        {
            i: TechnicalAnalyst(i, config.period, config.regime, config.years.get(i, YEAR))
            for i in _studied(config, enrolled)
        },
        StrategyManager(enrolled),
        PortfolioManager(Sizing(config.sizing, config.costs), config.period, config.years),
        risk,
        ExecutionAgent(config.execution),
        Calibrator(config.calibration, config.triggers.zone),
    )
    freshness = Freshness(state, config.book_stale, config.bar_stale)
    guardian = Guardian(config.triggers, config.feed_stale)
    state.calibration.rules = config.calibration
    state.control.table = config.triggers.permissions
    taker = float(config.costs.fees.taker)
    book = _stop_book(config, strategies)
    risk.open_risk = OpenRisk(book, config.triggers, orchestrator.atr)
    keepers = Keepers(
        BreakerKeeper(config.breakers),
        StopKeeper(book, orchestrator.execution, orchestrator.atr, taker),
        TailWatch(tail),
    )
    return Engine(state, orchestrator, guardian, config.audit_every, config.costs, freshness, keepers)


def _studied(config: EngineConfig, enrolled: Sequence[Enrolled]) -> list[str]:
    """Instruments that an analyst reads: all, or those where a strategy, its size or its stop needs him."""
    rules = [config.stops, *(entry.stops for entry in config.strategies if entry.stops is not None)]
    by_atr = any(r.enabled and (r.atr or r.trail_atr) for r in rules)
    heard = {i for e in enrolled if not e.unaided or e.units is None for i in e.instruments}
    everywhere = config.studies_all or by_atr
    return [i.id for i in config.instruments if everywhere or i.id in heard]


def _stop_book(config: EngineConfig, strategies: Sequence[Strategy]) -> StopBook:
    pairs = zip(strategies, config.strategies, strict=True)
    own = {strategy.name: entry.stops for strategy, entry in pairs if entry.stops is not None}
    return StopBook(config.stops, own)
