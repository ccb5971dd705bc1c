"""The report on a terminal: the first page in 80 columns and 24 rows, the rest below it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import pairwise
from textwrap import wrap as wrapped

from midas.reports import told, words
from midas.reports.sheet import Bin, Sheet
from midas.reports.told import Block, Row

NARROW = 80
ROOMY = 112  # columns from which on plain words stand beside every figure
NAME, VALUE = 22, 11
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
BLOCKS = " ▁▂▃▄▅▆▇█"
FALLS, YEARS, SAID = 5, 40, 5
wrap = partial(wrapped, break_on_hyphens=False)
BINS = 12  # of trades: rows of a page


def first(sheet: Sheet, width: int = NARROW) -> list[str]:
    """What has to be known before anything else."""
    width = max(width, NARROW) - 1
    rows = []
    for line in (f"{told.heading(sheet)}{_id(sheet)}", told.setting(sheet), told.verdict(sheet)):
        rows += wrap(line, width)
    for block in told.first_page(sheet):
        rows += _block(block, width)
    rows += wrap(told.data_short(sheet), width, subsequent_indent="  ")
    rows += wrap(told.assumed_short(sheet), width, subsequent_indent="  ")
    return [row.rstrip() for row in rows]


def whole(sheet: Sheet, width: int = NARROW) -> list[str]:
    """All of it."""
    edge = max(width, NARROW) - 1
    rows = [*first(sheet, width), *_assumed(sheet, edge), "", *_equity(sheet, edge), ""]
    for block in told.further(sheet):
        rows += [*_block(block, edge), ""]
    rows += [*_months(sheet, edge), *_falls(sheet), *_spread_of_trades(sheet, edge), *_rolling(sheet, edge)]
    rows += [*_exposure(sheet, edge), *_parts(sheet), *_data(sheet, edge), *_events(sheet, edge)]
    return [row.rstrip() for row in rows]


def _assumed(sheet: Sheet, width: int) -> Iterator[str]:
    """In whole sentences."""
    for line in told.assumed(sheet)[1:]:
        yield from wrap(line, width, initial_indent="  ", subsequent_indent="  ")


def _id(sheet: Sheet) -> str:
    return f"   run {sheet.id}" if sheet.id else ""


def _block(block: Block, width: int) -> Iterator[str]:
    """A title with the names of its columns, then a row a figure."""
    heads = "".join(f"{head:>{VALUE}}" for head in block.heads)
    yield f"{f'{block.title} ':─<{NAME + (0 if heads else VALUE)}}{heads}"
    for row in block.rows:
        yield from _row(row, width)


def _row(row: Row, width: int) -> Iterator[str]:
    """What doesn't fit goes on below itself."""
    if not row.values:
        yield from wrap(row.note, width, initial_indent="  ", subsequent_indent="    ")
        return
    values = "".join(f"{value:>{VALUE}}" for value in row.values)
    begin = f"{row.name:{NAME}}{values}  "
    if width >= ROOMY and row.meaning and len(begin) + len(row.note) < NARROW:
        beside = f"{f'{begin}{row.note}':{NARROW}}{row.meaning}"
        yield from wrap(beside, width, subsequent_indent=" " * NARROW)
        return
    yield from wrap(f"{begin}{row.note}", width, subsequent_indent=" " * len(begin))


def _equity(sheet: Sheet, width: int) -> Iterator[str]:
    """The curve in eight rows, and how far it lay below its peak."""
    curve = sheet.curve
    if len(curve.equity) < 2:
        return
    margin = 12
    columns = width - margin
    rows = 8
    values = _sampled(curve.equity, columns)
    low, high = min(values), max(values)
    tall = [1 + round((v - low) / (high - low) * (rows * 8 - 1)) if high > low else rows * 4 for v in values]
    yield f"equity in {sheet.currency}, and below it how far it lay under its peak"
    for row in range(rows):
        floor = (rows - 1 - row) * 8
        label = words.number(high if not row else low, 0) if row in (0, rows - 1) else ""
        yield "".join(BLOCKS[min(8, max(0, t - floor))] for t in tall) + f"{label:>{margin}}"
    falls = [-value for value in _deepest(curve.drawdown, columns)]
    worst = max(falls)
    if worst > 0.0:
        yield _sparkline(falls, worst) + f"{words.percent(-worst):>{margin}}"
    yield _dates(sheet, columns)


def _dates(sheet: Sheet, columns: int) -> str:
    span = sheet.ends - sheet.begins
    left, right = words.moment(sheet.begins, span), words.moment(sheet.ends - 1, span)
    return f"{left}{right:>{columns - len(left)}}"


def _months(sheet: Sheet, width: int) -> Iterator[str]:
    if len(sheet.months) < 2:
        return
    cell = 6 if width >= 4 + 12 * 6 + 8 else 5
    yield "returns by month, %"
    yield f"{'':4}" + "".join(f"{name:>{cell}}" for name in MONTHS) + f"{'year':>8}"
    for year in sorted({month.year for month in sheet.months})[-YEARS:]:
        mine = {month.month: month.result for month in sheet.months if month.year == year}
        texts = (words.points(mine[n], cell - 1) if n in mine else "" for n in range(1, 13))
        cells = "".join(f"{text:>{cell}}" for text in texts)
        total = 1.0
        for result in mine.values():
            total *= 1.0 + result
        yield f"{year}{cells}{words.points(total - 1.0):>8}"
    yield ""


