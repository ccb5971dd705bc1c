"""When the picture stands still: who has ended, who hangs, who is on the way back, and what to do."""

from __future__ import annotations

from typing import NamedTuple

from midas.runtime.whereabouts import Whereabouts
from tui.present import numbers
from tui.present.lines import Line, Piece, clean, clip, fit, width_of

LEAVE = "^Q leaves"
OLD = "the numbers below are old"


class Trouble(NamedTuple):
    """What holds, then what helps; the last parts go first where there is little room."""

    parts: tuple[str, ...]
    ink: str  # alarm_bar: something broke; warn_bar: somebody wanted it, or it passes

    def line(self, width: int) -> Line:
        """One bar; the first part is never left out, only cut."""
        parts = list(self.parts)
        while len(parts) > 1 and width_of([Piece(_joined(parts))]) > width:
            parts.pop()
        return fit([Piece(clip(_joined(parts), width), self.ink, self.ink)], width, self.ink)


def engine_trouble(
    where: Whereabouts | None, connected: bool, age: int, stale: int, now: int, apart: bool = False
) -> Trouble | None:
    """Why no picture comes, as far as it is known; `age` of the newest one, all in ns.

    `apart`: the engine that answers is of other code than this console, which can't read its pictures.
    """
    if where is not None and not where.engine:
        return _ended(where, now)
    if connected and age <= stale:
        return None
    if apart:
        text = "ANOTHER VERSION OF MIDAS RUNS: the engine was started with other code than this console"
        return Trouble((text, "^Q, then midas attach", "^\\ halts all the same", OLD), "alarm_bar")
    old = numbers.duration(age)
    if where is None:
        return Trouble((f"engine not answering {old}", "reconnecting", OLD), "alarm_bar")
    if not where.up:
        return Trouble((f"ENGINE STARTING: process {where.engine}", OLD), "warn_bar")
    if connected:
        acts = f"the guard does {where.guard_level} after {where.guard_patience_s:g}s"
        latch = f"HALTED on the disk ({where.latched})" if where.latched else "midas kill latches"
        return Trouble(
            (f"ENGINE SILENT {old}: process {where.engine} lives", latch,
             *([acts] if where.guard else []), f"kill -9 {where.engine} ends it", OLD), "alarm_bar",
        )  # fmt: skip
    return Trouble(
        (f"LINK LOST {old}: process {where.engine} lives", "reconnecting", OLD), "alarm_bar"
    )  # fmt: skip


def _ended(where: Whereabouts, now: int) -> Trouble:
    since = f"{numbers.duration(now - where.ended_at)} ago" if where.ended_at else "a moment ago"
    if where.starting:
        return Trouble(("STARTING THE ENGINE", "its steps stand in engine.log", OLD), "warn_bar")
    if where.failed:
        return Trouble(
            (f"ENGINE ENDED {since}: it can't start: {where.failed}", "S tries again"), "alarm_bar"
        )
    if where.wanted:
        return Trouble(
            (f"ENGINE STOPPED {since} ({where.ended})", "S starts it again", LEAVE), "warn_bar"
        )  # fmt: skip
    how = f"ENGINE ENDED {since}" + (f" ({where.ended})" if where.ended else "")
    if where.next_at:
        left = where.next_at - now
        if left <= 0:
            return Trouble((how, "it is starting again", OLD), "alarm_bar")
        return Trouble((how, f"starts again in {numbers.duration(left)}", "S at once", OLD), "alarm_bar")
    if where.gave_up:
        return Trouble(
            (how, "S starts it again", "it crashed too often to be started by itself", LEAVE), "alarm_bar"
        )  # fmt: skip
    return Trouble((how, "S starts it again", LEAVE), "alarm_bar")


def exchange_trouble(where: Whereabouts | None, environment: str) -> Trouble | None:
    """The embedded exchange has gone while the engine lives."""
    if where is None or where.exchange or environment != "SIM":
        return None
    helps = (
        "it was started by hand: start it again with `midas sim`"
        if where.exchange_by_hand
        else "the engine starts it again"
    )
    return Trouble(("EXCHANGE ENDED: no prices, no orders", helps), "alarm_bar")


def _joined(parts: list[str]) -> str:
    return clean(" " + " · ".join(parts))
