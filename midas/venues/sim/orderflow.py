"""The order-flow kernel: a zero-intelligence book around a fundamental price that drifts in regimes.

Orders arrive at rates that feed on recent activity; uninformed takers come in runs of one sign;
informed takers hit quotes that the fundamental price has left behind, which is why the imbalance
of the book says something about the next move. Prices are ticks, sizes lots.
"""

from __future__ import annotations

import math

import numba
import numpy as np
from numpy.typing import NDArray

from midas.domain.time import SECOND
from midas.venues.sim.outside import Level

LEVEL, TRADE = 0, 1  # kinds of rows
BUY, SELL = 0, 1
ROWS_MAX = 4_096
SPAN = 1 << 16  # prices from opening - SPAN/2 to opening + SPAN/2 exist

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

# Places in the state arrays.
BASE, BID, ASK, SIGN, RUN, DRIFT, VOL, ROWS, GROUP = range(9)
FUND, HEAT, SIZE, SIGMA, HOME = range(5)

LIMIT_RATE = 5.0  # a second
TAKE_RATE = 0.9
CANCEL_RATE = 4.5
INFORMED_RATE = 1.2  # a second for each tick that a quote is wrong
HEAT_RISE = 2.0  # a second added by one order
HEAT_FALL = 5.0  # a second
DRIFT_SWITCH = 1 / 150.0
VOL_SWITCH = 1 / 240.0
DRIFT_TICKS = 0.35  # a second, in a trend, at a fundamental of two ticks a second
LEAN = 1.0  # how strongly orders and cancels lean towards the fundamental price, per tick
NEAR = 24  # ticks that count as near the touch
DEEP = 400  # ticks from the touch that hold slow money
HOME_PULL = 1e-6  # keeps the price inside SPAN for as long as anyone may look


