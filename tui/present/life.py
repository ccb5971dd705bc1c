"""The life line of one order: every step from the plan to its end, with the time each took."""

from __future__ import annotations

from math import isfinite

from midas.domain.time import clock_text
from midas.state.views.orders import EXTERNAL, ClosedOrderView, OrderView
from tui.present import numbers
from tui.present.lines import Line, Piece, Sheet, centred, clip, detail, width_of, wrapped
from tui.present.masking import masked
from tui.present.orders import amount, doubt, priced, side_piece
from tui.present.picture import Key, Picture, Spot
from tui.present.words import ORDER_TYPES

INKS = {"UNKNOWN": "doubt", "settled": "strong", "REJECTED": "warn", "cancel refused": "warn"}
NOTHING = "j/k in an order list: its life line stands here"


def pane(picture: Picture, spot: Spot) -> Sheet:
    """The order under the cursor of the lists beside it."""
    order = chosen(picture, spot.selected)
    title: Line = [Piece("life ", "title")]
    if order is None:
        return Sheet(title, centred(NOTHING, spot.width, spot.height, "faint"))
    head, steps = _head(picture, order, spot.width), _steps(order, spot.width)
    kept = max(1, spot.height - len(head))
    if len(steps) > kept > 1:
        hidden = len(steps) - kept + 1
        steps = [[Piece(f"+{hidden} lines before: Enter", "faint")], *steps[1 - kept :]]
    return Sheet([*title, Piece(order.short_id, "strong")], [*head, *steps][: spot.height])


def chosen(picture: Picture, key: Key | None) -> OrderView | ClosedOrderView | None:
    """The order that a cursor key names, also where it has ended since the cursor was put there."""
    if not isinstance(key, str):
        return None
    kind, _, client_id = key.partition(":")
    if kind not in ("order", "closed"):
        return None
    snapshot = picture.snapshot
    every: list[OrderView | ClosedOrderView] = [*snapshot.orders, *snapshot.foreign, *snapshot.closed]
    return next((o for o in every if o.client_id == client_id), None)


def page(picture: Picture, order: OrderView | ClosedOrderView, width: int) -> list[Line]:
    """The same lines on a page of their own, which doesn't mask by itself."""
    found = lines(picture, order, width)
    return [masked(line) for line in found] if picture.options.private else found


def lines(picture: Picture, order: OrderView | ClosedOrderView, width: int) -> list[Line]:
    """What it is, whose and why, then its steps."""
    return [*_head(picture, order, width), *_steps(order, width)]


def _head(picture: Picture, order: OrderView | ClosedOrderView, width: int) -> list[Line]:
    kind = ORDER_TYPES.get(order.type, order.type) + (", limit" if order.type == "STOP_LOSS_LIMIT" else "")
    price = priced(picture, order.instrument, order.price) if order.price > 0 else "market"
    what: Line = [
        side_piece(order.side), Piece(" "), amount(picture, order.instrument, order.quantity, 10),
        Piece(f" {picture.named(order.instrument)} ", "dim"),
    ]  # fmt: skip
    how: Line = [Piece(f"{kind} @ ", "dim"), Piece(price, "strong")]
    rows = [[*what, *how]] if width_of([*what, *how]) <= width else [what, how]
    rows.append([Piece(clip(f"{order.strategy}, {order.purpose.lower()}", width), "dim")])
    if order.reason:
        rows += _wrapped(order.reason, width, "text")
    if isinstance(order, OrderView) and order.status == "UNKNOWN":
        rows += detail(f"? {doubt(picture, order)}", width, "doubt", "")
    rows.append(_filled(picture, order))
    since = f"since {clock_text(order.created_at)}"
    whole = f"{order.client_id} · {since}"
    told = [whole] if len(whole) <= width else [order.client_id, since]
    return rows + [[Piece(clip(text, width), "faint")] for text in told]


def _steps(order: OrderView | ClosedOrderView, width: int) -> list[Line]:
    nothing = (
        "its steps are known where it was placed" if order.status == EXTERNAL else "no step was recorded"
    )
    return [line for step in order.life or (nothing,) for line in _step(step, width)]


def _step(step: str, width: int) -> list[Line]:
    """When and what; a long one goes on below itself."""
    stamp, _, told = step.partition("  ")
    amounts = "filled" in told or told.startswith("PARTIAL")
    ink = next((ink for word, ink in INKS.items() if told.startswith(word)), "text")
    head = f"{stamp}  " if told else ""
    said = wrapped(told or stamp, width - len(head))
    heads = [head, *[" " * len(head)] * (len(said) - 1)]
    return [[Piece(h, "dim"), Piece(text, ink, secret=amounts)] for h, text in zip(heads, said, strict=True)]


def _filled(picture: Picture, order: OrderView | ClosedOrderView) -> Line:
    line: Line = [Piece("filled ", "dim"), amount(picture, order.instrument, order.filled, 10)]
    if isinstance(order, ClosedOrderView):
        if isfinite(order.average_price):
            line += [
                Piece(" @ ", "dim"),
                Piece(priced(picture, order.instrument, order.average_price), "strong"),
            ]
        if isfinite(order.ack_ms):
            line.append(Piece(f"  ack {numbers.milliseconds(order.ack_ms)}", "dim"))
        return [*line, Piece(f"  {order.status}", "text")]
    return [*line, Piece(f"  {order.status}", "text")]


def _wrapped(text: str, width: int, ink: str) -> list[Line]:
    found = [""]
    for word in text.split():
        longer = f"{found[-1]} {word}".strip()
        if len(longer) > width and found[-1]:
            found.append(word)
        else:
            found[-1] = longer
    return [[Piece(clip(row, width), ink)] for row in found]
