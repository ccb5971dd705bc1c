"""The third line: the screens by number, the present one reversed, with what waits on the others."""

from __future__ import annotations

from midas.state.snapshot import Snapshot
from tui.present.banner import alarmed, author
from tui.present.lines import Line, Piece, clean, clip, spread, width_of
from tui.present.picture import Picture


def tabs_line(picture: Picture, names: list[tuple[str, str]], present: str, width: int) -> Line:
    """` 1 Trade  4 Orders 3 ...`, on the right the account, or who set the mode."""
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
    aside = f"{snapshot.venue} · {snapshot.account[:12]} "
    if alarmed(picture):
        aside = f"{clean(snapshot.mode.mode)} {author(picture)} "
    return spread(line, [Piece(clip(aside, max(0, width - width_of(line) - 1)), "dim")], width)


def _waiting(snapshot: Snapshot, name: str) -> tuple[str, str]:
    if name == "Orders":
        return (str(len(snapshot.orders)) if snapshot.orders else "", "text")
    if name == "Log":
        unseen = sum(not alarm.acknowledged for alarm in snapshot.alarms)
        return (f"!{unseen}" if unseen else "", "warn")
    return "", "dim"
