"""What a table of candles is like, before anybody trusts a result that was made on it.

What can't be true is refused with file and row; what may be true and matters (holes, extreme moves, candles
without trades) is counted and shown with its row. Nothing is repaired.
"""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import numpy as np
from numpy.typing import NDArray

from midas.backtest.closings import HOLIDAYS, weekdays_missing, weekends
from midas.domain.time import DAY, SECOND
from midas.errors import RecordingInvalid
from midas.venues.sim.levels.scale import WIRE
from midas.venues.sim.source.candle_table import CandleTable

EXTREME = 20.0  # robust deviations: of normal moves none lies there
NORMAL = 1.4826  # of a median absolute deviation: the standard deviation where moves are normal
BACK = 0.5  # share of an extreme move that the next candle takes back: it looks like a wrong price
SHOWN = 5  # places of each kind
MOST = 0.5  # a length of candle that so many have is the table's

Counts = NDArray[np.int64]


class Found(msgspec.Struct, frozen=True):
    """One place worth a look."""

    place: str  # file and row
    time: int  # opening of the candle
    size: float  # of a hole: candles that are missing; of a move: its simple return
    returns: bool = False  # an extreme move that the next candle takes back


class Quality(msgspec.Struct, frozen=True, kw_only=True):
    """One symbol's candles. Times in nanoseconds UTC."""

    symbol: str
    files: tuple[str, ...]
    candles: int
    begins: int
    ends: int
    period: int
    times: tuple[str, ...]  # how they are spelled: naive, zoned, or the unit of an epoch
    holes: int  # but for weekends and holidays
    missing: int  # candles in them
    weekends: int  # holes from a Friday or Saturday until the Monday after
    longest: tuple[Found, ...]  # holes, the longest first
    outliers: int
    largest: tuple[Found, ...]  # moves, the largest first
    quiet: int  # candles without volume
    flat: int  # candles with one price
    holidays: int = 0  # holes of at most two weekdays in days of a market that closes at weekends

    @property
    def volumeless(self) -> bool:
        """Nothing is known of volumes, as of an index: fills aren't limited by them."""
        return self.quiet == self.candles

    @property
    def remarks(self) -> int:
        """How many things are worth a look."""
        return self.holes + self.outliers + self.quiet


def period_of(table: CandleTable) -> int:
    """How long a candle lasts, nanoseconds. Raises RecordingInvalid where they don't agree, with the row."""
    shortest = table.duration
    times = np.array(table.times, np.int64)
    steps = np.diff(times)
    lengths, counts = np.unique(steps, return_counts=True)
    usual = int(lengths[counts.argmax()])
    period = usual if counts.max() > MOST * len(steps) else shortest
    odd = np.flatnonzero((times - times[0]) % period)
    if len(odd):
        candle = int(odd[0])
        raise RecordingInvalid(
            f"{table.place_of(candle)}: opens {_length(int(steps[candle - 1]))} after the candle before, but "
            f"a candle of this table lasts {_length(period)}; give tables of one length of candle"
        )
    return period


def refuse_future(table: CandleTable, now: int) -> None:
    """Raise RecordingInvalid for a candle that opens after `now`, a wall time in nanoseconds."""
    times = np.array(table.times, np.int64)
    late = int(np.searchsorted(times, now, side="right"))
    if late < len(times):
        raise RecordingInvalid(
            f"{table.place_of(late)}: opens at {_moment(int(times[late]))} UTC, which is still to come; mend "
            "the times (a wrong zone, or an epoch in another unit?)"
        )


def examine(table: CandleTable) -> Quality:
    """Everything worth knowing. Raises RecordingInvalid as `period_of` does."""
    period = period_of(table)
    times = np.array(table.times, np.int64)
    prices = np.array(table.prices, np.int64).reshape(-1, 4)
    volumes = np.array(table.volumes, np.float64)
    closed = weekends(times, period)
    holes = np.flatnonzero((np.diff(times) > period) & ~closed)
    missing = np.diff(times)[holes] // period - 1
    holidays = 0
    weekdays = weekdays_missing(times, period)
    if weekdays is not None:
        missing = weekdays[holes]
        usual = missing <= HOLIDAYS
        holidays = int(usual.sum())
        holes, missing = holes[~usual], missing[~usual]
    moves = np.diff(np.log(prices[:, 3] / WIRE))
    extreme = _extreme(moves)
    return Quality(
        symbol=table.symbol, files=tuple(str(segment.file) for segment in table.segments),
        candles=len(times), begins=int(times[0]), ends=int(times[-1]) + period, period=period,
        times=tuple(dict.fromkeys(table.spellings)), holes=len(holes), weekends=int(closed.sum()),
        missing=int(missing.sum()), holidays=holidays,
        longest=_longest(table, times, holes, missing), outliers=len(extreme),
        largest=_largest(table, times, moves, extreme), quiet=int((volumes == 0).sum()),
        flat=int((prices[:, 1] == prices[:, 2]).sum()),
    )  # fmt: skip


def _extreme(moves: NDArray[np.float64]) -> Counts:
    """Which log returns lie further from the middle than twenty robust deviations."""
    if len(moves) < 20:
        return np.zeros(0, np.int64)
    away = np.abs(moves - np.median(moves))
    moving = away[away > 0]
    spread = NORMAL * float(np.median(moving)) if len(moving) else 0.0
    return np.flatnonzero(away > EXTREME * spread) if spread > 0.0 else np.zeros(0, np.int64)


def _longest(table: CandleTable, times: Counts, holes: Counts, missing: Counts) -> tuple[Found, ...]:
    order = np.argsort(-missing, kind="stable")[:SHOWN]
    return tuple(
        Found(table.place_of(int(holes[i]) + 1), int(times[holes[i] + 1]), float(missing[i])) for i in order
    )


def _largest(
    table: CandleTable, times: Counts, moves: NDArray[np.float64], extreme: Counts
) -> tuple[Found, ...]:
    order = extreme[np.argsort(-np.abs(moves[extreme]), kind="stable")][:SHOWN].tolist()
    after = np.append(moves, 0.0)
    return tuple(
        Found(
            table.place_of(i + 1), int(times[i + 1]), float(np.expm1(moves[i])),
            bool(-after[i + 1] * np.sign(moves[i]) > BACK * abs(moves[i])),
        )
        for i in order
    )  # fmt: skip


def _length(ns: int) -> str:
    """`1 d`, `90 s`."""
    for unit, name in ((DAY, "d"), (3_600 * SECOND, "h"), (60 * SECOND, "min")):
        if ns >= unit and ns % unit == 0:
            return f"{ns // unit} {name}"
    return f"{ns / SECOND:g} s"


def _moment(at: int) -> str:
    seconds = at // SECOND
    return (
        datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")
        if seconds < 2.5e11
        else f"{seconds} s"
    )
