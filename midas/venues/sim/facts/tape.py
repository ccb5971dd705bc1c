"""Statistics of one session's tape: the rows that the micro layer writes, and nothing else.

Each is a plain function of arrays with its formula or paper. Times are seconds, prices ticks.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise

import msgspec
import numpy as np
from numpy.typing import NDArray

from midas.domain.time import SECOND
from midas.state.kernel import kernel
from midas.venues.sim.world.micro_kernel import LEVEL, TRADE

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

TIME, KIND, SIDE, TICK, LOTS, BID, BID_LOTS, ASK, ASK_LOTS, GROUP = range(10)
TOP_TWO_PERCENT = 2.37  # the mean of a unit normal's largest 2 %, rounded as the specification has it
FEATURE_WINDOWS = (1, 10, 60)  # seconds
KNOWN = 2 + 3 * len(FEATURE_WINDOWS)  # numbers that a taker has


class Tape(msgspec.Struct, frozen=True):
    """One session's rows."""

    rows: Ints
    seconds: int

    @property
    def quotes(self) -> Ints:
        """The rows after which the touch is as they say."""
        return np.asarray(self.rows[self.rows[:, KIND] == LEVEL], np.int64)

    @property
    def trades(self) -> Ints:
        """Every price that a taker paid; rows of one taker share their group."""
        return np.asarray(self.rows[self.rows[:, KIND] == TRADE], np.int64)


class Grid(msgspec.Struct, frozen=True):
    """What was known at each whole second, from 0 to the session's end."""

    mid: Floats
    half_spread: Floats
    imbalance: Floats  # of the touch, bid / (bid + ask)
    flow: Floats  # cumulated order-flow imbalance, lots
    signed: Floats  # cumulated signed volume, lots


def order_flow_imbalance(quotes: Ints) -> Floats:
    """e_n of Cont, Kukanov and Stoikov (2014) for each quote after the first."""
    bid, bid_lots, ask, ask_lots = (quotes[:, k].astype(np.float64) for k in (BID, BID_LOTS, ASK, ASK_LOTS))
    demand = (bid[1:] >= bid[:-1]) * bid_lots[1:] - (bid[1:] <= bid[:-1]) * bid_lots[:-1]
    supply = (ask[1:] <= ask[:-1]) * ask_lots[1:] - (ask[1:] >= ask[:-1]) * ask_lots[:-1]
    return demand - supply


def grid(tape: Tape) -> Grid:
    """The session sampled once a second."""
    quotes, trades = tape.quotes, tape.trades
    instants = np.arange(tape.seconds + 1) * SECOND
    last = np.maximum(np.searchsorted(quotes[:, TIME], instants, side="right") - 1, 0)
    flow = np.concatenate(([0.0], np.cumsum(order_flow_imbalance(quotes))))
    signed = np.concatenate(([0.0], np.cumsum(trades[:, LOTS] * (1.0 - 2.0 * trades[:, SIDE]))))
    at = quotes[last]
    return Grid(
        mid=np.asarray(0.5 * (at[:, BID] + at[:, ASK]), np.float64),
        half_spread=np.asarray(0.5 * (at[:, ASK] - at[:, BID]), np.float64),
        imbalance=at[:, BID_LOTS] / (at[:, BID_LOTS] + at[:, ASK_LOTS]),
        flow=flow[last],
        signed=signed[np.searchsorted(trades[:, TIME], instants, side="right")],
    )


def spread(tape: Tape) -> tuple[float, float, float]:
    """Time-weighted mean spread, the share of time with more than 10 ticks, and the widest ever."""
    quotes = tape.quotes
    held = np.diff(quotes[:, TIME], append=tape.seconds * SECOND).astype(np.float64)
    ticks = quotes[:, ASK] - quotes[:, BID]
    total = held.sum()
    return float(held @ ticks / total), float(held @ (ticks > 10) / total), float(ticks.max())


def autocorrelation(series: Floats, lags: int) -> Floats:
    """At lags 1 to `lags`, by Fourier transform."""
    centred = series - series.mean()
    spectrum = np.fft.rfft(centred, 1 << (2 * len(series) - 1).bit_length())
    product = np.fft.irfft(spectrum * spectrum.conj())[: lags + 1]
    return np.asarray(product[1:] / product[0], np.float64)


