"""The hard limits of R7.1 and the checks of orders: one function a limit, one row a gauge."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from midas.domain.order import OrderIntent, Purpose, Side
from midas.domain.time import SECOND
from midas.domain.verdict import Breach
from midas.risk.exposure import Classes, Exposure, worst_case
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
    classes: Classes


def position(limits: Limits, instrument: str, after: Exposure) -> Breach | None:
    """R7.1: no instrument above its share of equity."""
    share = after.by_instrument.get(instrument, 0.0)
    name = instrument.partition(".")[0]
    return _above("position", share, limits.position_max, f"{name} would be {share:.1%} of equity")


def sector(limits: Limits, instrument: str, after: Exposure) -> Breach | None:
    """R7.1: the target's sector not above its share of equity; another sector's excess is not its matter."""
    name = after.sectors[instrument]
    share = after.by_sector[name]
    return _above("sector", share, limits.sector_max, f"sector {name} would be {share:.1%} of equity")


def usd(limits: Limits, instrument: str, after: Exposure) -> Breach | None:
    """R7.1: no new US dollars above their share; a trade that spends them is always welcome."""
    if after.usd <= after.usd_before + TOLERANCE:
        return None
    return _above("usd", after.usd, limits.usd_max, f"US dollars would be {after.usd:.1%} of equity")


def crypto(limits: Limits, instrument: str, after: Exposure) -> Breach | None:
    """R7.1: no new crypto above its share. Where stablecoins count as crypto, cash in them is part of it."""
    return _above("crypto", after.crypto, limits.crypto_max, f"crypto would be {after.crypto:.1%} of equity")


def cash(limits: Limits, instrument: str, after: Exposure) -> Breach | None:
    """R7.1: below the cash share positions are only closed."""
    if after.cash >= limits.cash_min - TOLERANCE:
        return None
    if after.cash != after.cash:
        return _unvalued("cash", limits.cash_min)
    sentence = f"cash would be {after.cash:.1%}, at least {limits.cash_min:.0%}"
    return Breach("cash", after.cash, limits.cash_min, sentence)


ExposureLimit = Callable[[Limits, str, Exposure], Breach | None]
EXPOSURE_LIMITS: tuple[ExposureLimit, ...] = (
    position, sector, usd, crypto, cash,
)  # fmt: skip


def exposures(limits: Limits, intent: OrderIntent, state: State) -> Iterator[Breach]:
    """Every exposure limit that this order would break, open beside everything else."""
    after = worst_case(state, limits.classes, order=intent)
    return (b for limit in EXPOSURE_LIMITS if (b := limit(limits, intent.instrument, after)))


def exposure(limits: Limits, intent: OrderIntent, state: State) -> Breach | None:
    """Every exposure limit once more, with this order open: what was approved beside it may have grown."""
    return next(exposures(limits, intent, state), None)


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
    """No order may pay more than the collar beyond the mid: fat fingers and broken feeds stop here.

    An exit is compared with the price that it hits: a wide spread is when one wants to get out.
    """
    market = state.markets[intent.instrument]
    leaving = intent.purpose is not Purpose.ENTRY and intent.side is Side.SELL
    reference = market.bid_price if leaving else market.mid
    if not reference > 0.0:
        return Breach("price collar", 0.0, limits.price_collar_bps, "no price to compare with")
    if intent.price is None:
        return None
    beyond = (float(intent.price) / reference - 1.0) * intent.side.sign * 1e4
    sentence = f"price {intent.price} is {beyond:.1f} bp beyond the market"
    return _above("price collar", beyond, limits.price_collar_bps, sentence)


def funds(limits: Limits, intent: OrderIntent, state: State) -> Breach | None:
    """A buy needs quote currency that no other order has reserved; a sell can't exceed its sleeve."""
    if intent.side is Side.SELL:
        free = state.free_base(intent.strategy, intent.instrument, intent.replaces)
        needed = intent.quantity
        if needed <= free:
            return None
        return Breach("holding", float(needed), float(free), f"selling {needed} of {free} held")
    bought = (o for o in state.orders.open.values() if o.intent.side is Side.BUY)
    standing = (o for o in bought if o.intent.client_id != intent.replaces)
    reserved = sum(float(o.reserved) * _price(o.intent, state) for o in standing)
    value = float(intent.quantity) * _price(intent, state)
    return _above("funds", value, state.cash - reserved, f"{value:.2f} {state.quote} needed")


OrderCheck = Callable[[Limits, OrderIntent, State], Breach | None]
ENTRY_CHECKS: tuple[OrderCheck, ...] = (order_rate, order_notional, price_collar, funds, exposure)
EXIT_CHECKS: tuple[OrderCheck, ...] = (price_collar, funds)  # nothing else may keep us in a position
STOP_CHECKS: tuple[OrderCheck, ...] = (funds,)  # its price is far from the market, with a collar of its own


def _price(intent: OrderIntent, state: State) -> float:
    return float(intent.price) if intent.price is not None else state.markets[intent.instrument].mark


def _above(name: str, value: float, maximum: float, sentence: str) -> Breach | None:
    if value != value:
        return _unvalued(name, maximum)
    if value <= maximum + TOLERANCE:
        return None
    return Breach(name, value, maximum, f"{sentence}, at most {_text(maximum)}")


def _unvalued(name: str, maximum: float) -> Breach:
    return Breach(name, 0.0, maximum, f"{name} isn't known: something held or ordered has no price")


def _text(maximum: float) -> str:
    return f"{maximum:.0%}" if 0.0 < maximum <= 1.0 else f"{maximum:g}"
