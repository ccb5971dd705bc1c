"""What an amendment must be: smaller than the order, larger than what was executed, not one too many."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from midas.venues.sim.floor.desk import Desk
from midas.venues.sim.floor.orders import Order
from midas.venues.sim.floor.refusal import Refusal, filtered, unknown_cancel

REJECTED = -2038


def check(desk: Desk, order: Order, legs: Sequence[Order], quantity: Decimal) -> None:
    """Refuse to reduce `order`, and with it all of `legs`, to `quantity` where the venue would."""
    if not order.status.open or order.ask.quantity is None:
        raise unknown_cancel()
    if quantity == order.quantity:
        raise Refusal(REJECTED, "The requested action would change no state; rejecting.")
    if quantity > order.quantity:
        raise Refusal(REJECTED, "Order amend (quantity increase) is not supported.")
    if any(quantity <= leg.executed + leg.prevented for leg in legs):
        raise Refusal(REJECTED, "Order amend (quantity already executed) is not supported.")
    if len(order.amendments) >= desk.filters.rules.amends_max:
        raise Refusal(REJECTED, filtered("MAX_NUM_ORDER_AMENDS").text)
    desk.filters.check_amended(order.ask, quantity, desk.average())
