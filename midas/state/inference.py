"""What became of an order that the venue no longer tells about, where the balances alone can say it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from midas.domain.instrument import Instrument
from midas.domain.money import ZERO, floor_to
from midas.domain.order import Fill
from midas.state.order import Order

FEE_MAX = Decimal("0.01")  # of what was traded: a greater rest isn't a fee
AWAY_MAX = Decimal("0.05")  # from the order's price: a greater distance isn't its fill


def inferred_fill(
    order: Order, leaves: Decimal, instrument: Instrument, gaps: Mapping[str, Decimal], at: int
) -> Fill | None:
    """The one fill of at most `leaves` that explains both gaps to the last digit; None where none does.

    `gaps`: by asset, how much more the venue counts than we do. Its trade id is negative: no venue's.
    """
    sign, lot = order.intent.side.sign, instrument.lot_size
    moved = gaps[instrument.base] * sign
    paid = -gaps[instrument.quote] * sign
    if moved <= ZERO or paid <= ZERO:
        return None
    quantity = _quantity(moved, paid, order, lot)
    fee_base = (quantity - moved) * sign
    if quantity > leaves or not ZERO <= fee_base <= quantity * FEE_MAX:
        return None
    limit = order.intent.price
    price = limit if limit is not None else floor_to(paid / quantity, instrument.tick_size)
    fee_quote = (paid - price * quantity) * sign
    if limit is not None and not ZERO <= fee_quote <= price * quantity * FEE_MAX:
        price = floor_to(paid / quantity, instrument.tick_size)
        fee_quote = (paid - price * quantity) * sign
        if abs(price / limit - 1) > AWAY_MAX:
            return None
    if fee_base and fee_quote:
        return None
    fee, asset = (fee_base, instrument.base) if fee_base else (fee_quote, instrument.quote)
    return Fill(trade_id=-at, price=price, quantity=quantity, fee=fee, fee_asset=asset, maker=True, time=at)


def _quantity(moved: Decimal, paid: Decimal, order: Order, lot: Decimal) -> Decimal:
    """What traded: whole lots, more than arrived where a fee came out of what was bought."""
    whole, limit = floor_to(moved, lot), order.intent.price
    if whole == moved:
        return moved
    at_limit = paid / limit if limit is not None else ZERO
    return at_limit if at_limit > moved and at_limit == floor_to(at_limit, lot) else whole + lot
