"""Extreme value theory for far levels: a generalised Pareto tail over a threshold (McNeil & Frey 2000).

Fitted to the residuals of the EWMA filter by probability-weighted moments (Hosking & Wallis 1987): a closed
form that always exists and for tails of a few dozen losses beats maximum likelihood.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum, log

import msgspec

from midas.statistics.conventions import LEAST_VAR_99
from midas.statistics.filtered_historical import DECAY, residuals
from midas.statistics.value_at_risk import TailRisk, checked_level, lacking, unknown

METHOD = "extreme value"
LEVEL_MIN = 0.99  # below, counting is as good and assumes nothing
THRESHOLD = 0.9  # share of the losses that isn't tail


class Pareto(msgspec.Struct, frozen=True):
    """The tail above `threshold`: P(L > x) = share (1 + shape (x - threshold) / scale)^(-1 / shape)."""

    threshold: float
    share: float  # of all losses that lie above
    shape: float  # 1 / tail index; 0 is exponential
    scale: float

    def quantile(self, alpha: float) -> float:
        """The loss exceeded with probability 1 - alpha; alpha lies in the tail."""
        ratio = self.share / (1.0 - alpha)
        assert ratio >= 1.0, f"{alpha} lies below the threshold"
        if abs(self.shape) < 1e-9:
            return self.threshold + self.scale * log(ratio)
        return float(self.threshold + self.scale / self.shape * (ratio**self.shape - 1.0))

    def shortfall(self, alpha: float) -> float:
        """The mean loss beyond that quantile; finite where shape < 1."""
        level = self.quantile(alpha)
        return level + (self.scale + self.shape * (level - self.threshold)) / (1.0 - self.shape)


def fitted(losses: Sequence[float], threshold: float = THRESHOLD) -> Pareto | None:
    """The tail of losses in any order; None where those beyond the threshold are all alike."""
    ordered = sorted(losses)
    first = round(threshold * len(ordered))
    assert 0 < first < len(ordered), f"{len(ordered)} losses leave no tail above {threshold}"
    edge = ordered[first - 1]
    excess = [loss - edge for loss in ordered[first:]]
    count = len(excess)
    mean = fsum(excess) / count
    weighted = fsum(y * (1.0 - (i + 0.65) / count) for i, y in enumerate(excess)) / count
    spread = mean - 2.0 * weighted
    if mean <= 0.0 or spread <= 1e-12 * mean:
        return None
    return Pareto(edge, count / len(ordered), 2.0 - mean / spread, 2.0 * mean * weighted / spread)


def extreme(
    returns: Sequence[float], alpha: float = 0.99, decay: float = DECAY, least: int = LEAST_VAR_99
) -> TailRisk:  # fmt: skip
    """VaR and ES of the next period at 99 % and beyond, from at least 500 returns, oldest first."""
    checked_level(alpha)
    if alpha < LEVEL_MIN - 1e-12:
        return unknown(METHOD, f"the level is {alpha:g}, extreme values begin at {LEVEL_MIN:g}")
    if (reason := lacking(returns, least)) is not None:
        return unknown(METHOD, reason)
    left, volatility = residuals(returns, decay)
    pareto = fitted([-residual for residual in left if residual == residual])
    if pareto is None or not pareto.shape < 1.0:
        return unknown(METHOD, "the tail can't be fitted")
    return TailRisk(volatility * pareto.quantile(alpha), volatility * pareto.shortfall(alpha), METHOD)
