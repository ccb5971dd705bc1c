"""What stops us or could: the kill latch with its levels, and the gates that are closed."""

from __future__ import annotations

from midas.domain.time import clock_text
from midas.state.views.mode import GateView, KillChoiceView
from tui.present import numbers
from tui.present.lines import Line, Piece, Sheet, clean, clip, detail, shortest, width_of, wrapped
from tui.present.masking import concealed, secret
from tui.present.picture import Picture, Spot

BOTH = 46  # columns from which on the frame says whether the latch is set and how many gates are closed


def overview(picture: Picture, spot: Spot) -> Sheet:
    """Latch, gates, and what each kill level would do now."""
    kill, gates = picture.snapshot.kill, picture.snapshot.gates
    rows = _latch(picture, spot.width)
    rows += _gates(picture, spot.width, spot.height - len(rows))
    levels = _levels(picture, spot.width, spot.height - len(rows))
    rows += [[]] if spot.height > len(rows) + len(levels) else []
    rows += levels
    closed = f"{len(gates)} gate{'s' if len(gates) > 1 else ''} closed" if gates else ""
    state = Piece("■ HALTED", "alarm") if kill.latched else Piece("○ not halted", "dim")
    note: Line = [state, Piece(f" · {closed}" if closed else "", "warn")]
    if closed and spot.width < BOTH:
        note = [state if kill.latched else Piece(closed, "warn")]
    foot: Line = [Piece(f"{len(rows) - spot.height} more: z", "dim")] if len(rows) > spot.height else []
    return Sheet([Piece("latch and gates", "title")], rows, note, foot)


def _latch(picture: Picture, width: int) -> list[Line]:
    kill = picture.snapshot.kill
    if not kill.latched:
        return [[Piece("○ ", "good"), Piece(clip("not latched · Ctrl+\\ halts", width - 2))]]
    text = f"■ HALTED {clock_text(kill.tripped_at)} UTC, level {kill.level}, by {kill.by}"
    rows = detail(text + (f": {kill.reason}" if kill.reason else ""), width, "alarm", "")
    if kill.residual:
        rows += concealed(detail(f"still open: {kill.residual}", width, "alarm"))
    if kill.unacked:
        rows += detail(f"no answer yet for {', '.join(kill.unacked)}", width, "alarm")
    return [
        *rows,
        [Piece("  R", "key"), Piece(" resume  ", "dim"), Piece("K", "key"), Piece(" report", "dim")],
    ]


def _gates(picture: Picture, width: int, height: int) -> list[Line]:
    """Each whole with what opens it; where that has no room, each on a row of its own."""
    gates = picture.snapshot.gates
    if not gates:
        return [[Piece("● ", "good"), Piece(clip("every gate is open", width - 2))]]
    rows = [line for gate in gates for line in _gate(picture, gate, width)]
    return rows if len(rows) <= height else [_brief(picture, gate, width) for gate in gates]


def _brief(picture: Picture, gate: GateView, width: int) -> Line:
    where = picture.named(gate.scope) if "." in gate.scope else gate.scope
    line: Line = [Piece(f"✗ {clip(where, 15)} ", "warn")]
    why = clean(gate.reason)
    parts = [part.partition(":")[0].removeprefix("breaker ") for part in why.split("; ")]
    texts = (why, "; ".join(parts), why.partition(" by ")[0])
    return [*line, Piece(shortest(texts, width - width_of(line)), "warn")]


def _gate(picture: Picture, gate: GateView, width: int) -> list[Line]:
    where = picture.named(gate.scope) if "." in gate.scope else gate.scope
    age = numbers.duration(picture.age_of(gate.since_at))
    rows = detail(f"✗ {where} closed {age}: {gate.reason}", width, "warn", "")
    return [*rows, *detail(f"→ {gate.opens} reviews it", width)] if gate.opens else rows


def _levels(picture: Picture, width: int, height: int) -> list[Line]:
    entries = picture.snapshot.kill.halt_cancels
    off = "1 entry" if entries == 1 else f"{entries} entries"
    stay = "; exits, stops stay" if width >= 50 else ""
    rows: list[Line] = [[Piece("what each level would do now", "faint")]]
    if not picture.snapshot.kill.latched:
        rows.append(_level("halt", f"cancels {off}{stay}", width))
    choices = picture.snapshot.kill.choices
    if not choices:
        return [*rows, *detail("the engine has sent no preview of the other levels", width, "dim")]
    roomy = height >= len(rows) + sum(1 + len(_left(choice, width)) for choice in choices)
    open_after = max(choice.closes for choice in choices)
    if height < len(rows) + len(choices):
        rows = rows[1:]
    for choice in choices:
        rows.append(_level(choice.level, _does(choice, width, roomy, open_after), width))
        if roomy:
            rows += [_level("", text, width, "dim") for text in _left(choice, width)]
    return rows


def _left(choice: KillChoiceView, width: int) -> list[str]:
    return wrapped(f"leaves {choice.leaves}", width - 13)


def _level(name: str, text: str, width: int, ink: str = "text") -> Line:
    return [Piece(f"  {name:<10} ", "strong"), secret(clip(text, width - 13), ink)]


def _does(choice: KillChoiceView, width: int, roomy: bool, held: int) -> str:
    """`held`: positions that the levels which close would close."""
    text = f"cancels {choice.cancels}"
    if not choice.closes:
        left = f"leaves {held} open" if held else "nothing is held"
        return text if roomy else shortest((f"{text}, leaves {choice.leaves}", f"{text}, {left}"), width - 13)
    text += f", closes {choice.closes}"
    return text + (f": {numbers.money(choice.cost)} ({choice.cost_bps:.1f} bp)" if width >= 45 else "")
