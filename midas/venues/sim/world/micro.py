"""The micro layer of the synthetic world: the order flow and the book of one instrument.

Units inside are ticks, seconds and lots; one unit of size is what the papers call a lot, so that an
instrument whose lots are small has the same book as one whose lots are large.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from midas.domain.time import SECOND
from midas.errors import ConfigInvalid, StoreDamaged
from midas.venues.sim.levels.outside import Level
from midas.venues.sim.world import micro_kernel as kernel
from midas.venues.sim.world.micro_kernel import Ints

WARM_UP = 60 * SECOND
OPENING_LEVELS = 400
NEAR_MAX = 64
DEEP_MAX = 1_000
IMPACT_MAX = 0.2
PARAMETER_ARRAYS = (("hawkes", (2, 3)), ("flow", (2, 4)), ("fickle", (NEAR_MAX,)))
MAGIC = b"micro-2\n"


Numbers = Sequence[float] | NDArray[np.float64]


class MicroParameters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the order flow is made of. A rate is a second at an activity of one; a unit is a size."""

    limit_rate: float = 6.0  # limit orders
    take_rate: float = 1.2  # uninformed market orders
    cancel_rate: float = (
        0.035  # cancels for each unit near the touch (Smith, Farmer, Gillemot and Krishnamurthy 2003)
    )
    near: int = 24  # ticks from the touch that cancels reach
    patience: float = 6.0  # ticks from the touch at which an order is cancelled half as readily
    hawkes_decays: tuple[float, float, float] = (
        20.0,
        0.5,
        1 / 60,
    )  # a second (Bacry, Mastromatteo and Muzy 2015)
    hawkes_weights: tuple[float, float, float] = (0.35, 0.35, 0.30)
    branching: float = 0.6  # takers that one taker causes
    informed_rate: float = (
        4.0  # informed takers for each tick that a quote is wrong (Glosten and Milgrom 1985)
    )
    informed_cost: float = 0.3  # ticks that they want to earn
    requote_rate: float = 120.0  # makers who pull a stale quote, for each tick that it is stale
    narrow_rate: float = 4.0  # makers who step inside, for each tick of spread beyond the first
    slow_rate: float = 1.0  # orders far from the touch
    deep: int = 400  # ticks from the touch that slow money reaches
    lean: float = 0.0  # how strongly makers prefer the side that the fair price favours, per tick
    improve: float = 0.3  # share of limit orders that better the touch
    join: float = 0.3  # share that joins it
    distance_exponent: float = (
        1.5  # Pareto, of the other orders' distance (Bouchaud, Mezard and Potters 2002)
    )
    shade: float = 0.5  # ticks that a maker keeps from the fair price, mean
    shade_noise: float = 0.8  # and standard deviation
    hold: float = (
        0.25  # share of cancels at a favourable touch that don't happen (Huang, Lehalle, Rosenbaum 2015)
    )
    size_mean: float = 1.5  # units, exponential, on top of one
    block_chance: float = 0.03  # share of market orders that are blocks
    block_mean: float = 15.0  # units, exponential, on top
    persistence: float = 0.8  # share of market orders that belong to metaorders (Lillo, Mike and Farmer 2005)
    children_exponent: float = 1.5  # Pareto, of a metaorder's number of children
    children_max: int = 2_000
    # By which a surprise of one unit moves the fair price, in standard deviations of the price over a second;
    # it grows with the root of the size and is larger where takers are fewer (Toth et al. 2011; Kyle 1985).
    impact: float = 0.12
    volatility: float = 0.95  # ticks, that standard deviation, as believed at the opening
    volatility_time: float = 300.0  # seconds over which it is learnt from the mid
    volatility_min: float = 0.05  # ticks
    impact_half_life: float = 14_400.0  # seconds after which half of what has become of it is forgotten
    flow_rates: tuple[float, float, float, float] = (0.1, 0.025, 0.006, 0.0015)  # a trade
    # Least squares of the next trade's signed root size on averages of the past ones, four million trades
    # of the metaorders above: the propagator of Bouchaud, Gefen, Potters and Wyart (2004) as a prediction.
    flow_weights: tuple[float, float, float, float] = (0.380, 0.219, 0.114, 0.113)
    depth_min: float = 20.0  # units near the touch of a side below which nobody cancels there
    depth_max: float = 400.0  # units that a level holds at most
    leap: float = 12.0  # ticks from the mid beyond which no fair price is believed at once
    anchor_time: float = 20.0  # seconds in which slow money follows the price
    fair_min: float = 20.0  # ticks below which the fair price doesn't fall

    def suited(self, ticks: float) -> MicroParameters:
        """For a fundamental whose standard deviation over one second is `ticks`."""
        return msgspec.structs.replace(self, volatility=ticks)

    def __post_init__(self) -> None:
        """Refuse numbers that no book can run on; raises ConfigInvalid."""
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            numbers = value if isinstance(value, tuple) else (value,)
            if not all(low <= number <= high for number in numbers):
                expected = f"{'each number' if len(numbers) > 1 else 'a number'} from {low:g} to {high:g}"
                raise ConfigInvalid(f"micro.{name}: expected {expected}, got {value}")
        if self.deep < self.near:
            raise ConfigInvalid(f"micro.deep: expected at least near, {self.near} ticks, got {self.deep}")


