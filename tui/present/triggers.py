"""Every trigger that changes the mode by itself: how near it is, what it does, what ends it."""

from __future__ import annotations

from math import isfinite
from re import sub

from midas.state.views.risk import TriggerView
from tui.present import numbers
from tui.present.equity import ACTS
from tui.present.gauge import gauge, shade_of
from tui.present.lines import Line, Piece, Sheet, centred, clean, clip, detail, shortest, width_of
from tui.present.picture import Picture, Spot

NAME, SHORT = 19, 13
NARROW, WIDE = 44, 60  # columns
SILENCES = {"no market data for": "market silent", "no user stream for": "user stream"}  # narrow
BAR = 6
SOON = 1.0  # minutes, below which seconds are told


def pane(picture: Picture, spot: Spot) -> Sheet:
    """What holds on top, then those that are nearest to fire."""
    known = sorted(picture.snapshot.triggers, key=lambda trigger: (not trigger.active, -_near(trigger)))
    title: Line = [Piece("triggers", "title")]
    if not known:
        return Sheet(title, centred("no trigger is known before the account is", spot.width, spot.height))
    rows: list[Line] = []
    for trigger in known:
        rows.append(_row(trigger, spot.width))
        if trigger.active and trigger.ends:
            rows += detail(f"holds until {trigger.ends}", spot.width, "strong", "    ")
    foot: Line = []
    if len(rows) > spot.height:
        foot = [Piece(f"{len(rows) - spot.height} more: z", "dim")]
        rows = rows[: spot.height]
    active, past = sum(trigger.active for trigger in known), sum(_near(trigger) > 1.0 for trigger in known)
    note = (
        Piece(f"◆ {active} hold{'s' if active == 1 else ''}", "warn")
        if active
        else Piece(f"! {past} past its threshold", "alarm")
        if past
        else Piece("none holds", "dim")
    )
    return Sheet(title, rows, [note], foot)


def figure(trigger: TriggerView, value: float) -> str:
    """`0.61%`, `-0.20`, `3 min`, `25 s`: a value in the trigger's own unit."""
    if not isfinite(value):
        return numbers.ABSENT
    if trigger.unit == "%":
        return numbers.near(value, 2 if value < 0.1 else 1)
    if trigger.unit == "min" and value < SOON:
        return f"{numbers.fixed(value * 60, 0)} s"
    return numbers.fixed(value, 2) if trigger.unit == "" else f"{numbers.fixed(value, 0)} {trigger.unit}"


def _near(trigger: TriggerView) -> float:
    """0 far, 1 fires; one that fires below its threshold has no such scale."""
    if not isfinite(trigger.value) or trigger.below or trigger.maximum <= 0.0:
        return 0.0
    return trigger.value / trigger.maximum


def _row(trigger: TriggerView, width: int) -> Line:
    near, narrow = _near(trigger), width < NARROW
    ink = "warn" if trigger.active else shade_of(near)
    name = SHORT if narrow else NAME
    title = SILENCES.get(trigger.title, trigger.title) if narrow else trigger.title
    mark = "◆ " if trigger.active else "! " if near >= 1.0 else "  "
    line: Line = [
        Piece(mark, ink),
        Piece(f"{clip(title, name):<{name}}", "strong" if trigger.active else "text"),
    ]
    if width >= NAME + BAR + 40:
        line.append(Piece(" " * (BAR + 1) if trigger.below else f" {gauge(near, BAR)}", ink))
    action = clean(trigger.action)
    acts = f" → {action if width >= WIDE else ACTS.get(action, action)}"
    acts = acts.split(" all")[0] if narrow else acts
    left = width - width_of(line)
    figures = shortest([f" {text}" for text in _figures(trigger, narrow)], left - len(acts))
    line.append(Piece(f"{figures:<17}" if width >= WIDE else figures, "text" if ink == "gauge" else ink))
    left = width - width_of(line)
    return [*line, Piece(clip(acts, left) if left >= 6 else "", "dim")]


def _figures(trigger: TriggerView, narrow: bool) -> tuple[str, ...]:
    """What it is of what, ever shorter."""
    known, most = isfinite(trigger.value), figure(trigger, trigger.maximum)
    now = figure(trigger, trigger.value)
    if narrow:
        now = now.rstrip("%").removesuffix(f" {trigger.unit}").replace(" ", "") if known else "?"
        text = f"{now}{'<' if trigger.below else '/'}{most.replace(' ', '')}"
        return text, sub(r"\.0+%$", "%", text)
    words = (now,) if known else ("not known yet", "not known", "?")
    return tuple(f"{word} {'<' if trigger.below else 'of'} {most}" for word in words)
