"""The last line: session, sequence, pace of the screen, pace of the engine, speed of the market."""

from __future__ import annotations

from typing import NamedTuple

from tui.present import numbers
from tui.present.lines import Line, Piece, clean, clip, fit, spread
from tui.present.pace import Pace as Pace
from tui.present.picture import Picture


class Notice(NamedTuple):
    """The engine's answer to a command, shown for a while instead of the status."""

    text: str
    accepted: bool


def status_line(picture: Picture, pace: Pace, width: int) -> Line:
    """Facts of the session; on the right what doesn't fit the screen."""
    snapshot = picture.snapshot
    facts = [
        f"midas {clean(snapshot.version)}",
        clean(snapshot.session),
        f"seq {snapshot.sequence}",
        f"ui {numbers.fixed(pace.fps, 0)} fps",
        f"engine p99 {numbers.milliseconds(snapshot.health.loop_p99_ms)}",
        f"speed {numbers.brief(snapshot.speed)}x",
        f"up {numbers.duration(picture.age_of(snapshot.health.started_at))}",
        f"profile {clean(snapshot.profile)}",
    ]
    if pace.dropped:
        facts.insert(4, f"{pace.dropped} frames dropped: slow terminal")
    while len(facts) > 4 and sum(len(f) + 3 for f in facts) > width:
        facts.pop()
    return fit([Piece(f" {' · '.join(facts)}", "faint")], width)


def notice_line(notice: Notice, width: int) -> Line:
    """The answer of the engine: quiet where it agreed, amber where it refused."""
    mark, ground = ("✓", "notice") if notice.accepted else ("✗", "warn_bar")
    return fit([Piece(clip(f" {mark} {notice.text}", width), ground, ground)], width, ground)


def keys_line(hints: list[tuple[str, str]], width: int) -> Line:
    """` Tab pane  z zoom ...`: as many working keys as fit, help always last."""
    line: Line = [Piece(" ")]
    left = width - 1
    last = hints[-1:] if hints else []
    reserve = sum(len(k) + len(w) + 3 for k, w in last)
    for key, word in [*hints[:-1]]:
        if len(key) + len(word) + 3 > left - reserve:
            continue
        line += [Piece(key, "key"), Piece(f" {word}  ", "dim")]
        left -= len(key) + len(word) + 3
    tail: Line = []
    for key, word in last:
        tail += [Piece(key, "key"), Piece(f" {word} ", "dim")]
    return spread(line, tail, width)
