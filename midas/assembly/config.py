"""From settings to the recordable values that decide."""

from __future__ import annotations

from pathlib import Path

from midas.analysis.regime import RegimeRules
from midas.costs import CostModel, FeeSchedule
from midas.domain.breakers import BreakerRules
from midas.domain.instrument import Instrument
from midas.domain.mode import Environment
from midas.domain.regulation import RegulationRules
from midas.domain.tail import TailRules
from midas.domain.time import MILLISECOND, MINUTE, SECOND
from midas.domain.triggers import TriggerRules
from midas.engine.build import EngineConfig, StrategyConfig
from midas.engine.freshness import BOOK_STALE
from midas.errors import WorkspaceInvalid
from midas.execution.worker import ExecutionRules
from midas.portfolio.sizing import SizingRules
from midas.risk.exposure import STABLECOINS, Classes
from midas.risk.limits import Limits
from midas.settings import Settings
from midas.settings.breakers import BreakerSettings
from midas.settings.kpis import KpiSettings
from midas.settings.regulation import RegulationSettings
from midas.settings.sections import RiskSettings
from midas.settings.tail import TailSettings
from midas.settings.triggers import TriggerSettings
from midas.state.control import SCOPES
from midas.state.state import BY_HAND
from midas.statistics.kpis import Goal, Goals
from midas.statistics.stress import SCENARIOS
from midas.workspace import LoadedStrategy, load_strategies

CLASSES = frozenset(name for scenario in SCENARIOS for name in scenario.shocks)
BARS_STALE = 1.5  # periods without a word about the candle that should be running


def engine_config(
    settings: Settings, instruments: tuple[Instrument, ...], speed: float = 1.0
) -> EngineConfig:
    """The recordable values that decide; everything a replay needs. `speed`: of market against wall time."""
    risk, execution, regime = settings.risk, settings.execution, settings.regime
    ids = {i.symbol: i.id for i in instruments}
    profile = risk.active
    return EngineConfig(
        instruments=instruments,
        quote=instruments[0].quote,
        period=settings.trading.bar_seconds * SECOND,
        audit_every=int(settings.runtime.reconcile_seconds * SECOND),
        regime=RegimeRules(
            adx_enter=regime.adx_enter, adx_leave=regime.adx_leave,
            stress_enter=regime.stress_enter, stress_leave=regime.stress_leave,
            crisis_enter=regime.crisis_enter, crisis_leave=regime.crisis_leave,
            atr_enter=regime.atr_enter, atr_leave=regime.atr_leave,
            correlation_min=regime.correlation_min, dwell_min=regime.dwell_bars,
        ),
        limits=Limits(
            profile=risk.limits, position_max=profile.position_max, sector_max=profile.sector_max,
            correlation_max=profile.correlation_max, usd_max=profile.usd_max, crypto_max=profile.crypto_max,
            cash_min=profile.cash_min, order_rate_max=risk.order_rate_max,
            order_notional_max=float(risk.order_notional_max), price_collar_bps=risk.price_collar_bps,
            classes=Classes(risk.stablecoin_counts_as, dict(risk.sectors)),
        ),
        sizing=SizingRules(
            volatility_target=risk.volatility_target_annual, volatility_floor=risk.volatility_floor_annual,
            band=risk.rebalance_band,
        ),
        execution=ExecutionRules(
            passive_timeout=int(execution.passive_timeout_seconds * SECOND),
            reprice_ticks=execution.reprice_ticks,
            reprice_age=execution.reprice_age_ms * MILLISECOND,
            take_collar_bps=execution.take_collar_bps,
            attempts_max=execution.attempts_max,
        ),
        strategies=tuple(
            StrategyConfig(
                name, entry.weight,
                tuple(ids[s] for s in entry.instruments or ids if s in ids), dict(entry.parameters),
            )
            for name, entry in settings.strategies.items() if entry.enabled
        ),
        triggers=_triggers(risk.triggers),
        breakers=_breakers(risk.breakers),
        tail=_tail(risk.tail, classes_of(risk, instruments)),
        regulation=_regulation(risk.regulation, dict(risk.sectors)),
        feed_stale=int(settings.runtime.feed_stale_seconds * SECOND),
        costs=_costs(settings),
        book_stale=int(BOOK_STALE / min(1.0, speed)),
        bar_stale=max(BOOK_STALE, int(BARS_STALE * settings.trading.bar_seconds * SECOND / speed)),
    )  # fmt: skip


