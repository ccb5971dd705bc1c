"""The third line: the screens by number, the present one reversed, with what waits on the others.

Under it, where a screen has them, its sections.
"""

from __future__ import annotations

from midas.state.snapshot import Snapshot
from tui.present.banner import account, alarmed, author
from tui.present.lines import Line, Piece, clean, clip, spread, width_of
from tui.present.masking import masked
from tui.present.picture import Picture


def tabs_line(picture: Picture, names: list[tuple[str, str]], present: str, width: int) -> Line:
    """` 1 Trade  4 Orders 3 ...`, on the right the account, or equity and who set the mode."""
    snapshot = picture.snapshot
    line: Line = [Piece(" ")]
    for number, name in names:
        here = number == present
        ground = "tab" if here else ""
        line.append(Piece(f" {number} ", "tab" if here else "key", ground))
        line.append(Piece(f"{name} ", "tab" if here else "dim", ground))
        count, ink = _waiting(snapshot, name)
        if count:
            line.append(Piece(f"{count} ", ink if not here else "tab", ground))
    drawn = spread(line, _aside(picture, width - width_of(line) - 1), width)
    return masked(drawn) if picture.options.private else drawn


def sections_line(names: list[str], present: str, keys: str, width: int) -> Line:
    """`   Limits  Losses ...`: the sections of the screen, the present one marked and reversed."""
    line: Line = [Piece(" ")]
    for name in names:
        here = name == present
        ground = "tab" if here else ""
        line.append(Piece(f" {'▸' if here else ' '}{name} ", "tab" if here else "dim", ground))
    return spread(line, [Piece(keys, "key"), Piece(" section ", "dim")], width)


def _aside(picture: Picture, room: int) -> Line:
    """Where the second line tells something abnormal, what stood there stands here: the account first."""
    snapshot = picture.snapshot
    if not alarmed(picture):
        return [Piece(clip(f"{snapshot.venue} · {snapshot.account[:12]} ", max(0, room)), "dim")]
    who = Piece(f"{clean(snapshot.mode.mode)} {author(picture)} · ", "dim")
    by = Piece(f"{clean(snapshot.mode.mode)} by {clean(snapshot.mode.set_by)} · ", "dim")
    full, short = account(picture, 100), account(picture, 80)
    # A latch names its author in the second line already.
    latched = snapshot.kill.latched
    forms = [full, short] if latched else [[who, *full], [who, *short], [by, *short], full, short]
    return next((form for form in forms if width_of(form) <= room), [])


def _waiting(snapshot: Snapshot, name: str) -> tuple[str, str]:
    if name == "Orders":
        return (str(len(snapshot.orders)) if snapshot.orders else "", "text")
    if name == "Log":
        unseen = sum(not alarm.acknowledged for alarm in snapshot.alarms)
        return (f"!{unseen}" if unseen else "", "warn")
    return "", "dim"
