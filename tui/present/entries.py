"""The prices of the chosen run with its entries and exits, on the grid of the live chart."""

from __future__ import annotations

from midas.reports import words
from midas.reports.candles import folded
from midas.reports.sheet import Chart, Trade
from midas.reports.sheet import Sheet as Kept
from midas.state.views.market import BarView, MarkView
from tui.present import numbers
from tui.present.bars import Candles
from tui.present.candles import draw_fills, grid, volumes
from tui.present.growth import dates
from tui.present.lines import Line, Piece, Sheet, centred
from tui.present.picture import Picture, Spot
from tui.present.shelf import missing, opened
from tui.present.table import Column, fitting, heading, row

ZOOMS = (1, 2, 3, 4)
MARGIN = 11  # columns: ` vol ≤36.7k`


def chart(picture: Picture, spot: Spot) -> Sheet:
    """One instrument at a time: < and > go through them."""
    sheet = opened(picture)
    if sheet is None:
        return missing(picture, spot, "entries and exits")
    if not sheet.charts:
        return Sheet([Piece("entries and exits", "title")], centred("no bars", spot.width, spot.height))
    shown = sheet.charts[picture.options.sheet_chart % len(sheet.charts)]
    candles = shown.candles
    digits = shown.decimals if shown.decimals <= 2 or candles[-1].close < 100 else 2
    margin = max(len(numbers.fixed(max(c.high for c in candles), digits)) + 2, MARGIN)
    columns = max(8, spot.width - margin)
    span, bars = _folded(shown, columns)
    height = max(2, spot.height - 1 - (2 if spot.height >= 14 else 0))
    low, high = min(b.low for b in bars.bars), max(b.high for b in bars.bars)
    axis = spot.scale.axis(low, high, 10.0**-digits, height, (sheet.id, shown.instrument, columns))
    cells = grid(bars, axis, columns)
    draw_fills(cells, _marks(sheet, shown), bars, axis)
    rows = [[*line, _label(axis.price(n), axis.labelled(n), digits, margin)] for n, line in enumerate(cells)]
    if spot.height >= 14:
        rows += volumes(bars, columns, 2, max(bar.volume for bar in bars.bars) or 1.0)
    rows.append(dates(candles[0].time - shown.period, candles[-1].time, bars.places[-1] + bars.step))
    many = (
        f" {picture.options.sheet_chart % len(sheet.charts) + 1} of {len(sheet.charts)}"
        if len(sheet.charts) > 1
        else ""
    )
    title: Line = [Piece("entries and exits ", "title"), Piece(f"{shown.name}{many}", "strong")]
    marks: Line = [Piece("▲▼", "own"), Piece(" entry ", "dim"), Piece("△▽", "own"), Piece(" exit", "dim")]
    return Sheet(title, rows, [Piece(f"candles of {words.length(span)}", "dim")], marks)


def trade_keys(picture: Picture, _height: int) -> list[str]:
    """The trades that the cursor can stand on, newest first."""
    sheet = opened(picture)
    return [f"trade:{n}" for n in range(len(sheet.trades))] if sheet is not None else []


def trades(picture: Picture, spot: Spot) -> Sheet:
    """The closed trades, newest on top."""
    sheet = opened(picture)
    if sheet is None:
        return missing(picture, spot, "trades")
    title: Line = [Piece("trades ", "title"), Piece(f"{sheet.trading.closed:,}", "strong")]
    if not sheet.trades:
        return Sheet(title, centred("no trade was closed", spot.width, spot.height))
    newest = sheet.trades[::-1]
    columns = fitting(_columns(sheet), spot.width - 1)
    rows: list[Line] = [[Piece(" "), *heading(columns)]]
    keys = trade_keys(picture, 0)
    for index in spot.rows(keys, max(1, spot.height - 1)):
        here = keys[index] == spot.selected
        rows.append([Piece("▶" if here else " ", "cursor"), *row(columns, newest[index])])
    fewer = len(newest) < sheet.trading.closed
    note: Line = [Piece(f"the newest {len(newest):,}" if fewer else "newest first", "dim")]
    return Sheet(title, rows, note)


def _columns(sheet: Kept) -> list[Column[Trade]]:
    names = {chart.instrument: (chart.name, chart.decimals) for chart in sheet.charts}
    return [
        Column("closed", 16, 0, lambda t: Piece(words.minute(t.closed_at), "dim"), left=True),
        Column("result", 10, 0, lambda t: Piece(words.signed(t.profit), numbers.trend_ink(t.profit))),
        Column("of input", 8, 0, lambda t: Piece(words.percent(t.result, 2), numbers.trend_ink(t.result))),
        Column("way", 5, 3, lambda t: Piece("long" if t.long else "short"), left=True),
        Column("on", 9, 1, lambda t: Piece(names.get(t.instrument, (t.instrument, 2))[0]), left=True),
        Column("held", 8, 4, lambda t: Piece(words.length(t.closed_at - t.opened_at), "dim")),
        Column("entry", 11, 5, lambda t: Piece(numbers.fixed(t.entry, names.get(t.instrument, ("", 2))[1]))),
        Column("exit", 11, 6, lambda t: Piece(numbers.fixed(t.exit, names.get(t.instrument, ("", 2))[1]))),
        Column("quantity", 11, 7, lambda t: Piece(f"{t.quantity:g}", "dim")),
        Column("fees", 8, 8, lambda t: Piece(words.money(t.fees), "dim")),
        Column("strategy", 15, 9, lambda t: Piece(t.strategy, "dim"), left=True),
    ]


def _folded(chart: Chart, columns: int) -> tuple[int, Candles]:
    """As many candles as there are columns, or wider ones where they are few; how long each lasts."""
    many, joined = folded(chart.candles, columns)
    bars = [BarView(c.time, c.open, c.high, c.low, c.close, c.volume, False) for c in joined]
    span = chart.period * many
    step = next((zoom for zoom in reversed(ZOOMS) if zoom * len(bars) <= columns), 1)
    places = [number * step for number in range(len(bars))]
    return span, Candles(bars, places, span, step, len(bars))


def _marks(sheet: Kept, chart: Chart) -> list[MarkView]:
    """Two marks a trade, in the order of time."""
    found = []
    for trade in sheet.trades:
        if trade.instrument == chart.instrument:
            sides = ("BUY", "SELL") if trade.long else ("SELL", "BUY")
            found.append(MarkView(trade.opened_at, trade.entry, trade.quantity, sides[0], "ENTRY", ""))
            found.append(MarkView(trade.closed_at, trade.exit, trade.quantity, sides[1], "EXIT", ""))
    return sorted(found, key=lambda mark: mark.time)


def _label(price: float, told: bool, digits: int, margin: int) -> Piece:
    return Piece(f" {numbers.fixed(price, digits):<{margin - 1}}" if told else " " * margin, "faint")
