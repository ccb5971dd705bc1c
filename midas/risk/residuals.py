"""The loop of the volatility filter over all returns at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from midas.state.kernel import kernel

Floats = NDArray[np.float64]


@kernel
def residuals(
    changes: Floats, squares: Floats, variance: float, first: int, decay: float, still: float, made: Floats
) -> tuple[float, bool]:  # fmt: skip
    """Each return over the volatility forecast for it, into `made`; gives the variance after all of them.
    Also whether each could be compared with one.

    As `statistics.filtered_historical.Filter` does it one by one, `variance` being its own after `first`.
    """
    whole = True
    for place in range(first, len(changes)):
        value = changes[place]
        if variance > still:
            made[place - first] = value / np.sqrt(variance)
        else:
            made[place - first] = np.nan if value else 0.0
            whole = whole and value == 0.0
        variance = decay * variance + (1.0 - decay) * squares[place]
    return variance, whole


@kernel
def least_residuals(
    changes: Floats, squares: Floats, variance: float, first: int, decay: float, still: float, least: Floats
) -> tuple[float, bool]:  # fmt: skip
    """As `residuals`, but only the smallest of them are kept: as many as `least` has room for, in order.

    False where one could be compared with nothing.
    """
    kept = 0
    for place in range(first, len(changes)):
        value = changes[place]
        if variance > still:
            value = value / np.sqrt(variance)
        elif value:
            return variance, False
        variance = decay * variance + (1.0 - decay) * squares[place]
        if kept == len(least):
            if value >= least[kept - 1]:
                continue
            kept -= 1
        free = kept
        while free and least[free - 1] > value:
            least[free] = least[free - 1]
            free -= 1
        least[free] = value
        kept += 1
    return variance, kept == len(least)
