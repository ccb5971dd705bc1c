"""The two lines on top: where we are, what the system may do, who decided that, and how we stand."""

from __future__ import annotations

from typing import NamedTuple

from midas.domain.time import SECOND, clock_text
from midas.runtime.whereabouts import Whereabouts
from midas.state.snapshot import Snapshot
from tui.present import numbers
from tui.present.lines import Line, Piece, clean, clip, fit, spread, width_of
from tui.present.picture import LINK_STALE_NS, Picture
from tui.present.trouble import Trouble, engine_trouble, exchange_trouble
from tui.present.words import ENVIRONMENTS, mode_badge, regime_badge

FEED_STALE_MS = 5_000
CLOCK_OFF_MS = 250


class Cell(NamedTuple):
    """A part of the first line in its forms from long to short; the last may be empty."""

    forms: list[Line]
    rank: int  # the highest is shortened first


def first_line(picture: Picture, width: int) -> Line:
    """Environment, mode, regime, price, result, drawdown, feed, clock, and how to stop it all."""
    cells = [
        _environment(picture.snapshot),
        _mode(picture.snapshot),
        _regime(picture),
        _price(picture),
        _result(picture.snapshot),
        _drawdown(picture.snapshot),
        _feed(picture),
        _clock(picture.snapshot),
    ]
    kill: Line = [Piece(" KILL ^\\ ", "kill_hint")]
    chosen = _choose(cells, width - width_of(kill))
    line: Line = []
    for index, part in enumerate(chosen):
        if part:
            line += [Piece("│", "edge")] if index > 1 else []
            line += part
    return (
        spread(line, kill, width) if width_of(line) < width - width_of(kill) else fit([*line, *kill], width)
    )


def second_line(picture: Picture, width: int) -> Line:
    """Whatever is abnormal, in words; else who set the mode, and the account."""
    alarm = _abnormal(picture, width)
    if alarm is not None:
        return alarm
    return spread(_authority(picture, width), _account(picture.snapshot), width)


def _choose(cells: list[Cell], room: int) -> list[Line]:
    """One form of each cell so that all fit, giving up the least important detail first."""
    form = [0] * len(cells)
    order = sorted(range(len(cells)), key=lambda i: -cells[i].rank)
    while sum(width_of(c.forms[f]) + 1 for c, f in zip(cells, form, strict=True)) > room + 2:
        shrinkable = [i for i in order if form[i] + 1 < len(cells[i].forms)]
        if not shrinkable:
            break
        longest = min(form[i] for i in shrinkable)
        form[next(i for i in shrinkable if form[i] == longest)] += 1
    for index in reversed(order):
        longer = [f - 1 if i == index and f else f for i, f in enumerate(form)]
        if sum(width_of(c.forms[f]) + 1 for c, f in zip(cells, longer, strict=True)) <= room + 2:
            form = longer
    return [cell.forms[f] for cell, f in zip(cells, form, strict=True)]


def _environment(snapshot: Snapshot) -> Cell:
    ink = ENVIRONMENTS.get(snapshot.environment, "environment_live")
    return Cell([[Piece(f" {clean(snapshot.environment)} ", ink, ink)]], 0)


def _mode(snapshot: Snapshot) -> Cell:
    badge = mode_badge(snapshot.mode.mode)
    return Cell([[Piece(f" {badge.shape} {badge.word} ", badge.ink, badge.ink)]], 0)


def _regime(picture: Picture) -> Cell:
    view = picture.instrument
    if view is None:
        return Cell([[]], 9)
    badge = regime_badge(view.regime.label)
    ink = badge.ink if view.regime.source != "warming" else "dim"
    long = [Piece(f" {badge.shape} {clean(view.regime.short)} ", ink)]
    return Cell(
        [long, [Piece(f" {badge.shape} {badge.word} ", ink)], [Piece(f"{badge.shape}{badge.word}", ink)], []],
        6,
    )


def _price(picture: Picture) -> Cell:
    view = picture.instrument
    if view is None:
        return Cell([[Piece(" no instrument ", "dim")]], 1)
    last = numbers.fixed(view.last, view.price_decimals)
    change = numbers.percent(view.change)
    ink, mark = numbers.trend_ink(view.change), numbers.arrow(view.change)
    moved = Piece(f"{mark}{change}", ink)
    return Cell(
        [
            [Piece(f" {view.name} ", "dim"), Piece(f"{last} ", "strong"), moved, Piece(" ")],
            [Piece(f"{view.base} ", "dim"), Piece(f"{last} ", "strong"), moved],
            [Piece(f"{view.base} ", "dim"), Piece(last, "strong"), Piece(mark, ink)],
        ],
        3,
    )


