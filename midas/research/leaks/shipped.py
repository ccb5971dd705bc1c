"""Everything shipped that says something about a market, as the harness wants it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import nan, sqrt

import numpy as np

from midas.agents.technical import TechnicalAnalyst
from midas.analysis import indicators
from midas.analysis.features import BarFeatures, Features
from midas.analysis.orderflow import OrderFlow, Top, TradeImbalance, imbalance, microprice_edge
from midas.analysis.regime import RegimeRules
from midas.backtest.walkforward import anchored
from midas.domain.market import Bar
from midas.domain.opinion import RegimeLabel
from midas.domain.time import MINUTE, SECOND
from midas.research.leaks.market import Floats, Market
from midas.research.leaks.probes import Cut, Feature, Learned, Sample, Subject
from midas.statistics.correlation import ewma_correlation
from midas.statistics.filtered_historical import FilteredHistorical
from midas.statistics.online import Moments
from midas.statistics.recalibration import Recalibration, beta, isotonic, platt, temperature
from midas.statistics.validation import Rows, Split, combinatorial, purged_folds

N = 14
NAME = "BTC-USDT.leaks"
LEANS = 7  # bars before that a book remembers
SPAN = 60  # returns that a correlation is taken of
LABELS = list(RegimeLabel)

Update = Callable[[object, Market, int], None]


def shipped() -> list[Subject]:
    """Indicators, features, forecasts, calibrators and ways to split."""
    return [*map(_indicator, _INDICATORS), *_FEATURES, *map(_calibrator, _CALIBRATORS), *_CUTS]


def _close(it: object, market: Market, bar: int) -> None:
    it.update(float(market.close[bar]))  # type: ignore[attr-defined]


def _range(it: object, market: Market, bar: int) -> None:
    it.update(float(market.high[bar]), float(market.low[bar]), float(market.close[bar]))  # type: ignore[attr-defined]


def _move(it: object, market: Market, bar: int) -> None:
    it.update(float(np.log(market.close[bar] / market.open[bar])))  # type: ignore[attr-defined]


def _traded(it: object, market: Market, bar: int) -> None:
    it.update(float(market.close[bar]), float(market.volume[bar]))  # type: ignore[attr-defined]


def _timed(it: object, market: Market, bar: int) -> None:
    typical = float(market.high[bar] + market.low[bar] + market.close[bar]) / 3.0
    it.update(int(market.time[bar]), typical, float(market.volume[bar]))  # type: ignore[attr-defined]


_INDICATORS: Sequence[tuple[str, Callable[[], object], Update]] = (
    ("SMA", lambda: indicators.SMA(N), _close),
    ("EMA", lambda: indicators.EMA(N), _close),
    ("Wilder", lambda: indicators.Wilder(N), _close),
    ("RSI", lambda: indicators.RSI(N), _close),
    ("MACD", indicators.MACD, _close),
    ("Deviation", lambda: indicators.Deviation(N), _close),
    ("Median", lambda: indicators.Median(N), _close),
    ("Extreme", lambda: indicators.Extreme(N, 1), _close),
    ("Bollinger", lambda: indicators.Bollinger(N), _close),
    ("RealisedVolatility", lambda: indicators.RealisedVolatility(N), _close),
    ("EwmaVolatility", indicators.EwmaVolatility, _move),
    ("ATR", lambda: indicators.ATR(N), _range),
    ("ADX", lambda: indicators.ADX(N), _range),
    ("Stochastic", indicators.Stochastic, _range),
    ("OBV", indicators.OBV, _traded),
    ("VWAP", indicators.VWAP, _timed),
)


def _indicator(entry: tuple[str, Callable[[], object], Update]) -> Feature:
    name, make, update = entry

    def run(market: Market) -> Floats:
        it, said = make(), []
        for bar in range(len(market)):
            update(it, market, bar)
            said.append(it.value)  # type: ignore[attr-defined]
        return np.array(said, np.float64).reshape(-1, 1)

    return Feature(name, run)


def bars_of(market: Market) -> list[Bar]:
    """As events, each heard when it closed."""
    opened, high, low, close, volume = (
        column.tolist() for column in (market.open, market.high, market.low, market.close, market.volume)
    )
    return [
        Bar(NAME, time, time, MINUTE, opened[n], high[n], low[n], close[n], volume[n], 0)
        for n, time in enumerate(market.time.tolist())
    ]


def _bundle(market: Market) -> Floats:
    features = BarFeatures(MINUTE)
    return _rows([features.update(bar) for bar in bars_of(market)])


def _rows(features: Sequence[Features]) -> Floats:
    names = Features.__struct_fields__[4:]
    return np.array([[getattr(each, name) for name in names] for each in features], np.float64)


def _analyst(market: Market) -> Floats:
    """Regime, and the forecast of the technical analyst."""
    analyst, said = TechnicalAnalyst(NAME, MINUTE, RegimeRules()), []
    for bar in bars_of(market):
        _, regime, forecast = analyst.study(bar)
        said.append([
            LABELS.index(regime.label), regime.stress,
            nan if forecast is None else forecast.probability,
            nan if forecast is None else forecast.expected_return,
        ])  # fmt: skip
    return np.array(said, np.float64)


def top_of(market: Market, bar: int) -> Top:
    """A book whose sizes follow the shape of the last bars, so that it leans to one side for a while."""
    last = slice(max(0, bar - LEANS), bar + 1)
    low, high, close = market.low[last], market.high[last], market.close[last]
    share = float(np.clip(0.5 + 4.0 * (np.mean((close - low) / (high - low)) - 0.5), 0.0, 1.0))
    tick = round(float(market.close[bar]) * 100)
    return Top(tick - 1, 1.0 + 9.0 * share, tick + 1, 10.0 - 9.0 * share)


def _flow(market: Market) -> Floats:
    flow, trades, said = OrderFlow(10 * SECOND), TradeImbalance(10 * SECOND), []
    for bar in range(len(market)):
        time, top = int(market.time[bar]), top_of(market, bar)
        flow.update(time, top)
        trades.update(time, float(market.volume[bar]), bool(market.close[bar] < market.open[bar]))
        edge = microprice_edge(top.bid, top.bid_lots, top.ask, top.ask_lots)
        said.append([flow.value, trades.value, imbalance(top.bid_lots, top.ask_lots), edge])
    return np.array(said, np.float64)


def _tail(market: Market) -> Floats:
    """Forecasts of VaR, and running moments of returns."""
    tail, moments, said = FilteredHistorical(), Moments(), []
    for value in np.log(market.close / market.open).tolist():
        tail.update(value)
        moments = moments.add(value)
        forecast = tail.forecast(0.95)
        said.append([tail.volatility, forecast.value_at_risk, moments.deviation])
    return np.array(said, np.float64)


def _correlation(market: Market) -> Floats:
    """Of a bar's move and its volume."""
    moves, traded = np.log(market.close / market.open).tolist(), np.log(market.volume / 5_000.0).tolist()
    said = [
        ewma_correlation(moves[max(0, bar - SPAN) : bar + 1], traded[max(0, bar - SPAN) : bar + 1])
        for bar in range(len(market))
    ]
    return np.array(said, np.float64).reshape(-1, 1)


