"""The grid of the chart: candles out of box glyphs, two half-cells a row, our fills, orders and average."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from midas.state.views.market import BarView, InstrumentView, MarkView
from midas.state.views.orders import OrderView
from tui.present import numbers
from tui.present.bars import Candles
from tui.present.lines import Line, Piece
from tui.present.scale import Axis

_NONE, _WICK, _BODY = 0, 1, 2
_GLYPHS = {
    (_NONE, _NONE): " ", (_WICK, _NONE): "╵", (_NONE, _WICK): "╷", (_WICK, _WICK): "│",
    (_BODY, _NONE): "╹", (_NONE, _BODY): "╻", (_BODY, _BODY): "┃", (_WICK, _BODY): "╽", (_BODY, _WICK): "╿",
}  # fmt: skip
_EIGHTHS = " ▁▂▃▄▅▆▇█"
_MARKS = {("BUY", True): "▲", ("SELL", True): "▼", ("BUY", False): "△", ("SELL", False): "▽"}
NAMED = 3  # of the newest fills have their strategy beside them
STUB = 5  # columns of an order's line, at the right edge
Grid = list[list[Piece]]


def grid(shown: Candles, axis: Axis, columns: int) -> Grid:
    """The candles alone."""
    cells: Grid = [[Piece(" ")] * columns for _ in range(axis.rows)]
    for bar, place in zip(shown.bars, shown.places, strict=True):
        ink = "candle_up" if bar.close >= bar.open else "candle_down"
        for row, glyph in _candle(bar, axis):
            cells[row][place] = Piece(glyph, "faint" if bar.synthetic else ink)
    return cells


def draw_average(cells: Grid, view: InstrumentView, axis: Axis) -> None:
    """A dotted line at the average price of all that we hold, where the scale reaches it."""
    price = view.held_average
    if not isfinite(price) or not axis.holds(price):
        return
    row = cells[axis.slot(price) // 2]
    for column, cell in enumerate(row):
        if cell.text == " " and column % 2 == 0:
            row[column] = Piece("┄", "own")


def draw_orders(cells: Grid, orders: list[OrderView], axis: Axis) -> None:
    """A short line at the right edge for each working order that the scale reaches."""
    for order in orders:
        if axis.holds(order.price):
            row = cells[axis.slot(order.price) // 2]
            ink = "doubt" if order.status == "UNKNOWN" else "own"
            for column in range(max(0, len(row) - STUB), len(row)):
                if row[column].text in " ┄":
                    row[column] = Piece("─", ink)


def draw_fills(cells: Grid, marks: Sequence[MarkView], shown: Candles, axis: Axis) -> None:
    """A mark under a purchase, over a sale; the newest ones say whose they are."""
    named = 0
    for mark in reversed(marks):
        index = _bar_of(mark, shown)
        if index is None:
            continue
        bar = shown.bars[index]
        edge = axis.slot(bar.low) // 2 + 1 if mark.side == "BUY" else axis.slot(bar.high) // 2 - 1
        row, column = cells[min(max(edge, 0), len(cells) - 1)], shown.places[index]
        if row[column].ink == "own" and row[column].text != "┄":
            continue  # a newer fill of this candle stands there
        row[column] = Piece(_MARKS[mark.side, mark.purpose == "ENTRY"], "own")
        if named < NAMED:
            named += _name(row, column, mark)


def volumes(shown: Candles, columns: int, height: int, full: float) -> list[Line]:
    """Bars of volume under the candles, and what the tallest could be."""
    rows: list[Line] = []
    for row in range(height):
        cells = [" "] * columns
        for bar, place in zip(shown.bars, shown.places, strict=True):
            eighths = round(bar.volume / full * height * 8) - (height - 1 - row) * 8
            cells[place] = _EIGHTHS[min(max(eighths, 0), 8)]
        unit = f" vol ≤{numbers.brief(full)}" if row == height - 1 else ""
        rows.append([Piece("".join(cells), "volume"), Piece(unit, "faint")])
    return rows


def _candle(bar: BarView, axis: Axis) -> list[tuple[int, str]]:
    top, bottom = axis.slot(bar.high), axis.slot(bar.low)
    opened, closed = axis.slot(max(bar.open, bar.close)), axis.slot(min(bar.open, bar.close))

    def part(slot: int) -> int:
        if opened <= slot <= closed:
            return _BODY
        return _WICK if top <= slot <= bottom else _NONE

    return [(row, _GLYPHS[part(row * 2), part(row * 2 + 1)]) for row in range(top // 2, bottom // 2 + 1)]


def _bar_of(mark: MarkView, shown: Candles) -> int | None:
    """The candle that a fill fell into; a bar's time is its close. The running one shows at the last."""
    bars, span = shown.bars, shown.span
    if mark.time >= bars[-1].time:
        return len(bars) - 1 if mark.time < bars[-1].time + span else None
    for index, bar in enumerate(bars):
        if bar.time - span <= mark.time < bar.time:
            return index
    return None


def _name(row: list[Piece], column: int, mark: MarkView) -> bool:
    """The strategy beside the mark, where nothing else stands there."""
    for start in (column + 1, column - len(mark.strategy)):
        room = range(start, start + len(mark.strategy))
        if start >= 0 and room.stop <= len(row) and all(row[at].text in " ┄" for at in room):
            for at, letter in zip(room, mark.strategy, strict=True):
                row[at] = Piece(letter, "label")
            return True
    return False