def trade_signs(tape: Tape) -> Floats:
    """+1 for each taker that bought, -1 for each that sold."""
    trades = tape.trades
    first = np.flatnonzero(np.diff(trades[:, GROUP], prepend=-1))
    return np.asarray(1.0 - 2.0 * trades[first, SIDE], np.float64)


def sign_memory(signs: Floats) -> tuple[float, float]:
    """The signs' autocorrelation at lag 1, and minus the slope of its logarithm on log lag 5 to 300.

    The autocorrelation is averaged in twelve bins of equal ratio first (Lillo, Mike and Farmer 2005).
    """
    acf = autocorrelation(signs, 300)
    edges = np.unique(np.round(np.geomspace(5, 301, 13)).astype(int)).tolist()
    lags = [math.sqrt(low * (high - 1)) for low, high in pairwise(edges)]
    means = [float(acf[low - 1 : high - 1].mean()) for low, high in pairwise(edges)]
    if min(means) <= 0.0:
        return float(acf[0]), math.nan
    return float(acf[0]), -float(np.polyfit(np.log(lags), np.log(means), 1)[0])


def minute_clustering(mid: Floats) -> float:
    """Autocorrelation at lag 1 of absolute one-minute returns (Cont 2001)."""
    return float(autocorrelation(np.abs(np.diff(mid[::60])), 1)[0])


