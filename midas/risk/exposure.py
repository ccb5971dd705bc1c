"""What we could come to hold: what the account has plus all that may still fill, UNKNOWN orders included.

All figures are fractions of equity unless said otherwise; evidence, so floats. What can't be valued is
NaN, and a NaN is within no limit.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from math import nan
from operator import attrgetter
from typing import Any

import msgspec

from midas.domain.instrument import Instrument
from midas.domain.limits import DOLLAR, Assets
from midas.domain.money import ZERO
from midas.domain.opinion import Target
from midas.domain.order import OrderIntent, Side
from midas.risk.chart import Chart, Group, chart_of
from midas.state.state import State

Shares = dict[str, float]
NONE: Shares = {}
HELD, BARS = attrgetter("quantity"), attrgetter("bars_seen")


class Units:
    """How much of everything there is and may come, in units of each instrument: no price is in it."""

    __slots__ = ("bought", "cash", "money", "of_strategy", "sold", "units", "worth")

    def __init__(self, state: State, chart: Chart, names: Iterable[str]) -> None:
        balances, routes = state.ledger.balances, state.valuation.routes
        self.cash = float(balances.get(state.quote, ZERO))
        self.money: Shares = {asset: float(balances.get(asset, ZERO)) for asset in chart.money}
        self.worth = [(float(balances[a]), legs) for a, legs in routes.items() if balances.get(a)]
        self.units: Shares = dict.fromkeys(names, 0.0)
        self.of_strategy: dict[str, Shares] = {}
        self.bought: list[tuple[str, float, float]] = []  # (instrument, units, limit price; NaN: none)
        self.sold: list[tuple[str, str, float, float]] = []  # (the quote's own pair, instrument, as above)

    def of(self, strategy: str, name: str, quantity: float) -> None:
        """More of one instrument for one strategy."""
        shares = self.of_strategy.setdefault(strategy, {})
        shares[name] = shares.get(name, 0.0) + quantity


class Exposure:
    """The account's worst case: every buy order fills and no sell order does."""

    __slots__ = (
        "_found",
        "_gone",
        "_kept",
        "by_instrument",
        "cash",
        "chart",
        "equity",
        "looked",
        "reserved",
        "values",
    )

    def __init__(self, state: State, chart: Chart, found: Units, prices: list[float] | None = None) -> None:
        """`prices`: the marks of the chart's markets, where somebody has just asked for them."""
        self.chart, self._found = chart, found
        self.looked: dict[tuple[str, str], tuple[Any, ...]] = {}  # what was worked out of it for one sleeve
        marks = dict(zip(chart.names, prices or [m.mark for m in chart.markets], strict=False))
        self.equity = equity = _equity(found, marks)  # account currency
        scale = 1.0 / equity if equity > 0.0 else nan
        value, account = state.valuation.value, state.quote
        # The share of equity that one unit of an instrument is worth.
        self.values: Shares = {}
        quotes = chart.quotes
        for name, quote in quotes.items():
            worth = marks[name] if quote == account else value(marks[name], quote)
            self.values[name] = worth * scale
        self.reserved: Shares = {}  # by quote currency, in its units: what open buy orders may still cost
        self._gone: dict[tuple[str, str], float] = {}  # of groups that hold both sides of an order
        units, reserved = found.units, self.reserved
        for name, quantity, price in found.bought:
            quote, mark = quotes[name], marks[name]
            costs = quantity * (price if price > mark else mark)
            reserved[quote] = reserved.get(quote, 0.0) + costs
            if name in chart.alike:
                self._leave(state, name, quote, costs, scale)
        if found.sold:
            units = dict(units)
        for pair, name, quantity, price in found.sold:
            mark = marks[name]
            brings = quantity * (price if price > mark else mark)
            units[pair] += brings
            if name in chart.alike:
                self._leave(state, name, quotes[name], brings, scale)
        values = self.values
        self.by_instrument: Shares = {n: q * values[n] if q else 0.0 for n, q in units.items()}
        self.cash = 0.0  # money left in the worst case
        self._kept: dict[str, float] = {}  # money as it is, for the groups that it stands in
        for asset in chart.money:
            balance = found.money[asset]
            left = balance - reserved.get(asset, 0.0)
            if asset != account:
                balance, left = value(balance, asset), value(left, asset)
            self.cash += left * scale
            self._kept[asset] = balance * scale

    def _leave(self, state: State, name: str, quote: str, price: float, scale: float) -> None:
        """One side of an order is gone from the groups that hold both."""
        share = state.valuation.value(price, quote) * scale
        for key in self.chart.alike[name]:
            self._gone[key] = self._gone.get(key, 0.0) + share

    def share(self, group: Group) -> float:
        """All of a group, and the money that counts as it."""
        shares, (key, members, money) = self.by_instrument, group
        share = shares[members[0]] if len(members) == 1 else sum(map(shares.__getitem__, members), 0.0)
        if self._gone:
            share -= self._gone.get(key, 0.0)
        for asset in money:
            share += self._kept[asset]
        return share

    def asset(self, base: str) -> float:
        """All pairs of one asset."""
        return self.share(self.chart.group("asset", base))

    def kind(self, name: str) -> float:
        """All assets of one class, and the money that counts as it."""
        return self.share(self.chart.group("kind", name))

    def currency(self, name: str) -> float:
        """What depends on one currency: holdings and money."""
        return self.share(self.chart.group("currency", name))

    def strategy(self, name: str) -> float:
        """What one strategy holds and is buying."""
        share, values = 0.0, self.values
        for instrument, quantity in self._found.of_strategy.get(name, NONE).items():
            share += quantity * values[instrument]
        return share

    @property
    def usd(self) -> float:
        """What depends on the US dollar."""
        return self.currency(DOLLAR)

    @property
    def crypto(self) -> float:
        """Coins."""
        return self.kind("crypto")

    @property
    def by_asset(self) -> Shares:
        """Every asset that is traded."""
        return self._by("asset")

    @property
    def by_sector(self) -> Shares:
        """Every sector."""
        return self._by("sector")

    @property
    def by_kind(self) -> Shares:
        """Every class."""
        return self._by("kind")

    @property
    def by_currency(self) -> Shares:
        """Every currency that something depends on."""
        chart = self.chart
        names = dict.fromkeys([*chart.money_of["currency"], *chart.members["currency"]])
        return {name: self.currency(name) for name in names if name}

    @property
    def by_venue(self) -> Shares:
        """Every venue."""
        return self._by("venue")

    @property
    def by_strategy(self) -> Shares:
        """Every strategy that holds or buys something."""
        return {name: self.strategy(name) for name in self._found.of_strategy}

    def _by(self, dimension: str) -> Shares:
        chart = self.chart
        return {name: self.share(chart.group(dimension, name)) for name in chart.members[dimension]}


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
    chart = chart_of(state, assets)
    if target is None and order is None:
        return standing(state, assets)
    found = _counted(state, chart, order.replaces if order is not None else "", open_orders=True)
    if target is not None:
        more = float(max(ZERO, target.quantity - counted(state, target.strategy, target.instrument)))
        _buy(found, target.instrument, target.strategy, more, nan)
    if order is not None and order.side is Side.BUY:
        _buy(found, order.instrument, order.strategy, float(order.quantity), _limit(order))
    return Exposure(state, chart, found)


