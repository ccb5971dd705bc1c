"""Trend following on bars: long while the analyst's expectation stands or turns up, flat otherwise.

The forecast's slow term lags by a hundred bars, so its level alone enters late. What counts here is level
plus turn: how far the probability of a rise lies above one half, and how far above its own average. It goes
in above `enter` and out below `leave`; a stop a few volatilities below the entry price ends what goes wrong.

On bars of one second no forecast is worth a taker's fee: entries wait at the touch and pay up only while the
trend runs away from them, and exits do so only at the stop.
"""

from __future__ import annotations

from math import isfinite, nan, sqrt
from typing import Annotated, ClassVar

import msgspec

from midas.api import (
    Briefing,
    Contribution,
    Family,
    Hears,
    MarketView,
    Opinion,
    Reading,
    RegimeLabel,
    Urgency,
)

Probability = Annotated[float, msgspec.Meta(gt=0.0, lt=0.5)]  # above one half, or above its own average

AGAINST = (RegimeLabel.TREND_DOWN, RegimeLabel.CRISIS)  # a spot account has nothing to win here


class TrendParameters(msgspec.Struct, frozen=True, kw_only=True):
    """Strengths are level plus turn of the probability; durations are bars."""

    enter: Probability = 0.04
    leave: Annotated[float, msgspec.Meta(gt=-0.5, lt=0.5)] = -0.02
    leave_against: Annotated[float, msgspec.Meta(gt=-0.5, lt=0.5)] = 0.02  # in a bear market or a crisis
    sure: Probability = 0.15  # strength of full confidence
    hurry: Probability = 0.12  # from here on an entry takes instead of waiting
    average: Annotated[int, msgspec.Meta(ge=2, le=10_000)] = 60
    confirm: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 2  # in a row, before going in or out
    rest: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 15  # after a stop
    stop: Annotated[float, msgspec.Meta(gt=0.0, le=100.0)] = 2.5  # volatilities of one horizon
    stop_min: Annotated[float, msgspec.Meta(gt=0.0, lt=1.0)] = 0.0010  # of the entry price
    horizon: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 30

    def __post_init__(self) -> None:
        """Refuse thresholds in the wrong order: they would enter and leave on every bar."""
        if not self.leave <= self.leave_against < self.enter < self.sure:
            raise ValueError("expected leave <= leave_against < enter < sure")


class Memory:
    """What the strategy remembers of one instrument."""

    __slots__ = ("average", "bars", "long", "resting", "streak")

    def __init__(self) -> None:
        self.average = nan  # of the probability
        self.bars = 0
        self.long = False
        self.streak = 0  # bars in a row that speak against what we are
        self.resting = 0  # bars left


class TrendFollowing:
    """One instance for all instruments; each has its own memory."""

    name: ClassVar[str] = "trend-following"
    family: ClassVar[Family] = Family.TREND_FOLLOWING
    hears: ClassVar[str] = Hears.BAR
    trades_unknown: ClassVar[bool] = False  # without a regime nobody knows what a trend is here
    Parameters: ClassVar[type[msgspec.Struct]] = TrendParameters

    def __init__(self, parameters: TrendParameters) -> None:
        self._parameters = parameters
        self._memories: dict[str, Memory] = {}

    def signal(self, market: MarketView, briefing: Briefing) -> Opinion | None:
        """Long or flat, with the terms of the forecast as reasons; None while there is no forecast."""
        forecast = briefing.forecast
        if forecast is None or not isfinite(forecast.probability) or not isfinite(market.mid):
            return None
        memory = self._memories.setdefault(market.instrument.id, Memory())
        turn = self._turn(memory, forecast.probability)
        strength = forecast.probability - 0.5 + turn
        terms = (*forecast.contributions, Contribution("turn", turn))
        inputs = self._inputs(memory, forecast.probability, strength, briefing)
        horizon_ns = forecast.horizon_ns
        if memory.long and self._stopped(market.mid, briefing):
            memory.long, memory.streak, memory.resting = False, 0, self._parameters.rest
            return Opinion(
                direction=0.0, confidence=1.0, contributions=terms, horizon_ns=horizon_ns,
                urgency=Urgency.AGGRESSIVE, reason="stop", inputs=inputs,
            )  # fmt: skip
        self._decide(memory, strength, briefing.regime.label)
        if not memory.long:
            return Opinion(
                direction=0.0, confidence=1.0, contributions=terms, horizon_ns=horizon_ns, reason="no trend",
                inputs=inputs,
            )  # fmt: skip
        hurried = strength >= self._parameters.hurry and briefing.position == 0.0
        return Opinion(
            direction=1.0,
            confidence=self._confidence(strength),
            contributions=terms,
            horizon_ns=horizon_ns,
            urgency=Urgency.AGGRESSIVE if hurried else Urgency.PASSIVE,
            reason=f"strength {strength:+.3f}",
            inputs=inputs,
        )

    def _inputs(
        self, memory: Memory, probability: float, strength: float, briefing: Briefing
    ) -> tuple[Reading, ...]:
        return (
            Reading("probability", probability),
            Reading("its average", memory.average),
            Reading("strength", strength),
            Reading("to go in", self._parameters.enter),
            Reading("volatility bp", briefing.volatility * 1e4),
            Reading("ADX", briefing.regime.adx),
            Reading("stress", briefing.regime.stress),
        )

    def _turn(self, memory: Memory, probability: float) -> float:
        """How far `probability` lies above its average before this bar; none while that is short."""
        before = memory.average
        memory.bars += 1
        if memory.bars == 1:
            memory.average = probability
            return 0.0
        span = min(memory.bars, self._parameters.average)
        memory.average += 2.0 / (span + 1) * (probability - before)
        return probability - before

    def _decide(self, memory: Memory, strength: float, label: RegimeLabel) -> None:
        """Change sides only after `confirm` bars in a row beyond the threshold."""
        p = self._parameters
        memory.resting = max(0, memory.resting - 1)
        leave = p.leave_against if label in AGAINST else p.leave
        against = strength < leave if memory.long else strength > p.enter and not memory.resting
        memory.streak = memory.streak + 1 if against else 0
        if memory.streak >= p.confirm:
            memory.long, memory.streak = not memory.long, 0

    def _stopped(self, mid: float, briefing: Briefing) -> bool:
        """Whether the price fell further below the entry than its volatility explains."""
        p = self._parameters
        if not (
            briefing.position > 0.0 and isfinite(briefing.average_price) and isfinite(briefing.volatility)
        ):
            return False
        distance = max(p.stop_min, p.stop * briefing.volatility * sqrt(p.horizon))
        return mid < briefing.average_price * (1.0 - distance)

    def _confidence(self, strength: float) -> float:
        p = self._parameters
        share = (strength - p.enter) / (p.sure - p.enter)
        return 0.5 + 0.5 * min(max(share, 0.0), 1.0)
