"""What happened, newest on top: one presenter for the pane of screen 1 and for the log of screen 8."""

from __future__ import annotations

from typing import NamedTuple

from midas.domain.time import clock_text
from midas.state.views.log import EventView
from tui.options import SEVERITIES as CYCLE
from tui.options import Options
from tui.present import numbers
from tui.present.lines import Line, Piece, Sheet, centred, clip, detail, width_of
from tui.present.masking import secret, secrets
from tui.present.picture import Picture, Spot
from tui.present.words import SEVERITIES, by_short_name

_SHAPES = {"info": " ", "warn": "!", "error": "✗"}
_WORDS = {"info": "info", "warn": "warn", "error": "ERROR"}
EDGE = 6  # of the frame, around title and note
FILTERS = {"all": "", "warn": "warnings and errors", "error": "errors only"}


class Entry(NamedTuple):
    """An event with a key of its own: one step of the engine can make several events."""

    key: str
    event: EventView


def entries(picture: Picture) -> list[Entry]:
    """All events, newest first. Those of one step arrive together, so their order tells them apart."""
    made: list[Entry] = []
    sequence, number = -1, 0
    for event in picture.snapshot.events:
        number = number + 1 if event.sequence == sequence else 0
        sequence = event.sequence
        made.append(Entry(f"event:{sequence}.{number}", event))
    return made


def shown(picture: Picture) -> list[Entry]:
    """Those that pass the filters of the person."""
    return [entry for entry in entries(picture) if passes(entry.event, picture.options)]


def passes(event: EventView, options: Options) -> bool:
    """Grave enough, and holding the text that is looked for (any case, kind included)."""
    # A severity that the console doesn't know is never hidden.
    grave = CYCLE.index(event.severity) if event.severity in CYCLE[1:] else 0
    if event.severity in _SHAPES and grave < CYCLE.index(options.severity):
        return False
    return options.needle.lower() in f"{event.kind} {event.text}".lower()


def keys(picture: Picture, _height: int) -> list[str]:
    """The events the cursor can stand on."""
    return [entry.key for entry in shown(picture)]


def log(picture: Picture, spot: Spot) -> Sheet:
    """Time, kind, severity and the essential of the text; the chosen event whole at the foot."""
    known = shown(picture)
    title = _title(picture)
    foot = _foot(spot)
    if not known:
        words = "nothing happened yet"
        if picture.snapshot.events:
            words = f"none of {len(picture.snapshot.events)} events passes the filter: & and / change it"
        note = _note(picture, spot.selected is not None, 0, spot.width) if picture.snapshot.events else []
        return Sheet(title, centred(words, spot.width, spot.height), note, foot)
    chosen = next((entry for entry in known if entry.key == spot.selected), None)
    below = _whole(chosen.event, spot) if chosen else []
    room = max(1, spot.height - len(below))
    seen = spot.rows([entry.key for entry in known], room)
    rows = [_row(known[i], spot) for i in seen]
    rows += [[]] * (room - len(rows)) if below else []
    return Sheet(title, rows + below, _note(picture, chosen is not None, seen.start, spot.width), foot)


def essential(text: str) -> str:
    """The first of several reasons and how many more there are; all of them stand in the detail."""
    first, *more = text.split("; ")
    return f"{first} (+{len(more)} more)" if more else first


def found(picture: Picture, key: str) -> EventView | None:
    """The event of that key."""
    return next((entry.event for entry in entries(picture) if entry.key == key), None)


def whole(event: EventView, width: int) -> list[Line]:
    """Everything that is known of an event, for a page of its own."""
    ink = SEVERITIES.get(event.severity, "warn")
    rows: list[Line] = [_heading(event), []]
    for reason in event.text.split("; "):
        rows += secrets(detail(reason, width, ink))
    return rows


def _heading(event: EventView) -> Line:
    ink = SEVERITIES.get(event.severity, "warn")
    millis = event.at // 1_000_000 % 1000
    return [
        Piece(f"{clock_text(event.at)}.{millis:03d} UTC ", "dim"),
        Piece(f"{event.kind} ", "label"),
        Piece(_WORDS.get(event.severity, event.severity), ink),
        Piece(f"  step {event.sequence}", "dim"),
    ]


def _whole(event: EventView, spot: Spot) -> list[Line]:
    """The foot of the pane: at most two fifths of it."""
    most = max(2, spot.height * 2 // 5)
    text = secrets(detail(event.text, spot.width, "strong"))
    head: list[Line] = [_heading(event)] if most > 3 else []
    if len(head) + len(text) > most:
        text = text[: most - len(head)]
        last = clip(text[-1][0].text, spot.width - 14)
        text[-1] = [secret(f"{last} ", "strong"), Piece("… Enter: all", "key")]
    return head + text


def _title(picture: Picture) -> Line:
    options = picture.options
    line: Line = [Piece("events", "title")]
    if options.severity != "all":
        line.append(Piece(f" · {FILTERS[options.severity]}", "warn"))
    if options.needle:
        line.append(Piece(f" · /{clip(options.needle, 16)}", "warn"))
    return line


def _note(picture: Picture, held: bool, newer: int, width: int) -> Line:
    events = picture.snapshot.events
    urgent = sum(event.severity != "info" for event in events)
    tail = (
        Piece("○ held" + (f", {newer} newer" if newer else ""), "warn") if held else Piece("● tail", "good")
    )
    if width < 44:
        return [tail]
    room = width - width_of(_title(picture)) - EDGE
    looks = _looks(picture, urgent)
    age = numbers.duration(picture.age_of(events[0].at)) if events else ""
    notes: list[Line] = [[looks[0], Piece(f" · last {age} ago · ", "dim"), tail]] if width >= 64 else []
    notes += [[look, Piece(" · ", "dim"), tail] for look in looks]
    return next((note for note in notes if width_of(note) <= room), [tail])


def _looks(picture: Picture, urgent: int) -> list[Piece]:
    """What there is to look at, ever shorter."""
    count = len(picture.snapshot.events)
    if picture.options.needle or picture.options.severity != "all":
        return [Piece(f"{len(shown(picture))} of {count} shown", "warn")]
    if not urgent:
        return [Piece("all quiet", "dim")]
    needs = f"{'needs' if urgent == 1 else 'need'} a look"
    return [Piece(f"{urgent} of the last {count} {needs}", "warn"), Piece(f"{urgent} {needs}", "warn")]


def _foot(spot: Spot) -> Line:
    if not spot.focused:
        return []
    words = "& severity  / filter  f follow" + ("  Enter whole  E export" if spot.width >= 60 else "")
    return [Piece(words, "dim")]


def _row(entry: Entry, spot: Spot) -> Line:
    event, width = entry.event, spot.width
    here = entry.key == spot.selected
    ink = SEVERITIES.get(event.severity, "warn")
    plain = event.severity == "info"
    stamp = clock_text(event.at)
    stamp = stamp[:5] if width < 44 else stamp if width < 76 else f"{stamp} "
    line: Line = [
        Piece(stamp, "dim"),
        Piece("▶" if here else _SHAPES.get(event.severity, "!"), "cursor" if here else ink),
        Piece(f"{event.kind[:7]:<7} ", "label" if plain else ink),
    ]
    if width >= 76:
        line.insert(2, Piece(" "))
        word = _WORDS.get(event.severity, event.severity[:5])
        line.append(Piece(f"{word:<5} ", "dim" if plain else ink))
    left = width - width_of(line)
    text = by_short_name(event.text)
    text = text if len(text) <= left else essential(text)
    return [*line, secret(clip(text, left), ink)]
