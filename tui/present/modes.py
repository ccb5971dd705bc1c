"""What each mode allows, which one holds and why, and how the mode came to change."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from midas.domain.mode import PERMISSIONS, Mode, Permissions
from midas.domain.time import clock_text
from midas.state.views.mode import ModeChangeView, ModeView
from tui.present import numbers
from tui.present.banner import ending
from tui.present.lines import Line, Piece, Sheet, centred, clip, detail, width_of, wrapped
from tui.present.picture import Picture, Spot
from tui.present.table import Column, fitting, heading, row
from tui.present.words import mode_badge

NARROW = 50  # columns; below, a change is told by shapes


def table(picture: Picture, spot: Spot) -> Sheet:
    """A row a mode, from freest to safest, the present one marked; below, who set it and what ends it."""
    mode = picture.snapshot.mode
    columns = fitting(_columns(mode), spot.width - 2)
    rows: list[Line] = [[Piece("  "), *heading(columns)]]
    for each in Mode:
        here = each.value == mode.mode
        rows.append([Piece("▶ " if here else "  ", "cursor"), *row(columns, each)])
    since = f"{clock_text(mode.since_at)} UTC, {numbers.duration(picture.age_of(mode.since_at))} ago"
    said = [f"set by {mode.set_by} at {since}: {mode.cause}"]
    said.append(ending(mode) + _earliest(mode))
    rows += [[]] if spot.height >= len(rows) + 4 else []
    for sentence in said:
        told = detail(sentence, spot.width, "text")
        rows += told if len(rows) + len(told) <= spot.height else []
    foot: Line = [Piece("safer: at once · riskier: a reason, then y · F5-F9 or m", "dim")]
    return Sheet([Piece("modes", "title")], rows, [], foot if spot.width >= 58 else [])


def _earliest(mode: ModeView) -> str:
    """When it may end by itself, and how far that goes."""
    if not mode.earliest_at:
        return ""
    at = clock_text(mode.earliest_at)[:8]
    return f", not before {at}; then NORMAL, never past the mode that a person set"


def keys(picture: Picture, _height: int) -> list[str]:
    """The changes the cursor can stand on."""
    return [f"change:{change.at}.{change.after}" for change in picture.snapshot.modes]


def changes(picture: Picture, spot: Spot) -> Sheet:
    """Every change of the mode, newest on top; the whole cause of the chosen one below."""
    known = picture.snapshot.modes
    title: Line = [Piece("mode changes", "title")]
    if not known:
        return Sheet(title, centred("the mode has not changed in this session", spot.width, spot.height))
    names = keys(picture, 0)
    chosen = next((c for c, key in zip(known, names, strict=True) if key == spot.selected), None)
    below = detail(f"by {chosen.by}: {chosen.cause}", spot.width, "strong") if chosen else []
    below = below[: max(1, spot.height // 2)]
    tall = 2 if spot.height >= 2 * len(known) and spot.width < 90 else 1
    rows: list[Line] = []
    for index in spot.rows(names, max(1, (spot.height - len(below)) // tall)):
        rows += _change(picture, known[index], spot.width, names[index] == spot.selected, tall)
    rows += [[]] * (spot.height - len(rows) - len(below))
    return Sheet(title, rows + below, [Piece(f"{len(known)} in this session", "dim")])


def whole(picture: Picture, change: ModeChangeView, width: int) -> list[Line]:
    """One change on a page of its own."""
    before, after = mode_badge(change.before), mode_badge(change.after)
    age = numbers.duration(picture.age_of(change.at))
    rows: list[Line] = [[Piece(f"{before.shape} {before.word} → {after.shape} {after.word}", "strong")], []]
    rows.append([Piece(f"{clock_text(change.at)} UTC, {age} ago, by {change.by}", "dim")])
    return rows + detail(change.cause, width, "text", "")


def _change(picture: Picture, change: ModeChangeView, width: int, here: bool, tall: int) -> list[Line]:
    """On one row, or with the cause on a second."""
    before, after = mode_badge(change.before), mode_badge(change.after)
    if width < NARROW:  # the shapes stand in the table beside it; the cause stands nowhere else
        short: Line = [
            Piece("▶" if here else " ", "cursor"),
            Piece(f"{clock_text(change.at)[:5]} ", "dim"),
            Piece(f"{before.shape}→{after.shape} ", "strong"),
        ]
        said = f"{change.by}: {change.cause}"
        told = wrapped(said, width - width_of(short))
        if tall == 1 or len(told) == 1:
            return [[*short, Piece(clip(said, width - width_of(short)))]]
        more = clip(" ".join(told[1:]), width - 3)
        return [[*short, Piece(told[0])], [Piece(f"   {more}", "dim")]]
    age = numbers.duration(picture.age_of(change.at))
    line = [
        Piece("▶" if here else " ", "cursor"),
        Piece(f"{clock_text(change.at)} {age:>5} ", "dim"),
        Piece(f"{before.shape} {before.word}", "dim"),
        Piece(" → ", "dim"),
        Piece(f"{after.shape} {after.word} ", "strong"),
    ]
    said = f"{change.by}: {change.cause}"
    left = width - width_of(line)
    if tall == 1:
        return [[*line, Piece(clip(said, left))]]
    return [line, [Piece(clip(f"   {said}", width), "dim")]]


def _columns(now: ModeView) -> list[Column[Mode]]:
    present = now.mode
    careful = msgspec.structs.replace(
        PERMISSIONS[Mode.DEFENSIVE],
        exposure=now.defensive_exposure, confidence_min=now.defensive_confidence,
    )  # fmt: skip
    rules = {**PERMISSIONS, Mode.DEFENSIVE: careful}

    def said(what: Callable[[Permissions], bool], good: str, bad: str) -> Callable[[Mode], Piece]:
        def cell(mode: Mode) -> Piece:
            yes = what(rules[mode])
            return Piece(good if yes else bad, _ink(mode, present, yes))

        return cell

    def confidence(mode: Mode) -> str:
        least = rules[mode].confidence_min
        if not rules[mode].entries:
            return "none"
        return f"≥{numbers.probability(least)}" if least > 0 else "any"

    def entries(mode: Mode) -> Piece:
        stay = rules[mode].keeps_entries
        halving = mode is Mode.DEFENSIVE  # strategies' entries go and may come again smaller; a person's stay
        word = "only yours" if halving else "stay" if stay else "cancelled"
        return Piece(word, _ink(mode, present, stay))

    def positions(mode: Mode) -> Piece:
        closes = rules[mode].flattens
        word = _kept(careful) if mode is Mode.DEFENSIVE else "CLOSED" if closes else "managed"
        return Piece(word, _ink(mode, present, not closes))

    return [
        Column("mode", 13, 0, lambda m: _name(m, present), left=True),
        Column("new risk", 8, 0, said(lambda p: p.entries, "yes", "no"), left=True),
        Column("entries", 10, 2, entries, left=True),
        Column("size", 5, 0, lambda m: Piece(f"×{rules[m].exposure:g}", _ink(m, present, True))),
        Column("signals", 8, 4, said(lambda p: p.computes_signals, "computed", "off"), left=True),
        Column("acted on", 8, 5, lambda m: Piece(confidence(m), _ink(m, present, True)), left=True),
        Column("positions", 9, 3, positions, left=True),
    ]


def _kept(careful: Permissions) -> str:
    """What DEFENSIVE leaves of a position."""
    return "halved" if careful.exposure == 0.5 else f"to {careful.exposure:.0%}"


def _name(mode: Mode, present: str) -> Piece:
    badge = mode_badge(mode.value)
    return Piece(f"{badge.shape} {badge.word}", "strong" if mode.value == present else "dim")


def _ink(mode: Mode, present: str, plain: bool) -> str:
    if mode.value != present:
        return "dim"
    return "text" if plain else "warn"
