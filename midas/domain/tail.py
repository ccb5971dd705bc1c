"""Tail risk (R7.4) as values: what is computed, what was forecast, and what came of it."""

from __future__ import annotations

import msgspec

from midas.domain.time import DAY, HOUR, MINUTE


class TailRules(msgspec.Struct, frozen=True, kw_only=True):
    """Over which horizons and how surely; limits are fractions of equity over the first horizon, 0: none."""

    horizons: tuple[int, ...] = (DAY, HOUR)  # market nanoseconds; the first is the main one
    level: float = 0.95
    history: int = 500  # returns of each horizon that are kept
    every: int = MINUTE  # wall time between two computations
    var_max: float = 0.0
    es_max: float = 0.0

    @property
    def limits(self) -> bool:
        """Whether an entry can be refused."""
        return self.var_max > 0.0 or self.es_max > 0.0


class TailForecast(msgspec.Struct, frozen=True, array_like=True):
    """What was said of the positions of one moment; VaR and ES as fractions of equity."""

    due: int  # market time, of a multiple of the horizon
    weights: dict[str, float]  # by instrument: fractions of equity
    prices: dict[str, float]  # at that moment
    value_at_risk: float
    expected_shortfall: float


class TailOutcome(msgspec.Struct, frozen=True, array_like=True):
    """What became of it: a loss of the positions then held, a fraction of equity; below 0 a gain."""

    due: int
    loss: float
    value_at_risk: float
    expected_shortfall: float

    @property
    def exception(self) -> bool:
        """Whether it was worse than the VaR."""
        return self.loss > self.value_at_risk


class HorizonCarried(msgspec.Struct, frozen=True):
    """The track record of one horizon, and the forecast that waits for its outcome."""

    horizon: int
    outcomes: tuple[TailOutcome, ...]
    pending: TailForecast | None = None
