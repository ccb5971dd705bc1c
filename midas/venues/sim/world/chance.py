"""Rolls of the dice inside kernels: SplitMix64 and what is made of it. A stream is an array, passed in."""

from __future__ import annotations

import math

import numba
import numpy as np
from numpy.typing import NDArray


@numba.njit(cache=True, nogil=True)
def uniform(stream: NDArray[np.uint64]) -> float:
    """Strictly between 0 and 1 (Steele, Lea & Flood 2014)."""
    stream[0] += np.uint64(0x9E3779B97F4A7C15)
    z = stream[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return (np.float64(z >> np.uint64(12)) + 0.5) / 4503599627370496.0


@numba.njit(cache=True, nogil=True)
def exponential(stream: NDArray[np.uint64]) -> float:
    """Of mean 1."""
    return -math.log(uniform(stream))


@numba.njit(cache=True, nogil=True)
def normal(stream: NDArray[np.uint64]) -> float:
    """Of mean 0 and variance 1 (Box & Muller 1958); the pair's second is dropped, so no state hides."""
    return math.sqrt(2.0 * exponential(stream)) * math.cos(2.0 * math.pi * uniform(stream))


@numba.njit(cache=True, nogil=True)
def student(stream: NDArray[np.uint64], degrees: float) -> float:
    """Student's t scaled to variance 1, so `degrees` lie above 2 (Bailey 1994)."""
    spread = math.expm1(2.0 / degrees * exponential(stream)) * (degrees - 2.0)
    return math.sqrt(spread) * math.cos(2.0 * math.pi * uniform(stream))


@numba.njit(cache=True, nogil=True)
def geometric(stream: NDArray[np.uint64], mean: float) -> int:
    """Whole trials up to the first success: 1, 2, ... of the given mean."""
    if mean <= 1.0:
        return 1
    return 1 + int(exponential(stream) / -math.log1p(-1.0 / mean))


@numba.njit(cache=True, nogil=True)
def choice(stream: NDArray[np.uint64], cumulative: NDArray[np.float64]) -> int:
    """An index, by cumulative probabilities that end at 1."""
    return min(int(np.searchsorted(cumulative, uniform(stream), side="right")), cumulative.size - 1)
