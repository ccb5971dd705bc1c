"""The hard limits of R7.1 and the order checks beside them: one function a limit, one row a gauge."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from midas.domain.opinion import Target
from midas.domain.order import OrderIntent, Side
from midas.domain.time import SECOND
from midas.domain.verdict import Breach
from midas.risk.exposure import Classes, Exposure
from midas.state.state import State

RATE_WINDOW = 10 * SECOND
TOLERANCE = 1e-9  # 0.2 of equity exactly is within a limit of 0.2


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Every number that risk compares with; fractions of equity unless the name says otherwise."""

    profile: str
    position_max: float
    sector_max: float
    correlation_max: float
    usd_max: float
    crypto_max: float
    cash_min: float
    order_rate_max: int  # per 10 s
    order_notional_max: float  # quote units
    price_collar_bps: float
    drawdown_defensive: float
    drawdown_stop: float
    daily_loss_stop: float
    classes: Classes


def position(limits: Limits, target: Target, after: Exposure) -> Breach | None:
    """R7.1: no instrument above its share of equity."""
    share = after.by_instrument.get(target.instrument, 0.0)
    return _above("position", share, limits.position_max, f"{target.instrument} would be {share:.1%} of equity")


def sector(limits: Limits, target: Target, after: Exposure) -> Breach | None:
    """R7.1: no sector above its share of equity."""
    name, share = max(after.by_sector.items(), key=lambda item: item[1], default=("", 0.0))
    return _above("sector", share, limits.sector_max, f"sector {name} would be {share:.1%} of equity")


def usd(limits: Limits, target: Target, after: Exposure) -> Breach | None:
    """R7.1: no new US dollars above their share."""
    return _above("usd", after.usd, limits.usd_max, f"US dollars would be {after.usd:.1%} of equity")


def crypto(limits: Limits, target: Target, after: Exposure) -> Breach | None:
    """R7.1: no new crypto above its share."""
    return _above("crypto", after.crypto, limits.crypto_max, f"crypto would be {after.crypto:.1%} of equity")


def cash(limits: Limits, target: Target, after: Exposure) -> Breach | None:
    """R7.1: below the cash share positions are only closed."""
    if after.cash >= limits.cash_min - TOLERANCE:
        return None
    return Breach("cash", after.cash, limits.cash_min, f"cash would be {after.cash:.1%}, at least {limits.cash_min:.0%}")


EXPOSURE_LIMITS: tuple[Callable[[Limits, Target, Exposure], Breach | None], ...] = (
    position, sector, usd, crypto, cash,
)  # fmt: skip


def order_rate(limits: Limits, intent: OrderIntent, state: State) -> Breach | None:
    """Orders planned in the last 10 s of wall time, this one included."""
    rate = state.orders.rate(state.now, RATE_WINDOW) + 1
    return _above("order rate", rate, limits.order_rate_max, f"{rate} orders in 10 s")


def order_notional(limits: Limits, intent: OrderIntent, state: State) -> Breach | None:
    """One order's value in quote units."""
    mark = state.markets[intent.instrument].mark
    value = float(intent.quantity) * (float(intent.price) if intent.price is not None else mark)
    return _above("order notional", value, limits.order_notional_max, f"order of {value:.2f} {state.quote}")


def price_collar(limits: Limits, intent: OrderIntent, state: State) -> Breach | None:
    """No order may pay more than the collar beyond the mid: fat fingers and broken feeds stop here."""
    mid = state.markets[intent.instrument].mid
    if mid != mid:
        return Breach("price collar", 0.0, limits.price_collar_bps, "no mid to compare the price with")
    if intent.price is None:
        return None
    beyond = (float(intent.price) / mid - 1.0) * intent.side.sign * 1e4
    return _above("price collar", beyond, limits.price_collar_bps, f"price {intent.price} is {beyond:.1f} bp beyond the mid")


def funds(limits: Limits, intent: OrderIntent, state: State) -> Breach | None:
    """A buy needs quote currency that no other order has reserved; a sell can't exceed its sleeve."""
    if intent.side is Side.SELL:
        free = float(state.free_base(intent.strategy, intent.instrument))
        needed = float(intent.quantity)
        return _above("holding", needed, free, f"selling {needed} of {free} held") if needed > free else None
    mark = state.markets[intent.instrument].mark
    reserved = sum(
        float(o.leaves) * float(o.intent.price or 0) for o in state.orders.open.values() if o.intent.side is Side.BUY
    )
    value = float(intent.quantity) * float(intent.price if intent.price is not None else mark)
    return _above("funds", value, state.cash - reserved, f"{value:.2f} {state.quote} needed")


ORDER_CHECKS: tuple[Callable[[Limits, OrderIntent, State], Breach | None], ...] = (
    order_rate, order_notional, price_collar, funds,
)  # fmt: skip


def _above(name: str, value: float, maximum: float, sentence: str) -> Breach | None:
    if value <= maximum + TOLERANCE:
        return None
    return Breach(name, value, maximum, f"{sentence}, at most {_text(maximum)}")


def _text(maximum: float) -> str:
    return f"{maximum:.0%}" if 0.0 < maximum <= 1.0 else f"{maximum:g}"
