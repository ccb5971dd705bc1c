"""Working orders, oldest first: a new one stands below, and no row ever jumps."""

from __future__ import annotations

from collections.abc import Iterable

from midas.state.views.orders import EXTERNAL, OrderView
from tui.present import numbers
from tui.present.lines import Line, Piece, Sheet, centred, clip
from tui.present.picture import Picture, Spot
from tui.present.table import Column, fitting, heading_with, row
from tui.present.words import ORDER_STATES, ORDER_TYPES

ROOMY = 4  # rows from which on a doubt has one of its own
NARROW = 60  # inner width below which `BTC` stands for `BTC-USDT`


def keys(picture: Picture, _height: int) -> list[str]:
    """The working orders the cursor can stand on."""
    return [key_of(order) for order in listed(picture)]


def key_of(order: OrderView) -> str:
    """`order:CLIENT_ID`."""
    return f"order:{order.client_id}"


def listed(picture: Picture) -> list[OrderView]:
    """All of them in the order in which they were made, ours before those of others."""
    snapshot = picture.snapshot
    ours = sorted(snapshot.orders, key=lambda o: (o.created_at, o.client_id))
    return [*ours, *sorted(snapshot.foreign, key=lambda o: (o.created_at, o.client_id))]


def chosen(picture: Picture, spot: Spot) -> OrderView | None:
    """The one under the cursor."""
    return next((o for o in listed(picture) if key_of(o) == spot.selected), None)


def table(picture: Picture, spot: Spot) -> Sheet:
    """The working orders alone."""
    orders, theirs = picture.snapshot.orders, picture.snapshot.foreign
    title: Line = [Piece("working ", "title"), Piece(f"{len(orders)}", "strong")]
    mine, unknown = sum(order.amendable for order in orders), doubtful(orders)
    note: Line = [Piece(f"{mine} by hand", "dim")] if mine else []
    if unknown:
        oldest = numbers.duration(picture.age_of(unknown[0].unknown_since))
        note = [Piece(f"? {len(unknown)} UNKNOWN, oldest {oldest}", "doubt")]
    elif theirs:
        note = [Piece(f"{len(theirs)} external", "warn")]
    if not orders and not theirs:
        return Sheet(title, centred("no working order", spot.width, spot.height), note)
    return Sheet(title, told(picture, spot, spot.height), note, foot(spot, chosen(picture, spot)))


def doubtful(orders: Iterable[OrderView]) -> list[OrderView]:
    """Those of which nobody knows whether they work, the oldest doubt first."""
    return sorted((o for o in orders if o.status == "UNKNOWN"), key=lambda o: o.unknown_since)


def doubt(picture: Picture, order: OrderView) -> str:
    """`UNKNOWN 41s: no answer within 5 s`."""
    age = numbers.duration(picture.age_of(order.unknown_since)) if order.unknown_since else ""
    return f"{f'UNKNOWN {age}'.rstrip()}: {order.unknown_cause or 'no definite answer'}"


def told(picture: Picture, spot: Spot, room: int) -> list[Line]:
    """The rows, and below them, where at least one line is left, why orders are UNKNOWN."""
    unknown = doubtful(picture.snapshot.orders)
    spare = max(room - len(listed(picture)) - 1, 1 if unknown and room > ROOMY else 0)
    drawn = rows(picture, spot, room - min(len(unknown), spare))
    for order in unknown[:spare]:
        text = f"  ? {order.short_id} {doubt(picture, order)}; its exposure stays reserved"
        drawn.append([Piece(clip(text, spot.width), "doubt")])
    return drawn


def foot(spot: Spot, chosen: OrderView | None) -> Line:
    """What can be done with the chosen order."""
    if not spot.focused:
        return []
    if chosen is None:
        return [Piece("j/k choose", "dim")]
    if chosen.status == EXTERNAL:
        return [Piece("not ours  Enter life", "dim")]
    return [Piece("c cancel  a amend  Enter life" if chosen.amendable else "c cancel  Enter life", "dim")]


