"""The charts of the report in HTML."""

from __future__ import annotations

from html import escape

from midas.reports import svg, words
from midas.reports.candles import folded
from midas.reports.sheet import Bin, Chart, Sheet, Trade

WIDE_APART = 3.0  # the larger of two growths over the smaller, from which on both need a logarithmic scale
CANDLES = 240
MARKS = 300  # trades on one chart: more of them would hide the prices


def equity(sheet: Sheet) -> str:
    """The account's equity, and below it how far it lay under its peak."""
    curve = sheet.curve
    if len(curve.time) < 2:
        return ""
    height, under = 260, 110
    x = svg.scale_x(sheet.begins, sheet.ends)
    y = svg.scale_y((*curve.equity, sheet.cash), height)
    points = [(x(at), y(value)) for at, value in zip(curve.time, curve.equity, strict=True)]
    start = y(sheet.cash)
    body = svg.axes(x, y, height, lambda v: f"{v:,.0f}")
    body += svg.area(points, height - svg.BOTTOM, "own-area") + svg.line(points, "own")
    body += (
        f'<line class="zero" x1="{svg.LEFT}" x2="{svg.WIDTH - svg.RIGHT}" y1="{start:.1f}" y2="{start:.1f}"/>'
    )
    upper = svg.drawing(body, height, f"Equity in {sheet.currency}")
    deep = svg.Scale(min(*curve.drawdown, -1e-4) * 1.08, 0.0, under - svg.BOTTOM, svg.TOP)
    falls = [(x(at), deep(value)) for at, value in zip(curve.time, curve.drawdown, strict=True)]
    body = svg.axes(x, deep, under, lambda v: words.percent(v, _decimals(deep)))
    body += svg.area(falls, svg.TOP, "fall-area") + svg.line(falls, "fall")
    return upper + svg.drawing(body, under, "How far below its peak")


def beside(sheet: Sheet) -> str:
    """What one unit of money became, here and by buying and holding."""
    curve = sheet.curve
    if len(curve.time) < 2 or not curve.held or sheet.cash <= 0.0:
        return ""
    height = 230
    own = [value / sheet.cash for value in curve.equity]
    held = [value / sheet.cash for value in curve.held]
    far = min(*own, *held) > 0.0 and max(*own, *held) / min(*own, *held) > WIDE_APART
    x, y = svg.scale_x(sheet.begins, sheet.ends), svg.scale_y((*own, *held), height, far)
    body = svg.axes(x, y, height, lambda v: words.percent(v - 1.0, 0 if y.high - y.low > 0.1 else 2))
    for values, kind in ((held, "held"), (own, "own")):
        body += svg.line([(x(at), y(v)) for at, v in zip(curve.time, values, strict=True)], kind)
    return svg.drawing(body, height, "Growth of the strategy and of buying and holding")


def prices(sheet: Sheet, chart: Chart) -> str:
    """Candles with every entry and exit that there is room for."""
    if len(chart.candles) < 2:
        return ""
    height = 340
    many, candles = folded(chart.candles, CANDLES)
    first, last = chart.candles[0].time - chart.period, chart.candles[-1].time
    x = svg.scale_x(first, last)
    y = svg.scale_y((p for candle in candles for p in (candle.low, candle.high)), height)
    digits = 0 if chart.candles[-1].close >= 1_000 else chart.decimals
    body = svg.axes(x, y, height, lambda v: f"{v:,.{digits}f}")
    wide = max(1.0, (x(last) - x(first)) / len(candles) * 0.64)
    for candle in candles:
        kind = "up" if candle.close >= candle.open else "down"
        middle = x(candle.time - many * chart.period / 2)
        top, low = y(max(candle.open, candle.close)), y(min(candle.open, candle.close))
        body += f'<path class="wick {kind}" d="M{middle:.1f} {y(candle.high):.1f}V{y(candle.low):.1f}"/>'
        body += (
            f'<rect class="body {kind}" x="{middle - wide / 2:.1f}" y="{top:.1f}" width="{wide:.1f}" '
            f'height="{max(low - top, 0.8):.1f}"/>'
        )
    mine = [trade for trade in sheet.trades if trade.instrument == chart.instrument][-MARKS:]
    body += "".join(_marked(trade, x, y, chart.decimals) for trade in mine)
    return svg.drawing(body, height, f"Prices of {chart.name} with entries and exits")


