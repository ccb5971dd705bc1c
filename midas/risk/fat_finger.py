"""Whether an order that a person types is so large that it may be a slip of the finger."""

from __future__ import annotations

from statistics import median

from midas.domain.limits import Limits
from midas.domain.money import plain
from midas.domain.order import OrderIntent, Side
from midas.state.state import State

ORDERS_MIN = 5  # of a day: the median of fewer says nothing


def unusually_large(limits: Limits, intent: OrderIntent, state: State) -> str:
    """Why a person should look at the size once more; empty where it is ordinary.

    A sale is never larger than what is held.
    """
    if intent.side is Side.SELL:
        return ""
    base = state.instruments[intent.instrument].base
    sizes = state.sizes.of_day(intent.instrument, state.now)
    found = []
    if len(sizes) >= ORDERS_MIN:
        usual = median(sizes)
        times = float(intent.quantity) / float(usual)
        if times > limits.fat_finger_multiple:
            many = f"{times:.3g}" if times < 999.5 else f"{times:.0f}"
            found.append(f"{many} times the day's median order of {plain(usual.normalize())} {base}")
    share = _share(intent, state)
    if share > limits.fat_finger_share:
        found.append(f"{share:.1%} of equity")
    return f"unusually large: {plain(intent.quantity)} {base} is {' and '.join(found)}" if found else ""


def _share(intent: OrderIntent, state: State) -> float:
    mark = state.markets[intent.instrument].mark
    price = float(intent.price) if intent.price is not None else mark
    value = state.valuation.value(float(intent.quantity) * price, state.instruments[intent.instrument].quote)
    equity = state.equity()
    return value / equity if equity > 0.0 else 0.0
