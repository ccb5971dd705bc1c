"""The limits as gauges: how much of each is used now, and which binds next."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

import msgspec

from midas.domain.limits import Limits
from midas.risk.correlation import Correlations
from midas.risk.exposure import Exposure, standing
from midas.risk.limits import RATE_WINDOW, cluster
from midas.risk.rows import TOLERANCE
from midas.state.state import State
from midas.state.views.risk import LimitView, RegulationView
from midas.state.views.tail import TailView

UNKNOWN = "no price yet"
# Titles of those that may allow all of equity: a spot account can't hold more, so there they never bind.
SHARES = (
    ("correlation", "cluster_max"),
    ("sector", "sector_max"),
    ("crypto", "crypto_max"),
    ("shares", "share_max"),
    ("ETFs", "etf_max"),
    ("forex", "forex_max"),
    ("bonds", "bond_max"),
    ("commodities", "commodity_max"),
    ("US dollar", "usd_max"),
    ("currency", "currency_max"),
    ("venue", "venue_max"),
    ("strategy", "strategy_max"),
)
_ENTRY = "reject", "cut"  # what such a limit does to an entry
KIND_TITLES = {
    "crypto": "crypto", "share": "shares", "etf": "ETFs", "forex": "forex", "bond": "bonds",
    "commodity": "commodities",
}  # fmt: skip


def gauges(state: State, limits: Limits, correlations: Correlations | None = None) -> tuple[LimitView, ...]:
    """Every limit that can bind, with its present worst-case value, in the order of the screen."""
    now = standing(state, limits.assets)
    equity = state.equity()
    rate = state.orders.rate(state.now, RATE_WINDOW)
    rows = [
        *_shares(state, limits, now, correlations or Correlations()),
        _cash(now.cash, limits.cash_min),
        _row("rate", "orders", rate, limits.order_rate_max, "/10s", "reject", ""),
    ]
    off = switched_off(limits)
    return tuple(_with_money(row, equity) for row in rows if row.title not in off)


def further_gauges(
    tail: tuple[TailView, ...], regulation: RegulationView, equity: float
) -> tuple[LimitView, ...]:
    """Those that the settings switch on: tail risk and margin of what is held, day trades done and due."""
    rows = []
    for view in tail:
        for name, value, most in (
            ("VaR", view.value_at_risk, view.var_max),
            ("ES", view.expected_shortfall, view.es_max),
        ):
            if most == most:
                title = f"{name} {view.name}"
                row = _row(name, title, value, most, "%", "reject", view.lacking)
                rows.append(_refusing(row, view.lacking) if view.refuses else row)
    if regulation.margin_used == regulation.margin_used:
        rows.append(_row("leverage", "margin", regulation.margin_used, 1.0, "%", "reject", ""))
    if regulation.day_trades_counted and not regulation.day_trades_free:
        count = regulation.day_trades + regulation.day_trades_waiting
        rows.append(_row("day trades", "day trades", count, regulation.day_trades_max, "", "reject new", ""))
    return tuple(_with_money(row, equity) for row in rows)


def switched_off(limits: Limits) -> tuple[str, ...]:
    """The titles of those that allow all of equity: a spot account can't hold more, so they never bind."""
    return tuple(title for title, name in SHARES if getattr(limits, name) >= 1.0)


def next_to_bind(rows: tuple[LimitView, ...]) -> str:
    """The name of the limit that is used most, to the percent; what can't be known yet is used up.

    Among equals, as all are while nothing is held: the one that the next entry meets first.
    """

    def place(row: LimitView) -> tuple[float, bool, float]:
        money = row.room_money if row.room_money == row.room_money else inf
        return -round(min(row.used, 9.0), 2), not row.action.startswith(_ENTRY), money

    return min(rows, key=place).name if rows else ""


