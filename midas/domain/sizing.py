"""The steps from a strategy's wish to a size: values that decisions and screens carry."""

from __future__ import annotations

from enum import Enum

import msgspec


class Stage(Enum):
    """The steps of sizing, in their order; which of them there are depends on where a size starts."""

    EDGE = "edge"  # from here on: a strategy that states chance, gain and loss
    FRACTION = "fraction of Kelly"
    CHANCE = "uncertain chance"
    RECORD = "short record"
    SHARE = "share of equity"  # where another strategy starts
    CONFIDENCE = "confidence"
    TRADES = "own trades"
    VOLATILITY = "volatility"  # from here on: both
    REGIME = "regime"
    CALIBRATION = "calibration"
    MODE = "mode"
    DRAWDOWN = "drawdown"
    LIMITS = "hard limits"
    LOTS = "whole lots"
    MINIMUM = "smallest order"


class SizeStep(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What one step did: `weight`, the share of equity after it, is the one before times `factor`."""

    stage: Stage
    factor: float  # 0 to 1
    weight: float
    why: str