def standing(state: State, assets: Assets, without: str = "", *, open_orders: bool = True) -> Exposure:
    """The worst case of what is held and open now; without `open_orders`, what is held.

    `without`: an order that is closed before what is asked for could be sent.
    """
    chart = chart_of(state, assets)
    open_orders = open_orders or not (state.orders.open or state.orders.foreign)  # the same where none is
    if without or not open_orders:
        return Exposure(state, chart, _counted(state, chart, without, open_orders=open_orders))
    return _remembered(state, chart)


def holdings(state: State, assets: Assets) -> dict[str, tuple[float, float]]:
    """What is held of each instrument, with what a unit of it is worth; as `standing` without open orders.

    Asked at every hour of years: the groups that limits are about aren't summed up.
    """
    chart = chart_of(state, assets)
    found = _counted(state, chart, "", open_orders=False)
    held = {name: quantity for name, quantity in found.units.items() if quantity}
    if not held:
        return {}
    marks = {name: market.mark for name, market in zip(chart.names, chart.markets, strict=True)}
    equity, account, value = _equity(found, marks), state.quote, state.valuation.value
    scale, shares = 1.0 / equity if equity > 0.0 else nan, {}
    for name, quantity in held.items():
        quote, mark = chart.quotes[name], marks[name]
        worth = (mark if quote == account else value(mark, quote)) * scale
        shares[name] = quantity * worth, worth
    return shares


def added(state: State, now: Exposure, name: str, strategy: str, price: Decimal | None = None) -> Added:
    """What one more unit of an instrument does, bought at its mark or at a worse `price`."""
    instrument, mark = state.instruments[name], state.markets[name].mark
    value = now.values[name]
    worst = mark if price is None else max(mark, float(price))
    cost = value if worst == mark else value / mark * worst
    return Added(instrument, strategy, value, cost, worst)