# Above these a slice of market time would take longer than anybody waits, below them no book would form.
_RATE = 0.0, 1_000.0
_SHARE = 0.0, 0.99
_RANGES: dict[str, tuple[float, float]] = {
    "limit_rate": (0.001, 1_000.0),
    "take_rate": (0.001, 1_000.0),
    "cancel_rate": (0.0, 10.0),
    "near": (1, NEAR_MAX),
    "patience": (0.01, 10_000.0),
    "hawkes_decays": (1e-6, 1_000.0),
    "hawkes_weights": (0.0, 1.0),
    "branching": (0.0, 0.95),
    "informed_rate": _RATE,
    "informed_cost": (0.0, 100.0),
    "requote_rate": _RATE,
    "narrow_rate": _RATE,
    "slow_rate": _RATE,
    "deep": (1, DEEP_MAX),
    "lean": (-10.0, 10.0),
    "improve": _SHARE,
    "join": _SHARE,
    "distance_exponent": (0.1, 20.0),
    "shade": (0.0, 100.0),
    "shade_noise": (0.0, 100.0),
    "hold": _SHARE,
    "size_mean": (0.01, 1_000.0),
    "block_chance": _SHARE,
    "block_mean": (0.0, 1_000.0),
    "persistence": _SHARE,
    "children_exponent": (0.1, 20.0),
    "children_max": (1, 1_000_000),
    # Volatility that takers make is learnt as volatility, and feeds their impact: more would explode.
    "impact": (0.0, IMPACT_MAX),
    "volatility": (1e-12, 100.0),
    "volatility_time": (1.0, 1e7),
    "volatility_min": (1e-6, 100.0),
    "impact_half_life": (1.0, 1e12),
    "flow_rates": (0.0, 1.0),
    "flow_weights": (-10.0, 10.0),
    "depth_min": (0.0, 10_000.0),
    "depth_max": (1.0, 100_000.0),
    "leap": (0.1, 100.0),
    "anchor_time": (0.1, 1e7),
    "fair_min": (1.0, 1_000.0),
}


def _packed(parameters: MicroParameters) -> NDArray[np.void]:
    """The parameters as the one record that the kernel reads."""
    numbers = [
        (name, float(value))
        for name, value in msgspec.structs.asdict(parameters).items()
        if isinstance(value, int | float)
    ]
    layout: list[Any] = [(name, np.float64) for name, _ in numbers]
    layout += [(name, np.float64, shape) for name, shape in PARAMETER_ARRAYS]
    record = np.zeros(1, np.dtype(layout))
    for name, value in numbers:
        record[name] = value
    decays, weights = np.array(parameters.hawkes_decays), np.array(parameters.hawkes_weights)
    record["hawkes"] = decays, parameters.branching * weights * decays / parameters.take_rate
    record["flow"] = parameters.flow_rates, parameters.flow_weights
    record["fickle"] = 1.0 / (1.0 + np.arange(NEAR_MAX) / parameters.patience)
    return record