def rows(picture: Picture, spot: Spot, room: int) -> list[Line]:
    """A heading and the working orders around the chosen one."""
    orders = listed(picture)
    if not orders:
        return centred("no working order", spot.width, 1)
    columns = fitting(_columns(picture, spot.width < NARROW), spot.width - 1)
    names = [key_of(order) for order in orders]
    seen = spot.rows(names, max(1, room - 1))
    more = len(orders) - len(seen)
    drawn: list[Line] = [[Piece(" "), *heading_with(columns, f"+{more}: z" if more else "")]]
    for index in seen:
        here = names[index] == spot.selected
        doubted = Piece("?", "doubt") if orders[index].status == "UNKNOWN" else Piece(" ")
        lead = Piece("▶", "cursor") if here else doubted
        drawn.append([lead, *row(columns, orders[index])])
    return drawn


def described(picture: Picture, order: OrderView) -> str:
    """An order in one sentence, for a question about it."""
    view = picture.view(order.instrument)
    quantity = numbers.fixed(order.quantity, view.quantity_decimals if view else 5)
    at = f"at {priced(picture, order.instrument, order.price)}" if order.price > 0 else "at market"
    what = f"{bought(order.side)} {quantity} {picture.named(order.instrument)} {at}"
    return f"{what} · {order.strategy}, {order.purpose.lower()}: {order.reason}"


def bought(side: str) -> str:
    """The side as shape and word."""
    return "▲BUY" if side == "BUY" else "▼SELL"


def side_piece(side: str) -> Piece:
    """The side in its ink."""
    return Piece(bought(side), "up" if side == "BUY" else "down")


def priced(picture: Picture, instrument: str, price: float) -> str:
    """A price at the instrument's own precision."""
    view = picture.view(instrument)
    return numbers.fixed(price, view.price_decimals if view else 2)


def amount(picture: Picture, instrument: str, quantity: float, width: int) -> Piece:
    """A quantity of ours at the instrument's own precision, as far as it fits."""
    if not quantity:
        return Piece(numbers.ABSENT, "dim")
    view = picture.view(instrument)
    return Piece(numbers.held(quantity, view.quantity_decimals if view else 4, width), secret=True)


def _columns(picture: Picture, narrow: bool) -> list[Column[OrderView]]:
    def symbol(order: OrderView) -> Piece:
        name = picture.named(order.instrument)
        return Piece(name.partition("-")[0] if narrow else name, "text")

    def price(order: OrderView) -> Piece:
        text = priced(picture, order.instrument, order.price) if order.price > 0 else "market"
        return Piece(text, "strong")

    def identity(order: OrderView) -> Piece:
        if order.status == "UNKNOWN":
            return Piece(order.short_id, "unknown", "unknown")
        return Piece(order.short_id, "own" if order.amendable else "dim")

    def reason(order: OrderView) -> Piece:
        if order.status == "UNKNOWN":
            return Piece(doubt(picture, order), "doubt")
        return Piece(order.reason, "dim")

    name: Column[OrderView] = Column("id", 4, 0, identity, left=True)
    what: Column[OrderView] = Column("sym", 4 if narrow else 8, 0, symbol, left=True)
    return [
        *((what, name) if narrow else (name, what)),
        Column("side", 5, 0, lambda o: side_piece(o.side), left=True),
        Column("type", 4, 6, lambda o: Piece(ORDER_TYPES.get(o.type, o.type), "dim"), left=True),
        Column("px", 9, 0, price),
        Column("qty", 7, 0, lambda o: amount(picture, o.instrument, o.quantity, 7)),
        Column("fill", 7, 7, lambda o: amount(picture, o.instrument, o.filled, 7)),
        Column("age", 5, 4, lambda o: Piece(numbers.duration(picture.age_of(o.created_at)), "dim")),
        Column("state", 5, 2, _state, left=True),
        Column("for", 5, 5, lambda o: Piece(o.purpose.lower(), "dim"), left=True),
        Column("strategy", 15, 1, lambda o: Piece(o.strategy, "dim"), left=True),
        Column("reason", 24, 9, reason, left=True),
    ]


def _state(order: OrderView) -> Piece:
    word, ink = ORDER_STATES.get(order.status, (order.status, "warn"))
    return Piece(word, ink, ink if ink == "unknown" else "")
