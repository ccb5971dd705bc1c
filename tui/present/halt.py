"""The halt panel: what was stopped, by whom, what is still open, what can be fired, and how to go on."""

from __future__ import annotations

from typing import NamedTuple

from midas.domain.mode import KillLevel, KillOutcome
from midas.domain.time import SECOND, clock_text
from midas.runtime.whereabouts import Whereabouts
from midas.state.snapshot import Snapshot
from midas.state.views.mode import KillChoiceView, KillView
from tui.present import numbers
from tui.present.gauge import gauge
from tui.present.kill_report import exposure_rows, report_rows, stamp, working_row
from tui.present.lines import Line, Piece, Sheet, clean, clip, wrapped
from tui.present.picture import LINK_STALE_NS, Picture
from tui.present.trouble import OLD, engine_trouble

LETTERS = {"a": KillLevel.ALL, "f": KillLevel.FLATTEN, "x": KillLevel.DISCONNECT}
WORDS = {
    KillLevel.HALT: "HALT",
    KillLevel.ALL: "cancel ALL",
    KillLevel.FLATTEN: "FLATTEN",
    KillLevel.DISCONNECT: "DISCONNECT",
}
MEANS = {
    KillLevel.ALL: "every order goes, stops and exits too; positions stay",
    KillLevel.FLATTEN: "every order goes, every position is closed at market",
    KillLevel.DISCONNECT: "flatten, then the venue sessions are closed",
}
BAR = 10
SAID_ROWS = 3
FIXED_ROWS = 11  # of the panel: all but what is old, held or reported
REPORT_ROWS = 8  # of the report at least, before positions are counted only


class Stage(NamedTuple):
    """Where the two steps stand at this console."""

    asked: KillLevel | None = None  # pulled here, and not yet confirmed by the engine
    asked_at: int = 0  # wall ns
    waited: int = 0  # ns since
    outcome: KillOutcome | None = None  # of the kill socket; None while it is under way
    armed: KillLevel | None = None
    left: int = 0  # ns until it disarms
    armed_share: float = 0.0  # of its time that is left
    said: str = ""  # why nothing is armed any more
    scroll: int = 0  # report lines above its end
    where: Whereabouts | None = None  # what the disk says, whatever the engine does


def panel(picture: Picture | None, stage: Stage, width: int, height: int) -> Sheet:
    """The engine's own word once it has latched; until then only what is known of the pull."""
    kill = picture.snapshot.kill if picture is not None else KillView(False)
    asked = _asked(picture, stage, width)
    head: list[Line] = []
    reported = bool(kill.report or kill.unacked) and describes(kill, stage)
    told = min(REPORT_ROWS, len(kill.report) + len(kill.unacked)) if reported else 0
    if picture is not None:
        head += _link(picture, width)
        left = height - len(asked) - len(head) - FIXED_ROWS - told
        head += _facts(picture, width, max(1, left))
    armed = _armed_rows(stage, width)
    currency = picture.snapshot.money.currency if picture is not None else ""
    whole, tight = (_choices(kill, stage, width, currency, wrap) for wrap in (True, False))
    taken = len(asked) + len(head) + 2 + len(armed)
    choices = whole if taken + len(whole) + told <= height else tight
    apart: list[Line] = [[]]
    over = taken - 1 + len(choices) - height
    if over > 0:  # what was asked and what can be fired stay whole; facts give way from below
        apart, over = [], over - 1
        head = head[: len(head) - over]
    rows = [*asked, *head, *apart, *choices, *armed]
    room = height - len(rows) - 1
    if room > 0 and reported:
        rows.append(_rule(_heading(kill, stage), width))
        rows += report_rows(kill, width, room, stage.scroll)
    return Sheet(_title(kill, stage, picture), rows, [], _foot(kill, reported), "alarm")


def describes(kill: KillView, stage: Stage) -> bool:
    """Whether the engine's report is of the halt that is in force: never an older one under a new pull."""
    return kill.latched or stage.asked is None or kill.tripped_at >= stage.asked_at


def _heading(kill: KillView, stage: Stage) -> str:
    """Which halt the report is of, where that isn't plain."""
    at = clock_text(kill.tripped_at)
    if not kill.latched:
        return f"report of the last halt, {at}: released"
    if stage.asked is not None and kill.tripped_at < stage.asked_at:
        return f"report so far, of the halt of {at}"
    return "report"


