"""From settings to the recordable values that decide."""

from __future__ import annotations

from pathlib import Path

from midas.analysis.regime import RegimeRules
from midas.costs import CostModel, FeeSchedule
from midas.domain.breakers import BreakerRules
from midas.domain.calibration import CalibrationRules
from midas.domain.instrument import Instrument
from midas.domain.limits import Asset, Assets, Limits
from midas.domain.mode import Environment
from midas.domain.regulation import RegulationRules
from midas.domain.stops import StopRules
from midas.domain.tail import TailRules
from midas.domain.time import MILLISECOND, MINUTE, SECOND
from midas.domain.triggers import TriggerRules
from midas.engine.config import EngineConfig, StrategyConfig
from midas.engine.freshness import BOOK_STALE
from midas.errors import ConfigInvalid, WorkspaceInvalid
from midas.execution.worker import ExecutionRules
from midas.settings import Settings
from midas.settings.breakers import BreakerSettings
from midas.settings.calibration import CalibrationSettings
from midas.settings.kpis import KpiSettings
from midas.settings.regulation import RegulationSettings
from midas.settings.sizing import SizingSettings
from midas.settings.stops import StopSettings
from midas.settings.tail import TailSettings
from midas.settings.triggers import TriggerSettings
from midas.state.control import SCOPES
from midas.state.state import BY_HAND
from midas.state.valuation import unconverted
from midas.statistics.kpis import Goal, Goals
from midas.statistics.sizing import SizingPolicy
from midas.workspace import LoadedStrategy, load_strategies

BARS_STALE = 1.5  # periods without a word about the candle that should be running


def engine_config(
    settings: Settings, instruments: tuple[Instrument, ...], speed: float = 1.0
) -> EngineConfig:
    """The recordable values that decide; everything a replay needs. `speed`: of market against wall time."""
    risk, execution, regime = settings.risk, settings.execution, settings.regime
    ids = {i.symbol: i.id for i in instruments}
    return EngineConfig(
        instruments=instruments,
        quote=currency_of(settings, instruments),
        period=settings.trading.bar_seconds * SECOND,
        audit_every=int(settings.runtime.reconcile_seconds * SECOND),
        regime=RegimeRules(
            adx_enter=regime.adx_enter, adx_leave=regime.adx_leave,
            stress_enter=regime.stress_enter, stress_leave=regime.stress_leave,
            crisis_enter=regime.crisis_enter, crisis_leave=regime.crisis_leave,
            atr_enter=regime.atr_enter, atr_leave=regime.atr_leave,
            correlation_min=regime.correlation_min, dwell_min=regime.dwell_bars,
        ),
        limits=limits_of(settings),
        sizing=_sizing(risk.sizing),
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
                _stops(risk.stops.changed(entry.stops)) if entry.stops else None,
            )
            for name, entry in settings.strategies.items() if entry.enabled
        ),
        triggers=_triggers(risk.triggers),
        breakers=_breakers(risk.breakers),
        stops=_stops(risk.stops),
        tail=_tail(risk.tail),
        regulation=_regulation(risk.regulation),
        calibration=_calibration(risk.calibration),
        feed_stale=int(settings.runtime.feed_stale_seconds * SECOND),
        costs=_costs(settings),
        book_stale=int(BOOK_STALE / min(1.0, speed)),
        bar_stale=max(BOOK_STALE, int(BARS_STALE * settings.trading.bar_seconds * SECOND / speed)),
    )  # fmt: skip


def _sizing(rules: SizingSettings) -> SizingPolicy:
    return SizingPolicy(
        fraction=rules.kelly_fraction, caution=rules.chance_quantile, margin=rules.edge_margin,
        volatility_target=rules.volatility_target_annual, volatility_floor=rules.volatility_floor_annual,
        drawdown_max=rules.drawdown_max, defensive=rules.calibration_factor, trades_min=rules.trades_min,
        trades_floor=rules.trades_floor, band=rules.rebalance_band,
    )  # fmt: skip


def _calibration(rules: CalibrationSettings) -> CalibrationRules:
    return CalibrationRules(
        window_days=rules.window_days, gap=rules.gap, effective_min=rules.effective_min,
        z_trigger=rules.z_trigger, z_release=rules.z_release, release_days=rules.release_days,
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


def _stops(rules: StopSettings) -> StopRules:
    return StopRules(
        enabled=rules.enabled, percent=rules.percent, atr=rules.atr, trail_percent=rules.trail_percent,
        trail_atr=rules.trail_atr, break_even_r=rules.break_even_r, time=int(rules.time_minutes * MINUTE),
        time_gain=rules.time_gain, collar_bps=rules.collar_bps, resident=rules.resident,
        by_hand=rules.by_hand, step_bps=rules.step_bps, pace=int(rules.pace_seconds * SECOND),
        chase=int(rules.chase_seconds * SECOND),
    )  # fmt: skip


def _tail(rules: TailSettings) -> TailRules:
    return TailRules(
        horizons=tuple(minutes * MINUTE for minutes in rules.horizons_minutes),
        level=rules.level, history=rules.history_returns, every=int(rules.every_seconds * SECOND),
        var_max=rules.var_max, es_max=rules.es_max,
    )  # fmt: skip


def _regulation(rules: RegulationSettings) -> RegulationRules:
    return RegulationRules(
        margin=rules.account == "margin", pattern_day_trader=rules.pattern_day_trader,
        day_trades_max=rules.day_trades_max, day_trade_days=rules.day_trade_business_days,
        equity_min=rules.day_trade_equity_usd_min, zone=rules.day_trade_time_zone,
        leverage=dict(rules.leverage_max) if rules.leverage_limited else {},
    )  # fmt: skip


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


def limits_of(settings: Settings) -> Limits:
    """Every number that risk compares with, as one recordable value."""
    risk, orders = settings.risk, settings.risk.orders
    listed = {name: Asset(a.kind, a.sector, a.currency) for name, a in risk.assets.items()}
    return Limits(
        profile=risk.limits,
        **risk.active.model_dump(),
        forced_sale_over=risk.forced_sale_over,
        order_rate_max=orders.rate_max,
        order_notional_max=float(orders.notional_max),
        order_quantity_max={asset: float(most) for asset, most in orders.quantity_max.items()},
        price_collar_bps=orders.collar_bps,
        duplicate_window=int(orders.duplicate_seconds * SECOND),
        repeats_max=orders.repeats_max,
        repeats_window=int(orders.repeats_seconds * SECOND),
        fat_finger_multiple=orders.fat_finger_multiple,
        fat_finger_share=orders.fat_finger_share,
        assets=Assets(risk.stablecoin_counts_as, listed),
    )


def currency_of(settings: Settings, instruments: tuple[Instrument, ...]) -> str:
    """The account's currency. Raises ConfigInvalid where none is said, or prices can't be told in it."""
    quotes = list(dict.fromkeys(i.quote for i in instruments))
    currency = settings.trading.currency or quotes[0]
    if not settings.trading.currency and len(quotes) > 1:
        raise ConfigInvalid(
            f"trading.instruments are quoted in {', '.join(quotes)}: set trading.currency to the one that "
            "the account is kept in"
        )
    if (strange := unconverted(instruments, currency)) is not None:
        raise ConfigInvalid(
            f"trading.instruments: {strange.symbol} is quoted in {strange.quote}, and no traded pair "
            f"converts that into {currency}: trade {strange.quote}{currency} too, or set trading.currency"
        )
    return currency


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
