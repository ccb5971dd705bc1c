"""The equity of the chosen run over time, how far it lay below its peak, and its months."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, pairwise
from operator import itemgetter

from midas.reports import sheet as kept
from midas.reports import words
from tui.present.equity import heights
from tui.present.lines import Line, Piece, Sheet, centred, clip
from tui.present.picture import Picture, Spot
from tui.present.shelf import missing, opened

EIGHTHS = " ▁▂▃▄▅▆▇█"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
CELL = 6
NARROW = 5 + 12 * CELL + 7
ROOMY = 10  # rows, with a line between the equity and its falls


def curve(picture: Picture, spot: Spot) -> Sheet:
    """Equity as an area, its falls hanging below."""
    sheet = opened(picture)
    if sheet is None:
        return missing(picture, spot, "equity")
    title: Line = [Piece("equity ", "title"), Piece(sheet.currency, "dim")]
    points = sheet.curve.equity
    if len(points) < 2:
        return Sheet(title, centred("too few bars for a curve", spot.width, spot.height))
    margin = max(len(words.number(v, 0)) for v in (min(points), max(points))) + 1
    columns = max(2, spot.width - max(margin, 8))
    under = max(1, (spot.height - 1) // 4) if spot.height >= 6 else 0
    beside = sheet.curve.held if _beside(sheet.curve) else ()
    ruled = 1 if under and spot.height >= ROOMY else 0
    rows = area(points, columns, spot.height - 1 - under - ruled, spot.width, beside)
    if under:
        rows += [[Piece("─" * columns, "faint")]] * ruled
        rows += hanging(sheet.curve.drawdown, columns, under, spot.width)
    rows.append(dates(sheet.begins, sheet.ends, columns))
    held = sheet.benchmark.growth.total.value if sheet.benchmark is not None else None
    note: Line = [Piece(words.percent(sheet.growth.total.value), "strong")]
    note += (
        [Piece(f" {'• ' if beside else ''}buy & hold {words.percent(held)}", "dim")]
        if held is not None
        else []
    )
    return Sheet(title, rows, note)


def _beside(curve: kept.Curve) -> bool:
    """Whether holding can be drawn on the same scale: most of it lies between our extremes."""
    low, high = min(curve.equity), max(curve.equity)
    return 2 * sum(low <= value <= high for value in curve.held) > len(curve.held)


def area(
    points: Sequence[float], columns: int, rows: int, width: int, held: Sequence[float] = ()
) -> list[Line]:
    """Bars of eighths from the lowest to the highest value, which stand beside them.

    `held`: what is compared with it, a dot a column, where it lies between these two values.
    """
    rows = max(1, rows)
    tall = heights(list(points), columns, rows)
    dots = _dots(held, columns, rows, min(points), max(points))
    labels = {0: words.number(max(points), 0), rows - 1: words.number(min(points), 0)}
    drawn: list[Line] = []
    for row in range(rows):
        floor = (rows - 1 - row) * 8
        cells = [
            ("•", "strong") if dot == row else (EIGHTHS[min(8, max(0, size - floor))], "volume")
            for size, dot in zip(tall, dots, strict=True)
        ]
        line = [Piece("".join(sign for sign, _ in some), ink) for ink, some in groupby(cells, itemgetter(1))]
        drawn.append([*line, Piece(f"{labels.get(row, ''):>{width - columns}}", "dim")])
    return drawn


def _dots(held: Sequence[float], columns: int, rows: int, low: float, high: float) -> list[int]:
    """In which row each column has its dot; -1 where it has none."""
    if not held or high <= low:
        return [-1] * columns
    picked = [held[min(len(held) - 1, i * len(held) // columns)] for i in range(columns)]
    share = [(value - low) / (high - low) for value in picked]
    return [rows - 1 - min(rows - 1, int(part * rows)) if 0.0 <= part <= 1.0 else -1 for part in share]


def hanging(falls: Sequence[float], columns: int, rows: int, width: int) -> list[Line]:
    """Falls as marks that reach down, the deepest of them to the lowest row."""
    deepest = min(falls)
    if deepest >= 0.0:
        return [[Piece("never below its peak", "faint")]] + [[] for _ in range(rows - 1)]
    edges = [place * len(falls) // columns for place in range(columns + 1)]
    parts = [min(falls[a : max(b, a + 1)]) for a, b in pairwise(edges)]
    deep = [round(value / deepest * rows * 2) for value in parts]
    drawn: list[Line] = []
    for row in range(rows):
        text = "".join("█" if d >= row * 2 + 2 else "▀" if d == row * 2 + 1 else " " for d in deep)
        label = words.percent(deepest) if row == rows - 1 else ""
        drawn.append([Piece(text, "down"), Piece(f"{label:>{width - columns}}", "dim")])
    return drawn


def dates(begins: int, ends: int, columns: int) -> Line:
    """The ends of the axis, and its middle where there is room."""
    span = ends - begins
    left, right = words.moment(begins, span), words.moment(max(ends - 1, begins), span)
    if columns < len(left) + len(right) + 2:
        return [Piece(left[:columns], "faint")]
    text = f"{left}{right:>{columns - len(left)}}"
    middle = words.moment(begins + span // 2, span)
    at = columns // 2 - len(middle) // 2
    if columns >= 4 * len(middle):
        text = f"{text[:at]}{middle}{text[at + len(middle) :]}"
    return [Piece(text, "faint")]


def months(picture: Picture, spot: Spot) -> Sheet:
    """A year a row, newest on top, then the deepest falls."""
    sheet = opened(picture)
    if sheet is None:
        return missing(picture, spot, "months")
    rows = [*_months(sheet, spot.width), [], *_falls(sheet, spot.width)]
    return Sheet([Piece("months and falls", "title")], rows, [Piece("per cent", "dim")])


def _months(sheet: kept.Sheet, width: int) -> list[Line]:
    wide = width >= NARROW
    cell = CELL if wide else max(4, (width - 12) // 12)
    names = "".join(f"{name:>{cell}}" for name in MONTHS)
    rows: list[Line] = [[Piece(clip(f"    {names}{'year':>7}", width), "faint")]]
    for year in sorted({month.year for month in sheet.months}, reverse=True):
        mine = {month.month: month.result for month in sheet.months if month.year == year}
        line: Line = [Piece(f"{year}", "dim")]
        total = 1.0
        for number in range(1, 13):
            result = mine.get(number)
            total *= 1.0 + (result or 0.0)
            line.append(_warm(result, cell))
        rows.append([*line, Piece(f"{_moved(total - 1.0, 1):>7}", "strong")])
    return rows


def _warm(result: float | None, cell: int) -> Piece:
    if result is None:
        return Piece(" " * cell)
    text = _moved(result, 1 if cell >= CELL else 0)
    return Piece(f"{text:>{cell}}", "faint" if text == "0" else "up" if result > 0.0 else "down")


def _moved(result: float, decimals: int) -> str:
    """`+1.8`, `-0.4`, and `0` for what rounds to nothing."""
    text = f"{result * 100:+.{decimals}f}"
    return text if text.strip("+-0.") else "0"


def _falls(sheet: kept.Sheet, width: int) -> list[Line]:
    if not sheet.falls:
        return [[Piece("it never fell below its peak", "dim")]]
    span = sheet.ends - sheet.begins
    rows: list[Line] = [
        [
            Piece(
                clip(f"{'worst falls':12}{'from':>12}{'lowest':>12}{'back':>12}{'lasted':>12}", width),
                "faint",
            )
        ]
    ]
    for fall in sheet.falls:
        back = words.moment(fall.recovered_at, span) if fall.recovered_at else "not yet"
        lasted = words.length((fall.recovered_at or sheet.ends) - fall.peak_at)
        when = f"{words.moment(fall.peak_at, span):>12}{words.moment(fall.trough_at, span):>12}"
        rows.append(
            [Piece(f"{words.percent(fall.depth, 2):12}", "down"), Piece(f"{when}{back:>12}{lasted:>12}")]
        )
    return rows
