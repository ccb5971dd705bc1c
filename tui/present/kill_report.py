"""The report of a kill: on the panel, and as the text that a person takes away."""

from __future__ import annotations

from math import fsum

from midas.domain.time import clock_text, iso
from midas.state.snapshot import Snapshot
from midas.state.views.mode import KillView
from midas.state.views.orders import PositionView
from tui.present import numbers
from tui.present.lines import Line, Piece, clean, clip, wrapped
from tui.present.picture import Picture

PLURALS = {"entry": "entries", "exit": "exits", "stop": "stops", "flatten": "closing orders"}


def stamp(at: int) -> str:
    """`14:20:31.042`."""
    return f"{clock_text(at)}.{at // 1_000_000 % 1000:03d}"


def report_rows(kill: KillView, width: int, room: int, scroll: int) -> list[Line]:
    """The end of the report, or what lies `scroll` lines above it; unanswered cancels in red."""
    rows = _lines(kill, width)
    if len(rows) <= room:
        return rows
    last = max(room, len(rows) - scroll)
    shown = rows[last - room : last]
    above, below = last - room, len(rows) - last
    if above:
        shown[0] = [Piece(f" … {above + 1} lines above: k", "dim")]
    if below:
        shown[-1] = [Piece(f" … {below + 1} lines below: j", "dim")]
    return shown


def scroll_limit(kill: KillView, width: int) -> int:
    """How many lines up makes sense at all."""
    return max(0, len(_lines(kill, width)) - 2)


def exposure_rows(picture: Picture, width: int, room: int) -> list[Line]:
    """Every open position, the last row counting those that found no room; dust in one row."""
    held = [p for p in picture.snapshot.positions if p.quantity and not p.dust]
    rows: list[Line] = []
    if not held:
        rows.append([Piece(" Exposure    ", "dim"), Piece("none: every position is flat", "strong")])
    for position in held if len(held) <= room else held[: max(1, room - 1)]:
        start = Piece(" Exposure    " if not rows else " " * 13, "dim")
        gain = f"  uP&L {numbers.signed(position.unrealised)}"
        room = width - 14 - len(gain)
        told = _position(picture, position)
        if len(told) > room:
            told = told.removesuffix(f" {picture.snapshot.money.currency}")
        rows.append(
            [
                start,
                Piece(clip(told, room), "strong"),
                Piece(gain, numbers.trend_ink(position.unrealised)),
            ]
        )
    if len(held) > len(rows):
        rows.append([Piece(f"{'':13}and {len(held) - len(rows)} more positions", "warn")])
    return rows + _dust(picture, width)


def _dust(picture: Picture, width: int) -> list[Line]:
    """What the venue takes no order for, by name and exact quantity where there is room."""
    left = [p for p in picture.snapshot.positions if p.quantity and p.dust and not p.gone]
    if not left:
        return []
    worth = f" = {numbers.money(fsum(p.value for p in left))} {picture.snapshot.money.currency}"
    exact = ", ".join(f"{_digits(abs(p.quantity))} {picture.named(p.instrument)}" for p in left)
    named = ", ".join(sorted({picture.named(p.instrument) for p in left}))
    forms = [f"dust, too little to sell: {what}{worth}" for what in (exact, named)]
    text = next((form for form in forms if len(form) <= width - 14), forms[-1])
    return [[Piece(f"{'':13}{clip(text, width - 14)}", "dim")]]


def working_row(snapshot: Snapshot, width: int) -> Line:
    """What still works, by purpose; an entry that does is not what a halt leaves."""
    by_purpose: dict[str, int] = {}
    for order in snapshot.orders:
        by_purpose[order.purpose.lower()] = by_purpose.get(order.purpose.lower(), 0) + 1
    words = [f"{count} {_counted(purpose, count)}" for purpose, count in sorted(by_purpose.items())]
    text = ", ".join(words) or "none"
    if snapshot.kill.latched and words:
        text += " still open" if "entry" in by_purpose else " kept: they only reduce"
    ink = "alarm" if snapshot.kill.latched and "entry" in by_purpose else "strong"
    return [Piece(" Working     ", "dim"), Piece(clip(text, width - 14), ink)]


def document(picture: Picture, at: int) -> str:
    """The whole report as text, with what was open when it was written."""
    snapshot, kill = picture.snapshot, picture.snapshot.kill
    standing = f"latched, level {kill.level}" if kill.latched else "released"
    lines = [
        "midas kill report",
        f"written     {iso(at)}",
        f"halted      {iso(kill.tripped_at)}",
        f"latch       {standing}",
        f"by          {kill.by or '-'}",
        f"reason      {kill.reason or '-'}",
        f"session     {snapshot.session}, sequence {snapshot.sequence}, {snapshot.environment}",
        f"account     {snapshot.account}@{snapshot.venue}",
        f"equity      {numbers.money(snapshot.money.equity)} {snapshot.money.currency}",
        f"figures     {numbers.duration(picture.link_age)} old when written",
        "",
        "positions",
        *(f"  {_position(picture, p)}" for p in snapshot.positions if p.quantity),
        "working orders",
        *(f"  {o.short_id} {o.side} {_digits(o.quantity)} {picture.named(o.instrument)} {o.purpose} "
          f"{o.status}"
          for o in snapshot.orders),
        "report",
        *(f"  {line}" for line in kill.report),
    ]  # fmt: skip
    if kill.unacked:
        lines.append(f"  not answered yet: {', '.join(kill.unacked)}")
    if kill.residual:
        lines.append(f"  residual: {kill.residual}")
    return "\n".join(clean(line) for line in lines) + "\n"


def _counted(purpose: str, count: int) -> str:
    return purpose if count == 1 else PLURALS.get(purpose, purpose)


def _lines(kill: KillView, width: int) -> list[Line]:
    """Whole sentences: what doesn't fit goes on in the next row."""
    rows: list[Line] = []
    for line in kill.report:
        doubtful = any(order in line for order in kill.unacked)
        rows += _whole(line, width, "alarm" if doubtful else "text")
    if kill.unacked:
        rows += _whole(f"no answer yet: {', '.join(kill.unacked)}", width, "alarm")
    if kill.residual:
        rows += _whole(f"residual: {kill.residual}", width, "alarm")
    return rows


def _whole(text: str, width: int, ink: str) -> list[Line]:
    time, apart, words = text.partition("  ")
    start = f" {time}  " if apart else " "
    first, *rest = wrapped(words or text, width - 1 - len(start))
    return [[Piece(f"{start}{first}", ink)], *([Piece(f"{'':{len(start)}}{row}", ink)] for row in rest)]


def _position(picture: Picture, position: PositionView) -> str:
    view = picture.view(position.instrument)
    quantity = numbers.held(abs(position.quantity), view.quantity_decimals if view else 8, 12)
    side = "LONG" if position.quantity > 0 else "SHORT"
    value = f"{numbers.money(position.value)} {picture.snapshot.money.currency}"
    return f"{side} {quantity} {picture.named(position.instrument)} ({position.strategy}) = {value}"


def _digits(quantity: float) -> str:
    """All its digits, and never an exponent."""
    return f"{quantity:.8f}".rstrip("0").rstrip(".")
