"""The tape: the market's prints, newest on top."""

from __future__ import annotations

from midas.domain.time import clock_text
from midas.state.snapshot import InstrumentView
from tui.present import numbers
from tui.present.lines import Line, Piece, Sheet, centred
from tui.present.picture import Picture, Spot


def prints(picture: Picture, spot: Spot) -> Sheet:
    """Time, direction, price and quantity of the last trades."""
    view = picture.instrument
    title: Line = [Piece("tape", "title")]
    if view is None or not view.tape:
        return Sheet(title, centred("no trade printed yet", spot.width, spot.height))
    rows = [_row(view, index, spot.width) for index in range(min(spot.height, len(view.tape)))]
    events = numbers.brief(picture.snapshot.health.events_per_second)
    return Sheet(title, rows, [Piece(view.name, "dim")], [Piece(f"{events}/s · market time", "dim")])


def _row(view: InstrumentView, index: int, width: int) -> Line:
    trade = view.tape[index]
    bought = trade.aggressor == "BUY"
    ink = "up" if bought else "down"
    price = numbers.fixed(trade.price, view.price_decimals)
    stamp = clock_text(trade.time)
    room = width - len(stamp) - len(price) - 4
    quantity = numbers.fitted(trade.quantity, view.quantity_decimals, max(4, min(room, 9)))
    return [
        Piece(f"{stamp} ", "dim"),
        Piece(f"{'▲' if bought else '▼'}{price}", ink),
        Piece(f"{quantity:>{max(0, width - len(stamp) - len(price) - 2)}}", "text"),
    ]
