"""Account, strategies and machine: shown where the screen has room for them."""

from __future__ import annotations

from midas.state.snapshot import BalanceView, HealthView
from tui.present import numbers
from tui.present.lines import Line, Piece, Sheet, clip, spread, width_of
from tui.present.picture import Picture, Spot
from tui.present.words import strategy_badge


def account(picture: Picture, spot: Spot) -> Sheet:
    """Equity and balances, then each strategy with its state and result."""
    money = picture.snapshot.money
    rows: list[Line] = [
        _pair("equity", f"{numbers.money(money.equity)} {money.currency}", spot.width),
        _pair(
            "session",
            f"{numbers.signed(money.pnl)} ({numbers.percent(money.pnl_pct)})",
            spot.width,
            numbers.trend_ink(money.pnl),
        ),
        _pair("today", numbers.signed(money.pnl_day), spot.width, numbers.trend_ink(money.pnl_day)),
    ]
    room = max(0, spot.height - len(rows) - len(picture.snapshot.strategies) - 2)
    rows += [_pair(b.asset, _holding(b), spot.width) for b in money.balances[:room]]
    detail = money.reconcile_detail or (
        "venue and ledger agree" if money.reconciled else "not reconciled yet"
    )
    rows.append([Piece(clip(detail, spot.width), "dim" if money.reconciled else "warn")])
    rows.append([Piece("─ strategies " + "─" * max(0, spot.width - 13), "edge")])
    rows += [_strategy(picture, index, spot.width) for index in range(len(picture.snapshot.strategies))]
    note: Line = [Piece(f"{picture.snapshot.account}@{picture.snapshot.venue}", "dim")]
    return Sheet([Piece("account", "title")], rows, note)


def machine(picture: Picture, spot: Spot) -> Sheet:
    """Feeds, latencies, queue and request weight."""
    health, counts = picture.snapshot.health, picture.snapshot.counts
    weight = f"{health.weight_used}/{health.weight_limit}"
    facts = [
        ("market feed", _up(health.feed_connected), _state_ink(health.feed_connected)),
        ("user stream", _up(health.user_stream_connected), _state_ink(health.user_stream_connected)),
        ("loop p99", numbers.milliseconds(health.loop_p99_ms), "text"),
        ("barrier p99", numbers.milliseconds(health.barrier_p99_ms), "text"),
        ("events/s", numbers.brief(health.events_per_second), "text"),
        ("inbox", f"{health.inbox_depth} waiting, {health.conflated} merged", "text"),
        ("gaps, resyncs", f"{health.gaps}, {health.resyncs}", _count_ink(health)),
        ("refused messages", f"{health.refused_messages}", "text"),
        ("request weight", weight, "text"),
        ("unknown orders", f"{health.orders_unknown}", "alarm" if health.orders_unknown else "text"),
        ("orders, fills", f"{counts.orders}, {counts.fills}", "text"),
        ("refusals", f"{counts.refusals}", "text"),
    ]
    rows = [_pair(name, value, spot.width, ink) for name, value, ink in facts]
    up = numbers.duration(picture.age_of(health.started_at))
    return Sheet([Piece("machine", "title")], rows, [Piece(f"up {up}", "dim")])


def _holding(balance: BalanceView) -> str:
    return f"{numbers.fixed(balance.total, 5)} = {numbers.money(balance.value)}"


def _pair(name: str, value: str, width: int, ink: str = "text") -> Line:
    return spread([Piece(name, "dim")], [Piece(clip(value, width - len(name) - 1), ink)], width)


def _strategy(picture: Picture, index: int, width: int) -> Line:
    strategy = picture.snapshot.strategies[index]
    badge = strategy_badge(strategy.state)
    result = numbers.signed(strategy.realised)
    right: Line = [
        Piece(f"{strategy.fills} fills ", "dim"),
        Piece(result, numbers.trend_ink(strategy.realised)),
    ]
    if strategy.state != "running":
        right = [Piece(badge.word, badge.ink)]
    name = clip(strategy.name, width - 3 - width_of(right))
    return spread([Piece(f"{badge.shape} ", badge.ink), Piece(name)], right, width)


def _up(connected: bool) -> str:
    return "● connected" if connected else "○ DOWN"


def _state_ink(connected: bool) -> str:
    return "text" if connected else "alarm"


def _count_ink(health: HealthView) -> str:
    return "warn" if health.gaps > health.resyncs else "text"
