"""What we hold and what we ask for: positions and working orders in one pane."""

from __future__ import annotations

from tui.present import numbers, orders, positions
from tui.present.lines import Line, Piece, Sheet
from tui.present.picture import Picture, Spot


def keys(picture: Picture, height: int) -> list[str]:
    """The cursor walks the positions, then the orders."""
    return [*positions.keys(picture, height), *orders.keys(picture, height)]


def holdings(picture: Picture, spot: Spot) -> Sheet:
    """Positions above, working orders below; where room is short the orders keep at least two rows."""
    snapshot = picture.snapshot
    shown = positions.shown(picture, spot.width)
    opened = positions.listed(picture)
    title: Line = [
        Piece("positions ", "title"), Piece(f"{len(opened)}", "strong"),
        Piece(" · working ", "title"), Piece(f"{len(snapshot.orders)}", "strong"),
    ]  # fmt: skip
    if snapshot.foreign:
        title.append(Piece(f" · {len(snapshot.foreign)} external", "warn"))
    dust = any(p.dust and p not in shown for p in snapshot.positions)
    room = min(len(shown) + 1 + dust, max(2, spot.height - 3))
    rows = positions.rows(picture, spot, shown, room)
    if spot.height - len(rows) > len(orders.listed(picture)) + 1:
        rows.append([])
    rows += orders.told(picture, spot, spot.height - len(rows))
    fees = numbers.money(snapshot.money.fees)
    return Sheet(title, rows, [Piece("fees ", "dim"), Piece(fees, "dim", secret=True)], _foot(picture, spot))


def _foot(picture: Picture, spot: Spot) -> Line:
    if not spot.focused:
        return []
    if isinstance(spot.selected, str) and spot.selected.startswith("position:"):
        return [Piece("x close", "dim")]
    return orders.foot(spot, orders.chosen(picture, spot))
