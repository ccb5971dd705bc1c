"""The micro layer's kernel: one limit-order book as levels of volume, moved by one event at a time.

Takers come as a Hawkes process whose excitation speeds up everything else; makers quote around a fair
price, the fundamental plus the impact of the takers' flow. Only the surprise in that flow moves the fair
price, and what surprises is judged by a sum of exponentials in trade time: that makes impact decay as a
power law while the fair price stays a martingale. All dynamics are in this one file because numba
notices a change only in the file of the kernel that it loads from its cache.
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from midas.state.kernel import kernel

LEVEL, TRADE = 0, 1  # kinds of rows
BUY, SELL = 0, 1
SPAN = 8_192  # ticks that the arrays hold; they are centred anew when the price wanders
EDGE = 2_048  # the touch is kept at least so far from the ends
ROWS_MAX = 16_384
ROWS_FLUSH = 8_192  # a slice starts only while fewer rows than this wait to be fetched
ROWS_SPARE = 1_024  # room that the largest single event needs
SLOTS = 4  # metaorders worked at the same time
CLOCKWORK, DICE, REST = 0, 1, 2  # streams of chance: times of takers, their signs and sizes, all else
ACTIVITY_MIN = 1e-3
WATCH_SECONDS = 10
UNSET = -(1 << 62)  # no instant
EVENTS_MAX = 50_000  # a second of a slice, a thousand times the usual: whatever the parameters, a slice ends
EVENTS_MIN = 1_000  # that every slice may have

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Seeds = NDArray[np.uint64]
Records = NDArray[np.void]

STATE = np.dtype(
    [(name, np.int64) for name in ("base", "bid", "ask", "low", "high", "rows", "group", "events")]
    + [(name, np.int64) for name in ("clock", "take_at", "next_at", "watch_at", "widest")]
    + [(name, np.float64) for name in ("bound", "slope", "activity", "fund", "impact", "anchor", "unit")]
    + [(name, np.float64) for name in ("watched", "variance")]
    + [("seeds", np.uint64, (3,)), ("slots", np.int64, (2, SLOTS)), ("rates", np.float64, (6,))]
    + [("heat", np.float64, (3,)), ("memory", np.float64, (4,))]
)


class State(Protocol):
    """One record of STATE. Places are indices into the level arrays; a tick is a place plus `base`."""

    base: int
    bid: int
    ask: int
    low: int  # the lowest populated bid
    high: int  # the highest populated ask
    rows: int
    group: int
    events: int  # in this slice so far
    clock: int  # ns of market time
    take_at: int  # ns, when the next uninformed taker comes
    next_at: int  # ns, when the next candidate of any other kind comes
    watch_at: int  # ns, when the price is next compared with what it was
    widest: int  # ticks
    bound: float  # a second, the intensity that `next_at` was drawn with
    slope: float  # ticks a ns of the fundamental
    activity: float
    fund: float  # ticks
    impact: float  # ticks
    anchor: float  # ticks, where the slow money thinks the price is
    unit: float  # lots
    watched: float  # ticks, the mid then
    variance: float  # ticks^2 a second, as everybody can see it
    seeds: Seeds  # one a stream of chance
    slots: Ints  # children left and sign, of each metaorder
    rates: Floats  # a second, of each kind of event but uninformed takers
    heat: Floats  # the excitation of each exponential kernel
    memory: Floats  # the averages of past flow that the expected flow is made of


class Rates(Protocol):
    """One record of the parameters, named as in MicroParameters."""

    limit_rate: float
    take_rate: float
    cancel_rate: float
    informed_rate: float
    informed_cost: float
    requote_rate: float
    narrow_rate: float
    slow_rate: float
    near: float
    deep: float
    lean: float
    improve: float
    join: float
    distance_exponent: float
    shade: float
    shade_noise: float
    hold: float
    size_mean: float
    block_chance: float
    block_mean: float
    persistence: float
    children_exponent: float
    children_max: float
    impact: float
    impact_half_life: float
    volatility_time: float
    volatility_min: float
    depth_min: float
    depth_max: float
    fair_min: float
    leap: float
    anchor_time: float
    hawkes: Floats  # decay a second, and jump at a trade, of each kernel
    flow: Floats  # rate a trade, and weight, of each average of past flow
    fickle: Floats  # how readily a unit is cancelled, by ticks from the touch


@kernel
def _uniform(s: State, stream: int) -> float:
    """SplitMix64: streams of the kernel's own, so that neither instruments nor purposes share one."""
    s.seeds[stream] += np.uint64(0x9E3779B97F4A7C15)
    z = s.seeds[stream]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return (np.float64(z >> np.uint64(12)) + 0.5) / 4503599627370496.0


