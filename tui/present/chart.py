"""Candles out of box glyphs, two half-cells a row, with volume and our own fills."""

from __future__ import annotations

from math import isfinite
from typing import NamedTuple

from midas.state.snapshot import BarView, InstrumentView, MarkView
from tui.present import numbers
from tui.present.lines import Line, Piece, Sheet, centred
from tui.present.picture import Picture, Spot
from tui.present.regime import block

_NONE, _WICK, _BODY = 0, 1, 2
_GLYPHS = {
    (_NONE, _NONE): " ", (_WICK, _NONE): "╵", (_NONE, _WICK): "╷", (_WICK, _WICK): "│",
    (_BODY, _NONE): "╹", (_NONE, _BODY): "╻", (_BODY, _BODY): "┃", (_WICK, _BODY): "╽", (_BODY, _WICK): "╿",
}  # fmt: skip
_EIGHTHS = " ▁▂▃▄▅▆▇█"
_MARKS = {("BUY", True): "▲", ("SELL", True): "▼", ("BUY", False): "△", ("SELL", False): "▽"}
Grid = list[list[Piece]]


class Axis(NamedTuple):
    """The price scale of the candles: `slots` half-cells from `high` down to `low`."""

    high: float
    low: float
    slots: int

    def slot(self, price: float) -> int:
        """The half-cell of a price, from the top."""
        place = int((self.high - price) / (self.high - self.low) * self.slots)
        return min(max(place, 0), self.slots - 1)

    def price(self, row: int) -> float:
        """The price in the middle of a row."""
        return self.high - (row * 2 + 1) / self.slots * (self.high - self.low)