def _shares(state: State, limits: Limits, now: Exposure, correlations: Correlations) -> Iterator[LimitView]:
    """The largest of each group; of the classes, each that is traded here."""
    traded = state.instruments.values()
    for name, title, shares, maximum, action in (
        ("position", "position", now.by_asset, limits.position_max, "reject"),
        (
            "correlation",
            "correlation",
            _clusters(state, limits, now, correlations),
            limits.cluster_max,
            "cut",
        ),
        ("sector", "sector", now.by_sector, limits.sector_max, "reject"),
        ("strategy", "strategy", now.by_strategy, limits.strategy_max, "reject"),
        ("venue", "venue", now.by_venue, limits.venue_max, "reject"),
    ):
        # What isn't known is above everything.
        order = sorted(shares.items(), key=lambda item: (item[1] != item[1], item[1]))
        largest, share = order[-1] if order else ("", 0.0)
        if name == "position":
            largest = next((i.name for i in traded if i.base == largest), largest)
        yield _row(name, title, share, maximum, "%", action, largest if share > 0.0 else "")
    for kind in dict.fromkeys(limits.assets.of(i).kind for i in traded):
        if kind in KIND_TITLES:
            share, maximum = now.kind(kind), limits.kind_max(kind)
            yield _row(kind, KIND_TITLES[kind], share, maximum, "%", "reject new", "")
    yield _row("usd", "US dollar", now.usd, limits.usd_max, "%", "reject new", "")
    own = limits.assets.currency(state.quote)
    others = {c: share for c, share in now.by_currency.items() if c != own}
    if others:
        name, share = max(others.items(), key=lambda item: item[1])
        yield _row("currency", "currency", share, limits.currency_max, "%", "reject new", name)


def _clusters(state: State, limits: Limits, now: Exposure, correlations: Correlations) -> dict[str, float]:
    """The share of each position together with all that move with it."""
    found: dict[str, float] = {}
    for (name, instrument), share in zip(state.instruments.items(), now.shares, strict=True):
        if share > 0.0 and (members := cluster(limits, state, now, name, correlations)):
            together = [instrument.base, *(state.instruments[i].base for i in members)]
            found[", ".join(together)] = sum(now.asset(base) for base in dict.fromkeys(together))
    return found


def _row(
    name: str, title: str, value: float, maximum: float, unit: str, action: str, detail: str
) -> LimitView:
    """A figure that can't be computed yet is shown as zero and says so."""
    if value != value:
        return LimitView(name, title, 0.0, maximum, 0.0, unit, action, False, UNKNOWN)
    used = value / maximum if maximum > 0 else float(value > TOLERANCE)
    binding, room = used >= 1.0 - TOLERANCE, max(maximum - value, 0.0)
    over = value - maximum if value > maximum + TOLERANCE else 0.0
    return LimitView(name, title, value, maximum, used, unit, action, binding, detail, room, over=over)


def _refusing(row: LimitView, why: str) -> LimitView:
    """One that can't be held against anything, and so refuses everything."""
    return LimitView(row.name, row.title, 0.0, row.maximum, 1.0, row.unit, row.action, True, why)


def _with_money(row: LimitView, equity: float) -> LimitView:
    """The room of a share of equity, as money too."""
    return msgspec.structs.replace(row, room_money=row.room * equity) if row.unit == "%" else row


def _cash(share: float, minimum: float) -> LimitView:
    """Cash binds from above: full use means that only the minimum is left."""
    if share != share:
        unknown = LimitView("cash", "cash left", 0.0, minimum, 0.0, "%", "closing only", False, UNKNOWN)
        return msgspec.structs.replace(unknown, floor=True)
    used = max(0.0, 1.0 - share) / (1.0 - minimum) if minimum < 1.0 else 0.0
    return LimitView(
        "cash", "cash left", share, minimum, used, "%", "closing only", used >= 1.0 - TOLERANCE, "at least",
        max(share - minimum, 0.0), floor=True, over=minimum - share if share < minimum - TOLERANCE else 0.0,
    )  # fmt: skip