@kernel
def _normal(s: State, stream: int) -> float:
    return math.sqrt(-2.0 * math.log(_uniform(s, stream))) * math.cos(6.283185307179586 * _uniform(s, stream))


@kernel
def _size(s: State, p: Rates, stream: int) -> int:
    """An order's lots."""
    units = 1.0 - p.size_mean * math.log(_uniform(s, stream))
    if _uniform(s, stream) < p.block_chance:
        units -= p.block_mean * math.log(_uniform(s, stream))
    return max(1, int(units * s.unit))


@kernel
def _fair(s: State, p: Rates) -> float:
    """What the informed think the price is, as a place. They chase a jump step by step, not at one leap."""
    fair = max(p.fair_min, s.fund + s.impact) - s.base
    mid = 0.5 * (s.bid + s.ask)
    return min(max(fair, mid - p.leap), mid + p.leap)


@kernel
def _write(s: State, depth: Ints, rows: Ints, time: int, kind: int, side: int, place: int, lots: int) -> None:
    row = rows[s.rows]
    row[0], row[1], row[2], row[3], row[4] = time, kind, side, place + s.base, lots
    row[5], row[6] = s.bid + s.base, depth[0, s.bid]
    row[7], row[8] = s.ask + s.base, depth[1, s.ask]
    row[9] = s.group
    s.rows += 1


@kernel
def _change(s: State, depth: Ints, rows: Ints, time: int, side: int, place: int, lots: int) -> None:
    """Set one level and keep the pointers right. The last level of a side is never emptied."""
    if lots == 0 and place == (s.low if side == 0 else s.high):
        if place == (s.bid if side == 0 else s.ask):
            return
        step = 1 if side == 0 else -1
        end = place + step
        while depth[side, end] == 0:
            end += step
        if side == 0:
            s.low = end
        else:
            s.high = end
    depth[side, place] = lots
    if side == 0:
        if lots > 0:
            s.bid, s.low = max(s.bid, place), min(s.low, place)
        while depth[0, s.bid] == 0:
            s.bid -= 1
    else:
        if lots > 0:
            s.ask, s.high = min(s.ask, place), max(s.high, place)
        while depth[1, s.ask] == 0:
            s.ask += 1
    s.widest = max(s.widest, s.ask - s.bid)
    _write(s, depth, rows, time, 0, side, place, lots)


@kernel
def _add(s: State, p: Rates, depth: Ints, rows: Ints, time: int, side: int, place: int, lots: int) -> None:
    """Add lots to a level, unless it would cross, leave the arrays, reach no price or overfill the level."""
    crosses = place >= s.ask if side == 0 else place <= s.bid
    if crosses or place < 1 or place >= SPAN - 1 or place + s.base < 1:
        return
    room = int(p.depth_max * s.unit) - depth[side, place]
    if room > 0:
        _change(s, depth, rows, time, side, place, depth[side, place] + min(lots, room))


@kernel
def _take(s: State, depth: Ints, rows: Ints, time: int, sign: int, lots: int, limit: int) -> int:
    """A market order of `lots` up to the place `limit`: a trade and a level change each price; lots taken."""
    side = 1 if sign > 0 else 0
    taken = 0
    while taken < lots and s.rows < ROWS_MAX - 2:
        place = s.ask if sign > 0 else s.bid
        last = s.high if sign > 0 else s.low
        if (place - limit) * sign > 0 or place == last:
            break
        step = min(lots - taken, depth[side, place])
        taken += step
        _write(s, depth, rows, time, 1, 1 - side, place, step)
        _change(s, depth, rows, time, side, place, depth[side, place] - step)
    return taken


