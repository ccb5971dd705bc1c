"""The series that the reference values belong to, and longer ones out of a seed."""

from __future__ import annotations

import random

TWELVE_DAYS = [0.010, -0.005, 0.007, 0.012, -0.020, 0.004, 0.000, 0.015, -0.011, 0.006, 0.009, -0.003]
TEN_TRADES = [120.0, -80.0, 50.0, -40.0, 200.0, -150.0, 30.0, -20.0, 60.0, 10.0]


def returns(count: int, seed: int = 7, mean: float = 0.0008, deviation: float = 0.012) -> list[float]:
    """Independent normal returns."""
    chance = random.Random(seed)
    return [chance.gauss(mean, deviation) for _ in range(count)]
