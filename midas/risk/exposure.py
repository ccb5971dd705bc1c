"""What we could come to hold: what the account has plus all that may still fill, UNKNOWN orders included.

All figures are fractions of equity unless said otherwise; evidence, so floats. What can't be valued is
NaN, and a NaN is within no limit.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from math import fsum, isfinite, log, nan, sqrt

import msgspec

from midas.domain.instrument import Instrument
from midas.domain.money import ZERO
from midas.domain.opinion import Target
from midas.domain.order import OrderIntent, Side
from midas.state.state import State

STABLECOINS = frozenset({"USDT", "USDC", "FDUSD", "TUSD", "DAI", "USDP"})
CORRELATION_BARS = 120
CORRELATION_MIN = 40  # fewer returns say nothing


class Exposure(msgspec.Struct, frozen=True):
    """The account's worst case: every buy order fills and no sell order does."""

    equity: float  # quote units
    by_instrument: dict[str, float]  # worst-case long value / equity
    cash: float  # quote currency left in the worst case / equity
    usd: float
    crypto: float
    by_sector: dict[str, float]
    sectors: dict[str, str]  # instrument -> its sector
    usd_before: float  # `usd` without what is asked for: only more dollars are new dollars


class Classes(msgspec.Struct, frozen=True):
    """How assets count."""

    stablecoin: str  # "cash", "usd" or "crypto"
    sectors: dict[str, str]  # asset -> sector; an asset without one is a sector of its own

    def sector(self, asset: str) -> str:
        """The sector of an asset."""
        return self.sectors.get(asset, asset)

    def of(self, asset: str) -> str:
        """The class of an asset: crypto, unless it is a stablecoin that counts otherwise."""
        return self.stablecoin if asset in STABLECOINS else "crypto"


def worst_case(
    state: State, classes: Classes, target: Target | None = None, order: OrderIntent | None = None
) -> Exposure:
    """The exposure now, or as if `target` were being worked, or `order` open, beside everything else."""
    equity = state.equity()
    scale = 1.0 / equity if equity > 0.0 else nan
    instruments = state.instruments.items()
    now = {i: _value(state, instrument, None, None) for i, instrument in instruments}
    after = {i: _value(state, instrument, target, order) for i, instrument in instruments}
    cash = _cash(state, target, order)
    counts = {i: classes.of(instrument.base) for i, instrument in instruments}
    usd_now, usd = (_in_class("usd", values, counts) for values in (now, after))
    crypto = _in_class("crypto", after, counts)
    match classes.of(state.quote):
        case "usd":
            usd_now, usd = usd_now + _cash(state, None, None), usd + cash
        case "crypto":
            crypto += cash
    sectors = {i: classes.sector(instrument.base) for i, instrument in instruments}
    by_sector: dict[str, float] = {}
    for i, value in after.items():
        by_sector[sectors[i]] = by_sector.get(sectors[i], 0.0) + value * scale
    shares = {i: value * scale for i, value in after.items()}
    return Exposure(
        equity, shares, cash * scale, usd * scale, crypto * scale, by_sector, sectors, usd_now * scale
    )


def correlation(state: State, one: str, other: str) -> float:
    """Correlation of the last bar returns of two instruments; NaN with fewer than 40 common bars."""
    closes = [
        {b.time: b.close for b in list(state.markets[i].bars)[-CORRELATION_BARS:]} for i in (one, other)
    ]
    times = sorted(closes[0].keys() & closes[1].keys())
    if len(times) <= CORRELATION_MIN:
        return nan
    xs, ys = (_deviations([series[t] for t in times]) for series in closes)
    # fsum and plain products: the same bits on every machine, so that a replay decides the same.
    spread = sqrt(fsum(x * x for x in xs) * fsum(y * y for y in ys))
    value = fsum(x * y for x, y in zip(xs, ys, strict=True)) / spread if spread > 0.0 else nan
    return value if isfinite(value) else nan


def _deviations(closes: list[float]) -> list[float]:
    """Log returns less their mean."""
    returns = [log(b / a) for a, b in pairwise(closes)]
    mean = fsum(returns) / len(returns)
    return [r - mean for r in returns]


def _in_class(name: str, values: dict[str, float], counts: dict[str, str]) -> float:
    return sum(value for i, value in values.items() if counts[i] == name)


def _value(state: State, instrument: Instrument, target: Target | None, order: OrderIntent | None) -> float:
    """Quote value held if all buy orders fill; what was on the account before us is held too."""
    held = max(state.ledger.balances.get(instrument.base, ZERO), state.ledger.position(instrument.id))
    quantity = held + state.orders.leaves(instrument.id, Side.BUY, order.replaces if order else "")
    if target is not None and target.instrument == instrument.id:
        quantity += max(ZERO, target.quantity - _reserved(state, target))
    if order is not None and order.instrument == instrument.id and order.side is Side.BUY:
        quantity += order.quantity
    return float(quantity) * state.markets[instrument.id].mark if quantity else 0.0


def _cash(state: State, target: Target | None, order: OrderIntent | None) -> float:
    """Quote currency left once every buy order is paid, at its own price where that is above the mark."""
    spent = 0.0
    replaced = order.replaces if order is not None else ""
    for open_order in state.orders.open.values():
        if open_order.intent.side is Side.BUY and open_order.intent.client_id != replaced:
            spent += float(open_order.reserved) * _price(state, open_order.intent)
    for report in state.orders.foreign.values():
        if report.side is Side.BUY:
            spent += float((report.quantity - report.filled) * report.price)
    if target is not None:
        more = max(ZERO, target.quantity - _reserved(state, target))
        spent += float(more) * state.markets[target.instrument].mark
    if order is not None and order.side is Side.BUY:
        spent += float(order.quantity) * _price(state, order)
    return state.cash - spent


def _price(state: State, intent: OrderIntent) -> float:
    mark = state.markets[intent.instrument].mark
    return mark if intent.price is None else max(mark, float(intent.price))


def _reserved(state: State, target: Target) -> Decimal:
    """What the target's own sleeve holds or is buying already."""
    own = (o for o in state.orders.working(target.strategy, target.instrument) if o.intent.side is Side.BUY)
    return state.ledger.sleeve(target.strategy, target.instrument).quantity + sum(
        (o.leaves for o in own), ZERO
    )
