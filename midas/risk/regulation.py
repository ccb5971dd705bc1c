"""Entries that a regulator's rule forbids (R7.11); what leaves a position is never refused."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from math import fsum, nan

from midas.domain.instrument import Instrument
from midas.domain.order import Side
from midas.domain.regulation import MAJOR, RegulationRules
from midas.domain.verdict import Breach
from midas.risk.exposure import STABLECOINS
from midas.risk.further import EntryLimit
from midas.state.state import State

TOLERANCE = 1e-9
DOLLARS = STABLECOINS | {"USD"}
SATURDAY = 5


def regulation_limits(rules: RegulationRules) -> tuple[EntryLimit, ...]:
    """Those that this account is subject to."""
    limits: list[EntryLimit] = []
    if rules.counts_day_trades:
        limits.append(lambda entry, state: day_trades(rules, entry.instrument, state))
    if rules.margin and rules.leverage:
        limits.append(lambda entry, state: leverage(rules, entry.weights, state))
    return tuple(limits)


def day_trades(rules: RegulationRules, instrument: str, state: State) -> Breach | None:
    """A purchase that might have to be sold today would be a day trade too many.

    Each instrument bought today, or being bought, counts as the day trade that its stop may make of it.
    """
    if not state.day_trades.counts(instrument) or free_of_day_trades(rules, state):
        return None
    done, pending = counted(rules, state), waiting(state) | {instrument}
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


def counted(rules: RegulationRules, state: State) -> int:
    """Day trades within the window that ends today."""
    first = window(state.day_trades.day(state.now), rules.day_trade_days)
    return sum(made.day >= first for made in state.day_trades.made)


def waiting(state: State) -> set[str]:
    """What was bought today and not sold since, or is being bought."""
    today, record = state.day_trades.day(state.now), state.day_trades
    bought = {name for name, day in record.bought.items() if day == today}
    orders = (order.intent for order in state.orders.open.values())
    return bought | {i.instrument for i in orders if i.side is Side.BUY and record.counts(i.instrument)}


def window(today: int, days: int) -> int:
    """The first day of the last `days` business days; holidays aren't known and count as such."""
    day, left = date.fromordinal(today), days
    while True:
        left -= day.weekday() < SATURDAY
        if left <= 0:
            return day.toordinal()
        day -= timedelta(days=1)


def leverage(rules: RegulationRules, weights: Mapping[str, float], state: State) -> Breach | None:
    """All positions together may ask no more margin than there is equity."""
    needed = margin(rules, weights, state)
    if needed <= 1.0 + TOLERANCE:
        return None
    if needed != needed:
        return Breach("leverage", 0.0, 1.0, "leverage isn't known: something held or ordered has no price")
    used = sorted({leverage_class(rules, state.instruments[i]) for i, weight in weights.items() if weight})
    table = ", ".join(f"{name} {cap(rules, name):g}:1" for name in used)
    sentence = f"positions would need {needed:.1%} of equity as margin ({table}), at most 100%"
    return Breach("leverage", needed, 1.0, f"{sentence} - {needed - 1.0:.1%} over")


def margin(rules: RegulationRules, weights: Mapping[str, float], state: State) -> float:
    """Initial margin of these weights, a fraction of equity."""
    return fsum(
        abs(weight) / cap(rules, leverage_class(rules, state.instruments[name])) if weight == weight else nan
        for name, weight in weights.items()
    )


def leverage_class(rules: RegulationRules, instrument: Instrument) -> str:
    """The row of the table that an instrument belongs to."""
    named = rules.classes.get(instrument.base, "other")
    if named == "forex" and {instrument.base, instrument.quote} <= MAJOR:
        return "forex_major"
    return "share" if named == "equity" else named


def cap(rules: RegulationRules, name: str) -> float:
    """Leverage allowed; what the table doesn't name is other, without that it isn't levered at all."""
    return rules.leverage.get(name, rules.leverage.get("other", 1.0))
