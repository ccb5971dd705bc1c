"""The second line: whatever is abnormal, in words; else who set the mode, and the account."""

from __future__ import annotations

from midas.domain.time import MINUTE, SECOND, clock_text
from midas.runtime.whereabouts import Whereabouts
from midas.state.snapshot import Snapshot
from midas.state.views.log import AlarmView
from midas.state.views.mode import ModeView
from tui.present import numbers
from tui.present.lines import Line, Piece, clean, clip, fit, spread, width_of
from tui.present.masking import masked, secret
from tui.present.picture import LINK_STALE_NS, Picture
from tui.present.reconciliation import agreement
from tui.present.trouble import Trouble, engine_trouble, exchange_trouble
from tui.present.words import by_short_name

MODE, CAUSE = "mode", 24  # the alarm of a mode that no person set; the least of its cause that is told
RECONCILED_OLD = 2 * MINUTE
GATES = ":risk breakers tells what opens it"
BY_A_PERSON = ("", "a person", "until somebody changes it")


def second_line(picture: Picture, width: int) -> Line:
    """Whatever is abnormal, in words; else who set the mode, and the account."""
    alarm = _abnormal(picture, width)
    if alarm is not None:
        return alarm
    line = spread(_authority(picture, width), account(picture, width), width)
    return masked(line) if picture.options.private else line


def alarmed(picture: Picture) -> bool:
    """Whether the second line tells something abnormal, and so not who set the mode."""
    return _abnormal(picture, 80) is not None


def author(picture: Picture) -> str:
    """`set by operator console 05:45:20 (18m)`: of the mode."""
    mode = picture.snapshot.mode
    since = numbers.span(picture.age_of(mode.since_at))
    return f"set by {clean(mode.set_by)} {clock_text(mode.since_at)} ({since})"


def account(picture: Picture, width: int) -> Line:
    """Equity, and whether venue and ledger agree; how long ago only once that is long."""
    snapshot = picture.snapshot
    money = snapshot.money
    age = max(0, snapshot.built_at - money.reconciled_at)
    old = f" {numbers.span(age)} ago" if age > RECONCILED_OLD else ""
    agreed = agreement(picture)
    if agreed is None:
        agreed = Piece(f"✓ reconciled{old} " if width >= 100 or old else "✓ ", "dim")
    equity = secret(f"{numbers.money(money.equity)} ", "text")
    return [Piece("equity ", "dim"), equity, Piece(f"{clean(money.currency)} ", "text"), agreed]


def ending(mode: ModeView) -> str:
    """What would end the mode: mostly a person, whatever the engine calls him."""
    return "until changed" if mode.ends_when in BY_A_PERSON else f"ends: {mode.ends_when}"


def _abnormal(picture: Picture, width: int) -> Line | None:
    snapshot, where = picture.snapshot, picture.where
    link = engine_trouble(
        where, picture.connected, picture.link_age, LINK_STALE_NS, picture.now, picture.apart
    )
    if link is not None:
        return link.line(width)
    if snapshot.kill.latched:
        kill = snapshot.kill
        how = f"■ HALTED {clock_text(kill.tripped_at)} ({kill.level}) by {kill.by}"
        whole = Trouble((f"{how}: no new risk can be opened", "R resume", "K report"), "alarm_bar").line(
            width
        )
        cut = any("…" in piece.text for piece in whole)
        return Trouble((how, "R resume", "K report"), "alarm_bar").line(width) if cut else whole
    exchange = exchange_trouble(where, snapshot.environment)
    if exchange is not None:
        return exchange.line(width)
    if picture.frozen:
        held = f"DISPLAY FROZEN {numbers.duration(picture.frozen)}: the engine trades on"
        return Trouble((held, "Space thaws"), "warn_bar").line(width)
    if snapshot.recovering:
        text = "reconciling with the venue: adopting orders and fills of the last run"
        return Trouble((text, "no new risk yet"), "notice").line(width)
    return _standing(snapshot, width)


def _standing(snapshot: Snapshot, width: int) -> Line | None:
    """The gravest alarm that nobody has seen, with what to do; else a gate that somebody closed."""
    unseen = [alarm for alarm in snapshot.alarms if not alarm.acknowledged and alarm.name != "latch"]
    if unseen:
        first, more = unseen[0], f"+{len(unseen) - 1} more: 8" if len(unseen) > 1 else "A seen"
        ink = "alarm_bar" if first.severity == "error" else "warn_bar"
        if first.name == MODE:
            return Trouble((*_mode(first, width), more), ink).line(width)
        return Trouble((by_short_name(first.text), first.advice, more), ink).line(width)
    if snapshot.gates:
        gate, others = snapshot.gates[0], len(snapshot.gates) - 1
        text = f"gate closed {gate.scope}: {by_short_name(gate.reason)}" + (
            f" (+{others} more)" if others else ""
        )
        if not gate.opens:
            return Trouble((text,), "warn_bar").line(width)
        room = width - width_of([Piece(f" {text}  · ")])
        helps = f"{gate.opens} reviews it"
        return Trouble((text, helps if len(helps) <= room else GATES), "warn_bar").line(width)
    return None


def _mode(alarm: AlarmView, width: int) -> tuple[str, str]:
    """What set the mode and what ends it: both are told however narrow it is, the cause gives way."""
    text, room = alarm.text, width - width_of([Piece(f"  · {alarm.advice}")])
    if len(text) > room:
        text = text.replace(" set by trigger: ", ": ", 1)
    return clip(text, max(room, CAUSE)), alarm.advice


def _authority(picture: Picture, width: int) -> Line:
    """Who set the mode, when and why; the reason gives way first, never the name or the time."""
    mode = picture.snapshot.mode
    who = f" {author(picture)}"
    why = f": {mode.cause}" if mode.cause else ""
    ends = f" · {ending(mode)}"
    room = width - width_of(account(picture, width)) - 1
    text = who + why + ends if width_of([Piece(who + why + ends)]) <= room else who + why
    if mode.earliest_at and not text.endswith(ends):  # it ends by itself: how is worth more than why
        text = f" by {clean(mode.set_by)} ({numbers.span(picture.age_of(mode.since_at))}){ends}"
    return [Piece(clip(text, room), "dim")]


def waiting_line(width: int, waited: int, where: Whereabouts | None = None, now: int = 0) -> Line:
    """Before the first snapshot: say so, and for how long."""
    if where is not None and (not where.engine or waited > 3 * SECOND):
        trouble = engine_trouble(where, connected=True, age=waited, stale=LINK_STALE_NS, now=now)
        if trouble is not None:
            return trouble.line(width)
    who = f", process {where.engine}" if where is not None else ""
    late = " - is the engine running? see `midas status`" if where is None and waited > 5 * SECOND else ""
    text = f" waiting for the engine's first picture{who} ({numbers.duration(waited)}){late}"
    return fit([Piece(text, "warn")], width)
