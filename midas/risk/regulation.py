"""Entries that a regulator's rule forbids (R7.11); what leaves a position is never refused."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from math import fsum, nan

from midas.domain.instrument import Instrument
from midas.domain.limits import STABLECOINS, Assets
from midas.domain.money import floor_to, from_float
from midas.domain.order import Side
from midas.domain.regulation import FINER, MAJOR, SHARES, RegulationRules
from midas.domain.verdict import Breach
from midas.risk.further import Entry, EntryLimit
from midas.risk.rows import FINE, TOLERANCE
from midas.state.state import State

DOLLARS = STABLECOINS | {"USD"}
SATURDAY = 5


def regulation_limits(rules: RegulationRules) -> tuple[EntryLimit, ...]:
    """Those that this account is subject to."""
    limits: list[EntryLimit] = []
    if rules.counts_day_trades:
        limits.append(lambda entry, state: day_trades(rules, entry, state))
    if rules.margin and rules.leverage:
        limits.append(lambda entry, state: leverage(rules, entry, state))
    return tuple(limits)


def day_trades(rules: RegulationRules, entry: Entry, state: State) -> Breach | None:
    """A purchase that might have to be sold today would be a day trade too many.

    Each instrument bought today, or being bought, counts as the day trade that its stop may make of it.
    """
    instrument, assets = entry.instrument, entry.assets
    if not _counts(instrument, assets, state) or free_of_day_trades(rules, state):
        return None
    done, pending = counted(rules, assets, state), waiting(assets, state) | {instrument}
    count = done + len(pending)
    if count <= rules.day_trades_max:
        return None
    span, least = f"{rules.day_trade_days} business days", f"{rules.equity_min:,.0f} USD of equity"
    sentence = f"{done} day trades in {span} and {len(pending)} that today's purchases may become"
    return Breach(
        "day trades", float(count), float(rules.day_trades_max),
        f"{sentence}, at most {rules.day_trades_max} below {least}",
    )  # fmt: skip


def free_of_day_trades(rules: RegulationRules, state: State) -> bool:
    """Equity is known to be large enough; in another currency than dollars nobody knows."""
    return state.quote in DOLLARS and state.equity() >= rules.equity_min


def counted(rules: RegulationRules, assets: Assets, state: State) -> int:
    """Day trades in shares within the window that ends today."""
    first = window(state.day_trades.day(state.now), rules.day_trade_days)
    return sum(m.day >= first and _counts(m.instrument, assets, state) for m in state.day_trades.made)


def waiting(assets: Assets, state: State) -> set[str]:
    """Shares that were bought today and not sold since, or are being bought."""
    today, record = state.day_trades.day(state.now), state.day_trades
    found = {name for name, day in record.bought.items() if day == today}
    orders = (order.intent for order in state.orders.open.values())
    found |= {intent.instrument for intent in orders if intent.side is Side.BUY}
    return {name for name in found if _counts(name, assets, state)}


def _counts(instrument: str, assets: Assets, state: State) -> bool:
    known = state.instruments.get(instrument)
    return known is not None and assets.kind(known.base) in SHARES


def window(today: int, days: int) -> int:
    """The first day of the last `days` business days; holidays aren't known and count as such."""
    day, left = date.fromordinal(today), days
    while True:
        left -= day.weekday() < SATURDAY
        if left <= 0:
            return day.toordinal()
        day -= timedelta(days=1)


def leverage(rules: RegulationRules, entry: Entry, state: State) -> Breach | None:
    """All positions together may ask no more margin than there is equity."""
    weights, assets = entry.weights, entry.assets
    needed = margin(rules, weights, assets, state)
    if needed <= 1.0 + TOLERANCE:
        return None
    if needed != needed:
        return Breach("leverage", 0.0, 1.0, "leverage isn't known: something held or ordered has no price")
    used = sorted({leverage_class(assets, state.instruments[i]) for i, weight in weights.items() if weight})
    table = ", ".join(f"{name} {cap(rules, name):g}:1" for name in used)
    sentence = f"positions would need {needed:.1%} of equity as margin ({table}), at most 100%"
    return Breach("leverage", needed, 1.0, f"{sentence}: {needed - 1.0:.1%} over", _fits(rules, entry, state))


def margin(rules: RegulationRules, weights: Mapping[str, float], assets: Assets, state: State) -> float:
    """Initial margin of these weights, a fraction of equity."""
    return fsum(
        abs(weight) / cap(rules, leverage_class(assets, state.instruments[name])) if weight == weight else nan
        for name, weight in weights.items()
    )


def _fits(rules: RegulationRules, entry: Entry, state: State) -> Decimal | None:
    """How much more the margin that is left would carry, in whole lots."""
    name, instrument = entry.instrument, state.instruments[entry.instrument]
    step, price = entry.weights[name] - entry.base.get(name, 0.0), state.markets[name].mark
    left = 1.0 - margin(rules, entry.base, entry.assets, state)
    if not step > 0.0 or not price > 0.0 or left != left:
        return None
    weight = max(0.0, left * cap(rules, leverage_class(entry.assets, instrument)))
    worth = state.valuation.value(price, instrument.quote)
    return floor_to(from_float(weight * state.equity() / worth, FINE), instrument.lot_size)


def leverage_class(assets: Assets, instrument: Instrument) -> str:
    """The row of the table that an instrument belongs to: its class, or a finer one that its sector names."""
    kind, sector = assets.kind(instrument.base), assets.sector(instrument.base)
    if sector in FINER.get(kind, ()):
        return sector
    if kind == "forex" and {instrument.base, instrument.quote} <= MAJOR:
        return "forex_major"
    return kind


def cap(rules: RegulationRules, name: str) -> float:
    """Leverage allowed; what the table doesn't name is other, without that it isn't levered at all."""
    return rules.leverage.get(name, rules.leverage.get("other", 1.0))
