"""Latencies of the last minute as bars from fast to slow, with the median, the slow end and the slowest."""

from __future__ import annotations

from math import ceil, isfinite, log1p
from typing import NamedTuple

from midas.state.views.health import HistogramView
from tui.present import numbers
from tui.present.lines import Line, Piece, Sheet, centred, clip, width_of
from tui.present.picture import Picture, Spot

_EIGHTHS = " ▁▂▃▄▅▆▇█"
GUTTER = 6  # of the scale beside the bars
COUNTED = 5  # rows of bars from which on the counts have room under them


class Meaning(NamedTuple):
    """What a latency measures, and from which p99 on something is wrong."""

    text: str
    slow_ms: float
    words: str


MEANINGS = {
    "loop": Meaning("lateness of timers", 20.0, "LATE: machine busy"),
    "barrier": Meaning("disk before orders", 50.0, "SLOW DISK"),
    "feed": Meaning("venue to us", 500.0, "SLOW: old prices"),
    "ack": Meaning("order to answer", 500.0, "SLOW venue"),
}
_UNKNOWN = Meaning("", float("inf"), "")


def histograms(picture: Picture, spot: Spot) -> Sheet:
    """A block each: figures, bars (height: logarithm of the count), and the axis where there is room."""
    known = picture.snapshot.health.histograms
    title: Line = [Piece("latency", "title")]
    if spot.width >= 50:
        title.append(Piece(" · how many, log scale", "dim"))
    if not known:
        return Sheet(title, centred("nothing was measured yet", spot.width, spot.height))
    tall = max(2, spot.height // len(known))
    rows: list[Line] = []
    for view in known:
        rows += _block(view, spot.width, tall)
    slow = sum(_slow(view) for view in known)
    note: Line = [Piece(f"{slow} SLOW", "warn")] if slow else [Piece("last minute", "dim")]
    return Sheet(title, rows[: spot.height], note)


def bars(view: HistogramView, columns: int, rows: int) -> list[str]:
    """The counts as `rows` rows of `columns` cells each; whatever was counted shows."""
    wide = _cell(view, columns)
    most = log1p(max(view.counts, default=0))
    drawn: list[str] = []
    for row in range(rows):
        floor = (rows - 1 - row) * 8
        text = ""
        for number in view.counts:
            tall = max(1, round(log1p(number) / most * rows * 8)) if number and most > 0 else 0
            text += _EIGHTHS[min(8, max(0, tall - floor))] * max(1, wide - 1) + (" " if wide > 1 else "")
        drawn.append(text[:columns])
    return drawn


def _block(view: HistogramView, width: int, tall: int) -> list[Line]:
    rows: list[Line] = [_figures(view, width)]
    if not sum(view.counts):
        rows.append([Piece("  no measurement in the last minute", "dim")])
        return rows + [[]] * (tall - len(rows))
    axis = tall >= 4
    height = min(10, tall - 1 - axis - (tall >= 5))
    ink = "warn" if _slow(view) else "gauge"
    gutter = GUTTER if height > 1 else 2
    columns = width - gutter
    counted = height >= COUNTED and _cell(view, columns) > len(_count(max(view.counts)))
    height -= counted
    drawn = bars(view, columns, height)
    if height == 1:  # no room for a scale: how many there were in all
        alone, told = drawn[0].rstrip(), _count(sum(view.counts))
        drawn = [f"{alone} {told:>{columns - len(alone) - 1}}"] if len(alone) + len(told) < columns else drawn
    for label, text in zip(_scale(view, height), drawn, strict=True):
        rows.append([Piece(f"{label:>{gutter - 1}} ", "dim"), Piece(text, ink)])
    if counted:
        rows.append([Piece(" " * gutter), Piece(_counts(view, columns), "dim")])
    rows += [[Piece(f"{'':{gutter}}{_axis(view, columns)}", "faint")]] if axis else []
    return rows + [[]] * (tall - len(rows))


def _scale(view: HistogramView, rows: int) -> list[str]:
    """A label a row: the largest count on top, below it the powers of ten where they stand."""
    labels = [""] * rows
    if rows < 2:
        return labels
    most = max(view.counts)
    labels[0] = _count(most)
    power = 1
    while power < most:
        row = rows - ceil(log1p(power) / log1p(most) * rows)
        if row > 0:
            labels[row] = _count(power)
        power *= 10
    return labels


def _counts(view: HistogramView, columns: int) -> str:
    """Each count under its bar."""
    cell = _cell(view, columns)
    return "".join(f"{_count(number) if number else '':<{cell}}" for number in view.counts)


def _cell(view: HistogramView, columns: int) -> int:
    return max(1, columns // max(1, len(view.counts)))


def _count(number: int) -> str:
    """In four cells up to a billion."""
    for limit, suffix in ((1_000_000, "M"), (1_000, "k")):
        if number >= limit:
            return f"{number / limit:.{1 if number < 10 * limit else 0}f}{suffix}"
    return str(number)


def _figures(view: HistogramView, width: int) -> Line:
    meaning = MEANINGS.get(view.name, _UNKNOWN)
    slow = _slow(view)
    line: Line = [Piece(f"{view.name:<7} ", "warn" if slow else "strong")]
    for name, value in (("p50", view.p50_ms), ("p99", view.p99_ms), ("max", view.max_ms)):
        ink = "warn" if slow and name == "p99" else "text"
        line += [Piece(f"{name} ", "dim"), Piece(f"{numbers.milliseconds(value):<6}", ink)]
    left = width - width_of(line) - 1
    words = meaning.words if slow else meaning.text
    if left >= 10 and words:
        line.append(Piece(f" {clip(words, left)}", "warn" if slow else "dim"))
    return line


def _slow(view: HistogramView) -> bool:
    return isfinite(view.p99_ms) and view.p99_ms > MEANINGS.get(view.name, _UNKNOWN).slow_ms


def _axis(view: HistogramView, columns: int) -> str:
    """The edges under the bars: each stands where its bucket ends, as many as don't touch."""
    wide = _cell(view, columns)
    text = ""
    for place, edge in enumerate(view.edges_ms):
        at = (place + 1) * wide - 1
        label = f"╵{numbers.milliseconds(edge)}"
        if at >= len(text) + (1 if text else 0) and at + len(label) <= columns:
            text = f"{text:<{at}}{label}"
    return text
