"""What we could come to hold: what the account has plus all that may still fill, UNKNOWN orders included.

All figures are fractions of equity unless said otherwise; evidence, so floats. What can't be valued is
NaN, and a NaN is within no limit.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from math import nan

import msgspec

from midas.domain.instrument import Instrument
from midas.domain.limits import DOLLAR, Assets
from midas.domain.money import ZERO
from midas.domain.opinion import Target
from midas.domain.order import OrderIntent, Side
from midas.state.state import State

Shares = dict[str, float]


class Exposure(msgspec.Struct):
    """The account's worst case: every buy order fills and no sell order does."""

    equity: float  # account currency
    cash: float  # money left in the worst case
    reserved: dict[str, float]  # by quote currency, in its units: what open buy orders may still cost
    by_instrument: Shares
    by_asset: Shares
    by_sector: Shares
    by_kind: Shares
    by_currency: Shares  # holdings and money that depend on it
    by_venue: Shares
    by_strategy: Shares

    @property
    def usd(self) -> float:
        """What depends on the US dollar."""
        return self.by_currency.get(DOLLAR, 0.0)

    @property
    def crypto(self) -> float:
        """Coins."""
        return self.by_kind.get("crypto", 0.0)


class Added(msgspec.Struct, frozen=True):
    """More of one instrument: what a unit of it does to the account."""

    instrument: Instrument
    strategy: str
    value: float  # share of equity that a unit is worth
    cost: float  # share of equity of the money that it is paid with
    price: float  # quote units, the worst that may be paid


def worst_case(
    state: State, assets: Assets, target: Target | None = None, order: OrderIntent | None = None
) -> Exposure:
    """The exposure now, or as if `target` were being worked, or `order` open, beside everything else."""
    now = standing(state, assets, order.replaces if order is not None else "")
    if target is not None:
        more = max(ZERO, target.quantity - reserved(state, target))
        _add(now, state, assets, added(state, now, target.instrument, target.strategy), float(more))
    if order is not None and order.side is Side.BUY:
        one = added(state, now, order.instrument, order.strategy, order.price)
        _add(now, state, assets, one, float(order.quantity))
    return now


def standing(state: State, assets: Assets, without: str = "", *, open_orders: bool = True) -> Exposure:
    """The worst case of what is held and open now; without `open_orders`, what is held.

    `without`: an order that is closed before what is asked for could be sent.
    """
    equity = state.equity()
    scale = 1.0 / equity if equity > 0.0 else nan
    found = Exposure(equity, 0.0, {}, {}, {}, {}, {}, {}, {}, {})
    values = _unit_values(state, scale)
    units = dict.fromkeys(values, 0.0)
    for name, strategy, quantity, price in _buying(state, without) if open_orders else ():
        units[name] += quantity
        _pay(found, state, assets, state.instruments[name], quantity * price)
        if strategy:
            _more(found.by_strategy, strategy, quantity * values[name])
    for instrument, quantity in _held(state, found.by_strategy, values).items():
        units[instrument] += quantity
    for name, traded in state.instruments.items():
        quantity = units[name]
        share = quantity * values[name] if quantity else 0.0
        found.by_instrument[name] = share
        _count(found, assets, traded, share)
    _count_money(found, state, assets, scale)
    return found


def added(state: State, now: Exposure, name: str, strategy: str, price: Decimal | None = None) -> Added:
    """What one more unit of an instrument does, bought at its mark or at a worse `price`."""
    instrument, mark = state.instruments[name], state.markets[name].mark
    worst = mark if price is None else max(mark, float(price))
    scale = 1.0 / now.equity if now.equity > 0.0 else nan
    rate = state.valuation.rate(instrument.quote) * scale
    return Added(instrument, strategy, mark * rate, worst * rate, worst)


def reserved(state: State, target: Target) -> Decimal:
    """What the target's own sleeve holds or is buying already."""
    own = (o for o in state.orders.working(target.strategy, target.instrument) if o.intent.side is Side.BUY)
    return state.ledger.sleeve(target.strategy, target.instrument).quantity + sum(
        (o.leaves for o in own), ZERO
    )


def money(state: State, assets: Assets) -> tuple[str, ...]:
    """The assets whose balance is cash: the account's currency, and quotes that are nobody's position."""
    return (state.quote, *(q for q in state.valuation.quotes if assets.is_money(q)))


