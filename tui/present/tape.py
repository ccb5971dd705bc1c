"""The tape: the market's prints, newest on top; large ones and our own stand out."""

from __future__ import annotations

from statistics import median

from midas.domain.time import SECOND, clock_text
from midas.state.views.market import InstrumentView, TradeView
from tui.present import numbers
from tui.present.lines import Line, Piece, Sheet, centred
from tui.present.picture import Picture, Spot

LARGE = 5.0  # times the median of the last prints, and among the largest tenth of them
STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500)  # a rate is told in round steps, so that it can be read


def prints(picture: Picture, spot: Spot) -> Sheet:
    """Time, direction, price and quantity of the last trades."""
    view = picture.instrument
    title: Line = [Piece("tape", "title")]
    if view is None or not view.tape:
        return Sheet(title, centred("no trade printed yet", spot.width, spot.height))
    sizes = sorted(trade.quantity for trade in view.tape)
    large = max(median(sizes) * LARGE, sizes[-max(1, len(sizes) // 10)])
    ours = {(mark.time // SECOND, mark.price) for mark in view.marks}
    rows = [_row(view, trade, large, ours, spot.width) for trade in view.tape[: spot.height]]
    title.append(Piece(f" {_rate(view)}", "dim"))
    clock = "UTC" if picture.snapshot.speed == 1.0 and not picture.snapshot.market else "market UTC"
    return Sheet(title, rows, [Piece(clock, "dim")], _legend(spot.width))


def _legend(width: int) -> Line:
    line: Line = [Piece("●", "own"), Piece(" ours  ", "dim"), Piece("■", "strong"), Piece(" large", "dim")]
    return line if width >= 20 else []


def _row(
    view: InstrumentView, trade: TradeView, threshold: float, ours: set[tuple[int, float]], width: int
) -> Line:
    bought = trade.aggressor == "BUY"
    ink = "up" if bought else "down"
    price = numbers.fixed(trade.price, view.price_decimals)
    stamp = clock_text(trade.time)
    room = width - len(stamp) - len(price) - 4
    quantity = numbers.fitted(trade.quantity, view.quantity_decimals, max(4, min(room, 9)))
    large = trade.quantity >= threshold
    mine = (trade.time // SECOND, trade.price) in ours
    mark = "●" if mine else "■" if large else " "
    size = f"{mark}{quantity}"
    return [
        Piece(f"{stamp} ", "dim"),
        Piece(f"{'▲' if bought else '▼'}{price}", ink),
        Piece(
            f"{size:>{max(0, width - len(stamp) - len(price) - 2)}}",
            "own" if mine else "strong" if large else "text",
            secret=mine,
        ),
    ]


def _rate(view: InstrumentView) -> str:
    """Prints in a second of market time, over the last ones."""
    span = view.tape[0].time - view.tape[-1].time
    if span <= 0:
        return ""
    rate = (len(view.tape) - 1) * SECOND / span
    step = max((s for s in STEPS if s <= rate), default=0)
    return f"≥{step}/s" if step else "under 1/s"
