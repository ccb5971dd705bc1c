"""The limits as gauges: how much of each is used now, and which binds next."""

from __future__ import annotations

import msgspec

from midas.risk.exposure import worst_case
from midas.risk.limits import RATE_WINDOW, TOLERANCE, Limits
from midas.state.snapshot import LimitView
from midas.state.state import State

UNKNOWN = "no price yet"


def gauges(state: State, limits: Limits) -> tuple[LimitView, ...]:
    """Every limit that can bind, with its present worst-case value, in the order of the screen."""
    now = worst_case(state, limits.classes)
    name, share = max(now.by_instrument.items(), key=lambda item: item[1], default=("", 0.0))
    named = state.instruments[name].name if share > 0.0 else ""
    sector, sector_share = max(now.by_sector.items(), key=lambda item: item[1], default=("", 0.0))
    equity = state.equity()
    rows = [
        _row("position", "position", share, limits.position_max, "%", "reject", named),
        _row(
            "sector",
            "sector",
            sector_share,
            limits.sector_max,
            "%",
            "reject",
            sector if sector_share > 0 else "",
        ),
        _row("crypto", "crypto", now.crypto, limits.crypto_max, "%", "reject new", ""),
        _row("usd", "US dollar", now.usd, limits.usd_max, "%", "reject new", ""),
        _cash(now.cash, limits.cash_min),
        _row(
            "rate",
            "orders",
            state.orders.rate(state.now, RATE_WINDOW),
            limits.order_rate_max,
            "/10s",
            "reject",
            "",
        ),
    ]
    return tuple(_with_money(row, equity) for row in rows if row.title not in switched_off(limits))


def switched_off(limits: Limits) -> tuple[str, ...]:
    """The titles of those that allow all of equity: a spot account can't hold more, so they never bind."""
    shares = (
        ("sector", limits.sector_max),
        ("crypto", limits.crypto_max),
        ("US dollar", limits.usd_max),
    )
    return tuple(title for title, maximum in shares if maximum >= 1.0)


def next_to_bind(rows: tuple[LimitView, ...]) -> str:
    """The name of the limit with the least room; what can't be known yet has none."""
    return max(rows, key=lambda row: row.used).name if rows else ""


def _row(
    name: str, title: str, value: float, maximum: float, unit: str, action: str, detail: str
) -> LimitView:
    """A figure that can't be computed yet is shown as zero and says so."""
    if value != value:
        return LimitView(name, title, 0.0, maximum, 0.0, unit, action, False, UNKNOWN)
    used = value / maximum if maximum > 0 else 0.0
    binding, room = used >= 1.0 - TOLERANCE, max(maximum - value, 0.0)
    return LimitView(name, title, value, maximum, used, unit, action, binding, detail, room)


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
        max(share - minimum, 0.0), floor=True,
    )  # fmt: skip
