"""The last line: session, sequence, pace of the screen, pace of the engine, speed of the market."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tui.present import numbers
from tui.present.lines import Line, Piece, clean, clip, fit, spread, width_of
from tui.present.masking import secret
from tui.present.pace import Pace as Pace
from tui.present.picture import Picture


class Notice(NamedTuple):
    """A sentence shown for a while instead of the status."""

    text: str
    accepted: bool | None = None  # by the engine; None: nothing was asked of it


class Fact(NamedTuple):
    """A part of the status line, with the width that is kept for it whatever it says."""

    text: str
    width: int
    ink: str = "faint"


MARKS = {True: ("✓", "notice"), False: ("✗", "warn_bar"), None: ("·", "notice")}
KEPT = ("commands", "detach", "help")  # hints that are always there


def status_line(picture: Picture, pace: Pace, width: int, lacks: Sequence[str] = ()) -> Line:
    """Facts of the session. Which ones fit hangs on widths that don't change, so none comes and goes.

    `lacks` are panes that the screen has no room for.
    """
    snapshot = picture.snapshot
    health = snapshot.health
    facts = [
        Fact(f"midas {clean(snapshot.version)}", 0),
        Fact(f"session {clean(snapshot.session)}", 0),
        Fact(f"engine loop p99 {numbers.milliseconds(health.loop_p99_ms)}", 21),
        Fact(f"up {numbers.span(picture.age_of(health.started_at))}", 8),
        Fact(f"speed {numbers.brief(snapshot.speed)}x", 0),
        Fact(f"screen {numbers.fixed(pace.fps, 0)} fps", 13),
        Fact(f"risk profile {clean(snapshot.profile)}", 0),
        Fact(f"event {snapshot.sequence}", 14),
    ]
    if lacks:
        facts.insert(0, Fact(f"{', '.join(lacks)}: z then Tab", 0, "dim"))
    if pace.profile.startswith("slow"):
        facts.insert(2, Fact(f"link {pace.profile}", 0))
    if pace.dropped:
        facts.insert(2, Fact(_dropped(pace.dropped), 26, "warn"))
    line: Line = []
    left = width - 1
    for fact in facts:
        room = max(fact.width, width_of([Piece(fact.text)]))
        if room + (3 if line else 0) > left:
            continue
        line.append(Piece(" · " if line else " ", "faint"))
        line.append(Piece(fact.text, fact.ink))
        left -= room + 3
    return fit(line, width)


def _dropped(frames: int) -> str:
    return f"slow terminal: {frames} {'frame' if frames == 1 else 'frames'} skipped"


def notice_line(notice: Notice, width: int) -> Line:
    """Quiet where the engine agreed or nothing was asked, amber where it refused."""
    mark, ground = MARKS[notice.accepted]
    return fit([secret(clip(f" {mark} {notice.text}", width), ground, ground)], width, ground)


def keys_line(hints: list[tuple[str, str]], width: int) -> Line:
    """` Tab pane  z zoom ...`: as many working keys as fit; commands, detach and help always."""
    kept = [hint for hint in hints if hint[1] in KEPT]
    tail: Line = [
        piece for key, word in kept for piece in (Piece(f" {key}", "key"), Piece(f" {word} ", "dim"))
    ]
    line: Line = [Piece(" ")]
    left = width - 2 - width_of(tail)
    for key, word in (hint for hint in hints if hint not in kept):
        taken = width_of([Piece(key)]) + len(word) + 3
        if taken > left:
            break
        line += [Piece(key, "key"), Piece(f" {word}  ", "dim")]
        left -= taken
    return spread(line, tail, width)
