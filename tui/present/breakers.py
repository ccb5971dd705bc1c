"""The circuit breakers: what a failed component takes away, since when, and when it is trusted again."""

from __future__ import annotations

from midas.domain.time import MINUTE, SECOND, clock_text
from midas.state.views.risk import BreakerView
from tui.present import numbers
from tui.present.lines import Line, Piece, Sheet, centred, clean, clip, detail
from tui.present.picture import Picture, Spot
from tui.present.table import Column, fitting, heading, row

# Shape, word and ink: no phase is told by colour alone.
PHASES = {"closed": ("●", "good"), "half-open": ("◐", "warn"), "open": ("✗", "alarm")}


def keys(picture: Picture, _height: int) -> list[str]:
    """The components the cursor can stand on."""
    return [key_of(breaker) for breaker in picture.snapshot.breakers]


def key_of(breaker: BreakerView) -> str:
    """One breaker a component."""
    return f"breaker:{breaker.component}"


def pane(picture: Picture, spot: Spot) -> Sheet:
    """A row a component, what isn't closed on top; below, the whole of the chosen (else the worst) one."""
    known = picture.snapshot.breakers
    title: Line = [Piece("circuit breakers", "title")]
    if not known:
        return Sheet(title, centred("the engine has told no breaker yet", spot.width, spot.height))
    bad = [breaker for breaker in known if breaker.phase != "closed"]
    chosen = next((one for one in known if key_of(one) == spot.selected), bad[0] if bad else None)
    below = _whole(picture, chosen, spot.width) if chosen is not None else []
    columns = fitting(_columns(picture), spot.width - 2)
    room = max(1, spot.height - 1 - len(below))
    if room < min(len(known), 3):
        below, room = below[: max(0, spot.height - 4)], max(1, min(3, spot.height - 1))
    rows: list[Line] = [[Piece("  "), *heading(columns)]]
    for index in spot.rows(keys(picture, 0), room):
        one = known[index]
        here = key_of(one) == spot.selected
        shape, ink = PHASES.get(one.phase, ("?", "alarm"))
        mark = Piece("▶ ", "cursor") if here else Piece(f"{shape} " if one.used else "  ", ink)
        rows.append([mark, *row(columns, one)])
    if bad:
        note: Line = [Piece(f"✗ {len(bad)} of {len(known)} not closed", "alarm")]
    else:
        used = sum(breaker.used for breaker in known)
        note = [Piece(f"● all {used} in use closed", "dim")]
    foot: Line = [Piece("j/k choose", "dim")] if spot.focused else []
    spare = spot.height - len(rows) - len(below)
    return Sheet(title, [*rows, *([[]] if below and spare > 0 else []), *below], note, foot)


def _whole(picture: Picture, breaker: BreakerView, width: int) -> list[Line]:
    """Why, what is degraded, what comes next."""
    shape, ink = PHASES.get(breaker.phase, ("?", "alarm"))
    if not breaker.used:
        return detail(
            f"{breaker.component}: nothing here depends on it yet, so nothing opens it", width, "dim", ""
        )
    rows = detail(f"{shape} {breaker.component} {breaker.phase}: {_cause(breaker)}", width, ink, "")
    does = "takes away" if breaker.phase != "closed" else "would take away, open"
    rows += detail(f"{does}: {breaker.effect}", width, "text")
    return rows + detail(_next(picture, breaker), width, "dim")


def _cause(breaker: BreakerView) -> str:
    if breaker.phase == "closed":
        patience = (
            f"it opens after {_span(breaker.patience_ns)} of failure"
            if breaker.patience_ns
            else "it opens at once"
        )
        return breaker.reason or patience
    return breaker.reason or "no reason was told"


def _next(picture: Picture, breaker: BreakerView) -> str:
    proof = _span(breaker.probe_ns)
    if breaker.phase == "half-open":
        left = numbers.span(breaker.trusted_at - picture.snapshot.built_at)
        return f"next: closes in {left}, at {clock_text(breaker.trusted_at)[:8]}, if it goes on working"
    if breaker.phase == "open":
        return f"next: looked at every second; half-open once it answers, closed {proof} later"
    return f"after a failure it is trusted again once it has worked for {proof}"


def _span(nanoseconds: int) -> str:
    if nanoseconds >= 2 * MINUTE:
        return f"{nanoseconds / MINUTE:g} min"
    return f"{nanoseconds / SECOND:g} s"


def _columns(picture: Picture) -> list[Column[BreakerView]]:
    def state(breaker: BreakerView) -> Piece:
        if not breaker.used:
            return Piece("not used", "faint")
        return Piece(breaker.phase, PHASES.get(breaker.phase, ("?", "alarm"))[1])

    def since(breaker: BreakerView) -> Piece:
        if not breaker.used:
            return Piece("")
        return Piece(numbers.span(picture.age_of(breaker.since_at)) if breaker.since_at else "start", "dim")

    def why(breaker: BreakerView) -> Piece:
        if not breaker.used:
            return Piece("nothing here needs it yet", "faint")
        return Piece(clip(clean(_cause(breaker)), 200), "text" if breaker.phase != "closed" else "dim")

    def degraded(breaker: BreakerView) -> Piece:
        return Piece(clean(breaker.effect), "strong" if breaker.phase != "closed" else "faint")

    return [
        Column("component", 10, 0, lambda b: Piece(b.component, "strong" if b.used else "faint"), left=True),
        Column("state", 9, 0, state, left=True),
        Column("since", 6, 0, since),
        Column("why", 30, 1, why, left=True),
        Column("opened", 6, 3, lambda b: Piece(f"{b.opened}x" if b.opened else "", "dim")),
        Column("degrades to", 43, 4, degraded, left=True),
    ]
