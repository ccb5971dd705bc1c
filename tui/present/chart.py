"""The chart: candles with our fills, orders and average price, volume, a time axis, and the regime below."""

from __future__ import annotations

from math import isfinite

from midas.state.views.market import InstrumentView
from midas.state.views.orders import OrderView
from tui.present import numbers
from tui.present.bars import Candles, candles, time_axis
from tui.present.candles import draw_average, draw_fills, draw_orders, grid, volumes
from tui.present.lines import Line, Piece, Sheet, centred, clean
from tui.present.picture import Picture, Spot
from tui.present.regime import block
from tui.present.scale import Axis

FEW = 8  # candles


def chart(picture: Picture, spot: Spot) -> Sheet:
    """The chart of the shown instrument over its regime."""
    view, options = picture.instrument, picture.options
    title: Line = [Piece("chart", "title")]
    if view is None or not view.bars:
        return Sheet(title, centred("no bar closed yet", spot.width, spot.height))
    title = [Piece("chart ", "title"), Piece(view.name, "strong")]
    margin = _margin(view)
    columns = spot.width - margin
    shown = candles(view, options.bars, options.zoom, columns)
    below = 8 if spot.height >= 34 else 5 if spot.height >= 16 else 4 if spot.height >= 11 else 1
    volume = 2 if spot.height >= 18 else 1 if spot.height >= 9 else 0
    clock = int(spot.height >= 9)
    height = max(2, spot.height - below - volume - clock)
    axis = _axis(view, shown, spot, height)
    orders = _orders(picture, view)
    cells = grid(shown, axis, columns)
    draw_average(cells, view, axis)
    draw_orders(cells, orders, axis)
    draw_fills(cells, view.marks, shown, axis)
    labels = _labels(view, orders, axis)
    rows = [_join(row) + _label(labels, axis, index, view, margin) for index, row in enumerate(cells)]
    rows += volumes(shown, columns, volume, spot.scale.fit(max(bar.volume for bar in shown.bars)))
    if clock:
        rows.append([Piece(time_axis(shown, columns), "faint"), Piece(" UTC", "faint")])
    rows += block(picture, view, shown, columns, below, spot.width)
    return Sheet(title, rows, _note(view, shown, options.bars), _legend(spot.width, bool(orders)))


def _note(view: InstrumentView, shown: Candles, factor: int) -> Line:
    """The timeframe; where it has hardly a candle yet, that."""
    span = numbers.period(shown.span)
    many = f" of {factor} × {numbers.period(view.bar_period)}" if factor > 1 else ""
    line: Line = [Piece(f"{span} candles{many}", "dim" if factor == 1 else "strong")]
    if shown.known < FEW:
        line.append(Piece(f", only {shown.known} so far", "warn"))
    return line


def _legend(width: int, orders: bool) -> Line:
    marks: Line = [Piece("▲▼", "own"), Piece(" entry ", "dim"), Piece("△▽", "own"), Piece(" exit", "dim")]
    if width >= 44:
        every = ", all strategies" if width >= 52 else ""
        marks += [Piece(" ┄", "own"), Piece(f" our average{every}", "dim")]
    if width >= 70 and orders:
        marks += [Piece(" ─B ─S", "own"), Piece(" our orders", "dim")]
    return marks


def _margin(view: InstrumentView) -> int:
    """Cells that the price scale needs: the widest price and the pointer."""
    return max(len(numbers.fixed(view.bars[-1].high, view.price_decimals)) + 2, 10)


def _axis(view: InstrumentView, shown: Candles, spot: Spot, rows: int) -> Axis:
    drawn = [view.last, *(p for bar in shown.bars for p in (bar.low, bar.high))]
    prices = [price for price in drawn if isfinite(price)] or [0.0]
    low, high = min(prices), max(prices)
    tick = view.tick_size if view.tick_size > 0 else 1.0
    return spot.scale.axis(low, high, tick, rows, (view.id, shown.span, shown.step))


def _orders(picture: Picture, view: InstrumentView) -> list[OrderView]:
    return [o for o in picture.snapshot.orders if o.instrument == view.id and o.price > 0]


def _labels(view: InstrumentView, orders: list[OrderView], axis: Axis) -> dict[int, list[Piece]]:
    """By row, what stands beside the scale: the last price before our orders, those before the average."""
    labels: dict[int, list[Piece]] = {}
    average = view.held_average
    if isfinite(average) and axis.holds(average):
        labels[axis.slot(average) // 2] = [
            Piece("┄", "own"), Piece(numbers.fixed(average, view.price_decimals), "own")
        ]  # fmt: skip
    for order in sorted(orders, key=lambda o: o.status == "UNKNOWN"):  # of two in a row a doubt is seen
        if axis.holds(order.price):
            price_text = numbers.fixed(order.price, view.price_decimals)
            mark, ink = ("?", "doubt") if order.status == "UNKNOWN" else (clean(order.side[:1]), "own")
            labels[axis.slot(order.price) // 2] = [Piece(mark, ink), Piece(price_text, ink)]
    if isfinite(view.last):
        way = 1 if view.last_side == "BUY" else -1
        last = numbers.fixed(view.last, view.price_decimals)
        labels[axis.slot(view.last) // 2] = [Piece("◄", "strong"), Piece(last, numbers.trend_ink(way))]
    return labels


def _label(labels: dict[int, list[Piece]], axis: Axis, row: int, view: InstrumentView, margin: int) -> Line:
    if row in labels:
        mark, price = labels[row]
        return [mark, price._replace(text=f"{price.text:<{margin - 1}}")]
    if axis.labelled(row):
        return [Piece(f" {numbers.fixed(axis.price(row), view.price_decimals):<{margin - 1}}", "faint")]
    return [Piece(" " * margin)]


def _join(cells: list[Piece]) -> Line:
    """Neighbouring cells of one ink as one piece."""
    line: Line = []
    for cell in cells:
        if line and (line[-1].ink == cell.ink or cell.text == " "):
            line[-1] = Piece(line[-1].text + cell.text, line[-1].ink)
        else:
            line.append(cell)
    return line