def candles(picture: Picture, spot: Spot) -> Sheet:
    """The chart of the shown instrument over its regime strip."""
    view = picture.instrument
    title: Line = [Piece("chart", "title")]
    if view is None or not view.bars:
        return Sheet(title, centred("no bar closed yet", spot.width, spot.height))
    below = 5 if spot.height >= 16 else 4 if spot.height >= 11 else 1
    margin = _margin(view)
    columns = spot.width - margin
    step = 2 if columns >= 2 * len(view.bars) else 1
    bars = view.bars[-(columns // step) :]
    volume = 2 if spot.height >= 18 else 1 if spot.height >= 9 else 0
    height = max(2, spot.height - below - volume)
    axis = _axis(view, bars, height)
    grid = _draw(bars, axis, columns, step)
    _entry_line(grid, picture, view, axis)
    _draw_marks(grid, view, bars, axis, step)
    rows = [_join(cells) + _label(view, axis, row, margin) for row, cells in enumerate(grid)]
    rows += _volumes(bars, columns, step, volume)
    rows += block(picture, view, columns, step, below, spot.width)
    note: Line = [Piece(f"{numbers.period(view.bar_period)} · {len(bars)} of {len(view.bars)} bars", "dim")]
    title = [Piece("chart ", "title"), Piece(view.name, "strong")]
    return Sheet(title, rows, note, _legend(spot.width))


def _legend(width: int) -> Line:
    marks: Line = [Piece("▲▼", "own"), Piece(" entry ", "dim"), Piece("△▽", "own"), Piece(" exit ", "dim")]
    return [*marks, Piece("┄", "own"), Piece(" our average price", "dim")] if width >= 44 else marks


def _margin(view: InstrumentView) -> int:
    """Cells that the price scale needs: the widest price and the pointer."""
    widest = max((b.high for b in view.bars[-1:]), default=0.0)
    return max(len(numbers.fixed(widest, view.price_decimals)) + 2, 10)


def _axis(view: InstrumentView, bars: tuple[BarView, ...], height: int) -> Axis:
    high = max(max(b.high for b in bars), view.last)
    low = min(min(b.low for b in bars), view.last)
    pad = max((high - low) * 0.04, view.tick_size)
    return Axis(high + pad, low - pad, height * 2)


def _draw(bars: tuple[BarView, ...], axis: Axis, columns: int, step: int) -> Grid:
    height = axis.slots // 2
    grid: Grid = [[Piece(" ")] * columns for _ in range(height)]
    offset = columns - len(bars) * step
    for index, bar in enumerate(bars):
        column = offset + index * step
        ink = "candle_up" if bar.close >= bar.open else "candle_down"
        if bar.synthetic:
            ink = "faint"
        for row, glyph in _candle(bar, axis):
            grid[row][column] = Piece(glyph, ink)
    return grid


def _candle(bar: BarView, axis: Axis) -> list[tuple[int, str]]:
    top, bottom = axis.slot(bar.high), axis.slot(bar.low)
    opened, closed = axis.slot(max(bar.open, bar.close)), axis.slot(min(bar.open, bar.close))

    def part(slot: int) -> int:
        if opened <= slot <= closed:
            return _BODY
        return _WICK if top <= slot <= bottom else _NONE

    return [(row, _GLYPHS[part(row * 2), part(row * 2 + 1)]) for row in range(top // 2, bottom // 2 + 1)]


def _entry_line(grid: Grid, picture: Picture, view: InstrumentView, axis: Axis) -> None:
    """A dotted line at the average price of what we hold, where the scale reaches it."""
    for position in picture.snapshot.positions:
        if position.instrument != view.id or not position.quantity:
            continue
        if axis.low < position.average_price < axis.high:
            cells = grid[axis.slot(position.average_price) // 2]
            for column, cell in enumerate(cells):
                if cell.text == " " and column % 2 == 0:
                    cells[column] = Piece("┄", "own")


def _draw_marks(grid: Grid, view: InstrumentView, bars: tuple[BarView, ...], axis: Axis, step: int) -> None:
    offset = len(grid[0]) - len(bars) * step
    for mark in view.marks:
        index = _bar_of(mark, bars, view.bar_period)
        if index is None:
            continue
        bar = bars[index]
        edge = axis.slot(bar.low) // 2 + 1 if mark.side == "BUY" else axis.slot(bar.high) // 2 - 1
        row = min(max(edge, 0), len(grid) - 1)
        grid[row][offset + index * step] = Piece(_MARKS[mark.side, mark.purpose == "ENTRY"], "own")


def _bar_of(mark: MarkView, bars: tuple[BarView, ...], period: int) -> int | None:
    """The bar that a fill fell into; a bar's time is its close. The running bar shows at the last."""
    if mark.time >= bars[-1].time:
        return len(bars) - 1 if mark.time < bars[-1].time + period else None
    for index, bar in enumerate(bars):
        if bar.time - period <= mark.time < bar.time:
            return index
    return None


def _label(view: InstrumentView, axis: Axis, row: int, margin: int) -> Line:
    if isfinite(view.last) and row == axis.slot(view.last) // 2:
        side = 1 if view.last_side == "BUY" else -1
        return [
            Piece("◄", "strong"),
            Piece(f"{numbers.fixed(view.last, view.price_decimals):<{margin - 1}}", numbers.trend_ink(side)),
        ]
    if row % 4 == 1:
        return [Piece(f" {numbers.fixed(axis.price(row), view.price_decimals):<{margin - 1}}", "faint")]
    return [Piece(" " * margin)]


def _volumes(bars: tuple[BarView, ...], columns: int, step: int, height: int) -> list[Line]:
    largest = max((b.volume for b in bars), default=0.0) or 1.0
    offset = columns - len(bars) * step
    rows: list[Line] = []
    for row in range(height):
        cells = [" "] * columns
        for index, bar in enumerate(bars):
            eighths = round(bar.volume / largest * height * 8) - (height - 1 - row) * 8
            cells[offset + index * step] = _EIGHTHS[min(max(eighths, 0), 8)]
        unit = f" vol {numbers.brief(largest)}" if row == height - 1 else ""
        rows.append([Piece("".join(cells), "volume"), Piece(unit, "faint")])
    return rows


def _join(cells: list[Piece]) -> Line:
    """Neighbouring cells of one ink as one piece."""
    line: Line = []
    for cell in cells:
        if line and (line[-1].ink == cell.ink or cell.text == " "):
            line[-1] = Piece(line[-1].text + cell.text, line[-1].ink)
        else:
            line.append(cell)
    return line
