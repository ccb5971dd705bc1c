"""How much of an instrument a person could buy now, and sell of a sleeve: for the order ticket's portions."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from math import isfinite, nan

from midas.domain.instrument import Instrument
from midas.domain.money import ZERO, floor_to, from_float
from midas.domain.order import Side
from midas.risk.exposure import Exposure, worst_case
from midas.risk.limits import Limits
from midas.state.state import State

QUARTERS = (Decimal("0.25"), Decimal("0.5"), Decimal("0.75"), Decimal(1))
SLACK = 0.998  # so that the next tick doesn't put the whole of it beyond a limit
FINE = Decimal("1e-12")  # finer than any lot


def buyable(state: State, limits: Limits) -> dict[str, tuple[float, ...]]:
    """By instrument: 25, 50, 75 and 100 % of what cash and every limit of exposure leave, in whole lots."""
    after = worst_case(state, limits.classes)
    return {i: _at_the_ask(state, limits, after, instrument) for i, instrument in state.instruments.items()}


def holdable(state: State, limits: Limits, strategy: str, instrument: str) -> float:
    """The share of equity that one strategy may hold of an instrument in all; NaN where it isn't known."""
    market, after = state.markets[instrument], worst_case(state, limits.classes)
    own = state.ledger.sleeve(strategy, instrument).quantity + sum(
        (o.leaves for o in state.orders.working(strategy, instrument) if o.intent.side is Side.BUY), ZERO
    )
    held = float(own) * market.mark if own else 0.0
    room = (held + min(_rooms(limits, after, market.instrument, order=False))) / after.equity
    return max(room, 0.0) if isfinite(room) else nan


def sellable(state: State, strategy: str, instrument: str) -> tuple[float, ...]:
    """The same portions of what a sleeve holds and no order of it offers yet."""
    return _portions(state.free_base(strategy, instrument), state.instruments[instrument])


def _at_the_ask(
    state: State, limits: Limits, after: Exposure, instrument: Instrument
) -> tuple[float, ...]:  # fmt: skip
    market = state.markets[instrument.id]
    price = max(market.ask_price, market.mark)
    value = min(_rooms(limits, after, instrument)) * SLACK
    if not (price > 0.0 and isfinite(value)):
        return ()
    return _portions(from_float(max(0.0, value / price), FINE), instrument)


def _rooms(limits: Limits, after: Exposure, instrument: Instrument, *, order: bool = True) -> Iterable[float]:
    """Quote units left under each limit that a buy runs into."""
    name, equity = instrument.id, after.equity
    yield (after.cash - max(0.0, limits.cash_min)) * equity
    yield (limits.position_max - after.by_instrument.get(name, 0.0)) * equity
    yield (limits.sector_max - after.by_sector.get(after.sectors[name], 0.0)) * equity
    if limits.classes.of(instrument.base) == "crypto":
        yield (limits.crypto_max - after.crypto) * equity
    if limits.classes.of(instrument.base) == "usd":
        yield (limits.usd_max - after.usd) * equity
    if order:
        yield limits.order_notional_max


def _portions(whole: Decimal, instrument: Instrument) -> tuple[float, ...]:
    most = max(ZERO, min(whole, instrument.quantity_max))
    return tuple(float(floor_to(most * part, instrument.lot_size)) for part in QUARTERS)
