"""The page that a back-test prints: what it made, at what risk, what it cost, and what was assumed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from midas.backtest.record import Remark
from midas.backtest.summary import Report
from midas.cli.data_page import remark
from midas.domain.time import SECOND
from midas.statistics.conventions import Figure
from midas.statistics.performance import factor_text

WIDTH = 79
LINES_SHOWN = 5


def page(report: Report, lines: Sequence[Remark], currency: str, seconds: float) -> list[str]:
    """For a terminal of 80 columns."""
    it = report.summary
    performance, trades = it.performance, it.trades
    rows = [
        f"{report.strategy} on {', '.join(report.instruments)}",
        f"{_time(it.begins)} to {_time(it.ends)} UTC, {it.bars:,} bars in {seconds:.1f} s",
        "",
        _row("equity", f"{it.equity:,.2f} {currency}", f"began with {it.cash:,.2f}"),
        _row("total return", f"{it.equity / it.cash - 1.0:+.2%}", f"buy and hold {it.held:+.2%}"),
        _row("CAGR", _share(performance.cagr)),
        _row("volatility, annual", _share(performance.volatility)),
        _row("Sharpe, annual", _number(performance.sharpe), _days(performance.sharpe)),
        _row("Sortino, annual", _number(performance.sortino)),
        _row("max drawdown", _share(performance.max_drawdown), "of daily closes"),
        _row("in the market", f"{it.exposed:.1%}", "of the bars"),
        "",
        _row("trades", f"{it.closed}", f"{it.fills} fills"),
        _row("win rate", _share(trades.win_rate)),
        _row("profit factor", factor_text(trades.profit_factor.value) if trades.profit_factor.known
             else _why(trades.profit_factor)),
        _row("mean trade", _number(trades.expectancy), currency if trades.expectancy.known else ""),
        _row("fees", f"{it.fees:,.2f} {currency}", _of(it.fees, it.traded)),
        "",
        *_told(report),
        *_events(lines),
    ]  # fmt: skip
    return [row.rstrip() for row in rows]


def _told(report: Report) -> Iterable[str]:
    given, fees = report.assumptions, report.assumptions.costs.fees
    if report.signals:
        yield "signals: " + ", ".join(f"{n:,} {outcome}" for outcome, n in sorted(report.signals.items()))
    if report.refusals:
        yield "refused by: " + ", ".join(f"{limit} {n:,}" for limit, n in sorted(report.refusals.items()))
    impact = "square-root impact" if given.impact else "no impact"
    yield f"assumed: fees {fees.bps(True):g} / {fees.bps(False):g} bps (maker / taker),"
    yield f"  spread {given.spread_bps:g} bps, {impact}, latency {given.order_latency / 1e6:g} ms each way,"
    yield f"  at most {given.volume_share:.0%} of a bar's volume; orders that take trade at the next opening,"
    yield "  those that rest once the price has gone through theirs"
    yield from (fitted(remark(each)) for each in report.data)
    yield "one trial on one path, which says little about the next one"


def _events(lines: Sequence[Remark]) -> Iterable[str]:
    """What the engine had to say: modes and warnings."""
    for line in lines[:LINES_SHOWN]:
        yield fitted(f"{_time(line.at)}  {line.text}")
    if len(lines) > LINES_SHOWN:
        yield f"... and {len(lines) - LINES_SHOWN} more"


def fitted(words: str) -> str:
    """No wider than the page."""
    return words if len(words) <= WIDTH else f"{words[: WIDTH - 3]}..."


def _row(name: str, value: str, more: str = "") -> str:
    return f"{name:20}{value:>22}  {more}"


def _share(figure: Figure) -> str:
    return f"{figure.value:.2%}" if figure.known else _why(figure)


def _number(figure: Figure) -> str:
    return f"{figure.value:.2f}" if figure.known else _why(figure)


def _why(figure: Figure) -> str:
    return f"- ({figure.reason.value.partition(':')[0]})" if figure.reason is not None else "-"


def _days(figure: Figure) -> str:
    return f"{figure.count} days"


def _of(fees: float, traded: float) -> str:
    return f"{fees / traded * 1e4:.1f} bps of {traded:,.0f} traded" if traded else ""


def _time(at: int) -> str:
    return datetime.fromtimestamp(at // SECOND, UTC).strftime("%Y-%m-%d %H:%M")
