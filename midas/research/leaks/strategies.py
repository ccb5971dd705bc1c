"""Strategies on the engine, as the harness wants them: what they say of each bar, when their orders fill."""

from __future__ import annotations

from decimal import Decimal
from math import nan
from typing import Any, ClassVar

import msgspec
import numpy as np

from midas.backtest.assumptions import Assumptions
from midas.backtest.outcome import Outcome
from midas.backtest.record import Record
from midas.backtest.run import run
from midas.backtest.series import Bars
from midas.backtest.settings import configured
from midas.costs import CostModel, FeeSchedule
from midas.domain.instrument import Instrument
from midas.domain.opinion import Family, Opinion, Regime, RegimeLabel, Urgency
from midas.domain.stops import NO_STOPS
from midas.domain.time import MINUTE
from midas.engine.config import StrategyConfig
from midas.ports.strategy import Briefing, Hears, MarketView, Strategy
from midas.research.leaks.market import Floats, Market
from midas.research.leaks.probes import Feature, Rule, Subject
from midas.research.leaks.shipped import top_of
from midas.settings import Settings
from midas.workspace import LoadedStrategy

CASH = Decimal(1_000_000)
FREE = CostModel(fees=FeeSchedule(Decimal(0), Decimal(0)))
STEP = Decimal("0.01")
INSTRUMENT = Instrument(
    venue="leaks", symbol="BTCUSDT", base="BTC", quote="USDT", tick_size=STEP, lot_size=Decimal("0.00001"),
    quantity_min=Decimal("0.00001"), quantity_max=Decimal(10**9), notional_min=Decimal(1),
)  # fmt: skip
UNKNOWN = Regime(label=RegimeLabel.UNKNOWN, source="warming", since=0)


class Momentum:
    """Long after a bar that rose, flat after one that fell: what same-bar fills flatter most."""

    name: ClassVar[str] = "momentum"
    family: ClassVar[Family] = Family.MOMENTUM
    hears: ClassVar[str] = Hears.BAR
    trades_unknown: ClassVar[bool] = True
    unaided: ClassVar[bool] = True
    Parameters: ClassVar[type[msgspec.Struct]] = msgspec.Struct

    def signal(self, market: MarketView, briefing: Briefing) -> Opinion | None:
        """By the last bar alone."""
        bar = market.bars[-1]
        return Opinion(
            direction=float(bar.close > bar.open),
            confidence=1.0,
            urgency=Urgency.AGGRESSIVE,
            reason="last bar",
        )


class Overheard:
    """A strategy whose words are written down, bar by bar."""

    def __init__(self, strategy: Strategy) -> None:
        self._strategy = strategy
        self.said: dict[int, tuple[float, float]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._strategy, name)

    def signal(self, market: MarketView, briefing: Briefing) -> Opinion | None:
        """What it says."""
        opinion = self._strategy.signal(market, briefing)
        if opinion is not None:
            self.said[market.time] = opinion.direction, opinion.confidence
        return opinion


class BookView:
    """The book around one bar, as a strategy may see it."""

    def __init__(self, market: Market, bar: int) -> None:
        top = top_of(market, bar)
        self.instrument, self.time, self.bars, self.book_valid = INSTRUMENT, int(market.time[bar]), (), True
        self.bid_price, self.ask_price = top.bid * 0.01, top.ask * 0.01
        self.mid = 0.5 * (self.bid_price + self.ask_price)
        self._share = top.bid_lots / (top.bid_lots + top.ask_lots)
        self.flow = 2.0 * self._share - 1.0

    def imbalance(self, levels: int) -> float:
        """Of the best level: there are no others."""
        return 2.0 * self._share - 1.0

    def microprice(self) -> float:
        """Nearer to the smaller side."""
        return self.bid_price + self._share * (self.ask_price - self.bid_price)


def on_the_engine(settings: Settings, loaded: LoadedStrategy) -> list[Subject]:
    """A strategy as a feature: its direction and confidence at each bar."""
    if loaded.type.hears == Hears.BOOK:
        return [Feature(f"strategy {loaded.name}", lambda market: _by_book(loaded, market))]
    return [Feature(f"strategy {loaded.name}", lambda market: _by_bar(settings, loaded, market))]


def fills_of_the_engine(settings: Settings) -> Rule:
    """The venue of a back-test under a rule that lives on the last bar."""

    def earned(market: Market, delay: int) -> Floats:
        given = Assumptions(costs=FREE, order_latency=delay * MINUTE, volume_share=1.0)
        outcome = played(settings, Momentum(), market, given, units=Decimal(1))
        return np.diff(outcome.curve.equity, prepend=float(CASH)) / float(CASH)

    return Rule("fills of a back-test", earned)


def _by_bar(settings: Settings, loaded: LoadedStrategy, market: Market) -> Floats:
    overheard = Overheard(loaded.make())
    played(settings, overheard, market, Assumptions(costs=FREE), name=loaded.name)
    return _said(overheard, market)


def _by_book(loaded: LoadedStrategy, market: Market) -> Floats:
    overheard = Overheard(loaded.make())
    briefing = Briefing(UNKNOWN, None, 0.0, nan, nan)
    for bar in range(len(market)):
        overheard.signal(BookView(market, bar), briefing)
    return _said(overheard, market)


def _said(overheard: Overheard, market: Market) -> Floats:
    return np.array([overheard.said.get(at, (nan, nan)) for at in market.time.tolist()], np.float64)


def played(
    settings: Settings, strategy: Any, market: Market, given: Assumptions, *,
    name: str = "trend-following", units: Decimal | None = None,
) -> Outcome:  # fmt: skip
    """One run on one market, with limits that leave room."""
    config = configured(settings, name, {}, (INSTRUMENT,), MINUTE, 0.0)
    entry: StrategyConfig = msgspec.structs.replace(config.strategies[0], units=units)
    limits = msgspec.structs.replace(
        config.limits, order_notional_max=1e12, position_max=1.0, sector_max=1.0, crypto_max=1.0, usd_max=1.0,
        order_rate_max=10_000, repeats_max=10_000,
    )  # fmt: skip
    config = msgspec.structs.replace(config, strategies=(entry,), limits=limits, stops=NO_STOPS)
    series = Bars(
        instrument=INSTRUMENT, period=MINUTE, time=market.time, open=market.open, high=market.high,
        low=market.low, close=market.close, volume=market.volume,
    )  # fmt: skip
    balances = {"USDT": CASH, "BTC": Decimal(0)}
    return run(config, [strategy], [series], balances, given, record=Record(keep=False))
