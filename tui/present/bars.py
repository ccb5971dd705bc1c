"""Candles of any timeframe, and the column of the chart that each one stands in."""

from __future__ import annotations

from typing import NamedTuple

from midas.domain.time import DAY, HOUR, MINUTE, SECOND
from midas.state.views.market import BarView, InstrumentView

TIMEFRAMES = (1, 5, 15, 60)  # base bars to one candle
ZOOMS = (1, 2, 3, 4)  # columns to one candle
CHUNK = 8  # the chart scrolls by so many candles at once: a row that stays costs no byte
_STEPS = (
    5 * SECOND, 10 * SECOND, 15 * SECOND, 30 * SECOND, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE,
    15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 12 * HOUR, DAY,
)  # fmt: skip


class Candles(NamedTuple):
    """The visible candles, oldest first, with their columns."""

    bars: list[BarView]
    places: list[int]
    span: int  # ns of one candle
    step: int  # columns of one candle
    known: int  # how many there are in all


def candles(view: InstrumentView, factor: int, zoom: int, columns: int) -> Candles:
    """What fits into `columns`, the newest at the right."""
    span = view.bar_period * factor
    every = folded(view, factor)
    if not every:
        return Candles([], [], span, zoom, 0)
    first, last = every[0].time // span, every[-1].time // span
    steady = last - first == len(every) - 1  # without a gap the edge may stand at a round time
    edge = -(-(last + 1) // CHUNK) * CHUNK if steady else last + 1
    newest = columns // zoom - (edge - last)
    shown = every[-(newest + 1) :] if newest >= 0 else every[-1:]
    places = [max(0, newest - len(shown) + 1 + index) * zoom for index in range(len(shown))]
    return Candles(shown, places, span, zoom, len(every))


def folded(view: InstrumentView, factor: int) -> list[BarView]:
    """All candles of `factor` base bars each; the last one may be running."""
    if factor == 1:
        return list(view.bars)
    slow = factor % view.slow_factor == 0 and bool(view.slow_bars)
    found: list[BarView] = []
    span = view.bar_period * factor
    for bar in view.slow_bars if slow else view.bars:
        close = -(-bar.time // span) * span
        if found and found[-1].time == close:
            last = found[-1]
            found[-1] = BarView(
                close, last.open, max(last.high, bar.high), min(last.low, bar.low), bar.close,
                last.volume + bar.volume, last.synthetic and bar.synthetic,
            )  # fmt: skip
        else:
            found.append(BarView(close, bar.open, bar.high, bar.low, bar.close, bar.volume, bar.synthetic))
    return found


def time_axis(shown: Candles, columns: int) -> str:
    """UTC labels under the candles, at round times and at least a label apart."""
    per_column = shown.span / shown.step
    room = 10 if per_column * 12 < MINUTE else 8
    step = next((s for s in _STEPS if s >= per_column * room), DAY)
    line = [" "] * columns
    for bar, place in zip(shown.bars, shown.places, strict=True):
        if bar.time % step == 0:
            label = f"╵{_clock(bar.time, step)}"
            if place + len(label) <= columns:
                line[place : place + len(label)] = label
    return "".join(line)


def _clock(time: int, step: int) -> str:
    seconds = time // SECOND % (24 * 3600)
    short = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}"
    return short if step % MINUTE == 0 else f"{short}:{seconds % 60:02d}"
