"""The macro kernel: one step of regime, volatility, news and correlated returns after another.

What it remembers is a `State` of arrays, what it obeys a `Law` of plain numbers, so that a run may end
anywhere and go on exactly. Equations and sources stand with the parameters in `macro.py`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from midas.venues.sim.world.chance import choice, exponential, geometric, normal, student, uniform

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Labels = NDArray[np.int8]
Streams = NDArray[np.uint64]

RANGE, CRISIS = 2, 4
MARKET = -1  # the asset of news that moves everything

# Places in State.clock, State.common and State.streams.
STEP, DAY_STEP, REGIME, DAYS_LEFT = range(4)
LEVEL, EXCITEMENT = range(2)
COMMON, NEWS, FIRST_ASSET = range(3)
# Columns of a row of news.
AT, ASSET, SIGN, STRENGTH, DELAY, DECOY, WORDS = range(7)
NEWS_COLUMNS = 7


class State(NamedTuple):
    """Everything that the next step depends on."""

    streams: Streams  # [2 + assets, 1]
    clock: Ints
    common: Floats  # logarithm of the regime's volatility as it adapts; excitement of market jumps, a day
    factors: Floats  # unit OU factors of the common log-volatility
    own: Floats  # unit OU factor of each asset's log-volatility
    deviation: Floats  # what each asset has moved since the range began


class Law(NamedTuple):
    """The parameters as the kernel needs them, per step."""

    activity: Floats  # U of each step of a day
    scale: Floats  # each asset's daily volatility per unit of the common one
    drift: Floats  # per step and unit of scale, by regime
    level: Floats  # logarithm of the volatility, by regime
    correlation: Floats
    durations: Floats  # days of one stage
    transitions: Floats  # cumulative rows
    shares: Floats  # cumulative stationary shares
    factor_decay: Floats
    factor_weight: Floats
    factor_lift: Floats  # by a market jump
    stages: int
    level_pull: float
    common_offset: float  # makes the mean square of the common factor 1
    own_decay: float
    own_weight: float
    own_lift: float  # by a jump of the asset's own
    own_offset: float
    leverage: float
    degrees: float
    reversion: float
    jump_rate: float  # a day, all assets together
    market_jump_rate: float  # a day
    crisis_factor: float
    excitation: float
    excitation_decay: float
    decoy_ratio: float
    size: Floats  # floor, mean of the exponential part, its cap, scale
    down_probability: float
    delay: float


class Path(NamedTuple):
    """Where the steps are written."""

    regime: Labels
    returns: Floats
    volatility: Floats
    activity: Floats
    news: Floats  # has a row for every step of a block

    def block(self, start: int, end: int) -> Path:
        """The steps from `start` until before `end`, as far as there are any."""
        return Path(
            self.regime[start:end],
            self.returns[start:end],
            self.volatility[start:end],
            self.activity[start:end],
            self.news,
        )


@numba.njit(cache=True, nogil=True)
def advance(state: State, law: Law, path: Path) -> int:
    """Run as many steps as `path` has room for; returns how many rows of news there are."""
    told = 0
    shocks = np.zeros(law.scale.size)
    root = math.sqrt(law.activity.size)
    for step in range(path.regime.size):
        if state.clock[DAY_STEP] == 0:
            _open_day(state, law)
        happened = _happen(state, law, path.news, told)
        if happened:
            _strike(path.news[told], shocks)
        activity = law.activity[state.clock[DAY_STEP]]
        path.regime[step] = state.clock[REGIME]
        path.activity[step] = activity
        _adapt(state, law, _diffuse(state, law, path, step, activity / root, shocks))
        if happened:
            _lift(state, law, path.news[told])
            shocks[:] = 0.0
            told += 1
        state.clock[STEP] += 1
        state.clock[DAY_STEP] = (state.clock[DAY_STEP] + 1) % law.activity.size
    return told


@numba.njit(cache=True, nogil=True)
def _open_day(state: State, law: Law) -> None:
    """Regimes change between days, so that a day has one label."""
    if state.clock[REGIME] < 0:
        _begin(state, law)
    elif state.clock[DAYS_LEFT] == 0:
        _enter(state, law, choice(state.streams[NEWS], law.transitions[state.clock[REGIME]]))
    state.clock[DAYS_LEFT] -= 1


@numba.njit(cache=True, nogil=True)
def _begin(state: State, law: Law) -> None:
    """The first step of all starts in the middle of things, not in calm."""
    _enter(state, law, choice(state.streams[NEWS], law.shares))
    state.common[LEVEL] = law.level[state.clock[REGIME]]
    for k in range(state.factors.size):
        state.factors[k] = normal(state.streams[COMMON])
    for i in range(state.own.size):
        state.own[i] = normal(state.streams[FIRST_ASSET + i])


@numba.njit(cache=True, nogil=True)
def _enter(state: State, law: Law, regime: int) -> None:
    state.clock[REGIME] = regime
    state.clock[DAYS_LEFT] = 0
    for _ in range(law.stages):
        state.clock[DAYS_LEFT] += geometric(state.streams[NEWS], law.durations[regime])
    state.deviation[:] = 0.0


@numba.njit(cache=True, nogil=True)
def _happen(state: State, law: Law, news: Floats, told: int) -> bool:
    """Whether this step has news, written at row `told`. One roll for all kinds: at most one a step."""
    stream = state.streams[NEWS]
    market = law.market_jump_rate + state.common[EXCITEMENT]
    if state.clock[REGIME] == CRISIS:
        market = law.market_jump_rate * law.crisis_factor + state.common[EXCITEMENT]
    true = market + law.jump_rate
    rumoured = law.decoy_ratio * (law.market_jump_rate + law.jump_rate)
    expected = (true + rumoured) / law.activity.size
    roll = uniform(stream)
    if roll >= expected or roll >= -math.expm1(-expected):
        return False
    kind = uniform(stream) * (true + rumoured)
    decoy = kind >= true
    if decoy:
        whole = uniform(stream) * (law.market_jump_rate + law.jump_rate) < law.market_jump_rate
    else:
        whole = kind < market
    row = news[told]
    row[AT], row[DECOY] = state.clock[STEP], 1.0 if decoy else 0.0
    row[ASSET] = MARKET if whole else int(uniform(stream) * law.scale.size)
    row[SIGN] = -1.0 if uniform(stream) < (law.down_probability if whole else 0.5) else 1.0
    row[STRENGTH] = (law.size[0] + min(law.size[1] * exponential(stream), law.size[2])) * law.size[3]
    row[DELAY] = int(law.delay * exponential(stream))
    row[WORDS] = uniform(stream)
    return True


@numba.njit(cache=True, nogil=True)
def _strike(news: Floats, shocks: Floats) -> None:
    """The jump of true news, in daily volatilities of each asset."""
    if news[DECOY]:
        return
    if news[ASSET] == MARKET:
        shocks[:] = news[SIGN] * news[STRENGTH]
    else:
        shocks[int(news[ASSET])] = news[SIGN] * news[STRENGTH]


@numba.njit(cache=True, nogil=True)
def _diffuse(state: State, law: Law, path: Path, step: int, share: float, shocks: Floats) -> float:
    """Every asset's return of this step, jump included; returns the common shock."""
    regime = state.clock[REGIME]
    common = student(state.streams[COMMON], law.degrees)
    shared = math.sqrt(law.correlation[regime])
    alone = math.sqrt(1.0 - law.correlation[regime])
    log_volatility = state.common[LEVEL] + law.common_offset + law.own_offset
    for k in range(state.factors.size):
        log_volatility += law.factor_weight[k] * state.factors[k]
    noise = math.sqrt(1.0 - law.own_decay * law.own_decay)
    for i in range(law.scale.size):
        stream = state.streams[FIRST_ASSET + i]
        sigma = law.scale[i] * math.exp(log_volatility + law.own_weight * state.own[i])
        shock = shared * common + alone * student(stream, law.degrees)
        moved = law.drift[regime] * law.scale[i] + sigma * share * shock + sigma * shocks[i]
        if regime == RANGE:
            moved -= law.reversion * state.deviation[i]
            state.deviation[i] += moved
        path.returns[step, i] = moved
        path.volatility[step, i] = sigma * share
        state.own[i] = law.own_decay * state.own[i] + noise * normal(stream)
    return common


@numba.njit(cache=True, nogil=True)
def _adapt(state: State, law: Law, common: float) -> None:
    """Volatility after the step: it rises where the common shock was negative (leverage)."""
    state.common[LEVEL] += law.level_pull * (law.level[state.clock[REGIME]] - state.common[LEVEL])
    state.common[EXCITEMENT] *= law.excitation_decay
    own = math.sqrt(1.0 - law.leverage * law.leverage)
    for k in range(state.factors.size):
        decay = law.factor_decay[k]
        shock = law.leverage * common + own * normal(state.streams[COMMON])
        state.factors[k] = decay * state.factors[k] + math.sqrt(1.0 - decay * decay) * shock


@numba.njit(cache=True, nogil=True)
def _lift(state: State, law: Law, news: Floats) -> None:
    """A jump leaves the market more volatile than it was."""
    if news[DECOY]:
        return
    asset = int(news[ASSET])
    if asset != MARKET:
        state.own[asset] += law.own_lift
        return
    state.common[EXCITEMENT] += law.excitation
    for k in range(state.factors.size):
        state.factors[k] += law.factor_lift[k]
