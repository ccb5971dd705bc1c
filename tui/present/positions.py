"""Positions, one row a strategy and instrument; rows keep their places while the market moves."""

from __future__ import annotations

from math import fsum

from midas.state.views.orders import PositionView
from tui.present import numbers
from tui.present.lines import Line, Piece, Sheet, centred
from tui.present.picture import Picture, Spot
from tui.present.table import Column, fitting, heading_with, row

WIDE = 100  # from this width on, closed positions are shown too, for what they brought


def keys(picture: Picture, _height: int) -> list[str]:
    """The positions the cursor can stand on."""
    return [key_of(position) for position in listed(picture)]


def key_of(position: PositionView) -> str:
    """`position:INSTRUMENT|STRATEGY`."""
    return f"position:{position.instrument}|{position.strategy}"


def table(picture: Picture, spot: Spot) -> Sheet:
    """All columns that fit; sums in the frame."""
    positions = picture.snapshot.positions
    opened = [position for position in positions if position.quantity and not position.dust]
    unrealised = fsum(position.unrealised for position in positions)
    realised = fsum(position.realised for position in positions)
    note: Line = [
        Piece("uP&L ", "dim"),
        _ours(numbers.signed(unrealised), numbers.trend_ink(unrealised)),
        Piece("  session: realised ", "dim"),
        _ours(numbers.signed(realised), numbers.trend_ink(realised)),
        Piece("  fees ", "dim"),
        _ours(numbers.money(picture.snapshot.money.fees)),
    ]
    ever = picture.snapshot.money.realised_ever
    if spot.width >= WIDE and ever and ever != picture.snapshot.money.realised:
        note += [Piece("  ever realised ", "dim"), _ours(numbers.signed(ever), numbers.trend_ink(ever))]
    title: Line = [Piece("positions ", "title"), Piece(f"{len(opened)}", "strong")]
    shown = [*listed(picture), *gone(picture)]
    if not positions:
        return Sheet(title, centred("flat: no position", spot.width, spot.height), note)
    foot: Line = [Piece("j/k choose  x close", "dim")] if spot.focused and opened else []
    return Sheet(title, rows(picture, spot, shown, spot.height), note, foot)


def rows(picture: Picture, spot: Spot, positions: list[PositionView], room: int) -> list[Line]:
    """A heading, the positions around the chosen one, and dust that has no row of its own in one line."""
    dust = _dust(picture, positions)
    if not positions and not dust:
        return [[Piece(" flat: no position", "dim")]]
    columns = fitting(_columns(picture), spot.width - 1)
    left = max(1, room - 1 - len(dust))
    names = [key_of(position) for position in positions]
    seen = spot.rows(names, left) if spot.selected in names else range(min(len(names), left))
    more = len(names) - len(seen)
    drawn: list[Line] = [[Piece(" "), *heading_with(columns, f"+{more}: z" if more else "")]]
    for index in seen:
        here = names[index] == spot.selected
        drawn.append([Piece("▶" if here else " ", "cursor"), *row(columns, positions[index])])
    return drawn + dust


def listed(picture: Picture) -> list[PositionView]:
    """Open positions, and what is gone from the account, in a fixed order: by instrument, then strategy."""
    held = (p for p in picture.snapshot.positions if p.quantity and (p.gone or not p.dust))
    return sorted(held, key=lambda p: (p.instrument, p.strategy))


def shown(picture: Picture, width: int) -> list[PositionView]:
    """Open positions; closed ones too where there is room for what they brought."""
    return [*listed(picture), *(gone(picture) if width >= WIDE else [])]


def gone(picture: Picture) -> list[PositionView]:
    """Those that were closed, in the same order; where dust is left, for what they brought."""
    flat = (p for p in picture.snapshot.positions if not p.quantity or (p.dust and p.realised and not p.gone))
    return sorted(flat, key=lambda p: (p.instrument, p.strategy))


def _dust(picture: Picture, shown: list[PositionView]) -> list[Line]:
    """What is too little for the venue to sell and has no row, together."""
    named = {key_of(position) for position in shown}
    left = [p for p in picture.snapshot.positions if p.dust and key_of(p) not in named]
    if not left:
        return []
    value = numbers.money(fsum(p.value for p in left))
    names = ", ".join(sorted({picture.named(p.instrument).partition("-")[0] for p in left}))
    text = f"  dust, too little to sell: {names} = "
    return [[Piece(text, "faint"), Piece(f"{value} {picture.snapshot.money.currency}", "faint", secret=True)]]


def _columns(picture: Picture) -> list[Column[PositionView]]:
    def price(position: PositionView, value: float) -> str:
        view = picture.view(position.instrument)
        digits = view.price_decimals if view else 2
        return numbers.fixed(value, digits) if position.quantity else numbers.ABSENT

    def size(position: PositionView) -> Piece:
        view = picture.view(position.instrument)
        return _ours(numbers.held(abs(position.quantity), view.quantity_decimals if view else 4, 9))

    return [
        Column("sym", 8, 0, lambda p: Piece(picture.named(p.instrument), "strong"), left=True),
        Column("strategy", 15, 1, lambda p: Piece(p.strategy, "text"), left=True),
        Column("side", 5, 0, _side, left=True),
        Column("qty", 9, 0, size),
        Column("avg", 9, 2, lambda p: Piece(price(p, p.average_price))),
        Column("mark", 9, 4, lambda p: Piece(price(p, p.mark))),
        Column("uP&L", 8, 0, lambda p: _ours(numbers.signed(p.unrealised), numbers.trend_ink(p.unrealised))),
        Column("%", 7, 3, lambda p: _moved(p.unrealised_share)),
        Column("value", 11, 5, lambda p: _ours(numbers.money(p.value))),
        Column("realised", 9, 6, lambda p: _ours(numbers.signed(p.realised), numbers.trend_ink(p.realised))),
        Column("fees", 7, 7, lambda p: _ours(numbers.money(p.fees))),
        Column("held", 5, 8, lambda p: Piece(_held(picture, p), "dim")),
    ]


def _ours(text: str, ink: str = "text") -> Piece:
    """An amount of ours."""
    return Piece(text, ink, secret=True)


def _moved(fraction: float) -> Piece:
    return Piece(numbers.percent(fraction), numbers.trend_ink(fraction))


def _held(picture: Picture, position: PositionView) -> str:
    known = position.quantity and position.opened_at
    return numbers.duration(picture.age_of(position.opened_at)) if known else numbers.ABSENT


def _side(position: PositionView) -> Piece:
    quantity = position.quantity
    if position.gone:
        return Piece("?GONE", "warn")
    if position.dust or not quantity:
        return Piece("·dust" if quantity else "·FLAT", "dim")
    return Piece("▲LONG" if quantity > 0 else "▼SHRT", numbers.trend_ink(quantity))
