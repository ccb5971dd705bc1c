"""How much of an instrument a person could buy now, and sell of a sleeve: for the order ticket's portions."""

from __future__ import annotations

from decimal import Decimal
from math import isfinite

from midas.domain.instrument import Instrument
from midas.domain.limits import Limits
from midas.domain.money import ZERO, floor_to, from_float
from midas.risk.correlation import Correlations
from midas.risk.exposure import Exposure, added, counted, standing
from midas.risk.limits import exposure_rows
from midas.risk.rows import FINE, largest
from midas.state.state import MANUAL, State

QUARTERS = (Decimal("0.25"), Decimal("0.5"), Decimal("0.75"), Decimal(1))
SLACK = 0.998  # so that the next tick doesn't put the whole of it beyond a limit


def buyable(
    state: State, limits: Limits, correlations: Correlations | None = None
) -> dict[str, tuple[float, ...]]:
    """By instrument: 25, 50, 75 and 100 % of what cash and every limit of exposure leave, in whole lots."""
    now, known = standing(state, limits.assets), correlations or Correlations()
    return {i: _at_the_ask(state, limits, now, known, i) for i in state.instruments}


def holdable(
    state: State, limits: Limits, correlations: Correlations, strategy: str, instrument: str
) -> Decimal:
    """The most whole lots of an instrument that one strategy may hold in all, as a review would find them.

    What it holds already is never above it: buying more may be refused, keeping isn't.
    """
    now, already = standing(state, limits.assets), counted(state, strategy, instrument)
    held = state.ledger.sleeve(strategy, instrument).quantity
    one = added(state, now, instrument, strategy)
    rows = exposure_rows(limits, state, now, one, correlations)
    most = max(already, ZERO) + one.instrument.quantity_max
    return max(largest(rows, one.instrument.lot_size, most, already), held)


def sellable(state: State, strategy: str, instrument: str) -> tuple[float, ...]:
    """The same portions of what a sleeve holds and no order of it offers yet; its stop would give way."""
    stop = state.orders.stop(strategy, instrument)
    without = stop.intent.client_id if stop is not None else ""
    return _portions(state.free_base(strategy, instrument, without), state.instruments[instrument])


def _at_the_ask(
    state: State, limits: Limits, now: Exposure, correlations: Correlations, name: str
) -> tuple[float, ...]:
    market, instrument = state.markets[name], state.instruments[name]
    price = max(market.ask_price, market.mark)
    if not price > 0.0 or not isfinite(now.equity):
        return ()
    one = added(state, now, name, MANUAL, float(from_float(price, instrument.tick_size)))
    rows = exposure_rows(limits, state, now, one, correlations)
    notional = state.valuation.value(price, instrument.quote)
    most = min(limits.order_notional_max / notional, limits.order_quantity_max.get(instrument.base, 1e12))
    whole = largest(rows, instrument.lot_size, from_float(most, FINE)) if isfinite(most) else ZERO
    return _portions(from_float(float(whole) * SLACK, FINE), instrument)


def _portions(whole: Decimal, instrument: Instrument) -> tuple[float, ...]:
    most = max(ZERO, min(whole, instrument.quantity_max))
    return tuple(float(floor_to(most * part, instrument.lot_size)) for part in QUARTERS)
