"""What we could come to hold: positions plus everything that may still fill, UNKNOWN orders included.

All figures are fractions of equity unless said otherwise; evidence, so floats.
"""

from __future__ import annotations

from math import isfinite, nan

import msgspec
import numpy as np

from midas.domain.instrument import Instrument
from midas.domain.opinion import Target
from midas.domain.order import Side
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


class Classes(msgspec.Struct, frozen=True):
    """How assets count."""

    stablecoin: str  # "cash", "usd" or "crypto"
    sectors: dict[str, str]  # asset -> sector; an asset without one is a sector of its own

    def sector(self, asset: str) -> str:
        """The sector of an asset."""
        return self.sectors.get(asset, asset)


def worst_case(state: State, classes: Classes, target: Target | None = None) -> Exposure:
    """The exposure now, or as if `target` were being worked beside everything else."""
    equity = state.equity()
    values = {i: _long_value(state, instrument, target) for i, instrument in state.instruments.items()}
    spent = sum(values.values()) - sum(_held_value(state, i) for i in state.instruments)
    cash_value = state.cash - spent
    scale = 1.0 / equity if equity > 0.0 else nan
    crypto = sum(values.values()) + (cash_value if classes.stablecoin == "crypto" else 0.0)
    usd = cash_value if classes.stablecoin == "usd" and state.quote in STABLECOINS else 0.0
    sectors: dict[str, float] = {}
    for i, value in values.items():
        sector = classes.sector(state.instruments[i].base)
        sectors[sector] = sectors.get(sector, 0.0) + value * scale
    shares = {i: value * scale for i, value in values.items()}
    return Exposure(equity, shares, cash_value * scale, usd * scale, crypto * scale, sectors)


def correlation(state: State, one: str, other: str) -> float:
    """Correlation of the last bar returns of two instruments; NaN with fewer than 40 common bars."""
    closes = [{b.time: b.close for b in list(state.markets[i].bars)[-CORRELATION_BARS:]} for i in (one, other)]
    times = sorted(closes[0].keys() & closes[1].keys())
    if len(times) <= CORRELATION_MIN:
        return nan
    returns = [np.diff(np.log(np.array([series[t] for t in times]))) for series in closes]
    if not all(float(r.std()) > 0.0 for r in returns):
        return nan
    value = float(np.corrcoef(returns[0], returns[1])[0, 1])
    return value if isfinite(value) else nan


def _held_value(state: State, instrument: str) -> float:
    return float(state.ledger.position(instrument)) * state.markets[instrument].mark


def _long_value(state: State, instrument: Instrument, target: Target | None) -> float:
    """Quote value held if all buy orders fill; of the target's own sleeve the larger of order and target."""
    mark = state.markets[instrument.id].mark
    if mark != mark:
        return 0.0
    quantity = state.ledger.position(instrument.id) + state.orders.leaves(instrument.id, Side.BUY)
    if target is not None and target.instrument == instrument.id:
        sleeve = state.ledger.sleeve(target.strategy, instrument.id).quantity
        own = (o for o in state.orders.working(target.strategy, instrument.id) if o.intent.side is Side.BUY)
        reserved = sleeve + sum(o.leaves for o in own)
        quantity += max(target.quantity - reserved, 0)
    return float(quantity) * mark
