"""Account, strategies and machine: shown where the screen has room for them."""

from __future__ import annotations

from math import isfinite

from midas.state.views.account import BalanceView
from midas.state.views.health import HealthView
from tui.present import numbers
from tui.present.equity import heights
from tui.present.lines import Line, Piece, Sheet, clean, clip, spread, width_of
from tui.present.masking import secret
from tui.present.picture import LINK_STALE_NS, Picture, Spot
from tui.present.words import strategy_badge

_EIGHTHS = " ▁▂▃▄▅▆▇█"


def account(picture: Picture, spot: Spot) -> Sheet:
    """Equity with its curve, balances, then each strategy with its state and result."""
    money, strategies = picture.snapshot.money, picture.snapshot.strategies
    rows: list[Line] = [
        _pair("equity", f"{numbers.money(money.equity)} {money.currency}", spot.width),
        _pair(
            "session", f"{numbers.signed(money.pnl)} ({numbers.percent(money.pnl_pct)})", spot.width,
            numbers.trend_ink(money.pnl),
        ),
        _pair("today", numbers.signed(money.pnl_day), spot.width, numbers.trend_ink(money.pnl_day)),
    ]  # fmt: skip
    told = [] if money.reconciled else _differences(picture, spot.width)
    spare = spot.height - len(rows) - len(strategies) - len(told) - 1
    high = 2 if spare >= len(money.balances) + 2 else int(spare > len(money.balances))
    rows += sparkline(picture, spot.width, high) if high else []
    rows += [_pair(b.asset, _holding(b), spot.width) for b in money.balances[: max(0, spare - high)]]
    rows += told
    rows.append([Piece("─ strategies " + "─" * max(0, spot.width - 13), "edge")])
    rows += [_strategy(picture, index, spot.width) for index in range(len(strategies))]
    note: Line = [Piece(f"{clean(picture.snapshot.account)[:12]}@{clean(picture.snapshot.venue)}", "dim")]
    return Sheet([Piece("account", "title")], rows, note)


def _differences(picture: Picture, width: int) -> list[Line]:
    return [[secret(clip(picture.snapshot.money.reconcile_detail or "not reconciled yet", width), "warn")]]


def sparkline(picture: Picture, width: int, rows: int) -> list[Line]:
    """The equity of the last minutes; its scale is its own lowest and highest."""
    money = picture.snapshot.money
    points = [value for value in money.curve if isfinite(value)]
    if len(points) < 2:
        return [[Piece("equity curve: not yet", "faint")], *([[]] * (rows - 1))]
    columns = min(width, len(points))
    high = heights(points, columns, rows)
    ink = numbers.trend_ink(points[-1] - points[0])
    return [
        [Piece("".join(_EIGHTHS[min(max(h - row * 8, 0), 8)] for h in high), ink)]
        for row in range(rows - 1, -1, -1)
    ]


def machine(picture: Picture, spot: Spot) -> Sheet:
    """Feeds, latencies, queue and request weight."""
    health, counts = picture.snapshot.health, picture.snapshot.counts
    weight = f"{health.weight_used}/{health.weight_limit}"
    facts = [
        ("market feed", *_up(picture, health.feed_connected)),
        ("user stream", *_up(picture, health.user_stream_connected)),
        ("engine loop p99", numbers.milliseconds(health.loop_p99_ms), "text"),
        ("journal p99", numbers.milliseconds(health.barrier_p99_ms), "text"),
        ("engine events/s", numbers.brief(health.events_per_second), "text"),
        ("inbox", f"{health.inbox_depth} waiting, {health.conflated} merged", "text"),
        ("gaps, resyncs", f"{health.gaps}, {health.resyncs}", _count_ink(health)),
        ("refused messages", f"{health.refused_messages}", "text"),
        ("request weight", weight, "text"),
        ("unknown orders", f"{health.orders_unknown}", "alarm" if health.orders_unknown else "text"),
        ("orders, fills", f"{counts.orders}, {counts.fills}", "text"),
        ("refusals", f"{counts.refusals}", "text"),
    ]
    rows = [_pair(name, value, spot.width, ink, private=False) for name, value, ink in facts]
    up = numbers.duration(picture.age_of(health.started_at))
    return Sheet([Piece("machine", "title")], rows, [Piece(f"up {up}", "dim")])


def _holding(balance: BalanceView) -> str:
    return f"{numbers.held(balance.total, 5, 12)} = {numbers.money(balance.value)}"


def _pair(name: str, value: str, width: int, ink: str = "text", private: bool = True) -> Line:
    return spread([Piece(name, "dim")], [Piece(clip(value, width - len(name) - 1), ink, "", private)], width)


def _strategy(picture: Picture, index: int, width: int) -> Line:
    strategy = picture.snapshot.strategies[index]
    badge = strategy_badge(strategy.state)
    result = numbers.signed(strategy.realised)
    right: Line = [
        Piece(f"{strategy.fills} fills ", "dim"),
        secret(result, numbers.trend_ink(strategy.realised)),
    ]
    if strategy.state != "running":
        right = [Piece(badge.word, badge.ink)]
    name = clip(strategy.name, width - 3 - width_of(right))
    return spread([Piece(f"{badge.shape} ", badge.ink), Piece(name)], right, width)


def _up(picture: Picture, connected: bool) -> tuple[str, str]:
    """Words and ink; of a silent engine nobody knows."""
    if picture.link_age > LINK_STALE_NS:
        return f"○ unknown for {numbers.span(picture.link_age)}", "faint"
    return ("● connected", "text") if connected else ("○ DOWN", "alarm")


def _count_ink(health: HealthView) -> str:
    return "warn" if health.gaps > health.resyncs else "text"