@kernel
def _near(s: State, p: Rates, depth: Ints, side: int) -> int:
    """Lots near the touch."""
    total = 0
    for away in range(int(p.near)):
        total += depth[side, s.bid - away] if side == 0 else depth[side, s.ask + away]
    return total


@kernel
def _fickle(s: State, p: Rates, depth: Ints) -> float:
    """Units near the touch on both sides, each weighted by how readily it is cancelled."""
    total = 0.0
    for away in range(int(p.near)):
        total += p.fickle[away] * (depth[0, s.bid - away] + depth[1, s.ask + away])
    return total / s.unit


@kernel
def _limit(s: State, p: Rates, depth: Ints, rows: Ints, time: int) -> None:
    """A new limit order: improve, join, or stand back; never beyond the fair price."""
    fair = _fair(s, p)
    ahead = fair - 0.5 * (s.bid + s.ask)
    side = 0 if _uniform(s, REST) < 0.5 + 0.5 * math.tanh(p.lean * ahead) else 1
    sign = 1 if side == 0 else -1
    shade = p.shade + p.shade_noise * _normal(s, REST)
    chance = _uniform(s, REST)
    back = int(min(_uniform(s, REST) ** (-1.0 / p.distance_exponent), p.near))
    touch = s.bid if side == 0 else s.ask
    bound = math.floor(fair - shade) if side == 0 else math.ceil(fair + shade)
    if (bound - touch) * sign > 2 and chance < p.improve + p.join:
        place = bound
    elif chance < p.improve:
        place = touch + sign
    else:
        place = touch if chance < p.improve + p.join else touch - sign * back
    place = min(place, bound, s.ask - 1) if side == 0 else max(place, bound, s.bid + 1)
    _add(s, p, depth, rows, time, side, place, _size(s, p, REST))


@kernel
def _narrow(s: State, p: Rates, depth: Ints, rows: Ints, time: int) -> None:
    """Somebody steps inside a wide spread, on the side that is further from the fair price."""
    fair = _fair(s, p)
    side = 0 if fair - s.bid > s.ask - fair else 1
    gap = fair - s.bid if side == 0 else s.ask - fair
    inside = 1 + int(_uniform(s, REST) * max(0.0, gap - 1.0))
    place = s.bid + inside if side == 0 else s.ask - inside
    _add(s, p, depth, rows, time, side, place, _size(s, p, REST))


@kernel
def _cancel(s: State, p: Rates, depth: Ints, rows: Ints, pick: float, time: int) -> None:
    """Cancel where the `pick`-th fickle unit lies; a touch that the fair price favours is held on to."""
    pick *= s.unit
    for away in range(int(p.near)):
        for side in range(2):
            place = s.bid - away if side == 0 else s.ask + away
            pick -= p.fickle[away] * depth[side, place]
            if pick > 0.0:
                continue
            ahead = _fair(s, p) - 0.5 * (s.bid + s.ask)
            favourable = ahead > 0.0 if side == 0 else ahead < 0.0
            if away == 0 and favourable and _uniform(s, REST) < p.hold:
                return
            if _near(s, p, depth, side) < p.depth_min * s.unit:
                return
            there = depth[side, place]
            _change(s, depth, rows, time, side, place, there - min(there, _size(s, p, REST)))
            return


@kernel
def _requote(s: State, p: Rates, depth: Ints, rows: Ints, time: int) -> None:
    """A market maker whose quote the fair price has left behind pulls it and quotes on the other side."""
    fair = _fair(s, p)
    side = 1 if fair > 0.5 * (s.bid + s.ask) else 0
    place = s.ask if side == 1 else s.bid
    there = depth[side, place]
    far = abs(fair - 0.5 * (s.bid + s.ask)) > 3.0
    pulled = there if far else min(there, 2 * _size(s, p, REST))
    if far or pulled < there or _near(s, p, depth, side) - there > p.depth_min * s.unit:
        _change(s, depth, rows, time, side, place, there - pulled)
    other = (
        min(s.ask - 1, math.floor(fair - p.shade)) if side == 1 else max(s.bid + 1, math.ceil(fair + p.shade))
    )
    _add(s, p, depth, rows, time, 1 - side, other, pulled)


