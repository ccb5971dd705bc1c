"""A small market without gaps, a strategy told in advance when to hold, and the engine of a back-test."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import ClassVar

import msgspec
import numpy as np

from midas.analysis.regime import RegimeRules
from midas.backtest.assumptions import Assumptions
from midas.backtest.outcome import Outcome
from midas.backtest.record import Record
from midas.backtest.run import Advance, Looks, run
from midas.backtest.series import Bars
from midas.costs import CostModel, FeeSchedule
from midas.domain.limits import Asset, Assets, Limits
from midas.domain.opinion import Family, Opinion, Urgency
from midas.domain.stops import NO_STOPS, StopRules
from midas.domain.time import DAY, MINUTE, SECOND
from midas.domain.triggers import TriggerRules
from midas.engine.config import EngineConfig, StrategyConfig
from midas.execution.worker import ExecutionRules
from midas.ports.strategy import Briefing, Hears, MarketView
from midas.statistics.sizing import SizingPolicy
from tests.fakes.desk import BTC
from tests.fakes.strategy import NoParameters

START = 1_700_006_400 * SECOND  # midnight UTC
CASH = Decimal(100_000)
FREE = CostModel(fees=FeeSchedule(Decimal(0), Decimal(0)))
PLAIN = Assumptions(costs=FREE)
LIMITS = Limits(
    profile="crypto-only", position_max=0.5, sector_max=0.9, correlation_max=0.7, usd_max=1.0, crypto_max=0.9,
    cash_min=0.1, order_rate_max=20, order_notional_max=1e6, price_collar_bps=500.0,
    duplicate_window=5 * SECOND, repeats_max=30,
    assets=Assets("cash", {a: Asset("crypto", "crypto") for a in ("BTC", "ETH")}),
)  # fmt: skip
CALM = TriggerRules(
    sharpe_defensive=-1e9, drawdown_defensive=1.0, drawdown_stop=1.0, daily_loss_stop=1.0,
    weekly_loss_defensive=1.0, weekly_loss_stop=1.0, monthly_loss_stop=1.0,
)  # fmt: skip


class Script:
    """Holds where `held` says so, bar by bar, and remembers the closes that it was shown."""

    name: ClassVar[str] = "script"
    family: ClassVar[Family] = Family.TREND_FOLLOWING
    hears: ClassVar[str] = Hears.BAR
    trades_unknown: ClassVar[bool] = True
    unaided: ClassVar[bool] = True
    Parameters: ClassVar[type[msgspec.Struct]] = NoParameters

    def __init__(self, held: Iterable[bool], urgency: Urgency = Urgency.AGGRESSIVE) -> None:
        self._held = dict(enumerate(held))
        self._urgency = urgency
        self.seen: list[float] = []
        self.briefings: list[Briefing] = []

    def signal(self, market: MarketView, briefing: Briefing) -> Opinion | None:
        """As told."""
        now = self._held.get(len(self.seen), False)
        self.seen.append(market.bars[-1].close)
        self.briefings.append(briefing)
        return Opinion(direction=float(now), confidence=1.0, urgency=self._urgency, reason="told to")


def bars(
    closes: Sequence[float], *, instrument: object = BTC, volume: float = 1e6, spread: float = 1.0
) -> Bars:
    """Each opens where the last one closed; its range goes `spread` beyond both."""
    close = np.array(closes, np.float64)
    opened = np.concatenate([close[:1], close[:-1]])
    return Bars(
        instrument=instrument, period=MINUTE,  # type: ignore[arg-type]
        time=START + MINUTE * np.arange(1, len(close) + 1, dtype=np.int64), open=opened, close=close,
        high=np.maximum(opened, close) + spread, low=np.minimum(opened, close) - spread,
        volume=np.full(len(close), volume),
    )  # fmt: skip


def walk(count: int, seed: int = 1) -> list[float]:
    """Closes in whole cents around 1,000."""
    chance, price, made = random.Random(seed), 1_000.0, []
    for _ in range(count):
        price = round(price * (1.0 + chance.gauss(0.0, 1e-3)), 2)
        made.append(price)
    return made


def config(
    series: Sequence[Bars], names: Sequence[str] = ("script",), units: Decimal | None = Decimal(2), *,
    triggers: TriggerRules = CALM, stops: StopRules = NO_STOPS, limits: Limits = LIMITS,
) -> EngineConfig:  # fmt: skip
    """All strategies on all instruments."""
    ids = tuple(b.instrument.id for b in series)
    return EngineConfig(
        instruments=tuple(b.instrument for b in series), quote="USDT", period=MINUTE, audit_every=DAY,
        regime=RegimeRules(), limits=limits, sizing=SizingPolicy(), triggers=triggers, stops=stops,
        execution=ExecutionRules(take_collar_bps=100.0), bar_spread=0.0, studies_all=False,
        strategies=tuple(StrategyConfig(name, 1.0, ids, {}, units=units) for name in names),
    )  # fmt: skip


def played(
    series: Bars, script: Script, given: Assumptions = PLAIN, *, settings: EngineConfig | None = None,
    record: Record | None = None, advance: Advance | None = None,
) -> Outcome:  # fmt: skip
    """One run of one script on one instrument."""
    balances = {"USDT": CASH, series.instrument.base: Decimal(0)}
    return run(
        settings or config([series]), [script], [series], balances, given, record=record, looks=Looks(advance)
    )
