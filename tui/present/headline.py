"""The first line: where we are, what the system may do, the market, how we stand, and how to stop it all.

A cell has several forms. Which one is drawn hangs on widths that don't change with every number, so that
nothing jumps while one reads; a form that doesn't fit is never cut, its shorter one stands in for it.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from midas.state.snapshot import Snapshot
from tui.present import numbers
from tui.present.lines import Line, Piece, clean, clip, fit, width_of
from tui.present.masking import masked, secret
from tui.present.orders import doubtful
from tui.present.picture import LINK_STALE_NS, Picture
from tui.present.words import ENVIRONMENTS, mode_badge, regime_badge

FEED_STALE_MS = 5_000
CLOCK_OFF_MS = 250
MONEY, TIGHT = 10, 6  # cells kept for a result
HALT: Line = [Piece(" HALT ^\\ ", "kill_hint", "kill_hint")]
MADE = ("", "synthetic")  # markets that are no recording


class Cell(NamedTuple):
    """A part of the line in its forms from long to short; the last may be empty."""

    forms: list[Line]
    rank: int  # the highest is shortened first


def first_line(picture: Picture, width: int) -> Line:
    """Environment, mode, regime, price, result, drawdown, feed, clock, the key that halts."""
    snapshot = picture.snapshot
    cells = [
        _environment(snapshot),
        _mode(snapshot),
        _doubts(picture),
        _regime(picture),
        _price(picture),
        _result(snapshot),
        _drawdown(snapshot),
        _feed(picture),
        _clock(snapshot),
    ]
    room = width - width_of(HALT)
    line = _joined(_choose(cells, room))
    gap = room - width_of(line)
    drawn = [*line, Piece(" " * gap), *HALT] if gap >= 0 else fit([*fit(line, room), *HALT], width)
    return masked(drawn) if picture.options.private else drawn


def replayed(snapshot: Snapshot) -> str:
    """The recording on the screen; empty where the market is made, or real."""
    market = snapshot.market
    return "" if market in MADE or Path(market).suffix == ".toml" else market


def _choose(cells: list[Cell], room: int) -> list[Line]:
    """One form of each cell so that all fit, giving up the least important detail first."""
    form = [0] * len(cells)
    order = sorted(range(len(cells)), key=lambda i: -cells[i].rank)

    def fits(tried: list[int]) -> bool:
        parts = [cell.forms[f] for cell, f in zip(cells, tried, strict=True)]
        return width_of(_joined(parts)) <= room

    while not fits(form):
        shrinkable = [i for i in order if form[i] + 1 < len(cells[i].forms)]
        if not shrinkable:
            break
        longest = min(form[i] for i in shrinkable)
        form[next(i for i in shrinkable if form[i] == longest)] += 1
    for index in reversed(order):
        longer = [f - 1 if i == index and f else f for i, f in enumerate(form)]
        form = longer if fits(longer) else form
    return [cell.forms[f] for cell, f in zip(cells, form, strict=True)]


def _joined(parts: list[Line]) -> Line:
    line: Line = []
    for index, part in enumerate(parts):
        if part:
            line += [Piece("│", "edge")] if index > 1 else []
            line += part
    return line


def _environment(snapshot: Snapshot) -> Cell:
    ink = ENVIRONMENTS.get(snapshot.environment, "environment_live")
    badge: Line = [Piece(f" {clean(snapshot.environment)} ", ink, ink)]
    recording = replayed(snapshot)
    if not recording:
        return Cell([badge], 0)
    name = clip(recording, 24)
    forms = [f" REPLAY {name} ", " REPLAY "]
    return Cell([[*badge, Piece(form, "environment_quiet", "environment_quiet")] for form in forms], 9)


def _mode(snapshot: Snapshot) -> Cell:
    badge = mode_badge(snapshot.mode.mode)
    return Cell([[Piece(f" {badge.shape} {clean(badge.word)} ", badge.ink, badge.ink)]], 0)


def _doubts(picture: Picture) -> Cell:
    """How many orders may or may not exist, and for how long the oldest."""
    found = doubtful(picture.snapshot.orders)
    if not found:
        return Cell([[]], 0)
    age = f"{numbers.duration(picture.age_of(found[0].unknown_since)):<4}"
    forms = (f" ? {len(found)} UNKNOWN {age} ", f" ?{len(found)} {age} ")
    return Cell([[Piece(form, "unknown", "unknown")] for form in forms], 2)


def _regime(picture: Picture) -> Cell:
    view = picture.instrument
    if view is None:
        return Cell([[]], 9)
    badge = regime_badge(view.regime.label)
    if view.regime.source == "warming":
        seen, needed = view.regime.bars_seen, view.regime.bars_needed
        forms = [f" · warming {seen:>{len(str(needed))}}/{needed} ", " · warming ", "·warm"]
        return Cell([*([Piece(form, "warn")] for form in forms), []], 6)
    forms = [f" {badge.shape} {badge.name} ", f" {badge.shape} {badge.word} ", f"{badge.shape}{badge.word}"]
    return Cell([*([Piece(form, badge.ink)] for form in forms), []], 6)


def _price(picture: Picture) -> Cell:
    view = picture.instrument
    if view is None:
        return Cell([[Piece(" no instrument ", "dim")], []], 1)
    last = numbers.fixed(view.last, view.price_decimals)
    ink, mark = numbers.trend_ink(view.change), numbers.arrow(view.change)
    moved = Piece(f"{mark}{numbers.percent(view.change):<6}", ink)
    name, base = clean(view.name), clean(view.base)
    return Cell(
        [
            [Piece(f" {name} ", "dim"), Piece(f"{last} ", "strong"), moved, Piece(" ")],
            [Piece(f"{base} ", "dim"), Piece(f"{last} ", "strong"), moved],
            [Piece(f"{base} ", "dim"), Piece(last, "strong"), Piece(mark, ink)],
            [Piece(last, "strong"), Piece(mark, ink)],
            [],
        ],
        3,
    )


def _result(snapshot: Snapshot) -> Cell:
    pnl = snapshot.money.pnl
    ink = numbers.trend_ink(pnl)
    exact = numbers.signed(pnl)
    rough = numbers.signed(pnl, 0)
    tight = [f" {exact}", f" {numbers.signed(pnl, 1)}", f" {rough}"]
    rough = next((text for text in tight if len(text) <= TIGHT), rough)
    return Cell(
        [
            [Piece(" P&L ", "dim"), secret(f"{exact:<{MONEY}}", ink)],
            [Piece("P&L ", "dim"), secret(f"{exact:<{MONEY - 1}}", ink)],
            [Piece("P&L", "dim"), secret(f"{rough:<{TIGHT}}", ink)],
            [],
        ],
        4,
    )


def _drawdown(snapshot: Snapshot) -> Cell:
    money = snapshot.money
    used, limit = numbers.fixed(money.drawdown * 100, 1), numbers.share(money.drawdown_max, 0)
    ink = "alarm" if money.drawdown >= money.drawdown_max else "text"
    both = f"{used}/{limit}"
    return Cell(
        [
            [Piece(" DD ", "dim"), Piece(f"{both:<8}", ink)],
            [Piece("DD ", "dim"), Piece(both, ink)],
            [Piece(f"DD{both.removesuffix('%')}", ink)],
            [Piece(f"DD{used}", ink)],
            [],
        ],
        5,
    )


def _feed(picture: Picture) -> Cell:
    """Connected and quick: the latency; else how old the newest message is, as far as anybody knows."""
    health = picture.snapshot.health
    age_ms = health.feed_age_ms + picture.link_age / 1e6
    if picture.link_age > LINK_STALE_NS:
        told, ink, mark = f"old {numbers.span(picture.link_age)}", "faint", "○"
    elif not health.feed_connected:
        told, ink, mark = "down", "alarm", "○"
    elif age_ms > FEED_STALE_MS:
        told, ink, mark = f"{numbers.span(age_ms * 1e6)} old", "warn", "●"
    else:
        told, ink, mark = numbers.whole_milliseconds(health.feed_latency_ms), "text", "●"
    dot = Piece(f"{mark} ", "good" if ink == "text" else ink)
    tight = dot._replace(text=mark)
    return Cell(
        [
            [Piece(" feed ", "dim"), dot, Piece(f"{told:<7}", ink)],
            [Piece("feed ", "dim"), dot, Piece(f"{told:<6}", ink)],
            [Piece("feed", "dim"), tight, Piece(f"{told:<5}", ink)],
            [Piece("feed", "dim"), tight],
            [tight],
        ],
        7,
    )


def _clock(snapshot: Snapshot) -> Cell:
    offset = snapshot.health.clock_offset_ms
    ink = "warn" if abs(offset) > CLOCK_OFF_MS else "text"
    text = (
        f"{numbers.signed(offset, 0)}ms" if abs(offset) < 10_000 else f"{numbers.signed(offset / 1000, 0)}s"
    )
    return Cell(
        [
            [Piece(" clock ", "dim"), Piece(f"{text:<7}", ink)],
            [Piece("clk ", "dim"), Piece(f"{text:<6}", ink)],
            [],
        ],
        8,
    )
