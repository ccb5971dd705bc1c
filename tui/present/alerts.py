"""Alarms that hold now, with what to do about them, and the price alerts that people set."""

from __future__ import annotations

from midas.state.views.log import AlarmView, AlertView
from tui.present import numbers
from tui.present.lines import Line, Piece, Sheet, centred, clip, detail, width_of
from tui.present.picture import Picture, Spot
from tui.present.table import Column, fitting, heading, row
from tui.present.words import SEVERITIES, by_short_name

_SHAPES = {"warn": "!", "error": "✗"}


def alarm_keys(picture: Picture, _height: int) -> list[str]:
    """The alarms the cursor can stand on."""
    return [f"alarm:{alarm.name}" for alarm in picture.snapshot.alarms]


def alarms(picture: Picture, spot: Spot) -> Sheet:
    """Gravest first, as the engine orders them; below, the chosen one (else the gravest) and its advice."""
    known = picture.snapshot.alarms
    title: Line = [Piece("alarms", "title")]
    if not known:
        quiet = centred("● nothing abnormal holds now", spot.width, spot.height, "dim")
        return Sheet(title, quiet, [Piece("none", "dim")])
    names = alarm_keys(picture, 0)
    chosen = next((a for a, key in zip(known, names, strict=True) if key == spot.selected), known[0])
    below = _below(picture, chosen, spot)
    room = max(1, spot.height - len(below))
    rows = [_alarm(picture, known[i], spot, names[i] == spot.selected) for i in spot.rows(names, room)]
    unseen = sum(not alarm.acknowledged for alarm in known)
    seen = f", {unseen} unseen" if unseen else ", all seen"
    note: Line = [Piece(f"{len(known)} active", "warn"), Piece(seen, "dim")]
    words = "A acknowledge" if spot.width < 40 else "A acknowledge  Enter whole"
    foot: Line = [Piece(words, "dim")] if spot.focused else []
    gap: list[Line] = [[]] if spot.height > len(rows) + len(below) else []
    return Sheet(title, rows + gap + below, note, foot)


def _below(picture: Picture, alarm: AlarmView, spot: Spot) -> list[Line]:
    """All that is known; where that is too much, what to do."""
    most = max(2, spot.height * 3 // 5, spot.height - len(picture.snapshot.alarms))
    everything = alarm_whole(picture, alarm, spot.width)
    advice = detail(f"→ {alarm.advice}", spot.width, "strong") if alarm.advice else everything
    forms = everything, [line for line in everything if line[0].ink != "dim"], advice
    return next((form for form in forms if len(form) <= most), advice[:most])


def alarm_whole(picture: Picture, alarm: AlarmView, width: int) -> list[Line]:
    """What is wrong, since when, and what to do."""
    ink = SEVERITIES.get(alarm.severity, "warn")
    age = numbers.duration(picture.age_of(alarm.since_at))
    seen = "seen" if alarm.acknowledged else "not seen yet"
    rows = detail(alarm.text, width, "text" if alarm.acknowledged else ink)
    rows += detail(f"→ {alarm.advice}", width, "strong") if alarm.advice else []
    return [*rows, *detail(f"for {age}, {alarm.severity}, {seen}", width, "dim")]


def alert_keys(picture: Picture, _height: int) -> list[str]:
    """The alerts the cursor can stand on."""
    return [f"alert:{alert.id}" for alert in picture.snapshot.alerts]


def alerts(picture: Picture, spot: Spot) -> Sheet:
    """A row an alert in the order they were set: what fires it, how far away that is, whether it fired."""
    known = picture.snapshot.alerts
    title: Line = [Piece("price alerts", "title")]
    words = "! new  d drop  A acknowledge" if spot.width >= 34 else "! new  d drop  A seen"
    foot: Line = [Piece(words, "dim")] if spot.focused else []
    if not known:
        return Sheet(title, centred("no price alert: ! sets one", spot.width, spot.height), [], foot)
    columns = fitting(_columns(picture), spot.width - 1)
    names = alert_keys(picture, 0)
    rows: list[Line] = [[Piece(" "), *heading(columns)]]
    for index in spot.rows(names, max(1, spot.height - 1)):
        here = names[index] == spot.selected
        rows.append([Piece("▶" if here else " ", "cursor"), *row(columns, known[index])])
    fired = sum(bool(alert.fired_at) and not alert.acknowledged for alert in known)
    armed = sum(not alert.fired_at for alert in known)
    note: Line = [Piece(f"{fired} FIRED ", "warn")] if fired else []
    return Sheet(title, rows, [*note, Piece(f"{armed} armed", "dim")], foot)


def price_text(picture: Picture, alert: AlertView) -> str:
    """`▲ 65000.5`: from which side, and the price at the instrument's own precision."""
    view = picture.view(alert.instrument)
    price = numbers.fixed(alert.price, view.price_decimals if view else 2)
    return f"{'▲' if alert.above else '▼'} {price}"


def _alarm(picture: Picture, alarm: AlarmView, spot: Spot, here: bool) -> Line:
    ink = "dim" if alarm.acknowledged else SEVERITIES.get(alarm.severity, "warn")
    shape = "✓" if alarm.acknowledged else _SHAPES.get(alarm.severity, "!")
    line: Line = [
        Piece("▶" if here else " ", "cursor"),
        Piece(f"{shape} ", ink),
        Piece(f"{numbers.duration(picture.age_of(alarm.since_at)):>5} ", "dim"),
    ]
    return [*line, Piece(clip(by_short_name(alarm.text), spot.width - width_of(line)), ink)]


def _columns(picture: Picture) -> list[Column[AlertView]]:
    def age(at: int) -> str:
        return numbers.duration(picture.age_of(at))

    def state(alert: AlertView) -> Piece:
        if not alert.fired_at:
            return Piece("armed", "text")
        if alert.acknowledged:
            return Piece(f"seen {age(alert.fired_at)}", "dim")
        return Piece(f"FIRED {age(alert.fired_at)}", "warn")

    def last(alert: AlertView) -> str:
        view = picture.view(alert.instrument)
        return numbers.fixed(alert.last, view.price_decimals if view else 2)

    def away(alert: AlertView) -> Piece:
        # What has fired waits for nothing any more.
        decimals = 1 if abs(alert.distance) >= 0.1 else 2
        return Piece("" if alert.fired_at else numbers.percent(alert.distance, decimals))

    return [
        Column("#", 3, 6, lambda a: Piece(str(a.id), "dim")),
        Column("symbol", 8, 0, lambda a: Piece(picture.named(a.instrument), "strong"), left=True),
        Column("fires at", 10, 0, lambda a: Piece(price_text(picture, a)), left=True),
        Column("away", 7, 2, away),
        Column("state", 10, 0, state, left=True),
        Column("last", 9, 5, lambda a: Piece(last(a), "dim")),
        Column("set", 5, 7, lambda a: Piece(age(a.set_at), "dim")),
        Column("by", 12, 8, lambda a: Piece(a.set_by, "dim"), left=True),
    ]