@kernel
def _shortage(s: State, p: Rates, side: int) -> float:
    """Ticks by which a side ends too near the touch."""
    if side == 0:
        return max(0.0, min(0.5 * p.deep, s.bid + s.base - 1.0) - (s.bid - s.low))
    return max(0.0, 0.5 * p.deep - (s.high - s.ask))


@kernel
def _slow(s: State, p: Rates, depth: Ints, rows: Ints, time: int) -> None:
    """Slow money: fills levels far from the touch, denser near it, and drops what has become too far."""
    side = 0 if _uniform(s, REST) * (1.0 + _shortage(s, p, 0)) > 0.5 * (1.0 + _shortage(s, p, 1)) else 1
    # The end grows by small steps: a hole would tear the spread when the price falls into it.
    end = 1 + int(4.0 * _uniform(s, REST)) + (s.bid - s.low if side == 0 else s.high - s.ask)
    if _shortage(s, p, side) > 0.0:
        away = end
    elif _uniform(s, REST) < 0.5:
        away = 2 + int(p.deep ** _uniform(s, REST))
    else:
        away = 2 + int(p.deep * _uniform(s, REST))
    away = min(away, end)
    place = s.bid - away if side == 0 else s.ask + away
    if 0 < place < SPAN - 1 and depth[side, place] == 0:
        _add(s, p, depth, rows, time, side, place, int((1.0 + away / p.deep) * _size(s, p, REST)))
    if s.bid - s.low > 2 * p.deep:
        _change(s, depth, rows, time, 0, s.low, 0)
    if s.high - s.ask > 2 * p.deep:
        _change(s, depth, rows, time, 1, s.high, 0)


@kernel
def _struck(s: State, p: Rates, v: float) -> None:
    """A taker's trade excites the market and moves the fair price by what nobody expected of it.

    `v` is the trade's sign times the root of its size in units: impact is concave in size.
    """
    surprise = v
    for k in range(len(s.memory)):
        surprise -= p.flow[1, k] * s.memory[k]
        s.memory[k] += p.flow[0, k] * (v - s.memory[k])
    # In units of the volatility between takers, so that the square-root law holds at any pace and volatility.
    s.impact += p.impact * math.sqrt(s.variance / max(0.1, s.activity)) * surprise
    for k in range(len(s.heat)):
        s.heat[k] += p.hawkes[1, k]


