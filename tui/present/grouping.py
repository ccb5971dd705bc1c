"""The levels of a book as a person wants them: several ticks to one level, only so many a side."""

from __future__ import annotations

from math import ceil

from midas.state.views.market import InstrumentView, LevelView
from tui.options import Options

GROUPS = (1, 2, 5, 10, 20, 50, 100, 200, 500)  # ticks to one level
DEPTHS = (5, 10, 25, 50)  # levels a side


def side(view: InstrumentView, bids: bool, options: Options) -> tuple[LevelView, ...]:
    """One side, best first: bids rounded down to whole groups, asks up."""
    book, group = view.book, options.group
    if not book.valid:
        return ()
    levels, ticks = (book.bids if bids else book.asks), 1
    for ladder in book.coarse:
        if group % ladder.ticks == 0 and ladder.ticks > ticks:
            levels, ticks = (ladder.bids if bids else ladder.asks), ladder.ticks
    if group > ticks:
        levels = _grouped(levels, view.tick_size, group, -1 if bids else 1)
    # What the engine adds beyond the deepest choice is ours.
    return levels[: options.depth] if options.depth < DEPTHS[-1] else levels


def _grouped(levels: tuple[LevelView, ...], tick: float, group: int, sign: int) -> tuple[LevelView, ...]:
    """Neighbours summed; sums and averages to here are those of the last one."""
    found: list[LevelView] = []
    for level in levels:
        step = sign * ceil(sign * round(level.price / tick) / group)
        price = step * group * tick
        last = found[-1] if found else None
        if last is None or abs(last.price - price) > tick / 2:
            found.append(
                LevelView(
                    price, level.size, level.cumulative, level.own, level.average, level.slip_bps, level.ahead
                )
            )
            continue
        found[-1] = LevelView(
            price, last.size + level.size, level.cumulative, last.own + level.own, level.average,
            level.slip_bps, last.ahead if last.own else level.ahead,
        )  # fmt: skip
    return tuple(found)