def _falls(sheet: Sheet) -> Iterator[str]:
    if not sheet.falls:
        return
    span = sheet.ends - sheet.begins
    yield f"{'worst falls':12}{'from':>12}{'lowest':>12}{'back':>12}{'lasted':>12}"
    for fall in sheet.falls[:FALLS]:
        back = words.moment(fall.recovered_at, span) if fall.recovered_at else "not yet"
        lasted = words.length((fall.recovered_at or sheet.ends) - fall.peak_at)
        when = f"{words.moment(fall.peak_at, span):>12}{words.moment(fall.trough_at, span):>12}"
        yield f"{words.percent(fall.depth, 2):12}{when}{back:>12}{lasted:>12}"
    yield ""


def _spread_of_trades(sheet: Sheet, width: int) -> Iterator[str]:
    if not sheet.bins or sheet.trading.closed < 2:
        return
    bins = coarser(sheet.bins)
    most = max(each.count for each in bins)
    fine = 1 if bins[0].high - bins[0].low >= 0.001 else 2
    yield f"{words.counted(sheet.trading.closed, 'trade')} by what they made of what was put in"
    for each in bins:
        bar = "█" * round(each.count / most * (width - 40)) or ("▏" if each.count else "")
        span = f"{words.percent(each.low, fine):>8} to {words.percent(each.high, fine):>8}"
        yield f"{span} {each.count:>6} {bar}".rstrip()
    yield ""


def coarser(bins: Sequence[Bin]) -> list[Bin]:
    """Two in one until they are few; 0 stays between two of them."""
    found = list(bins)
    while len(found) > BINS:
        begin = next((place for place, each in enumerate(found) if each.low >= 0.0), 0) % 2
        pairs = [found[:begin]] if begin else []
        pairs += [found[place : place + 2] for place in range(begin, len(found), 2)]
        found = [Bin(pair[0].low, pair[-1].high, sum(each.count for each in pair)) for pair in pairs]
    return found


def _rolling(sheet: Sheet, width: int) -> Iterator[str]:
    if len(sheet.rolling) < 2:
        return
    values = [point.value for point in sheet.rolling]
    columns = width - 28
    line = _sparkline([v - min(values) for v in _sampled(values, columns)], max(values) - min(values))
    yield f"Sharpe, {sheet.rolling_days} days before  {line}"
    low, high, now = (words.number(value) for value in (min(values), max(values), values[-1]))
    yield f"{'':22}from {low} to {high}, now {now}"
    yield ""


def _exposure(sheet: Sheet, width: int) -> Iterator[str]:
    values = sheet.curve.exposure
    if not values or max(values) <= 0.0:
        return
    columns = width - 28
    yield f"{'held over equity':22}{_sparkline(_sampled(values, columns), max(values))}"
    yield f"{'':22}at most {words.share(max(values))} of equity"
    yield ""


def _parts(sheet: Sheet) -> Iterator[str]:
    for kind in ("strategy", "instrument", "regime"):
        mine = [part for part in sheet.parts if part.kind == kind]
        if len(mine) < 2 and kind != "regime":
            continue  # all of it
        last = "of the time" if kind == "regime" else "fees"
        yield f"{'by ' + kind:24}{'result':>14}{'trades':>10}{last:>14}"
        for part in mine:
            more = words.share(part.time) if kind == "regime" else words.money(part.fees)
            if len(part.name) > 23:
                yield part.name
            name = part.name if len(part.name) <= 23 else ""
            yield f"{name:24}{words.signed(part.profit):>14}{part.trades:>10}{more:>14}"
        yield ""


def _data(sheet: Sheet, width: int) -> Iterator[str]:
    yield "data"
    for source in sheet.data:
        rows = f"{source.rows:,} of {words.period(source.period)}"
        span = f"{words.day(source.begins)} to {words.day(source.ends - 1)}"
        line = f"  {source.instrument:12} {rows}, {span}"
        if not source.file:
            yield line
        elif len(line) + 2 + len(source.file) <= width:
            yield f"{line}  {source.file}"
        else:
            yield line
            yield from wrap(source.file, width, initial_indent="    ", subsequent_indent="    ")
        yield from wrap(source.remark, width, initial_indent="    ", subsequent_indent="    ")
    yield ""


def _events(sheet: Sheet, width: int) -> Iterator[str]:
    """What became of the signals, which limits said no, and what the engine had to say."""
    yield from wrap(told.readiness(sheet), width, subsequent_indent="  ")
    for place, line in enumerate(told.signals(sheet)):
        yield from wrap(line, width, initial_indent="  " if place else "", subsequent_indent="    ")
    yield from wrap(told.refusals(sheet), width, subsequent_indent="  ")
    for at, text in sheet.told[:SAID]:
        yield from wrap(f"{words.minute(at)}  {text}", width, subsequent_indent="  ")
    if len(sheet.told) > SAID:
        yield f"... and {len(sheet.told) - SAID} more: `midas report {sheet.id or 'RUN'} --json` has them"


def _sampled(values: Sequence[float], columns: int) -> list[float]:
    """As many as there are columns, the last one among them."""
    columns = max(1, min(columns, 4 * len(values)))
    picked = [values[min(len(values) - 1, place * len(values) // columns)] for place in range(columns)]
    picked[-1] = values[-1]
    return picked


def _deepest(values: Sequence[float], columns: int) -> list[float]:
    """The lowest of each part."""
    columns = max(1, min(columns, 4 * len(values)))
    edges = [place * len(values) // columns for place in range(columns + 1)]
    return [min(values[low : max(high, low + 1)]) for low, high in pairwise(edges)]


def _sparkline(values: Sequence[float], full: float) -> str:
    return "".join(BLOCKS[round(value / full * 8)] if full > 0.0 else BLOCKS[1] for value in values)