def volume_shape(tape: Tape, day_minutes: int, minute: int = 60 * SECOND) -> tuple[float, float]:
    """Volume of the days' first and last half hours, each over half of the middle hours'.

    Where a day is compressed, its `minute` lasts so many nanoseconds.
    """
    trades = tape.trades
    minutes = np.bincount(trades[:, TIME] // minute % day_minutes, trades[:, LOTS], day_minutes)
    half = day_minutes // 2
    middle = minutes[half - 30 : half + 30].sum() / 2
    return float(minutes[:30].sum() / middle), float(minutes[-30:].sum() / middle)


def event_times(tape: Tape) -> Ints:
    """When each event happened: rows of one group are one event."""
    first = np.flatnonzero(np.diff(tape.rows[:, GROUP], prepend=-1))
    return np.asarray(tape.rows[first, TIME], np.int64)


def fano(times: Ints, seconds: int) -> float:
    """Variance over mean of the number of events a minute."""
    minutes = seconds // 60
    counts = np.bincount(times // (60 * SECOND), minlength=minutes)[:minutes]
    return float(counts.var(ddof=1) / counts.mean())


def exponential_p(times: Ints) -> float:
    """Kolmogorov-Smirnov p-value of exponential times between events (asymptotic, Marsaglia et al. 2003)."""
    gaps = np.sort(np.diff(times)).astype(np.float64)
    count = len(gaps)
    expected = -np.expm1(-gaps / gaps.mean())
    above = np.arange(1, count + 1) / count - expected
    distance = max(float(above.max()), float((1.0 / count - above).max()))
    terms = [(-1) ** (k - 1) * math.exp(-2.0 * k * k * count * distance * distance) for k in range(1, 101)]
    return min(1.0, max(0.0, 2.0 * math.fsum(terms)))


def up_by_imbalance(tape: Tape, at: Grid) -> Floats:
    """P(the next change of the mid is up) in each fifth of the imbalance, sampled once a second."""
    quotes = tape.quotes
    mid = quotes[:, BID] + quotes[:, ASK]
    moved = np.flatnonzero(np.diff(mid)) + 1
    when = np.searchsorted(quotes[moved, TIME], np.arange(tape.seconds) * SECOND, side="right")
    known = when < len(moved)
    place = moved[when[known]]
    up = mid[place] > mid[place - 1]
    order = np.argsort(at.imbalance[: tape.seconds][known], kind="stable")
    return np.array([part.mean() for part in np.array_split(up[order], 5)])


def flow_fit(at: Grid) -> float:
    """R^2 of the mid's change in 10 s on the order-flow imbalance of the same 10 s.

    The paper's slope is per average depth; one number for a whole session's depth leaves its R^2 as it is.
    """
    move, flow = np.diff(at.mid[::10]), np.diff(at.flow[::10])
    return float(np.corrcoef(move, flow)[0, 1] ** 2)


def variance_ratio(mid: Floats, short: int = 1, long: int = 300) -> float:
    """var(change in `short` s) / short over var(change in `long` s, overlapping) / long."""
    near, far = mid[short:] - mid[:-short], mid[long:] - mid[:-long]
    return float((near**2).mean() / short / ((far**2).mean() / long))


def knowledge(at: Grid) -> Floats:
    """What a taker may know each second: imbalance of the touch, past moves, flow and signed volume."""
    columns = [at.imbalance - 0.5]
    for series in (at.mid, at.flow, at.signed):
        for window in FEATURE_WINDOWS:
            padded = np.concatenate((np.full(window, series[0]), series))
            columns.append(series - padded[: len(series)])
    scaled = [column / (column.std() or 1.0) for column in columns]
    return np.column_stack((*scaled, np.ones(len(at.mid))))


def best_signal(grids: Iterable[Grid], seconds: int) -> Floats:
    """The weights on `knowledge` that foretell the move of the next `seconds` with the least squares."""
    left, right = np.zeros((KNOWN, KNOWN)), np.zeros(KNOWN)
    for at in grids:
        known = knowledge(at)[:-seconds]
        left += known.T @ known
        right += known.T @ (at.mid[seconds:] - at.mid[:-seconds])
    return np.asarray(np.linalg.lstsq(left, right, rcond=None)[0], np.float64)


def information(at: Grid, seconds: int, signal: Floats) -> tuple[float, float]:
    """A signal's correlation with the move of the next `seconds`, and that move's standard deviation."""
    move = at.mid[seconds:] - at.mid[:-seconds]
    return float(np.corrcoef(knowledge(at)[:-seconds] @ signal, move)[0, 1]), float(move.std())


def taker_edge(at: Grid, found: tuple[float, float], fee_ticks: float) -> float:
    """What the strongest 2 % of the best linear signal's bets gain before costs, over what they cost.

    Between -1 and 1 nobody eats for free: |correlation| x deviation x 2.37 < half spread + fee. A signal that
    is reliably wrong is worth as much as one that is right.
    """
    correlation, deviation = found
    return correlation * deviation * TOP_TWO_PERCENT / (float(at.half_spread.mean()) + fee_ticks)


@kernel
def _audit(rows: Ints, depth: Ints, first: int, faults: Ints) -> None:
    """Replay the rows on levels seen so far; -1 is a level not seen yet."""
    owed_side, owed_tick, owed_lots = -1, 0, 0
    for k in range(len(rows)):
        side, place, lots = rows[k, SIDE], rows[k, TICK] - first, rows[k, LOTS]
        if rows[k, BID] >= rows[k, ASK] or rows[k, BID_LOTS] <= 0 or rows[k, ASK_LOTS] <= 0:
            faults[1] += 1
        if rows[k, KIND] == TRADE:
            if owed_side >= 0 or lots <= 0 or rows[k, TICK] != (rows[k, ASK] if side == 0 else rows[k, BID]):
                faults[0] += 1
            owed_side, owed_tick, owed_lots = 1 - side, place, lots
            continue
        if owed_side >= 0:
            before = depth[side, place]
            if side != owed_side or place != owed_tick or (before >= 0 and before - lots != owed_lots):
                faults[0] += 1
            owed_side = -1
        depth[side, place] = lots
        for own in range(2):
            shown = rows[k, BID_LOTS] if own == 0 else rows[k, ASK_LOTS]
            touch = (rows[k, BID] if own == 0 else rows[k, ASK]) - first
            if depth[own, touch] >= 0 and depth[own, touch] != shown:
                faults[1] += 1


def audit(tape: Tape) -> tuple[int, int]:
    """Rows where a taker gets what doesn't leave the level, and rows with a crossed or false touch."""
    rows = tape.rows
    first = int(rows[:, [TICK, BID]].min())
    depth = np.full((2, int(rows[:, [TICK, ASK]].max()) - first + 1), -1, np.int64)
    faults = np.zeros(2, np.int64)
    _audit(rows, depth, first, faults)
    return int(faults[0]), int(faults[1])
