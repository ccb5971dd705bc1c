"""What happened, newest on top."""

from __future__ import annotations

from midas.domain.time import clock_text
from midas.state.snapshot import EventView
from tui.present.lines import Line, Piece, Sheet, centred, clip
from tui.present.picture import Picture, Spot, window
from tui.present.words import SEVERITIES

_SHAPES = {"info": " ", "warn": "!", "error": "✗"}


def keys(picture: Picture, _height: int) -> list[int]:
    """The events the cursor can stand on."""
    return [event.sequence for event in picture.snapshot.events]


def log(picture: Picture, spot: Spot) -> Sheet:
    """Time, kind and text; the chosen event in full on the last lines."""
    events = picture.snapshot.events
    title: Line = [Piece("events", "title")]
    if not events:
        return Sheet(title, centred("nothing happened yet", spot.width, spot.height))
    chosen = next((i for i, e in enumerate(events) if e.sequence == spot.selected), None)
    full = _wrapped(events[chosen].text, spot.width - 2) if chosen is not None else []
    room = max(1, spot.height - len(full))
    rows: list[Line] = [
        _row(events[i], spot.width, i == chosen) for i in window(len(events), chosen or 0, room)
    ]
    rows += [[]] * (room - len(rows)) if full else []
    rows += [[Piece(f"  {line}", "strong")] for line in full]
    urgent = sum(e.severity != "info" for e in events)
    note: Line = (
        [Piece(f"{urgent} of {len(events)} need a look", "warn")]
        if urgent
        else [Piece(f"{len(events)} quiet", "dim")]
    )
    return Sheet(title, rows, note)


def _row(event: EventView, width: int, here: bool) -> Line:
    ink = SEVERITIES.get(event.severity, "warn")
    stamp = clock_text(event.at)
    stamp = stamp if width >= 44 else stamp[:5]
    shape = "▶" if here else _SHAPES.get(event.severity, "!")
    taken = len(stamp) + 9
    return [
        Piece(f"{stamp}", "dim"),
        Piece(shape, "cursor" if here else ink),
        Piece(f"{event.kind[:7]:<7} ", ink if event.severity != "info" else "label"),
        Piece(clip(event.text, width - taken), ink),
    ]


def _wrapped(text: str, width: int) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if len(longer) > width and lines[-1]:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines[:3]