def _title(kill: KillView, stage: Stage, picture: Picture | None) -> Line:
    """What is in force: by the engine's word, and where that is old or missing by the disk's."""
    if kill.latched:
        return [
            Piece(f"■ HALTED {stamp(kill.tripped_at)} ", "alarm"),
            Piece(f"level {kill.level}: no new risk can be opened", "strong"),
        ]
    if stage.asked is not None:
        waited = numbers.duration(stage.waited)
        return [
            Piece(f"{WORDS[stage.asked]} SENT {clock_text(stage.asked_at)} ", "alarm"),
            Piece(f"the engine has not confirmed ({waited})", "strong"),
        ]
    fresh = picture is not None and picture.connected and picture.link_age <= LINK_STALE_NS
    if not fresh and stage.where is not None and stage.where.latched:
        said = f"level {stage.where.latched} by {clean(stage.where.latched_by)}; the engine hasn't told of it"
        return [Piece("■ HALTED on the disk ", "alarm"), Piece(said, "strong")]
    known = "not halted " if picture is not None else "no word of the engine "
    return [Piece(known, "title"), Piece("^\\ halts at once", "dim")]


def _foot(kill: KillView, reported: bool) -> Line:
    keys: Line = [Piece("Esc", "key"), Piece(" close, HALT stays  " if kill.latched else " close  ", "dim")]
    if kill.latched:
        keys += [Piece("R", "key"), Piece(" resume  ", "dim")]
    if reported and kill.report:
        keys += [Piece("E", "key"), Piece(" export  ", "dim"), Piece("j/k", "key"), Piece(" scroll", "dim")]
    return keys


def _asked(picture: Picture | None, stage: Stage, width: int) -> list[Line]:
    """What is known of a pull that the engine itself has not confirmed yet: whole, whatever the width."""
    if stage.asked is None:
        return []
    word, waited = stage.asked.value, numbers.duration(stage.waited)
    at, outcome = clock_text(stage.asked_at), stage.outcome
    if outcome is None:
        return _told("Sent", f"{word} {at}: waiting for the kill socket ({waited})", "warn", width)
    if outcome.answered:
        text = f"{outcome.sentence}; the engine's own report follows ({waited})"
        return _told("Sent", text, "warn", width)
    said = f"{word} latched on disk; "
    if outcome.latched:
        text = f"{word} latched on disk {at}; the engine has not confirmed ({waited})"
    else:
        text = f"{word} NOT LATCHED on disk, NOT CONFIRMED ({waited})"
    return [
        *_told("Sent", text, "alarm", width),
        *_told("", f"{outcome.sentence.removeprefix(said)}; sent over the link too", "warn", width),
        *_told("", f"If it stays: {_remedy(stage.where, word)};", "text", width),
        *_told("", f"then the venue's own page{_worked(picture)}.", "text", width),
    ]


def _remedy(where: Whereabouts | None, word: str) -> str:
    """Another kill adds nothing once the latch is set: what ends the silence does."""
    if where is None or not where.engine:
        return f"midas kill --level {word} in another shell"
    acts = (
        f"the guard does {where.guard_level} after {where.guard_patience_s:g}s, and " if where.guard else ""
    )
    return f"{acts}kill -9 {where.engine} ends the engine"


def _worked(picture: Picture | None) -> str:
    """What a person should look for there, by the newest picture."""
    if picture is None:
        return ""
    count, age = len(picture.snapshot.orders), numbers.duration(picture.link_age)
    return f": {count or 'no'} {'order' if count == 1 else 'orders'} worked there {age} ago"


def _link(picture: Picture, width: int) -> list[Line]:
    """Old figures say so, why they are old, and what helps."""
    trouble = engine_trouble(
        picture.where, picture.connected, picture.link_age, LINK_STALE_NS, picture.now, picture.apart
    )  # fmt: skip
    if trouble is None:
        return []
    what, *helps = trouble.parts
    rows = _told("Engine", f"{what}: the figures below are that old", "alarm", width)
    help = "; ".join(part for part in helps if part != OLD)
    rows += _told("", help, "text", width) if help else []
    if picture.snapshot.kill.latched:
        rows += _told("", "the latch on the disk binds it, and whatever comes after it", "text", width)
    return rows


