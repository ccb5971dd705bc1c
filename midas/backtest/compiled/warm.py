"""Calls the kernels of the compiled path once with the types of real use."""

from __future__ import annotations

import numpy as np

from midas.backtest.compiled import kernels


def warm() -> None:
    """Compile what isn't compiled yet."""
    count = 3
    time, places, ticks = np.arange(count), np.array([1]), np.array([100.0])
    price, some = np.ones(count), [np.ones(count) for _ in range(6)]
    codes, days, numbers = np.zeros((2, count), np.uint8), np.array([2]), np.zeros((2, 3), np.int64)
    orders = some[4], some[5], codes[0], codes[1]
    kernels.limits(price, (0.01, 0.0, 0.0, 0.0, 0.0, 1.0), some[0], some[3], orders)
    rules = 1, 0, 0, 0.01, 1.0, 0.1, 1.0, 0.0
    kernels.paid(time, price, price, price, rules, orders)
    kernels.changes(np.zeros((count, 1), np.uint64), np.empty((8, count), np.int64), np.zeros(8, np.int64))
    kernels.paying(places, some[4], some[5], codes[0], codes[1], ticks.copy())
    reach, money = kernels.extremes(some[0], days), (1e6, 1.0, 0.01, 0.001, np.ones(10))
    kernels.bounds(places, ticks, some[0], some[3], days, numbers, reach, money)
    whole, found, held = (1e6, 1.0, 1.0, 100.0, 1.0, 1e5), np.empty(1), np.empty(1, np.bool_)
    kernels.equities(places, ticks, price, days, whole, found, held)
