"""What a table of quotes and prints is like, before anybody trusts a result that was made on it.

What can't be true was refused as it was read; what may be true and matters is counted here, with its time.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from midas.backtest.tick_table import has_quotes
from midas.backtest.ticks import Ticks

WIDE = 20.0  # times the usual spread: of a market at work none is
SHOWN = 3  # places of each kind


class Spot(msgspec.Struct, frozen=True):
    """A moment worth a look."""

    time: int  # of the row; of a silence, at which it begins
    size: float  # of a silence: seconds; of a spread: bps of its mid


class TickQuality(msgspec.Struct, frozen=True, kw_only=True):
    """One symbol's quotes and prints. Times in nanoseconds UTC."""

    symbol: str
    files: tuple[str, ...]
    quoted: bool  # or the touch was made of prints: where somebody last bought and sold
    quotes: int
    prints: int
    begins: int
    ends: int
    spread_bps: float  # the median over rows, of the mid
    wide: int  # rows with a spread of more than twenty times that
    widest: tuple[Spot, ...]  # of those, the widest first
    silences: tuple[Spot, ...]  # spaces between two rows, the longest first
    empty: int  # quotes with nothing on one side
    repeated: int  # rows that say nothing new: as the row before, time and all


def examine_ticks(ticks: Ticks, files: Sequence[Path]) -> TickQuality:
    """Everything worth knowing of the rows of these files, as `read_ticks` merged them."""
    time, bid, ask = ticks.time, ticks.bid, ticks.ask
    spread = np.asarray((ask - bid) / (0.5 * (ask + bid)) * 1e4, np.float64)
    usual = float(np.median(spread))
    wide = np.flatnonzero(spread > WIDE * usual)
    pauses = np.diff(time) / 1e9
    printed, one_sided = ticks.printed > 0, (ticks.bid_lots == 0) | (ticks.ask_lots == 0)
    quoted = any(map(has_quotes, files))
    columns = (time, bid, ticks.bid_lots, ask, ticks.ask_lots, ticks.price, ticks.printed, ticks.sold)
    repeated = np.all([column[1:] == column[:-1] for column in columns], axis=0)
    return TickQuality(
        symbol=ticks.instrument.symbol, files=tuple(map(str, files)), quoted=quoted,
        quotes=int((~printed).sum()) if quoted else 0, prints=int(printed.sum()), begins=ticks.begins,
        ends=int(time[-1]), spread_bps=usual, wide=len(wide), widest=_spots(time[wide], spread[wide]),
        silences=_spots(time[:-1], pauses), empty=int((quoted & ~printed & one_sided).sum()),
        repeated=int(repeated.sum()),
    )  # fmt: skip


def _spots(times: NDArray[np.int64], sizes: NDArray[np.float64]) -> tuple[Spot, ...]:
    largest = np.argsort(-sizes, kind="stable")[:SHOWN]
    return tuple(Spot(int(times[n]), float(sizes[n])) for n in largest if sizes[n] > 0.0)