def _facts(picture: Picture, width: int, positions: int) -> list[Line]:
    snapshot = picture.snapshot
    rows: list[Line] = []
    if snapshot.kill.latched:
        reason = f": {snapshot.kill.reason}" if snapshot.kill.reason else ""
        rows += _told("By", f"{snapshot.kill.by}{reason}", "text", width)
    rows += exposure_rows(picture, width, positions)
    rows.append(working_row(snapshot, width))
    unknown = snapshot.health.orders_unknown
    if unknown:
        what = "order" if unknown == 1 else "orders"
        rows.append(_row("Unknown", f"{unknown} {what} without a definite answer", "alarm", width))
    rows.append(_row("Strategies", _strategies(snapshot), "text", width))
    return rows


def _strategies(snapshot: Snapshot) -> str:
    return "  ".join(f"{s.name} {s.state.upper()}" for s in snapshot.strategies) or "none loaded"


def _choices(kill: KillView, stage: Stage, width: int, currency: str, wrap: bool) -> list[Line]:
    """A row a level; where `wrap`, what it would leave stands below it rather than cut."""
    known = {choice.level: choice for choice in kill.choices}
    previews = [_preview(level, known.get(level.value), currency) for level in LETTERS.values()]
    sizes = [max(len(preview[column]) for preview in previews) for column in range(2)]
    room = width - 17
    aligned = sum(sizes) + 4 + max(len(preview[2]) for preview in previews) <= room
    rows: list[Line] = [
        [Piece(" Further, in two steps: a letter arms it for 5 s, then ^\\ fires it.", "dim")]
    ]
    for (letter, level), preview in zip(LETTERS.items(), previews, strict=True):
        does = [text.ljust(size) if aligned else text for text, size in zip(preview, sizes, strict=False)]
        text = "  ".join(part for part in (*does, preview[2]) if part)
        below: list[str] = []
        if wrap and len(text) > room:
            text, below = "  ".join(does).rstrip(), wrapped(preview[2], room)
        elif len(text) > room and preview[1]:  # what it costs, whole, before what it leaves, cut
            text = "  ".join(does).rstrip()
        chosen = stage.armed is level
        mark = " [chosen]" if chosen and len(text) + 9 <= room else ""
        rows.append(
            [
                Piece(" ▶" if chosen else "  ", "alarm"),
                Piece(f"{letter}  ", "key"),
                Piece(f"{WORDS[level]:<12}", "alarm" if chosen else "strong"),
                Piece(clip(text, room), "strong" if chosen else "text"),
                Piece(mark, "alarm"),
            ]
        )
        rows += [[Piece(f"{'':17}{row}", "dim")] for row in below]
    return rows


def _preview(level: KillLevel, view: KillChoiceView | None, currency: str) -> tuple[str, str, str]:
    """What it does, what that costs, what it leaves: the engine's figures, or what the level means."""
    if view is None:
        return "", "", MEANS[level]
    does = f"cancels {view.cancels}" + (f", closes {view.closes}" if level is not KillLevel.ALL else "")
    bps = numbers.fixed(view.cost_bps, 1)
    cost = f"costs about {numbers.money(view.cost)} {currency} ({bps} bp)" if view.closes else ""
    return does, cost, f"leaves {view.leaves}" if view.leaves else ""


def _armed_rows(stage: Stage, width: int) -> list[Line]:
    if stage.armed is None:
        said = wrapped(stage.said, width - 2) if stage.said else []
        return [[Piece(f" {row}", "warn")] for row in said[:SAID_ROWS]]
    left = f"{stage.left / SECOND:.1f} s"
    text = f" armed: {WORDS[stage.armed]}   ^\\ fires it · any other key disarms · {left}  "
    bar = gauge(stage.armed_share, BAR)
    return [[Piece(clip(text, width - BAR), "alarm"), Piece(bar, "alarm")]]


def _rule(word: str, width: int) -> Line:
    return [
        Piece(" ── ", "edge"), Piece(f"{word} ", "title"), Piece("─" * max(0, width - len(word) - 6), "edge"),
    ]  # fmt: skip


def _told(name: str, text: str, ink: str, width: int) -> list[Line]:
    """A sentence over as many rows as it needs: none of these may lose its end."""
    parts = wrapped(text, width - 14)
    return [_row(name if not index else "", part, ink, width) for index, part in enumerate(parts)]


def _row(name: str, text: str, ink: str, width: int) -> Line:
    return [Piece(f" {name:<12}", "dim"), Piece(clip(text, width - 14), ink)]