def counted(state: State, strategy: str, instrument: str) -> Decimal:
    """What one sleeve holds or is buying already: base units that the worst case has in it."""
    sleeve = state.ledger.sleeves.get((strategy, instrument))
    found = sleeve.quantity if sleeve is not None else ZERO
    for order in state.orders.open.values():
        intent = order.intent
        if intent.strategy == strategy and intent.instrument == instrument:
            found += order.leaves if intent.side is Side.BUY else ZERO
    return found


def money(state: State, assets: Assets) -> tuple[str, ...]:
    """The assets whose balance is cash: the account's currency, and quotes that are nobody's position."""
    return chart_of(state, assets).money


def _remembered(state: State, chart: Chart) -> Exposure:
    """Until an order, holding, balance or price is another one: a review and its order ask twice."""
    marks = [m.mark for m in chart.markets]
    marks += map(BARS, chart.markets)  # new bars: correlations
    known = state.derived.get("exposure")
    if isinstance(known, _Known) and known.chart is chart and known.stands(state):
        if known.marks != marks:  # never so while one isn't known: NaN is nobody's equal
            known.marks, known.exposure = marks, Exposure(state, chart, known.found, marks)
        return known.exposure
    made = state.derived["exposure"] = _Known(state, chart, marks)
    return made.exposure


class _Known:
    """What was seen when the worst case was last summed up, and what came of it at the last prices."""

    __slots__ = ("balances", "chart", "exposure", "foreign", "found", "held", "marks", "orders")

    def __init__(self, state: State, chart: Chart, marks: list[float]) -> None:
        self.chart, self.marks = chart, marks
        orders, ledger = state.orders, state.ledger
        self.orders = [(o.intent, o.filled, o.phase, list(o.pending)) for o in orders.open.values()]
        self.foreign, self.balances = dict(orders.foreign), dict(ledger.balances)
        self.held = [sleeve.quantity for sleeve in ledger.sleeves.values()]
        self.found = _counted(state, chart, "", open_orders=True)
        self.exposure = Exposure(state, chart, self.found, marks)

    def stands(self, state: State) -> bool:
        """Whether all of it is as it was: mostly the very objects, so that no value is looked at."""
        orders, ledger = state.orders, state.ledger
        if len(orders.open) != len(self.orders) or orders.foreign != self.foreign:
            return False
        for order, (intent, filled, phase, pending) in zip(orders.open.values(), self.orders, strict=False):
            if order.intent is not intent or order.filled is not filled or order.phase is not phase:
                return False
            if order.pending != pending:
                return False
        if ledger.balances != self.balances:
            return False
        return list(map(HELD, ledger.sleeves.values())) == self.held


def _counted(state: State, chart: Chart, without: str, *, open_orders: bool) -> Units:
    found = Units(state, chart, chart.names)
    _hold(state, found)
    if not open_orders:
        return found
    for client_id, order in state.orders.open.items():
        intent = order.intent
        if client_id == without:
            continue
        if intent.side is Side.BUY:
            _buy(found, intent.instrument, intent.strategy, float(order.reserved), _limit(intent))
        elif state.valuation.crosses:  # a stop, too: it may have come to its price unheard
            pair = state.valuation.pairs.get(state.instruments[intent.instrument].quote)
            if pair is not None:  # euros for a share: what is sold brings a position
                found.sold.append((pair, intent.instrument, float(order.reserved), _limit(intent)))
    for report in state.orders.foreign.values():
        if report.side is Side.BUY and report.instrument in found.units:
            _buy(found, report.instrument, "", float(report.quantity - report.filled), float(report.price))
    return found


def _buy(found: Units, name: str, strategy: str, quantity: float, price: float) -> None:
    found.units[name] += quantity
    found.bought.append((name, quantity, price))
    if strategy:
        found.of(strategy, name, quantity)


def _hold(state: State, found: Units) -> None:
    """Positions of all sleeves; what was on the account before us is held in its asset's first pair."""
    explained: Shares = {}
    for (strategy, name), sleeve in state.ledger.sleeves.items():
        if sleeve.quantity and name in found.units:
            quantity = float(sleeve.quantity)
            found.units[name] += quantity
            found.of(strategy, name, quantity)
            base = state.instruments[name].base
            explained[base] = explained.get(base, 0.0) + quantity
    for base, name in state.valuation.pairs.items():
        surplus = float(state.ledger.balances.get(base, ZERO)) - explained.get(base, 0.0)
        if surplus > 0.0 and base != state.quote:
            found.units[name] += surplus


def _limit(intent: OrderIntent) -> float:
    return float(intent.price) if intent.price is not None else nan


def _equity(found: Units, marks: Shares) -> float:
    """As `State.equity`, to the last bit."""
    total = found.cash
    for amount, legs in found.worth:
        for market, inverse in legs:
            mark = marks[market.instrument.id]
            amount = amount / mark if inverse else amount * mark
        total += amount
    return total
