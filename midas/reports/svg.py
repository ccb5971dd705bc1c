"""The primitives of a chart as SVG text: scales, axes, lines. Colours are classes of the style sheet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from html import escape
from math import ceil, exp, floor, log, log10
from typing import NamedTuple

from midas.domain.time import DAY, HOUR, MINUTE, SECOND

WIDTH = 960
LEFT, RIGHT, TOP, BOTTOM = 8, 64, 10, 22
_CLOCK = tuple(n * MINUTE for n in (1, 5, 15, 30)) + tuple(n * HOUR for n in (1, 2, 4, 6, 12))
_DAYS = (1, 2, 5, 7, 14)
_MONTHS = (1, 2, 3, 6, 12, 24, 60, 120)
TICKS = 9  # labels on an axis of time, at most


class Scale(NamedTuple):
    """From a value to a place in pixels."""

    low: float
    high: float
    begin: float
    end: float
    logarithmic: bool = False

    def __call__(self, value: float) -> float:
        """The pixel."""
        low, high = self.low, self.high
        if self.logarithmic:
            low, high, value = log(low), log(high), log(max(value, 1e-12))
        span = high - low
        return self.begin + (value - low) / span * (self.end - self.begin) if span else self.begin


def scale_y(values: Iterable[float], height: int, logarithmic: bool = False) -> Scale:
    """Over all values, with a little room on both sides."""
    known = list(values) or [0.0]
    low, high = min(known), max(known)
    if logarithmic and low > 0.0:
        spare = (log(high) - log(low)) * 0.05 or 0.01
        return Scale(exp(log(low) - spare), exp(log(high) + spare), height - BOTTOM, TOP, True)
    spare = (high - low) * 0.06 or abs(high) * 0.01 or 1.0
    return Scale(low - spare, high + spare, height - BOTTOM, TOP)


def scale_x(begin: int, end: int) -> Scale:
    """Over a span of time."""
    return Scale(float(begin), float(max(end, begin + 1)), LEFT, WIDTH - RIGHT)


def ticks(scale: Scale, most: int = 6) -> list[float]:
    """Round values on a scale."""
    if scale.logarithmic:
        found = [base * 10.0**power for power in range(-12, 13) for base in (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)]
        inside = [value for value in found if scale.low <= value <= scale.high]
        if len(inside) > 1:
            return inside[:: max(1, len(inside) // most)]
    width = (scale.high - scale.low) / most
    power = 10.0 ** floor(log10(width)) if width > 0.0 else 1.0
    step = next(base * power for base in (1.0, 2.0, 2.5, 5.0, 10.0) if base * power >= width * (1 - 1e-9))
    first = ceil(scale.low / step)
    return [round(n * step, 12) for n in range(first, floor(scale.high / step) + 1)]


def times(begin: int, end: int) -> list[tuple[int, str]]:
    """Round times between two, with the words of each."""
    span = end - begin
    for step in _CLOCK:
        if span / step <= TICKS:
            first = -(-begin // step) * step
            return [(at, _said(at, "%H:%M")) for at in range(first, end + 1, step)]
    for days in _DAYS:
        if span / (days * DAY) <= TICKS:
            first = -(-begin // DAY) * DAY
            return [(at, _said(at, "%d %b")) for at in range(first, end + 1, days * DAY)]
    step = next((n for n in _MONTHS if span / (n * 30 * DAY) <= TICKS), _MONTHS[-1])
    return [(at, _said(at, "%Y" if step >= 12 else "%b %Y")) for at in _month_starts(begin, end, step)]


def axes(x: Scale, y: Scale, height: int, label: Callable[[float], str]) -> str:
    """Lines and labels of both."""
    right = WIDTH - RIGHT
    parts = []
    for value in ticks(y, max(2, height // 44)):
        at = y(value)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{right}" y1="{at:.1f}" y2="{at:.1f}"/>')
        parts.append(f'<text class="tick" x="{right + 6}" y="{at + 3.5:.1f}">{escape(label(value))}</text>')
    for moment, words in times(int(x.low), int(x.high)):
        at = x(moment)
        parts.append(f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="{TOP}" y2="{height - BOTTOM}"/>')
        if at < right - 24:
            parts.append(f'<text class="tick" x="{at + 3:.1f}" y="{height - 7}">{escape(words)}</text>')
    return "".join(parts)


def line(points: Sequence[tuple[float, float]], kind: str) -> str:
    """One stroke through all of them."""
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return f'<path class="{kind}" d="M{path}"/>' if points else ""


def area(points: Sequence[tuple[float, float]], floor_y: float, kind: str) -> str:
    """What lies between the points and a level."""
    if not points:
        return ""
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    ends = f"L{points[-1][0]:.1f} {floor_y:.1f}L{points[0][0]:.1f} {floor_y:.1f}Z"
    return f'<path class="{kind}" d="M{path}{ends}"/>'


def drawing(body: str, height: int, title: str) -> str:
    """The whole picture; `title` is read out to whoever can't see it."""
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">{body}</svg>'


def _month_starts(begin: int, end: int, step: int) -> list[int]:
    moment = datetime.fromtimestamp(begin // SECOND, UTC)
    month = moment.year * 12 + moment.month - 1
    month = -(-(month + (moment.day > 1)) // step) * step
    found: list[int] = []
    while True:
        at = int(datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC).timestamp()) * SECOND
        if at > end:
            return found
        found.append(at)
        month += step


def _said(at: int, form: str) -> str:
    return (datetime.fromtimestamp(0, UTC) + timedelta(seconds=at // SECOND)).strftime(form)
