"""Prediction intervals that need no model of the noise: split conformal, and ACI where markets drift."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, inf

import msgspec

_ROUNDING = 1e-9


class Adaptive(msgspec.Struct, frozen=True):
    """Adaptive conformal inference (Gibbs & Candes 2021): the level follows the misses.

    A level of 0 or below is an infinite interval, of 1 or above an empty one.
    """

    target: float = 0.1  # the miss rate asked for
    step: float = 0.01  # gamma
    level: float = 0.1

    def after(self, missed: bool) -> Adaptive:
        """Once an outcome lay outside its interval, or inside."""
        return msgspec.structs.replace(self, level=self.level + self.step * (self.target - missed))

    def reach(self, scores: Sequence[float]) -> float:
        """Half the width of the next interval, from past scores; -inf is empty."""
        return quantile(scores, self.level)


def quantile(scores: Sequence[float], alpha: float) -> float:
    """The k-th smallest score, k = ceil((n + 1)(1 - alpha)): covers with probability 1 - alpha or more.

    Infinite where k > n (too few scores for the level), -inf where alpha is 1 or more.
    """
    if alpha >= 1.0:
        return -inf
    place = ceil((len(scores) + 1) * (1.0 - alpha) - _ROUNDING)
    return inf if place > len(scores) else sorted(scores)[max(place, 1) - 1]