def _unit_values(state: State, scale: float) -> Shares:
    """The share of equity that a unit of each instrument is worth."""
    value = state.valuation.value
    return {
        name: value(state.markets[name].mark, instrument.quote) * scale
        for name, instrument in state.instruments.items()
    }


def _buying(state: State, without: str) -> Iterator[tuple[str, str, float, float]]:
    """(instrument, strategy, quantity, price) of all that may still be bought; of others too."""
    for client_id, order in state.orders.open.items():
        intent = order.intent
        if intent.side is Side.BUY and client_id != without:
            mark = state.markets[intent.instrument].mark
            price = mark if intent.price is None else max(mark, float(intent.price))
            yield intent.instrument, intent.strategy, float(order.reserved), price
    for report in state.orders.foreign.values():
        if report.side is Side.BUY and report.instrument in state.instruments:
            price = max(state.markets[report.instrument].mark, float(report.price))
            yield report.instrument, "", float(report.quantity - report.filled), price


def _held(state: State, by_strategy: Shares, values: Shares) -> Shares:
    """Units of each instrument; what was on the account before us is its first pair's."""
    positions: Shares = {}
    for (strategy, name), sleeve in state.ledger.sleeves.items():
        if sleeve.quantity and name in values:
            quantity = float(sleeve.quantity)
            _more(positions, name, quantity)
            _more(by_strategy, strategy, quantity * values[name])
    explained: Shares = {}
    for name, quantity in positions.items():
        _more(explained, state.instruments[name].base, quantity)
    seen: set[str] = {state.quote}
    for name, instrument in state.instruments.items():
        if instrument.base in seen:
            continue
        seen.add(instrument.base)
        surplus = float(state.ledger.balances.get(instrument.base, ZERO)) - explained.get(
            instrument.base, 0.0
        )
        if surplus > 0.0:
            _more(positions, name, surplus)
    return positions


def _pay(found: Exposure, state: State, assets: Assets, instrument: Instrument, price: float) -> None:
    """What an open buy order costs, in its quote currency.

    What it is paid with stays in its own groups, for it may not fill; but within one group both can't be.
    """
    quote = instrument.quote
    _more(found.reserved, quote, price)
    counted, kind = assets.of(instrument), assets.kind(quote)
    alike = bool(counted.currency) and counted.currency == assets.currency(quote)
    if not alike and counted.kind != kind:
        return
    share = state.valuation.value(price, quote) / found.equity if found.equity > 0.0 else nan
    if alike:
        _more(found.by_currency, counted.currency, -share)
    if counted.kind == kind:
        _more(found.by_kind, kind, -share)


def _count_money(found: Exposure, state: State, assets: Assets, scale: float) -> None:
    """Cash is what is left once every buy order is paid, at its own price where that is above the mark."""
    value, balances = state.valuation.value, state.ledger.balances
    for asset in money(state, assets):
        balance, spent = float(balances.get(asset, ZERO)), found.reserved.get(asset, 0.0)
        found.cash += value(balance - spent, asset) * scale
        share, kind = value(balance, asset) * scale, assets.kind(asset)
        if currency := assets.currency(asset):
            _more(found.by_currency, currency, share)
        if kind == "crypto":
            _more(found.by_kind, kind, share)


def _count(found: Exposure, assets: Assets, instrument: Instrument, share: float) -> None:
    counted = assets.of(instrument)
    _more(found.by_asset, instrument.base, share)
    _more(found.by_sector, counted.sector, share)
    _more(found.by_kind, counted.kind, share)
    _more(found.by_venue, instrument.venue, share)
    if counted.currency:
        _more(found.by_currency, counted.currency, share)


def _add(found: Exposure, state: State, assets: Assets, one: Added, quantity: float) -> None:
    instrument, share = one.instrument, quantity * one.value
    _more(found.by_instrument, instrument.id, share)
    _more(found.by_strategy, one.strategy, share)
    _count(found, assets, instrument, share)
    _pay(found, state, assets, instrument, quantity * one.price)
    if instrument.quote in money(state, assets):
        found.cash -= quantity * one.cost


def _more(shares: Shares, name: str, share: float) -> None:
    shares[name] = shares.get(name, 0.0) + share
