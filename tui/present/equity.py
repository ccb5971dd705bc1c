"""The equity curve, and how far the losses are from where the engine acts by itself."""

from __future__ import annotations

from math import isfinite

from midas.domain.time import SECOND
from midas.state.snapshot import TriggerView
from tui.present import numbers
from tui.present.gauge import gauge, shade_of
from tui.present.lines import Line, Piece, Sheet, centred, clip, spread
from tui.present.masking import secret
from tui.present.picture import Picture, Spot

_EIGHTHS = " ▁▂▃▄▅▆▇█"
_TRIGGER_ROWS = 2  # one for the gauge, one for the words
FIGURES = 16  # " 0.61% of 10.0%"


def curve(picture: Picture, spot: Spot) -> Sheet:
    """Result on top, the curve in the middle, the triggers below."""
    money = picture.snapshot.money
    points = [value for value in money.curve if isfinite(value)]
    triggers = _triggers(picture, spot)
    rows: list[Line] = [_result(picture, spot.width)]
    room = spot.height - len(rows) - len(triggers)
    if room >= 2:
        rows += _drawn(points, spot.width, room)
    title: Line = [Piece("equity ", "title"), Piece(money.currency, "dim")]
    span = numbers.duration(len(points) * SECOND)
    note: Line = [Piece(f"last {span}", "dim")] if points else []
    return Sheet(title, rows + triggers, note)


def heights(points: list[float], columns: int, rows: int) -> list[int]:
    """How many eighths of a row each column is high: at least one, at most `8 * rows`."""
    low, high = min(points), max(points)
    picked = [points[min(len(points) - 1, i * len(points) // columns)] for i in range(columns)]
    picked[-1] = points[-1]
    if high <= low:
        return [rows * 4] * columns
    return [1 + round((value - low) / (high - low) * (rows * 8 - 1)) for value in picked]


def _result(picture: Picture, width: int) -> Line:
    money = picture.snapshot.money
    left: Line = [secret(f"{numbers.money(money.equity)} ", "strong"), Piece("session ", "dim")]
    left.append(secret(f"{numbers.signed(money.pnl)} ", numbers.trend_ink(money.pnl)))
    if width >= 48:
        left.append(Piece(f"({numbers.percent(money.pnl_pct)}) ", numbers.trend_ink(money.pnl)))
    day: Line = [
        Piece("today ", "dim"),
        secret(numbers.signed(money.pnl_day), numbers.trend_ink(money.pnl_day)),
    ]
    return spread(left, day, width)


def _drawn(points: list[float], width: int, height: int) -> list[Line]:
    if len(points) < 2:
        return centred("the curve begins with the second picture", width, height)
    labels = [numbers.money(max(points)), *[""] * (height - 2), numbers.money(min(points))]
    margin = max(len(label) for label in labels) + 1
    columns = min(width - margin, len(points)) if len(points) < width - margin else width - margin
    tall = heights(points, max(1, columns), height)
    rows: list[Line] = []
    for row in range(height):
        floor = (height - 1 - row) * 8
        text = "".join(_EIGHTHS[min(8, max(0, size - floor))] for size in tall)
        rows.append([Piece(f"{text:<{width - margin}}", "volume"), secret(f"{labels[row]:>{margin}}", "dim")])
    return rows


def _triggers(picture: Picture, spot: Spot) -> list[Line]:
    known = [trigger for trigger in picture.snapshot.triggers if trigger.equity == trigger.equity]
    if not known:
        return [[Piece("no trigger can be computed before equity is known", "dim")]]
    roomy = spot.height >= _TRIGGER_ROWS * len(known) + 6
    rows: list[Line] = [[]] if roomy else []
    for trigger in known:
        rows.append(_gauge(trigger, spot.width))
        if roomy:
            rows.append([secret(clip(f"  {_words(picture, trigger)}", spot.width), "dim")])
    return rows


def _gauge(trigger: TriggerView, width: int) -> Line:
    used = trigger.value / trigger.maximum if trigger.maximum > 0 else 0.0
    ink = shade_of(used)
    if width < 46:
        short = f"{numbers.fixed(trigger.value * 100, 2)}/{numbers.share(trigger.maximum, 1)}"
        title, does = trigger.title.split()[0], trigger.action.split()[0]
        return [Piece(f"{title:<9}", "text"), Piece(f"{short:<10}", ink), Piece(f" → {does}", "dim")]
    name = f"{trigger.title:<10} "
    figures = f" {numbers.share(trigger.value, 2)} of {numbers.share(trigger.maximum, 1)}"
    acts = f" → {trigger.action}" if width >= 56 else f" → {trigger.action.split()[0]}"
    bar = max(4, min(30, width - len(name) - FIGURES - (25 if width >= 56 else 12)))
    line: Line = [Piece(name, "text"), Piece(gauge(used, bar), ink), Piece(f"{figures:<{FIGURES}}", ink)]
    return [*line, Piece(clip(acts, width - len(name) - bar - FIGURES), "dim")]


def _words(picture: Picture, trigger: TriggerView) -> str:
    currency = picture.snapshot.money.currency
    if trigger.room <= 0:
        return f"fires now: equity is below {numbers.money(trigger.equity)} {currency}"
    return f"fires below {numbers.money(trigger.equity)}: {numbers.money(trigger.room)} {currency} away"
