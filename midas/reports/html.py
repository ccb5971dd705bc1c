"""The report as one HTML file: nothing is loaded, nothing runs, light or dark as the reader's machine is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from pathlib import Path

from midas.domain.time import DAY
from midas.reports import charts, told, words
from midas.reports.candles import folded
from midas.reports.page import MONTHS
from midas.reports.sheet import Part, Sheet, Trade, Trading
from midas.reports.told import Block, Row

STYLE = Path(__file__).with_name("report.css")
TRADES = 60  # in the table: the rest is in the run's folder
_SOURCE = ("instrument", "rows", "candles", "from", "to", "file", "remark")
FULL = 0.10  # return of a month that has the strongest colour


def document(sheet: Sheet) -> str:
    """All of it."""
    body = "".join(_body(sheet))
    title = escape(f"{told.heading(sheet)}: back-test")
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE.read_text()}</style></head>\n<body><main>{body}</main></body></html>\n"
    )


def _body(sheet: Sheet) -> Iterator[str]:
    yield _header(sheet)
    yield _tiles(sheet)
    result, trading, luck = told.first_page(sheet)
    yield _table_section(result)
    yield f'<div class="pair">{_table_section(trading)}{_table_section(luck)}</div>'
    yield _section("Assumed", "", _sentences(told.assumed(sheet)))
    yield _chart("Equity and drawdown", f"{sheet.currency}, after all costs", charts.equity(sheet))
    yield _chart(
        "Against buying and holding", "growth since the start; the same money put in at the first close",
        charts.beside(sheet), _legend(("own", sheet.strategy), ("held", "buy and hold")),
    )  # fmt: skip
    for chart in sheet.charts:
        mine = sum(trade.instrument == chart.instrument for trade in sheet.trades)
        marked = f", the last {charts.MARKS} of {mine} trades" if mine > charts.MARKS else ""
        many, _ = folded(chart.candles, charts.CANDLES)
        note = f"candles of {words.length(many * chart.period)}{marked}; point at a mark to read its trade"
        yield _chart(f"{chart.name}: entries and exits", note, charts.prices(sheet, chart), _marks())
    yield _months(sheet)
    yield _chart(
        "What trades made", "number of trades by what they made of what was put in", charts.histogram(sheet)
    )
    yield _chart(
        "Rolling Sharpe ratio", f"of the {sheet.rolling_days} days before each day", charts.rolling(sheet)
    )
    yield _chart("Exposure", "what was held over equity", charts.exposure(sheet))
    yield f'<div class="pair">{_falls(sheet)}{_parts(sheet)}</div>'
    yield from map(_table_section, told.further(sheet))
    yield _trades(sheet)
    yield _made_of(sheet)


def _header(sheet: Sheet) -> str:
    stopped = " (interrupted: these are the bars until then)" if sheet.interrupted else ""
    return (
        f"<header><h1>{escape(told.heading(sheet))}</h1><p>{escape(told.setting(sheet) + stopped)}</p>"
        f'<p class="verdict">{escape(told.verdict(sheet))}</p></header>'
    )


def _tiles(sheet: Sheet) -> str:
    own, other, it = sheet.growth, sheet.benchmark, sheet.evidence
    held = f"buy and hold {words.percent(other.growth.total.value)}" if other is not None else ""
    unlike = it.positive is not None and it.deflated is None
    tiles = (
        ("Made", words.percent(own.total.value), held, _tone(own.total.value)),
        ("Worst fall", words.percent(sheet.worst),
         f"buy and hold {words.percent(other.worst)}" if other is not None else "", ""),
        ("Sharpe ratio", words.number(own.sharpe.value),
         f"95 %: {words.between(it.sharpe)}" if it.sharpe else words.why(own.sharpe, 30), ""),
        ("Skill after all trials", words.chance(it.deflated),
         words.too_few(it.trials) if unlike else f"{words.counted(it.trials, 'trial')} counted", ""),
        ("Costs", words.money(sheet.costs.total),
         f"{sheet.currency} of {sheet.costs.traded:,.0f} traded", ""),
        ("Trades", f"{sheet.trading.closed:,}",
         _won(sheet.trading), ""),
    )  # fmt: skip
    return '<div class="tiles">' + "".join(
        f'<div class="tile"><div class="name">{name}</div><div class="value {tone}">{escape(value)}</div>'
        f'<div class="note">{escape(note)}</div></div>'
        for name, value, note, tone in tiles
    ) + "</div>"  # fmt: skip


def _won(it: Trading) -> str:
    factor = words.factor(it.profit_factor)
    return f"{it.won:,} won" + (f"; profit factor {factor}" if factor != words.ABSENT else "")


def _table_section(block: Block) -> str:
    heads = "".join(f'<th class="value">{escape(head)}</th>' for head in block.heads)
    head = f"<tr><th></th>{heads}<th></th></tr>" if heads else ""
    columns = max((len(row.values) for row in block.rows), default=1)
    body = head + "".join(_row(row, columns) for row in block.rows)
    return _section(block.title.capitalize(), "", f'<div class="scroll"><table>{body}</table></div>')


def _row(row: Row, columns: int) -> str:
    if not row.values:
        return f'<tr><td class="empty" colspan="{columns + 2}">{escape(row.note)}</td></tr>'
    meaning = f'<span class="meaning">{escape(row.meaning)}</span>' if row.meaning else ""
    values = "".join(
        f'<td class="value{f" {row.tone}" if not place and row.tone else ""}">{escape(value)}</td>'
        for place, value in enumerate((*row.values, *("",) * (columns - len(row.values))))
    )
    return f'<tr><td>{escape(row.name)}{meaning}</td>{values}<td class="note">{escape(row.note)}</td></tr>'


def _section(title: str, note: str, body: str) -> str:
    if not body:
        return ""
    said = f"<p>{escape(note)}</p>" if note else ""
    return f"<section><h2>{escape(title)}</h2>{said}{body}</section>"


def _chart(title: str, note: str, picture: str, legend: str = "") -> str:
    return _section(title, note, f"{picture}{legend}") if picture else ""


def _legend(*entries: tuple[str, str]) -> str:
    keys = "".join(f'<span><i class="key-{kind}"></i>{escape(name)}</span>' for kind, name in entries)
    return f'<div class="legend">{keys}</div>'


def _marks() -> str:
    return (
        '<div class="legend"><span><b class="entry-key">▲</b>entry</span><span><b>▼</b>exit</span>'
        '<span><b class="good">╌╌</b>trade that won</span>'
        '<span><b class="bad">╌╌</b>trade that lost</span></div>'
    )


def _months(sheet: Sheet) -> str:
    """A year a row, stronger colours for larger returns; the number stands in every cell."""
    if len(sheet.months) < 2:
        return ""
    heads = "".join(f"<th>{name}</th>" for name in (*MONTHS, "Year"))
    rows = []
    for year in sorted({month.year for month in sheet.months}):
        mine = {month.month: month.result for month in sheet.months if month.year == year}
        total = 1.0
        for result in mine.values():
            total *= 1.0 + result
        cells = "".join(_warm(mine.get(month)) for month in range(1, 13))
        rows.append(f'<tr><th>{year}</th>{cells}<td class="year">{words.points(total - 1.0)}</td></tr>')
    table = f'<div class="scroll"><table class="heat"><tr><th></th>{heads}</tr>{"".join(rows)}</table></div>'
    return _section("Returns by month", "per cent, UTC", table)


def _warm(result: float | None) -> str:
    if result is None:
        return "<td></td>"
    strength = min(abs(result) / FULL, 1.0) * 0.55
    tone = "up" if result >= 0.0 else "down"
    return f'<td style="background:rgba(var(--heat-{tone}),{strength:.2f})">{words.points(result)}</td>'


def _falls(sheet: Sheet) -> str:
    span = sheet.ends - sheet.begins
    rows = [
        (
            words.percent(fall.depth, 2), words.moment(fall.peak_at, span),
            words.moment(fall.trough_at, span),
            words.moment(fall.recovered_at, span) if fall.recovered_at else "not yet",
            words.length((fall.recovered_at or sheet.ends) - fall.peak_at),
        )
        for fall in sheet.falls
    ]  # fmt: skip
    return _section("Worst falls", "", _table(("depth", "from", "lowest", "back", "lasted"), rows))


def _parts(sheet: Sheet) -> str:
    rows = [
        (_part_name(part), words.signed(part.profit), f"{part.trades:,}",
         words.share(part.time) if part.kind == "regime" else "")
        for part in sheet.parts
    ]  # fmt: skip
    note = f"{sheet.currency} by strategy, instrument, and the kind of market that the rules saw"
    return _section("Where it came from", note, _table(("part", "result", "trades", "of the time"), rows))


def _part_name(part: Part) -> str:
    return f"{part.kind}: {part.name}"


def _trades(sheet: Sheet) -> str:
    shown = sheet.trades[-TRADES:][::-1]
    of = (
        f"the newest {len(shown)} of {sheet.trading.closed:,}"
        if len(shown) < sheet.trading.closed
        else "newest first"
    )
    heads = (
        "opened",
        "closed",
        "held",
        "instrument",
        "way",
        "quantity",
        "entry",
        "exit",
        "result",
        "of input",
        "ended by",
    )
    names = {chart.instrument: chart.name for chart in sheet.charts}
    return _section("Trades", of, _table(heads, (_trade(trade, names) for trade in shown)))


def _trade(trade: Trade, names: Mapping[str, str]) -> tuple[str, ...]:
    return (
        words.minute(trade.opened_at), words.minute(trade.closed_at),
        words.length(trade.closed_at - trade.opened_at), names.get(trade.instrument, trade.instrument),
        "long" if trade.long else "short", f"{trade.quantity:g}", f"{trade.entry:,.8g}", f"{trade.exit:,.8g}",
        words.signed(trade.profit), words.percent(trade.result, 2), trade.ended or words.ABSENT,
    )  # fmt: skip


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    body = "".join(
        "<tr>" + "".join(
            f"<td>{escape(cell)}</td>" if not place else f'<td class="plain">{escape(cell)}</td>'
            for place, cell in enumerate(row)
        ) + "</tr>"
        for row in rows
    )  # fmt: skip
    if not body:
        return ""
    head = "".join(
        f"<th{' class=value' if place else ''}>{escape(name)}</th>" for place, name in enumerate(heads)
    )
    return f'<div class="scroll"><table><tr>{head}</tr>{body}</table></div>'


def _made_of(sheet: Sheet) -> str:
    """Data, signals, and what the engine had to say; the run's id last."""
    data = [
        (source.instrument, f"{source.rows:,}", words.period(source.period), words.minute(source.begins),
         words.minute(source.ends), source.file or "-", source.remark)
        for source in sheet.data
    ]  # fmt: skip
    said = [f"{words.minute(at)}  {text}" for at, text in sheet.told]
    lists = filter(None, [told.readiness(sheet), *told.signals(sheet), told.refusals(sheet)])
    parts = _section("Data", "", _table(_SOURCE, data))
    parts += _section("What the engine did and said", "", _sentences([*lists, *said]))
    made = (
        f"Run {sheet.id}, made {words.minute(sheet.made_at)} UTC in {sheet.seconds:.1f} s. "
        if sheet.id
        else ""
    )
    years = (sheet.ends - sheet.begins) / (365 * DAY)
    caution = f"One path of {years:.1f} years: what held there need not hold on the next one."
    return f"{parts}<footer>{escape(made + caution)}</footer>"


def _sentences(lines: Iterable[str]) -> str:
    return "".join(f"<div>{escape(line)}</div>" for line in lines)


def _tone(value: float | None) -> str:
    return "" if not value else "good" if value > 0.0 else "bad"
