"""What is over: closed orders and fills of this session, newest on top."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import fsum, isfinite

from midas.domain.time import clock_text
from midas.state.views.orders import ENDED_KEPT, ClosedOrderView, FillView
from tui.present import numbers
from tui.present.lines import Line, Piece, Sheet, centred
from tui.present.orders import amount, priced, side_piece
from tui.present.picture import Picture, Spot
from tui.present.since import since, tail
from tui.present.table import Column, Item, fitting, heading, row
from tui.present.words import CLOSED_STATES, ORDER_TYPES


def closed_keys(picture: Picture, _height: int) -> list[str]:
    """The closed orders the cursor can stand on."""
    return [f"closed:{order.client_id}" for order in picture.snapshot.closed]


def closed(picture: Picture, spot: Spot) -> Sheet:
    """When, what, how much of it filled, how it ended, and how fast the venue answered."""
    orders = picture.snapshot.closed
    title: Line = [Piece("closed ", "title"), Piece(_count(orders), "strong")]
    if not orders:
        return Sheet(title, centred(f"no order has ended yet; {since(picture)}", spot.width, spot.height))
    bad = sum(order.status in ("REJECTED", "NEVER_SENT") for order in orders)
    note: Line = [Piece(f"{bad} never worked", "warn")] if bad else []
    rows = _rows(picture, spot, _closed_columns(picture), closed_keys(picture, spot.height), orders)
    return Sheet(title, rows, note, [Piece("Enter life", "dim")] if spot.focused else [])


def fill_keys(picture: Picture, _height: int) -> list[str]:
    """The fills the cursor can stand on; equal ones are told apart by their number."""
    seen: Counter[str] = Counter()
    found = []
    for fill in reversed(picture.snapshot.fills):
        name = f"fill:{fill.at}|{fill.short_id}|{fill.quantity}"
        seen[name] += 1
        found.append(f"{name}|{seen[name]}")
    return found[::-1]


def fills(picture: Picture, spot: Spot) -> Sheet:
    """Our executions with their fee and what they brought."""
    done = picture.snapshot.fills
    realised = fsum(fill.realised for fill in done)
    title: Line = [Piece("fills ", "title"), Piece(_count(done), "strong")]
    if not done:
        return Sheet(title, centred(f"nothing was filled yet; {since(picture)}", spot.width, spot.height))
    note: Line = [
        Piece("realised by these ", "dim"),
        Piece(numbers.signed(realised), numbers.trend_ink(realised), secret=True),
    ]
    rows = _rows(picture, spot, _fill_columns(picture), fill_keys(picture, spot.height), done)
    return Sheet(title, rows, note)


def _rows(
    picture: Picture, spot: Spot, every: list[Column[Item]], names: list[str], shown: Sequence[Item]
) -> list[Line]:
    """The heading, the rows around the cursor, and, where there is room, what else there is."""
    columns = fitting(every, spot.width - 1)
    rows: list[Line] = [[Piece(" "), *heading(columns)]]
    for index in spot.rows(names, max(1, spot.height - 1)):
        here = names[index] == spot.selected
        rows.append([Piece("▶" if here else " ", "cursor"), *row(columns, shown[index])])
    older = len(shown) >= ENDED_KEPT
    return rows + ([tail(picture, spot.width, older)] if len(rows) < spot.height else [])


def _count(shown: Sequence[object]) -> str:
    return f"last {ENDED_KEPT}" if len(shown) >= ENDED_KEPT else f"{len(shown)}"


def _closed_columns(picture: Picture) -> list[Column[ClosedOrderView]]:
    return [
        Column("time", 8, 5, lambda o: Piece(clock_text(o.closed_at), "dim"), left=True),
        Column("id", 4, 0, lambda o: Piece(o.short_id, "dim"), left=True),
        Column("sym", 8, 2, lambda o: Piece(picture.named(o.instrument), "text"), left=True),
        Column("side", 5, 0, lambda o: side_piece(o.side), left=True),
        Column("type", 4, 10, lambda o: Piece(ORDER_TYPES.get(o.type, o.type), "dim"), left=True),
        Column("qty", 7, 0, lambda o: amount(picture, o.instrument, o.quantity, 7)),
        Column("limit", 9, 9, lambda o: _limit(picture, o)),
        Column("fill", 7, 8, lambda o: amount(picture, o.instrument, o.filled, 7)),
        Column("avg", 9, 6, lambda o: Piece(priced(picture, o.instrument, o.average_price), "strong")),
        Column("ended", 6, 0, _ended, left=True),
        Column("ack", 6, 4, lambda o: Piece(_ack(o), "dim")),
        Column("strategy", 15, 7, lambda o: Piece(o.strategy, "dim"), left=True),
        Column("why", 12, 1, lambda o: Piece(o.ending or o.reason, "text" if o.ending else "dim"), left=True),
    ]


def _fill_columns(picture: Picture) -> list[Column[FillView]]:
    return [
        Column("time", 8, 0, lambda f: Piece(clock_text(f.at), "dim"), left=True),
        Column("id", 4, 7, lambda f: Piece(f.short_id, "dim"), left=True),
        Column("sym", 8, 0, lambda f: Piece(picture.named(f.instrument), "text"), left=True),
        Column("side", 5, 0, lambda f: side_piece(f.side), left=True),
        Column("qty", 7, 0, lambda f: amount(picture, f.instrument, f.quantity, 7)),
        Column("px", 9, 0, lambda f: Piece(priced(picture, f.instrument, f.price), "strong")),
        Column("fee", 12, 4, lambda f: Piece(_fee(f), "dim", secret=True)),
        Column("", 5, 5, lambda f: Piece("maker" if f.maker else "taker", "dim"), left=True),
        Column(
            "realised", 8, 3,
            lambda f: Piece(numbers.signed(f.realised), numbers.trend_ink(f.realised), secret=True),
        ),
        Column("strategy", 15, 6, lambda f: Piece(f.strategy, "dim"), left=True),
    ]  # fmt: skip


def _limit(picture: Picture, order: ClosedOrderView) -> Piece:
    """The price that was asked for; what was paid stands under `avg`."""
    return Piece(priced(picture, order.instrument, order.price) if order.price > 0 else "market", "dim")


def _ended(order: ClosedOrderView) -> Piece:
    word, ink = CLOSED_STATES.get(order.status, (order.status, "warn"))
    return Piece(word, ink)


def _ack(order: ClosedOrderView) -> str:
    return numbers.milliseconds(order.ack_ms) if isfinite(order.ack_ms) else numbers.ABSENT


def _fee(fill: FillView) -> str:
    return f"{fill.fee:.5f}"[:7].rstrip(".") + f" {fill.fee_asset}"[:5]