class Micro:
    """One instrument's book and what moves it."""

    def __init__(self, parameters: MicroParameters, seed: int, price_ticks: int, lots_scale: float) -> None:
        self._parameters = _packed(parameters)
        self._state = np.zeros(1, kernel.STATE)
        self._depth = np.zeros((2, kernel.SPAN), np.int64)
        self._rows = np.zeros((kernel.ROWS_MAX, 10), np.int64)
        self._open(parameters, seed, price_ticks, lots_scale)
        self.skip(-WARM_UP, 0, 0.0, 1.0)
        self._state["variance"] = parameters.volatility**2

    def _open(self, parameters: MicroParameters, seed: int, price_ticks: int, lots_scale: float) -> None:
        state, middle = self._state, kernel.SPAN // 2
        state["base"] = price_ticks - middle
        state["bid"], state["ask"] = middle - 1, middle + 1
        state["clock"], state["take_at"], state["next_at"] = -WARM_UP, kernel.UNSET, kernel.UNSET
        state["fund"] = state["anchor"] = price_ticks
        state["watched"], state["watch_at"] = price_ticks, -WARM_UP
        state["unit"] = lots_scale / (1.0 + parameters.size_mean)
        state["heat"] = (
            np.array(parameters.hawkes_weights) * parameters.branching / (1.0 - parameters.branching)
        )
        state["seeds"] = np.random.SeedSequence(seed).generate_state(3, np.uint64)
        rng = np.random.default_rng(seed)
        levels = min(OPENING_LEVELS, price_ticks - 2)
        sizes = np.maximum(1, rng.exponential(lots_scale, (2, levels))).astype(np.int64)
        self._depth[0, middle - 1 : middle - 1 - levels : -1] = sizes[0]
        self._depth[1, middle + 1 : middle + 1 + levels] = sizes[1]
        state["low"], state["high"] = middle - levels, middle + levels

    def run(self, start_ns: int, end_ns: int, move: float, activity: float) -> Ints:
        """Rows of (time, kind, side, tick, lots, bid, its lots, ask, its lots, group) of one slice of time.

        The fundamental moves by `move` ticks, spread evenly over the slice.
        """
        return self.run_path(np.array((start_ns, end_ns)), [move], [activity])

    def run_path(self, times_ns: Ints, moves: Numbers, activity: Numbers) -> Ints:
        """The rows of the slices between `times_ns`, which has one entry more than `moves` and `activity`."""
        assert times_ns[0] >= self._state["clock"][0], "time has passed already"
        steps, pace = np.asarray(moves, np.float64), np.asarray(activity, np.float64)
        parts, done = [], 0
        while True:
            done += kernel.run(
                self._state, self._parameters, self._depth, self._rows,
                times_ns[done:], steps[done:], pace[done:],
            )  # fmt: skip
            parts.append(self._fetched())
            if done == len(steps):
                return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def skip(self, start_ns: int, end_ns: int, move: float, activity: float) -> None:
        """Let a slice of time pass with nobody listening."""
        assert start_ns >= self._state["clock"][0], "time has passed already"
        times, step, pace = np.array((start_ns, end_ns)), np.array((move,)), np.array((activity,))
        while not kernel.run(self._state, self._parameters, self._depth, self._rows, times, step, pace):
            continue

    def copy(self, other: Micro) -> None:
        """Become a twin of another instrument with the same parameters."""
        self._state[:] = other._state
        self._depth[:] = other._depth

    def trade(self, time_ns: int, sign: int, lots: int, limit_tick: int) -> Ints:
        """An outside taker buys (+1) or sells (-1) up to `lots`, no further than `limit_tick`.

        The book is as of the end of the last slice, and is moved as by any other taker.
        """
        parts = []
        while lots > 0:
            taken = kernel.trade(
                self._state, self._parameters, self._depth, self._rows, time_ns, sign, lots, limit_tick
            )
            parts.append(self._fetched())
            lots -= taken
            if taken == 0:
                break
        return np.concatenate(parts) if parts else np.zeros((0, 10), np.int64)

    def _fetched(self) -> Ints:
        return self._rows[: int(self._state["rows"][0])].copy()

    @property
    def fundamental(self) -> float:
        """The exogenous fundamental price, in ticks."""
        return float(self._state["fund"][0])

    @property
    def impact(self) -> float:
        """How far past flow holds the fair price from the fundamental one, in ticks."""
        return float(self._state["impact"][0])

    @property
    def volatility(self) -> float:
        """Standard deviation of the price over a second, in ticks, as the market has learnt it."""
        return math.sqrt(float(self._state["variance"][0]))

    @property
    def spread_max(self) -> int:
        """The widest spread that there ever was, in ticks."""
        return int(self._state["widest"][0])

    def touch(self) -> tuple[int, int, int, int]:
        """Best bid, its lots, best ask, its lots."""
        base, bid, ask = (int(self._state[name][0]) for name in ("base", "bid", "ask"))
        return base + bid, int(self._depth[0, bid]), base + ask, int(self._depth[1, ask])

    def levels(self, count: int) -> tuple[list[Level], list[Level]]:
        """The `count` best levels of each side."""
        base = int(self._state["base"][0])
        bids = np.flatnonzero(self._depth[0])[::-1][:count]
        asks = np.flatnonzero(self._depth[1])[:count]
        return (
            [(base + int(place), int(self._depth[0, place])) for place in bids],
            [(base + int(place), int(self._depth[1, place])) for place in asks],
        )

    def save(self) -> bytes:
        """Everything that `load` needs to go on exactly here."""
        body = self._state.tobytes() + self._depth.tobytes()
        return self._seal(body) + zlib.compress(body, 1)

    def _seal(self, body: bytes) -> bytes:
        return MAGIC + struct.pack("<I", zlib.crc32(body, zlib.crc32(self._parameters.tobytes())))

    def load(self, state: bytes) -> None:
        """Go on where `save` was called, on an instrument with the same parameters."""
        size, seal = self._state.nbytes, len(MAGIC) + 4
        try:
            body = zlib.decompress(state[seal:])
        except zlib.error:
            body = b""
        if len(body) != size + self._depth.nbytes or state[:seal] != self._seal(body):
            raise StoreDamaged(
                "the saved order book is damaged or of other parameters: start the market from its seed",
                file="order book",
                last_good=0,
            )
        self._state[:] = np.frombuffer(body[:size], kernel.STATE)
        self._depth[:] = np.frombuffer(body[size:], np.int64).reshape(self._depth.shape)
