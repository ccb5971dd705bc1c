"""The equity curve, and how much of each loss budget is used or would be if every stop were hit."""

from __future__ import annotations

from math import isfinite

from midas.domain.time import SECOND
from midas.state.views.risk import TriggerView
from tui.present import numbers
from tui.present.gauge import drawn, gauge, shade_of
from tui.present.lines import Line, Piece, Sheet, centred, clip, spread, width_of
from tui.present.masking import secret
from tui.present.picture import Picture, Spot

_EIGHTHS = " ▁▂▃▄▅▆▇█"
ROWS = 2  # of a budget: one for the gauge, one for the words
ACTS = {"closes every position": "closes all", "DEFENSIVE mode": "DEFENSIVE"}  # where room is short
NOTHING = 0.00005  # a fraction below it is printed as 0.00 %
ROOMY = 70  # columns from which on an action has its whole name
FIGURES = 16  # " 0.61% of 10.0%"


def curve(picture: Picture, spot: Spot) -> Sheet:
    """Result on top, the curve in the middle, the budgets below."""
    money = picture.snapshot.money
    points = [value for value in money.curve if isfinite(value)]
    budgets = _budgets(picture, spot)
    rows: list[Line] = [_result(picture, spot.width)]
    room = spot.height - len(rows) - len(budgets)
    if room >= 2:
        rows += _drawn(points, spot.width, room)
    title: Line = [Piece("loss budgets · equity ", "title"), Piece(money.currency, "dim")]
    span = numbers.duration(len(points) * SECOND)
    note: Line = [Piece(f"last {span}", "dim")] if points else []
    return Sheet(title, rows + budgets, note)


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


def _budgets(picture: Picture, spot: Spot) -> list[Line]:
    """The losses at which the engine acts, the first to fire on top, and what the stops may still add."""
    known = [trigger for trigger in picture.snapshot.triggers if trigger.equity == trigger.equity]
    if not known:
        return [[Piece("no loss budget before equity is known", "dim")]]
    roomy = spot.height >= ROWS * len(known) + 7
    rows: list[Line] = [[]] if roomy else []
    room = spot.height - 2 - len(rows) if not roomy else ROWS * len(known)
    for trigger in known[: max(1, room)]:
        rows.append(_gauge(picture, trigger, spot.width))
        if roomy:
            rows.append([secret(clip(f"  {_words(picture, trigger)}", spot.width), "dim")])
    if len(rows) + 2 <= spot.height:
        rows.append(_stops(picture, known, spot.width))
    return rows


def _stops(picture: Picture, known: list[TriggerView], width: int) -> Line:
    """What is lost if every stop is hit, beside what the first stop-everything budget leaves."""
    risk, currency = picture.snapshot.open_risk, picture.snapshot.money.currency
    if not picture.snapshot.stops:
        return [Piece(clip("open risk to stops: none, no position has one", width), "dim")]
    tight = min(known, key=lambda trigger: trigger.room)
    beyond = risk > tight.room
    ink = "alarm" if beyond else "text"
    said: Line = [
        Piece("! " if beyond else "▒ ", ink), Piece("if every stop is hit ", "dim"),
        secret(f"-{numbers.money(risk)}", ink), Piece(f" {currency}", "dim"),
    ]  # fmt: skip
    told = f"  {'more than' if beyond else 'within what'} {tight.title} leaves"
    return [*said, Piece(told if width_of(said) + len(told) <= width else "", ink if beyond else "dim")]


def _gauge(picture: Picture, trigger: TriggerView, width: int) -> Line:
    used = trigger.value / trigger.maximum if trigger.maximum > 0 and trigger.value >= NOTHING else 0.0
    ink = shade_of(used)
    mark = Piece("◆" if trigger.active else "!" if used >= 1.0 else " ", "warn" if trigger.active else ink)
    if width < 46:
        short = f"{numbers.near(trigger.value, 2).rstrip('%')}/{numbers.exact(trigger.maximum)}"
        title, does = trigger.title.split()[0], trigger.action.split()[0]
        return [mark, Piece(f"{title:<9}", "text"), Piece(f"{short:<10}", ink), Piece(f" → {does}", "dim")]
    name = f"{trigger.title:<12} "
    figures = f" {numbers.near(trigger.value, 2)} of {numbers.exact(trigger.maximum)}"
    does = trigger.action if width >= ROOMY else ACTS.get(trigger.action, trigger.action)
    bar = max(4, min(30, width - len(name) - FIGURES - (27 if width >= ROOMY else 15)))
    line: Line = [mark, Piece(name, "text"), *_bar(picture, trigger, used, bar)]
    line.append(Piece(f"{figures:<{FIGURES}}", ink))
    return [*line, Piece(clip(f" → {does}", width - len(name) - bar - FIGURES - 1), "dim")]


def _bar(picture: Picture, trigger: TriggerView, used: float, width: int) -> Line:
    """Lost ▓, would be lost if every stop were hit ▒, left ░; solid where the budget is used up."""
    if used >= 1.0:
        return [Piece("█" * width, "alarm")]
    lost = gauge(drawn(trigger.value, used), width).rstrip("░")
    left, whole = width - len(lost), trigger.room
    risk = picture.snapshot.open_risk
    more = min(left, round(left * risk / whole)) if whole > 0.0 and risk > 0.0 else 0
    line: Line = [Piece(lost, shade_of(used)), Piece("▒" * more, "alarm" if risk > whole > 0.0 else "warn")]
    return [*line, Piece("░" * (left - more), "gauge")]


def _words(picture: Picture, trigger: TriggerView) -> str:
    currency = picture.snapshot.money.currency
    if trigger.room <= 0:
        return f"fires now: equity is below {numbers.money(trigger.equity)} {currency}"
    return f"fires below {numbers.money(trigger.equity)}: {numbers.money(trigger.room)} {currency} away"
