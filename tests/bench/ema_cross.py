"""The strategy of P1: the fast average above the slow one holds, below it holds nothing."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from midas.api import Briefing, Family, Hears, MarketView, Opinion, Urgency

LONG = Opinion(direction=1.0, confidence=1.0, urgency=Urgency.AGGRESSIVE, reason="fast above slow")
FLAT = Opinion(direction=0.0, confidence=1.0, urgency=Urgency.AGGRESSIVE, reason="fast below slow")


class CrossParameters(msgspec.Struct, frozen=True):
    """Spans in bars."""

    fast: int = 20
    slow: int = 100
    first: int = 2_000  # the bar, counted from 0, from which on it speaks


class EmaCross:
    """Speaks where the side changes."""

    name: ClassVar[str] = "ema-cross"
    family: ClassVar[Family] = Family.TREND_FOLLOWING
    hears: ClassVar[str] = Hears.BAR
    trades_unknown: ClassVar[bool] = True
    unaided: ClassVar[bool] = True
    Parameters: ClassVar[type[msgspec.Struct]] = CrossParameters

    def __init__(self, parameters: CrossParameters) -> None:
        self._alphas = 2.0 / (parameters.fast + 1), 2.0 / (parameters.slow + 1)
        self._first = parameters.first
        self._seen = 0
        self._fast = self._slow = 0.0
        self._long = False

    def signal(self, market: MarketView, briefing: Briefing) -> Opinion | None:
        """Hold or not; None while the side stays."""
        close = market.bars[-1].close
        if not self._seen:
            self._fast = self._slow = close
        alpha, beta = self._alphas
        self._fast = fast = self._fast + alpha * (close - self._fast)
        self._slow = slow = self._slow + beta * (close - self._slow)
        self._seen += 1
        if self._seen <= self._first or (fast > slow) is self._long:
            return None
        self._long = not self._long
        return LONG if self._long else FLAT