def _result(snapshot: Snapshot) -> Cell:
    pnl = snapshot.money.pnl
    ink = numbers.trend_ink(pnl)
    return Cell(
        [
            [Piece(" P&L ", "dim"), Piece(f"{numbers.signed(pnl)} ", ink)],
            [Piece("P&L ", "dim"), Piece(numbers.signed(pnl), ink)],
            [Piece("P&L", "dim"), Piece(numbers.signed(pnl, 0), ink)],
        ],
        4,
    )


def _drawdown(snapshot: Snapshot) -> Cell:
    money = snapshot.money
    used, limit = numbers.fixed(money.drawdown * 100, 1), numbers.share(money.drawdown_max, 0)
    ink = "alarm" if money.drawdown >= money.drawdown_max else "text"
    return Cell(
        [
            [Piece(" DD ", "dim"), Piece(f"{used}/{limit} ", ink)],
            [Piece("DD ", "dim"), Piece(f"{used}/{limit}", ink)],
            [Piece(f"DD{used}", ink)],
            [],
        ],
        5,
    )


def _feed(picture: Picture) -> Cell:
    health = picture.snapshot.health
    age_ms = health.feed_age_ms + picture.link_age / 1e6
    latency, age = numbers.milliseconds(health.feed_latency_ms), numbers.duration(age_ms * 1e6)
    bad = not health.feed_connected or age_ms > FEED_STALE_MS
    mark = Piece("○ down" if not health.feed_connected else "●", "alarm" if bad else "good")
    return Cell(
        [
            [
                Piece(" feed ", "dim"),
                mark,
                Piece(f" {latency} ", "text"),
                Piece(f"{age} old ", "warn" if bad else "dim"),
            ],
            [Piece(" ", "dim"), mark, Piece(f"{latency} ·{age}", "warn" if bad else "text")],
            [mark, Piece(latency, "text")],
            [],
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
        [[Piece(" clk ", "dim"), Piece(f"{text} ", ink)], [Piece("clk", "dim"), Piece(text, ink)], []], 8
    )


def _abnormal(picture: Picture, width: int) -> Line | None:
    snapshot, where = picture.snapshot, picture.where
    link = engine_trouble(where, picture.connected, picture.link_age, LINK_STALE_NS, picture.now)
    if link is not None:
        return link.line(width)
    if snapshot.kill.latched:
        kill = snapshot.kill
        how = f"■ HALTED {clock_text(kill.tripped_at)} ({kill.level}) by {kill.by}: no new risk can be opened"
        return Trouble((how, "R resume", "K report"), "alarm_bar").line(width)
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
        return Trouble((first.text, first.advice, more), ink).line(width)
    if snapshot.gates:
        gate, others = snapshot.gates[0], len(snapshot.gates) - 1
        text = f"gate closed {gate.scope}: {gate.reason}" + (f" (+{others} more)" if others else "")
        return Trouble((text,), "warn_bar").line(width)
    return None


def _authority(picture: Picture, width: int) -> Line:
    mode = picture.snapshot.mode
    since = numbers.duration(picture.age_of(mode.since_at))
    text = f" by {mode.set_by}: {mode.cause} · {clock_text(mode.since_at)} ({since})"
    if mode.ends_when:
        text += f" · ends: {mode.ends_when}"
    return [Piece(clip(text, width - width_of(_account(picture.snapshot)) - 1), "dim")]


def _account(snapshot: Snapshot) -> Line:
    money = snapshot.money
    age = (
        numbers.duration(max(0, snapshot.built_at - money.reconciled_at)) if money.reconciled_at else "never"
    )
    agreed = Piece(f"✓ reconciled {age} ago " if money.reconciled_at else "not reconciled ", "dim")
    if not money.reconciled:
        agreed = (
            Piece("✗ NOT RECONCILED ", "alarm")
            if money.reconciled_at and not snapshot.recovering
            else Piece("reconciling … ", "dim")
        )
    return [
        Piece("equity ", "dim"),
        Piece(f"{numbers.money(money.equity)} {money.currency} ", "text"),
        agreed,
    ]


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
