"""What we hold and what we ask for: positions and working orders in one pane."""

from __future__ import annotations

from midas.state.snapshot import OrderView, PositionView
from tui.present import numbers
from tui.present.lines import Line, Piece, Sheet, centred
from tui.present.picture import Picture, Spot, window
from tui.present.table import Column, fitting, heading, row
from tui.present.words import ORDER_STATES, ORDER_TYPES


def keys(picture: Picture, _height: int) -> list[str]:
    """The working orders the cursor can stand on."""
    return [f"order:{order.client_id}" for order in picture.snapshot.orders]


def holdings(picture: Picture, spot: Spot) -> Sheet:
    """Positions above, working orders below; where room is short the orders keep at least two rows."""
    snapshot = picture.snapshot
    shown = _shown(picture, spot.width)
    opened = sum(1 for position in shown if position.quantity)
    title: Line = [
        Piece("positions ", "title"), Piece(f"{opened}", "strong"),
        Piece(" · working ", "title"), Piece(f"{len(snapshot.orders)}", "strong"),
    ]  # fmt: skip
    rows = position_rows(picture, spot.width, min(len(shown), max(1, spot.height - 4)))
    if spot.height - len(rows) > len(snapshot.orders) + 1:
        rows.append([])
    rows += order_rows(picture, spot, spot.height - len(rows))
    foot: Line = [Piece("j/k choose  c cancel", "dim")] if spot.focused and snapshot.orders else []
    fees = numbers.money(snapshot.money.fees)
    return Sheet(title, rows, [Piece(f"fees {fees}", "dim")], foot)


def working(picture: Picture, spot: Spot) -> Sheet:
    """The working orders alone (80 columns)."""
    count = len(picture.snapshot.orders)
    title: Line = [Piece("working ", "title"), Piece(f"{count}", "strong")]
    foot: Line = [Piece("c cancel", "dim")] if spot.focused and count else []
    return Sheet(title, order_rows(picture, spot, spot.height), [], foot)


def described(order: OrderView) -> str:
    """An order in one sentence, for a question about it."""
    what = f"{order.side} {order.quantity:g} {order.instrument} at {order.price:g}"
    return f"{what} ({order.strategy}, {order.purpose.lower()}: {order.reason})"


def position_rows(picture: Picture, width: int, room: int) -> list[Line]:
    """A heading and up to `room` positions."""
    positions = _shown(picture, width)
    if not positions:
        return [[Piece(" flat: no position", "dim")]]
    columns = fitting(_position_columns(picture), width)
    rows: list[Line] = [heading(columns)]
    rows += [row(columns, position) for position in positions[:room]]
    if len(positions) > room:
        rows[-1] = [Piece(f" +{len(positions) - room + 1} more positions: z", "dim")]
    return rows


def order_rows(picture: Picture, spot: Spot, room: int) -> list[Line]:
    """A heading and the working orders around the chosen one."""
    orders = picture.snapshot.orders
    if not orders:
        return centred("no working order", spot.width, 1)
    columns = fitting(_order_columns(picture), spot.width - 1)
    chosen = next((i for i, o in enumerate(orders) if f"order:{o.client_id}" == spot.selected), 0)
    shown = window(len(orders), chosen, max(1, room - 1))
    more = len(orders) - len(shown)
    names = heading(columns) if not more else [*heading(columns)[:1], Piece(f"  +{more} more", "warn")]
    rows: list[Line] = [[Piece(" "), *names]]
    for index in shown:
        here = f"order:{orders[index].client_id}" == spot.selected
        rows.append([Piece("▶" if here else " ", "cursor"), *row(columns, orders[index])])
    return rows


def _shown(picture: Picture, width: int) -> list[PositionView]:
    """Open positions; closed ones too where there is room for what they brought."""
    return [p for p in picture.snapshot.positions if p.quantity or width >= 100]


def _position_columns(picture: Picture) -> list[Column[PositionView]]:
    def price(position: PositionView, value: float) -> str:
        view = picture.view(position.instrument)
        return (
            numbers.fixed(value, view.price_decimals if view else 2) if position.quantity else numbers.ABSENT
        )

    def size(position: PositionView) -> Piece:
        view = picture.view(position.instrument)
        return Piece(numbers.fitted(abs(position.quantity), view.quantity_decimals if view else 4, 9))

    return [
        Column("sym", 8, 0, lambda p: Piece(picture.named(p.instrument), "strong"), left=True),
        Column("strategy", 15, 1, lambda p: Piece(p.strategy, "text"), left=True),
        Column("side", 5, 0, lambda p: Piece(_side(p.quantity), numbers.trend_ink(p.quantity)), left=True),
        Column("qty", 9, 0, size),
        Column("avg", 9, 2, lambda p: Piece(price(p, p.average_price))),
        Column("mark", 9, 4, lambda p: Piece(price(p, p.mark))),
        Column("uP&L", 8, 0, lambda p: Piece(numbers.signed(p.unrealised), numbers.trend_ink(p.unrealised))),
        Column(
            "%", 7, 3, lambda p: Piece(numbers.percent(p.unrealised_pct), numbers.trend_ink(p.unrealised_pct))
        ),
        Column("value", 11, 5, lambda p: Piece(numbers.money(p.value))),
        Column("realised", 9, 6, lambda p: Piece(numbers.signed(p.realised), numbers.trend_ink(p.realised))),
        Column("fees", 7, 7, lambda p: Piece(numbers.money(p.fees))),
        Column(
            "held",
            5,
            8,
            lambda p: Piece(numbers.duration(picture.age_of(p.opened_at)) if p.opened_at else "-", "dim"),
        ),
    ]


def _side(quantity: float) -> str:
    return "▲LONG" if quantity > 0 else "▼SHRT" if quantity < 0 else "·FLAT"


def _order_columns(picture: Picture) -> list[Column[OrderView]]:
    def number(order: OrderView, value: float, width: int) -> Piece:
        view = picture.view(order.instrument)
        return Piece(numbers.fitted(value, view.quantity_decimals if view else 4, width))

    def price(order: OrderView) -> Piece:
        view = picture.view(order.instrument)
        text = numbers.fixed(order.price, view.price_decimals if view else 2) if order.price > 0 else "market"
        return Piece(text, "strong")

    return [
        Column("id", 5, 0, lambda o: Piece(o.short_id, "dim"), left=True),
        Column("sym", 8, 3, lambda o: Piece(picture.named(o.instrument), "text"), left=True),
        Column("side", 5, 0, lambda o: Piece(_bought(o), "up" if o.side == "BUY" else "down"), left=True),
        Column("type", 4, 6, lambda o: Piece(ORDER_TYPES.get(o.type, o.type), "dim"), left=True),
        Column("px", 9, 0, price),
        Column("qty", 7, 0, lambda o: number(o, o.quantity, 7)),
        Column("fill", 7, 7, lambda o: number(o, o.filled, 7)),
        Column("age", 5, 4, lambda o: Piece(numbers.duration(picture.age_of(o.created_at)), "dim")),
        Column("state", 5, 2, _state, left=True),
        Column("for", 5, 5, lambda o: Piece(o.purpose.lower(), "dim"), left=True),
        Column("strategy", 15, 1, lambda o: Piece(o.strategy, "dim"), left=True),
        Column("reason", 24, 9, lambda o: Piece(o.reason, "dim"), left=True),
    ]


def _bought(order: OrderView) -> str:
    return "▲BUY" if order.side == "BUY" else "▼SELL"


def _state(order: OrderView) -> Piece:
    word, ink = ORDER_STATES.get(order.status, (order.status, "warn"))
    return Piece(word, ink)