_FEATURES: Sequence[Feature] = (
    Feature("features of the engine", _bundle),
    Feature("regime and forecast of the analyst", _analyst),
    Feature("order flow", _flow),
    Feature("tail forecast", _tail),
    Feature("correlation", _correlation),
)

Fit = Callable[[Sequence[float], Sequence[bool]], Recalibration]
_CALIBRATORS: Sequence[tuple[str, Fit]] = (
    ("Platt", platt), ("temperature", temperature), ("beta", beta), ("isotonic", isotonic)
)  # fmt: skip


def _calibrator(entry: tuple[str, Fit]) -> Learned:
    name, learn = entry

    def fit(sample: Sample) -> Recalibration:
        return learn(sample.forecasts.tolist(), [bool(each) for each in sample.outcomes])

    def apply(model: Recalibration, sample: Sample) -> Floats:
        return np.array([model(each) for each in sample.forecasts.tolist()], np.float64)

    return Learned(f"calibrator {name}", fit, apply)


def _forward(ends: Rows) -> list[Split]:
    """The windows of a walk forward, as rows: what was learned from ends before what is judged."""
    horizon = int((ends - np.arange(len(ends))).max())
    windows = anchored(len(ends), len(ends) // 3, len(ends) // 6, horizon)
    return [
        Split(np.arange(w.train.start, w.train.stop), np.arange(w.test.start, w.test.stop)) for w in windows
    ]


_CUTS: Sequence[Cut] = (
    Cut("purged folds", lambda ends: purged_folds(ends, 5, embargo=round(sqrt(len(ends)) / 5))),
    Cut("combinatorial purged folds", lambda ends: combinatorial(ends, 6, 2)),
    Cut("walk forward", _forward),
)
