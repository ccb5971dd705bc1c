"""The technical analyst: bars -> features -> regime and forecast, with the contribution of each term."""

from __future__ import annotations

from math import sqrt, tanh

from midas.analysis.features import YEAR, BarFeatures, Features
from midas.analysis.regime import RegimeDetector, RegimeRules
from midas.domain.market import Bar
from midas.domain.opinion import Contribution, Forecast, Regime

# How much each term says; a sum of 1 keeps the score in [-1, 1].
WEIGHTS = {"trend": 0.4, "momentum": 0.2, "direction": 0.2, "macd": 0.2}
PROBABILITY_SPAN = 0.15  # a score of 1 is a 65 % chance: nobody is surer of a bar than that
SKILL = 0.05  # assumed correlation of score and outcome; the learning layer will measure it
HORIZON_BARS = 30


class TechnicalAnalyst:
    """One instrument's analyst; its memory is a fold of the bars it was shown."""

    def __init__(self, instrument: str, period: int, rules: RegimeRules, year: int = YEAR) -> None:
        self._instrument = instrument
        self._period = period
        self._features = BarFeatures(period, year=year)
        self._detector = RegimeDetector(rules)

    def study(self, bar: Bar) -> tuple[Features, Regime, Forecast | None]:
        """What the new bar means; no forecast until every window is full."""
        features = self._features.update(bar)
        regime = self._detector.update(features)
        return features, regime, self._forecast(features) if features.warm else None

    def _forecast(self, features: Features) -> Forecast:
        terms = contributions(features)
        score = sum(term.value for term in terms)
        return Forecast(
            instrument=self._instrument,
            source="technical",
            horizon_ns=HORIZON_BARS * self._period,
            expected_return=score * SKILL * features.rv20 * sqrt(HORIZON_BARS),
            probability=0.5 + PROBABILITY_SPAN * score,
            contributions=terms,
            time=features.time,
        )


def contributions(features: Features) -> tuple[Contribution, ...]:
    """Each term in [-weight, weight], positive towards buying; zero where the market stands still."""
    atr = features.atr14
    spread = features.plus_di + features.minus_di
    raw = {
        "trend": tanh((features.ema_fast - features.ema_slow) / atr) if atr > 0 else 0.0,
        "momentum": (features.rsi14 - 50.0) / 50.0,
        "direction": (features.plus_di - features.minus_di) / spread if spread > 0 else 0.0,
        "macd": tanh(2.0 * features.macd_histogram / atr) if atr > 0 else 0.0,
    }
    return tuple(Contribution(name, WEIGHTS[name] * value) for name, value in raw.items())