@numba.njit(cache=True)
def _uniform(seed: NDArray[np.uint64]) -> float:
    """SplitMix64: the kernel's own stream of chance, so that instruments never share one."""
    seed[0] += np.uint64(0x9E3779B97F4A7C15)
    z = seed[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return (np.float64(z >> np.uint64(11)) + 0.5) / 9007199254740992.0


@numba.njit(cache=True)
def _normal(seed: NDArray[np.uint64]) -> float:
    return math.sqrt(-2.0 * math.log(_uniform(seed))) * math.cos(6.283185307179586 * _uniform(seed))


@numba.njit(cache=True)
def _size(seed: NDArray[np.uint64], floats: Floats) -> int:
    """An order's lots: exponential, one in fifty five times as large."""
    lots = -math.log(_uniform(seed)) * floats[SIZE]
    return 1 + int(lots * 5.0 if _uniform(seed) < 0.02 else lots)


@numba.njit(cache=True)
def _write(
    ints: Ints, depth: Ints, rows: Ints, time: int, kind: int, side: int, place: int, lots: int
) -> None:
    row = rows[ints[ROWS]]
    row[0], row[1], row[2], row[3], row[4] = time, kind, side, place + ints[BASE], lots
    row[5], row[6] = ints[BID] + ints[BASE], depth[0, ints[BID]]
    row[7], row[8] = ints[ASK] + ints[BASE], depth[1, ints[ASK]]
    row[9] = ints[GROUP]
    ints[ROWS] += 1


@numba.njit(cache=True)
def _change(ints: Ints, depth: Ints, rows: Ints, time: int, side: int, place: int, lots: int) -> None:
    """Set one level and keep the touch pointers right."""
    depth[side, place] = lots
    if side == 0:
        if lots > 0 and place > ints[BID]:
            ints[BID] = place
        while depth[0, ints[BID]] == 0:
            ints[BID] -= 1
    else:
        if lots > 0 and place < ints[ASK]:
            ints[ASK] = place
        while depth[1, ints[ASK]] == 0:
            ints[ASK] += 1
    _write(ints, depth, rows, time, 0, side, place, lots)


@numba.njit(cache=True)
def _take(ints: Ints, depth: Ints, rows: Ints, time: int, sign: int, lots: int, limit: int) -> None:
    """A market order of `lots` that stops before `limit`: one trade and one level change a price."""
    side = 1 if sign > 0 else 0
    for _ in range(8):
        place = ints[ASK] if sign > 0 else ints[BID]
        if lots <= 0 or (place - limit) * sign > 0:
            return
        step = min(lots, depth[side, place])
        lots -= step
        _write(ints, depth, rows, time, 1, 1 - side, place, step)
        _change(ints, depth, rows, time, side, place, depth[side, place] - step)


@numba.njit(cache=True)
def _limit(seed: NDArray[np.uint64], ints: Ints, floats: Floats, depth: Ints, rows: Ints, time: int) -> None:
    """A new limit order: improve, join, or stand back; never beyond the fundamental price."""
    fair = floats[FUND] - ints[BASE]
    lean = fair - 0.5 * (ints[BID] + ints[ASK])
    buys = _uniform(seed) < 0.5 + 0.35 * math.tanh(LEAN * lean)
    shade = 0.5 + 0.6 * abs(_normal(seed))
    chance = _uniform(seed)
    back = int(_uniform(seed) ** (-1.0 / 1.5))
    back = min(back, 200)
    if buys:
        bound = min(math.floor(fair - shade), ints[ASK] - 1)
        place = ints[BID] + 1 if chance < 0.3 else (ints[BID] if chance < 0.6 else ints[BID] - back)
        if bound - ints[BID] > 2 and chance < 0.7:
            place = bound
        place = min(place, bound)
    else:
        bound = max(math.ceil(fair + shade), ints[BID] + 1)
        place = ints[ASK] - 1 if chance < 0.3 else (ints[ASK] if chance < 0.6 else ints[ASK] + back)
        if ints[ASK] - bound > 2 and chance < 0.7:
            place = bound
        place = max(place, bound)
    side = 0 if buys else 1
    _change(ints, depth, rows, time, side, place, depth[side, place] + _size(seed, floats))


@numba.njit(cache=True)
def _cancel(seed: NDArray[np.uint64], ints: Ints, floats: Floats, depth: Ints, rows: Ints, time: int) -> None:
    """Cancel at a near level, more often on the side that the fundamental price turns against."""
    lean = floats[FUND] - ints[BASE] - 0.5 * (ints[BID] + ints[ASK])
    side = 0 if _uniform(seed) < 0.5 - 0.35 * math.tanh(LEAN * lean) else 1
    away = int(_uniform(seed) * _uniform(seed) * NEAR)
    against = lean if side == 1 else -lean
    if against > 0.3 and _uniform(seed) < 0.6:
        away = 0
    place = ints[BID] - away if side == 0 else ints[ASK] + away
    there = depth[side, place]
    if there == 0:
        return
    near = 0
    for k in range(NEAR):
        near += depth[side, ints[BID] - k] if side == 0 else depth[side, ints[ASK] + k]
    if near < 12.0 * floats[SIZE]:
        return
    lots = min(there, _size(seed, floats))
    if away == 0 and against > 0.3:
        lots = max(lots, there // 2)
    _change(ints, depth, rows, time, side, place, there - lots)


@numba.njit(cache=True)
def _uninformed(
    seed: NDArray[np.uint64], ints: Ints, floats: Floats, depth: Ints, rows: Ints, time: int
) -> None:
    """A market order of a run: one trader working a large order keeps the sign."""
    if ints[RUN] <= 0:
        ints[RUN] = min(400, int(_uniform(seed) ** (-1.0 / 1.5)))
        ints[SIGN] = 1 if _uniform(seed) < 0.5 else -1
    ints[RUN] -= 1
    sign = ints[SIGN]
    side, touch = (1, ints[ASK]) if sign > 0 else (0, ints[BID])
    lots = min(_size(seed, floats), max(1, depth[side, touch] + depth[side, touch + sign]))
    _take(ints, depth, rows, time, sign, lots, touch + 2 * sign)


@numba.njit(cache=True)
def _deepen(seed: NDArray[np.uint64], ints: Ints, floats: Floats, depth: Ints, rows: Ints, time: int) -> None:
    """Slow money far from the touch: keeps both sides deep however far the price has gone."""
    for side in range(2):
        away = NEAR + int(_uniform(seed) * (DEEP - NEAR))
        place = ints[BID] - away if side == 0 else ints[ASK] + away
        if depth[side, place] == 0:
            ints[GROUP] += 1
            _change(ints, depth, rows, time, side, place, 2 * _size(seed, floats))


@numba.njit(cache=True)
def _regimes(seed: NDArray[np.uint64], ints: Ints, floats: Floats, seconds: float) -> None:
    """Drift and volatility switch now and then; the fundamental price follows them."""
    if _uniform(seed) < DRIFT_SWITCH * seconds:
        ints[DRIFT] = int(_uniform(seed) * 3.0) - 1
    if _uniform(seed) < VOL_SWITCH * seconds:
        ints[VOL] = int(_uniform(seed) * 3.0)
    sigma = floats[SIGMA] * (0.5 if ints[VOL] == 0 else 1.0 if ints[VOL] == 1 else 1.7)
    drift = ints[DRIFT] * DRIFT_TICKS * 0.5 * floats[SIGMA]
    drift += HOME_PULL * (floats[HOME] - floats[FUND])
    floats[FUND] += drift * seconds + sigma * math.sqrt(seconds) * _normal(seed)


@numba.njit(cache=True)
def _run(
    seed: NDArray[np.uint64], ints: Ints, floats: Floats, depth: Ints, rows: Ints, start: int, end: int
) -> int:
    """All events of one slice of time into `rows`; how many rows there are."""
    ints[ROWS] = 0
    _regimes(seed, ints, floats, (end - start) / 1e9)
    _deepen(seed, ints, floats, depth, rows, start)
    time = float(start)
    while ints[ROWS] < ROWS_MAX - 64:
        fair = floats[FUND] - ints[BASE]
        wrong = max(0.0, fair - ints[ASK] - 0.3) + max(0.0, ints[BID] - fair - 0.3)
        wide = max(0.0, float(ints[ASK] - ints[BID] - 1))
        takes, limits = TAKE_RATE + 0.12 * floats[HEAT], LIMIT_RATE + 0.5 * floats[HEAT] + 5.0 * wide
        informed, cancels = INFORMED_RATE * wrong, CANCEL_RATE + 0.38 * floats[HEAT]
        total = takes + limits + informed + cancels
        wait = -math.log(_uniform(seed)) / total
        time += wait * 1e9
        if time >= end:
            break
        floats[HEAT] = floats[HEAT] * math.exp(-HEAT_FALL * wait) + HEAT_RISE
        ints[GROUP] += 1
        choice = _uniform(seed) * total
        stamp = int(time)
        if choice < limits:
            _limit(seed, ints, floats, depth, rows, stamp)
        elif choice < limits + cancels:
            _cancel(seed, ints, floats, depth, rows, stamp)
        elif choice < limits + cancels + takes:
            _uninformed(seed, ints, floats, depth, rows, stamp)
        elif fair > ints[ASK]:
            _take(ints, depth, rows, stamp, 1, 2 * _size(seed, floats), int(fair - 0.3))
        else:
            _take(ints, depth, rows, stamp, -1, 2 * _size(seed, floats), math.ceil(fair + 0.3))
    return int(ints[ROWS])


class OrderFlow:
    """The kernel's state for one instrument."""

    def __init__(self, seed: NDArray[np.uint64], ints: Ints, floats: Floats, depth: Ints) -> None:
        self._seed = seed
        self._ints = ints
        self._floats = floats
        self._depth = depth
        self._rows = np.zeros((ROWS_MAX, 10), np.int64)

    def run(self, start: int, end: int) -> Ints:
        """Rows of (time, kind, side, tick, lots, bid, its lots, ask, its lots, group) until `end`."""
        count = _run(self._seed, self._ints, self._floats, self._depth, self._rows, start, end)
        return self._rows[:count]

    def touch(self) -> tuple[int, int, int, int]:
        """Best bid, its lots, best ask, its lots."""
        base, bid, ask = (int(self._ints[place]) for place in (BASE, BID, ASK))
        return base + bid, int(self._depth[0, bid]), base + ask, int(self._depth[1, ask])

    def levels(self, count: int) -> tuple[list[Level], list[Level]]:
        """The `count` best levels of each side."""
        base = int(self._ints[BASE])
        bids = np.flatnonzero(self._depth[0])[::-1][:count]
        asks = np.flatnonzero(self._depth[1])[:count]
        return (
            [(base + int(place), int(self._depth[0, place])) for place in bids],
            [(base + int(place), int(self._depth[1, place])) for place in asks],
        )


def opened(seed: int, price: int, order_lots: float, ticks_a_second: float, levels: int) -> OrderFlow:
    """A book of `levels` levels a side around `price`, run warm for half a minute."""
    state = np.array([seed & (2**64 - 1)], np.uint64)
    ints, floats, depth = np.zeros(9, np.int64), np.zeros(5, np.float64), np.zeros((2, SPAN), np.int64)
    middle = SPAN // 2
    ints[[BASE, BID, ASK, SIGN, VOL]] = price - middle, middle - 1, middle + 1, 1, 1
    floats[[FUND, SIZE, SIGMA, HOME]] = price, order_lots, ticks_a_second, price
    rng = np.random.default_rng(seed & (2**63 - 1))
    sizes = 1 + rng.exponential(order_lots * 1.5, (2, levels)).astype(np.int64)
    depth[0, middle - 1 : middle - 1 - levels : -1] = sizes[0]
    depth[1, middle + 1 : middle + 1 + levels] = sizes[1]
    depth[0, : middle - 1 - levels] = 0
    flow = OrderFlow(state, ints, floats, depth)
    for slice_start in range(0, 30 * SECOND, SECOND // 10):
        flow.run(slice_start, slice_start + SECOND // 10)
    return flow