def _triggers(rules: TriggerSettings) -> TriggerRules:
    return TriggerRules(
        zone=rules.time_zone,
        drawdown_defensive=rules.drawdown_defensive, weekly_loss_defensive=rules.weekly_loss_defensive,
        sharpe_defensive=rules.sharpe_defensive, sharpe_days=rules.sharpe_days,
        drawdown_stop=rules.drawdown_stop, daily_loss_stop=rules.daily_loss_stop,
        weekly_loss_stop=rules.weekly_loss_stop, monthly_loss_stop=rules.monthly_loss_stop,
        feed_failed_stop=int(rules.feed_failed_stop_minutes * MINUTE),
        broker_gone_stop=int(rules.broker_gone_stop_minutes * MINUTE),
        release=rules.release, sharpe_release=rules.sharpe_release, dwell=int(rules.dwell_minutes * MINUTE),
        defensive_exposure=rules.defensive_exposure, defensive_confidence=rules.defensive_confidence,
    )  # fmt: skip


def _breakers(rules: BreakerSettings) -> BreakerRules:
    return BreakerRules(
        price_feed=int(rules.price_feed_minutes * MINUTE), broker=int(rules.broker_minutes * MINUTE),
        broker_escalates=int(rules.broker_escalates_minutes * MINUTE),
        news=int(rules.news_minutes * MINUTE), models=int(rules.models_minutes * MINUTE),
        sentiment=int(rules.sentiment_minutes * MINUTE),
        clock=int(rules.clock_offset_ms_max * MILLISECOND), probe=int(rules.probe_seconds * SECOND),
        caution=rules.caution_exposure,
    )  # fmt: skip


def _tail(rules: TailSettings, classes: dict[str, str]) -> TailRules:
    return TailRules(
        horizons=tuple(minutes * MINUTE for minutes in rules.horizons_minutes),
        level=rules.level, history=rules.history_returns, every=int(rules.every_seconds * SECOND),
        var_max=rules.var_max, es_max=rules.es_max, classes=classes,
    )  # fmt: skip


def _regulation(rules: RegulationSettings, classes: dict[str, str]) -> RegulationRules:
    return RegulationRules(
        margin=rules.account == "margin", pattern_day_trader=rules.pattern_day_trader,
        day_trades_max=rules.day_trades_max, day_trade_days=rules.day_trade_business_days,
        equity_min=rules.day_trade_equity_usd_min, zone=rules.day_trade_time_zone,
        leverage=dict(rules.leverage_max) if rules.leverage_limited else {}, classes=classes,
    )  # fmt: skip


def classes_of(risk: RiskSettings, instruments: tuple[Instrument, ...]) -> dict[str, str]:
    """Asset -> asset class, as the stress scenarios call it; an asset of no known class isn't in it."""
    found = {}
    for asset in sorted({i.base for i in instruments}):
        named = "stablecoin" if asset in STABLECOINS else risk.sectors.get(asset, "")
        if named in CLASSES:
            found[asset] = named
    return found


def goals(rules: KpiSettings) -> Goals:
    """What the key figures are held against; it decides nothing."""
    return Goals(
        sharpe=Goal(rules.sharpe_min, rules.sharpe_optimum),
        max_drawdown=Goal(rules.drawdown_max, rules.drawdown_optimum, below=True),
        cagr=Goal(rules.cagr_min, rules.cagr_optimum),
        win_rate=Goal(rules.win_rate_min, rules.win_rate_optimum),
        profit_factor=Goal(rules.profit_factor_min),
        recovery_factor=Goal(rules.recovery_factor_min),
    )


def _costs(settings: Settings) -> CostModel:
    """The embedded exchange charges what the file says; elsewhere the usual fees of a small account."""
    if settings.environment is not Environment.SIM:
        return CostModel()
    return CostModel(fees=FeeSchedule(settings.exchange.maker_fee, settings.exchange.taker_fee))


def check_strategies(settings: Settings) -> None:
    """Load the enabled strategies once, before anything is started. Raises WorkspaceInvalid."""
    enabled = {name: entry.parameters for name, entry in settings.strategies.items() if entry.enabled}
    for loaded in load_strategies(settings.workspace, enabled):
        if loaded.type.name in BY_HAND:
            raise WorkspaceInvalid(
                f"{loaded.file}: {loaded.type.name!r} is what a person's own orders are called"
            )
        if loaded.type.name in (*SCOPES, settings.venue.name):
            raise WorkspaceInvalid(f"{loaded.file}: {loaded.type.name!r} is what a gate is called")
        loaded.make()


def strategies_of(workspace: Path, config: EngineConfig) -> list[LoadedStrategy]:
    """The plugins that `config` names."""
    return load_strategies(workspace, {s.file: s.parameters for s in config.strategies})