@kernel
def _uninformed(s: State, p: Rates, depth: Ints, rows: Ints, time: int) -> float:
    """A market order, mostly the child of one of the metaorders that are worked; its signed root size."""
    sign = 1 if _uniform(s, DICE) < 0.5 else -1
    if _uniform(s, DICE) < p.persistence:
        slot = int(_uniform(s, DICE) * SLOTS)
        if s.slots[0, slot] == 0:
            s.slots[0, slot] = int(min(p.children_max, _uniform(s, DICE) ** (-1.0 / p.children_exponent)))
            s.slots[1, slot] = sign
        s.slots[0, slot] -= 1
        sign = s.slots[1, slot]
    side = 1 if sign > 0 else 0
    lots = max(1, min(_size(s, p, DICE), _near(s, p, depth, side) // 2))
    _take(s, depth, rows, time, sign, lots, s.ask + 64 if sign > 0 else s.bid - 64)
    return sign * math.sqrt(lots / s.unit)


@kernel
def _informed(s: State, p: Rates, depth: Ints, rows: Ints, time: int) -> None:
    """Somebody who knows the fair price hits a quote that it has left behind."""
    fair = _fair(s, p)
    lots = 2 * _size(s, p, REST)
    if fair > s.ask:
        _take(s, depth, rows, time, 1, lots, int(fair - p.informed_cost))
    else:
        _take(s, depth, rows, time, -1, lots, math.ceil(fair + p.informed_cost))


@kernel
def _watch(s: State, p: Rates, time: int) -> None:
    """Learn the volatility from what the mid has done; one jump doesn't change everybody's mind."""
    mid = 0.5 * (s.bid + s.ask) + s.base
    seen = min((mid - s.watched) ** 2 / WATCH_SECONDS, 16.0 * s.variance)
    s.variance += (seen - s.variance) * (1.0 - math.exp(-WATCH_SECONDS / p.volatility_time))
    s.variance = max(s.variance, p.volatility_min**2)
    s.watched = mid
    s.watch_at += WATCH_SECONDS * 1_000_000_000 * (1 + (time - s.watch_at) // (WATCH_SECONDS * 1_000_000_000))


@kernel
def _pass(s: State, p: Rates, time: int) -> None:
    """Let time pass without an event."""
    nanoseconds = time - s.clock
    seconds = nanoseconds / 1e9
    s.fund += s.slope * nanoseconds
    s.impact *= math.exp(-0.6931471805599453 * seconds / p.impact_half_life)
    s.anchor += (0.5 * (s.bid + s.ask) + s.base - s.anchor) * (1.0 - math.exp(-seconds / p.anchor_time))
    for k in range(len(s.heat)):
        s.heat[k] *= math.exp(-p.hawkes[0, k] * seconds)
    if time >= s.watch_at:
        _watch(s, p, time)
    s.clock = time


@kernel
def _next_take(s: State, p: Rates) -> int:
    """When the next uninformed taker comes: Ogata's thinning, exact since the excitation only decays."""
    h0, h1, h2 = s.heat[0], s.heat[1], s.heat[2]
    time = s.clock
    while True:
        bound = s.activity + h0 + h1 + h2
        wait = -math.log(_uniform(s, CLOCKWORK)) / (p.take_rate * bound)
        time += 1 + int(wait * 1e9)
        h0 *= math.exp(-p.hawkes[0, 0] * wait)
        h1 *= math.exp(-p.hawkes[0, 1] * wait)
        h2 *= math.exp(-p.hawkes[0, 2] * wait)
        if _uniform(s, CLOCKWORK) * bound <= s.activity + h0 + h1 + h2:
            return time


@kernel
def _intensities(s: State, p: Rates, depth: Ints) -> float:
    """Of limit orders, cancels, informed takers, re-quotes, narrowing quotes and slow money; their sum."""
    act = s.activity + s.heat[0] + s.heat[1] + s.heat[2]
    fair = _fair(s, p)
    wrong = max(0.0, fair - s.ask - p.informed_cost, s.bid - fair - p.informed_cost)
    stale = max(0.0, abs(fair - 0.5 * (s.bid + s.ask)) - 0.5 * (s.ask - s.bid))
    s.rates[0] = p.limit_rate * act
    s.rates[1] = p.cancel_rate * act * _fickle(s, p, depth)
    s.rates[2] = p.informed_rate * wrong
    s.rates[3] = p.requote_rate * stale
    s.rates[4] = p.narrow_rate * (s.ask - s.bid - 1)
    s.rates[5] = p.slow_rate + 2.0 * abs(0.5 * (s.bid + s.ask) + s.base - s.anchor) / p.anchor_time
    s.rates[5] += 20.0 * (_shortage(s, p, 0) + _shortage(s, p, 1))
    total = 0.0
    for kind in range(6):
        total += s.rates[kind]
    return total


@kernel
def _happen(s: State, p: Rates, depth: Ints, rows: Ints, pick: float) -> None:
    """The event that `pick` falls on."""
    time = s.clock
    kind = 0
    while kind < 5 and pick >= s.rates[kind]:
        pick -= s.rates[kind]
        kind += 1
    s.group += 1
    if kind == 0:
        _limit(s, p, depth, rows, time)
    elif kind == 1:
        share = pick / s.rates[1]
        _cancel(s, p, depth, rows, share * _fickle(s, p, depth), time)
    elif kind == 2:
        _informed(s, p, depth, rows, time)
    elif kind == 3:
        _requote(s, p, depth, rows, time)
    elif kind == 4:
        _narrow(s, p, depth, rows, time)
    else:
        _slow(s, p, depth, rows, time)


@kernel
def _centre(s: State, depth: Ints, rows: Ints) -> None:
    """Move the arrays so that the touch lies in the middle; what falls off an end is cancelled first."""
    shift = (s.bid + s.ask) // 2 - SPAN // 2
    s.group += 1
    while s.low < shift:
        _change(s, depth, rows, s.clock, 0, s.low, 0)
    while s.high >= SPAN + shift:
        _change(s, depth, rows, s.clock, 1, s.high, 0)
    for side in range(2):
        first, last = (s.low, s.bid) if side == 0 else (s.ask, s.high)
        kept = depth[side, first : last + 1].copy()
        depth[side, first : last + 1] = 0
        depth[side, first - shift : last + 1 - shift] = kept
    s.base += shift
    s.bid -= shift
    s.ask -= shift
    s.low -= shift
    s.high -= shift


@kernel
def _slice(s: State, p: Rates, depth: Ints, rows: Ints, end: int, most: int) -> bool:
    """All events before `end`, at most `most` of them; False where the rows must be fetched first."""
    while s.rows < ROWS_MAX - ROWS_SPARE:
        if s.events >= most:
            s.take_at, s.next_at = UNSET, UNSET
            _pass(s, p, end)
            return True
        if s.bid < EDGE or s.ask >= SPAN - EDGE:
            if s.rows > ROWS_FLUSH:
                return False
            _centre(s, depth, rows)
        if s.take_at == UNSET:
            s.take_at = _next_take(s, p)
        if s.next_at == UNSET:
            s.bound = _intensities(s, p, depth)
            s.next_at = s.clock + 1 + int(-math.log(_uniform(s, REST)) / s.bound * 1e9)
        if min(s.take_at, s.next_at) >= end:
            _pass(s, p, end)
            return True
        s.events += 1
        if s.take_at <= s.next_at:
            _pass(s, p, s.take_at)
            s.take_at = UNSET
            s.group += 1
            _struck(s, p, _uninformed(s, p, depth, rows, s.clock))
        else:
            _pass(s, p, s.next_at)
            pick = _uniform(s, REST) * s.bound
            if pick < _intensities(s, p, depth):
                _happen(s, p, depth, rows, pick)
        s.next_at = UNSET
    return False


@kernel
def run(
    state: Records,
    parameters: Records,
    depth: Ints,
    rows: Ints,
    slices: Ints,
    moves: Floats,
    activity: Floats,
) -> int:
    """Slices between the times `slices`, until all are done or the rows must be fetched; how many were done.

    A slice cut short is begun again with what is left of it: its clock is inside it then.
    """
    s, p = state[0], parameters[0]
    s.rows = 0
    for n in range(len(moves)):
        start, end = slices[n], slices[n + 1]
        pace = max(ACTIVITY_MIN, activity[n])
        if s.clock < start or s.activity != pace:
            s.clock = max(start, s.clock)
            s.activity = pace
            s.take_at, s.next_at = UNSET, UNSET
        s.slope = moves[n] / (end - start)
        most = EVENTS_MIN + EVENTS_MAX * (end - start) // 1_000_000_000
        if s.rows > ROWS_FLUSH or not _slice(s, p, depth, rows, end, most):
            return n
        s.events = 0
    return len(moves)


@kernel
def trade(
    state: Records, parameters: Records, depth: Ints, rows: Ints, time: int, sign: int, lots: int, limit: int
) -> int:
    """An outside taker: consumes the book up to the tick `limit`, strikes it as others do; lots taken."""
    s, p = state[0], parameters[0]
    s.rows = 0
    s.group += 1
    taken = _take(s, depth, rows, time, sign, lots, limit - s.base)
    if taken > 0:
        _struck(s, p, sign * math.sqrt(taken / s.unit))
        s.take_at, s.next_at = UNSET, UNSET
    return taken
