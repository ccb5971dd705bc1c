"""The stops of open positions: where they stand, and what would be naked if the engine died now."""

from __future__ import annotations

from math import isfinite

from midas.state.views.orders import StopView
from tui.present import numbers
from tui.present.gauge import gauge
from tui.present.lines import Line, Piece, Sheet, centred, clean, clip, detail, width_of
from tui.present.masking import secret
from tui.present.picture import Picture, Spot
from tui.present.table import Column, fitting, heading, row

KINDS = {"none": "no stop"}
METER = 16  # cells
ALL = 0.995  # of what is held, which counts dust too: printed as 100 %
ROOMY = 9  # rows from which on the loss behind the stops is told here too


def keys(picture: Picture, _height: int) -> list[str]:
    """The positions the cursor can stand on."""
    return [key_of(stop) for stop in picture.snapshot.stops]


def key_of(stop: StopView) -> str:
    """A strategy has one position in an instrument."""
    return f"cover:{stop.strategy}.{stop.instrument}"


def pane(picture: Picture, spot: Spot) -> Sheet:
    """The meter, then a row a position, the most naked on top."""
    stops = picture.snapshot.stops
    title: Line = [Piece("stops · naked if we die", "title")]
    if not stops:
        nothing = "no open position, so nothing needs a stop; the meter begins with the first fill"
        if any(position.quantity and not position.dust for position in picture.snapshot.positions):
            nothing = "positions are open and the engine has told nothing of their stops yet"
        return Sheet(title, centred(nothing, spot.width, spot.height))
    rows = _meter(picture, spot.width)
    rows += [_risk(picture, spot.width)] if spot.height >= ROOMY else []
    columns = fitting(_columns(picture), spot.width - 2)
    chosen = next((stop for stop in stops if key_of(stop) == spot.selected), None)
    odd = chosen or next((stop for stop in stops if stop.trouble), None)
    below = detail(_trouble(picture, odd), spot.width, "warn", "") if odd is not None and odd.trouble else []
    room = spot.height - len(rows) - 1 - len(below)
    if room < 1:
        below, room = [], max(1, spot.height - len(rows) - 1)
    rows.append([Piece("  "), *heading(columns)])
    seen = spot.rows(keys(picture, 0), room)
    for index in seen:
        here = key_of(stops[index]) == spot.selected
        rows.append([_mark(stops[index], here), *row(columns, stops[index])])
    note: Line = [Piece(f"{len(stops)} open", "dim")]
    foot: Line = [Piece(f"{len(stops) - len(seen)} more: z", "dim")] if len(seen) < len(stops) else []
    return Sheet(title, rows + below, note, foot)


def _meter(picture: Picture, width: int) -> list[Line]:
    """How much of what is held nothing at the venue would close."""
    snapshot = picture.snapshot
    memory, bare = snapshot.naked_memory, snapshot.naked_bare
    currency = clean(snapshot.money.currency)
    if not memory and not bare:
        safe: Line = [Piece("● ", "good"), Piece(clip("all of it has a stop at the venue", width - 2))]
        return [safe]
    naked: Line = [
        Piece("! ", "warn"),
        Piece("naked ", "warn"),
        secret(numbers.money(memory + bare), "strong"),
        Piece(f" {currency} ", "dim"),
    ]
    ink = "warn" if bare else "dim"
    if width < 60:
        parts: Line = [
            Piece("  stop in memory "), secret(numbers.money(memory)), Piece(", no stop ", ink),
            secret(numbers.money(bare), ink),
        ]  # fmt: skip
    else:
        parts = [
            Piece("  "), secret(numbers.money(memory)), Piece(" has its stop only in the engine, ", "dim"),
            secret(numbers.money(bare), ink), Piece(" has none", ink),
        ]  # fmt: skip
    held = sum(branch.gross for branch in snapshot.tree if branch.scope == "all")
    if held > 0.0 and isfinite(held):
        share = (memory + bare) / held
        share = 1.0 if share >= ALL else share
        told = f" {numbers.share(min(share, 1.0))} of what is held"
        bar = min(METER, width - width_of(naked) - len(told))
        naked += [Piece(gauge(share, bar), "warn"), Piece(told)] if bar >= 3 else []
    return [naked, parts]


def _risk(picture: Picture, width: int) -> Line:
    snapshot = picture.snapshot
    said: Line = [
        Piece("  if every stop is hit ", "dim"), secret(f"-{numbers.money(snapshot.open_risk)}", "text"),
        Piece(f" {clean(snapshot.money.currency)}", "dim"),
    ]  # fmt: skip
    more = ", and more where there is none"
    fits = snapshot.naked_bare and width_of(said) + len(more) <= width
    return [*said, Piece(more, "dim")] if fits else said


def _trouble(picture: Picture, stop: StopView) -> str:
    return f"! {stop.strategy} {picture.named(stop.instrument)}: {stop.trouble}"


def _mark(stop: StopView, here: bool) -> Piece:
    if here:
        return Piece("▶ ", "cursor")
    if stop.kind == "none":
        return Piece("✗ ", "alarm")
    return Piece("! " if stop.naked > 0.0 else "● ", "warn" if stop.naked > 0.0 else "good")


def _columns(picture: Picture) -> list[Column[StopView]]:
    def decimals(stop: StopView) -> int:
        view = picture.view(stop.instrument)
        return view.price_decimals if view is not None else 2

    def level(stop: StopView) -> Piece:
        return Piece(numbers.fixed(stop.level, decimals(stop)))

    return [
        Column("position", 10, 0, lambda s: Piece(picture.named(s.instrument), "strong"), left=True),
        Column("strategy", 15, 0, lambda s: Piece(clean(s.strategy)), left=True),
        Column("stop", 10, 4, lambda s: Piece(KINDS.get(s.kind, clean(s.kind))), left=True),
        Column("at", 10, 2, level),
        Column("away", 6, 1, lambda s: Piece(numbers.near(s.distance))),
        Column("naked", 10, 0, lambda s: secret(numbers.money(s.naked), "warn" if s.naked > 0.0 else "dim")),
        Column("at risk", 9, 3, lambda s: secret(numbers.money(s.risk))),
    ]