def histogram(sheet: Sheet) -> str:
    """How many trades made how much of what was put in."""
    if sheet.trading.closed < 2 or not sheet.bins:
        return ""
    height = 220
    most = max(each.count for each in sheet.bins)
    y = svg.Scale(0.0, most * 1.08, height - svg.BOTTOM, svg.TOP)
    x = svg.Scale(sheet.bins[0].low, sheet.bins[-1].high, svg.LEFT, svg.WIDTH - svg.RIGHT)
    body = ""
    right = svg.WIDTH - svg.RIGHT
    for value in svg.ticks(y, 4):
        if value == int(value):
            at = y(value)
            body += f'<line class="grid" x1="{svg.LEFT}" x2="{right}" y1="{at:.1f}" y2="{at:.1f}"/>'
            body += f'<text class="tick" x="{right + 6}" y="{at + 3.5:.1f}">{value:.0f}</text>'
    for value in svg.ticks(x, 12):
        said = words.percent(value, _decimals(x))
        body += (
            f'<text class="tick middle" x="{max(x(value), svg.LEFT + 20):.1f}" y="{height - 7}">{said}</text>'
        )
    body += "".join(_bar(each, x, y) for each in sheet.bins)
    return svg.drawing(body, height, "Trades by what they made")


def rolling(sheet: Sheet) -> str:
    """The Sharpe ratio of the days before each day."""
    if len(sheet.rolling) < 2:
        return ""
    height = 180
    x = svg.scale_x(sheet.begins, sheet.ends)
    y = svg.scale_y((0.0, *(point.value for point in sheet.rolling)), height)
    body = svg.axes(x, y, height, lambda v: f"{v:g}")
    body += (
        f'<line class="zero" x1="{svg.LEFT}" x2="{svg.WIDTH - svg.RIGHT}" y1="{y(0):.1f}" y2="{y(0):.1f}"/>'
    )
    body += svg.line([(x(point.time), y(point.value)) for point in sheet.rolling], "own")
    return svg.drawing(body, height, "Rolling Sharpe ratio")


def exposure(sheet: Sheet) -> str:
    """What was held over equity."""
    curve = sheet.curve
    if len(curve.time) < 2 or max(curve.exposure, default=0.0) <= 0.0:
        return ""
    height = 150
    x = svg.scale_x(sheet.begins, sheet.ends)
    y = svg.Scale(0.0, max(curve.exposure) * 1.1, height - svg.BOTTOM, svg.TOP)
    points = [(x(at), y(value)) for at, value in zip(curve.time, curve.exposure, strict=True)]
    body = svg.axes(x, y, height, lambda v: words.share(v, _decimals(y)))
    body += svg.area(points, y(0.0), "own-area") + svg.line(points, "own")
    return svg.drawing(body, height, "What was held over equity")


def _bar(each: Bin, x: svg.Scale, y: svg.Scale) -> str:
    left, width, top = x(each.low) + 1, x(each.high) - x(each.low) - 2, y(each.count)
    span = f"{words.percent(each.low, 2)} to {words.percent(each.high, 2)}"
    said = f"{span}: {words.counted(each.count, 'trade')}"
    return (
        f'<rect class="bar {"up" if each.low >= 0.0 else "down"}" x="{left:.1f}" y="{top:.1f}" '
        f'width="{width:.1f}" height="{y(0.0) - top:.1f}">'
        f"<title>{escape(said)}</title></rect>"
    )


def _marked(trade: Trade, x: svg.Scale, y: svg.Scale, decimals: int) -> str:
    """A triangle where it began, one where it ended, and a line between them."""
    kind = "won" if trade.profit > 0.0 else "lost"
    begin, end = (x(trade.opened_at), y(trade.entry)), (x(trade.closed_at), y(trade.exit))
    way = 1 if trade.long else -1
    said = (
        f"{'long' if trade.long else 'short'} {trade.quantity:g} from {words.minute(trade.opened_at)} at "
        f"{trade.entry:,.{decimals}f} to {words.minute(trade.closed_at)} at {trade.exit:,.{decimals}f}: "
        f"{words.signed(trade.profit)} ({words.percent(trade.result, 2)})"
    )
    joined = f"M{begin[0]:.1f} {begin[1]:.1f}L{end[0]:.1f} {end[1]:.1f}"
    return (
        f'<g class="trade {kind}"><title>{escape(said)}</title><path class="between" d="{joined}"/>'
        f"{_triangle(begin, way, 'entry')}{_triangle(end, -way, 'exit')}</g>"
    )


def _triangle(at: tuple[float, float], way: int, kind: str) -> str:
    """It points at the price: from below for a purchase, from above for a sale."""
    x, y = at
    near, far = y + 3 * way, y + 13 * way
    return f'<path class="{kind}" d="M{x:.1f} {near:.1f}L{x - 6:.1f} {far:.1f}L{x + 6:.1f} {far:.1f}Z"/>'


def _decimals(scale: svg.Scale) -> int:
    span = abs(scale.high - scale.low)
    return 0 if span > 0.08 else 1 if span > 0.008 else 2
