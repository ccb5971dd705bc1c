"""What we could come to hold: what the account has plus all that may still fill, UNKNOWN orders included.

All figures are fractions of equity unless said otherwise; evidence, so floats. What can't be valued is
NaN, and a NaN is within no limit.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from math import nan
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
NONE: dict[int, float] = {}
BUY = Side.BUY  # asked of every open order: a look into an Enum costs more than the comparison


class Units:
    """How much of everything there is and may come: no price is in it. A place is one in the chart."""

    __slots__ = ("bought", "cash", "money", "of_strategy", "sold", "units", "worth")

    def __init__(self, state: State, chart: Chart) -> None:
        amounts = state.ledger.amounts
        self.cash = amounts.get(state.quote, 0.0)
        self.money: Shares = {asset: amounts.get(asset, 0.0) for asset in chart.money}
        self.worth = [(amounts[a], legs) for a, legs in chart.routes.items() if amounts.get(a)]
        self.units = [0.0] * len(chart.names)
        self.of_strategy: dict[str, dict[int, float]] = {}
        self.bought: list[tuple[int, float, float]] = []  # (place, units, limit price; NaN: none)
        self.sold: list[tuple[int, int, float, float]] = []  # (place of the quote's own pair, as above)

    def beside(self) -> Units:
        """The same, to which orders may be added."""
        other = Units.__new__(Units)
        other.cash, other.money, other.worth = self.cash, self.money, self.worth
        other.units = self.units.copy()
        other.of_strategy = {strategy: dict(shares) for strategy, shares in self.of_strategy.items()}
        other.bought, other.sold = [], []
        return other

    def of(self, strategy: str, place: int, quantity: float) -> None:
        """More of one instrument for one strategy."""
        shares = self.of_strategy.setdefault(strategy, {})
        shares[place] = shares.get(place, 0.0) + quantity

    def buy(self, strategy: str, place: int, quantity: float, price: float) -> None:
        """What is bought is held, and has to be paid; no `strategy`: it isn't ours."""
        self.units[place] += quantity
        self.bought.append((place, quantity, price))
        if strategy:
            self.of(strategy, place, quantity)


class Exposure:
    """The account's worst case: every buy order fills and no sell order does."""

    __slots__ = (
        "_found", "_gone", "_scale", "account", "cash", "chart", "equity", "looked", "marks", "reserved",
        "shares", "values",
    )  # fmt: skip

    def __init__(self, chart: Chart, found: Units, marks: list[float]) -> None:
        """`marks`: of the chart's markets."""
        self.chart, self.marks, self.account, self._found = chart, marks, chart.money[0], found
        self.looked: dict[tuple[str, str], tuple[Any, ...]] = {}  # what was worked out of it for one sleeve
        equity = found.cash  # as `State.equity`, to the last bit
        for amount, legs in found.worth:
            for place, inverse in legs:
                amount = amount / marks[place] if inverse else amount * marks[place]
            equity += amount
        self.equity = equity  # account currency
        self._scale = scale = 1.0 / equity if equity > 0.0 else nan
        quotes, alike, units = chart.quotes, chart.alike, found.units
        if chart.plain:
            values = [mark * scale for mark in marks]
        else:
            values = [self._worth(mark, quote) * scale for mark, quote in zip(marks, quotes, strict=True)]
        self.values = values  # the share of equity that one unit of each instrument is worth
        reserved: Shares = {}
        self.reserved = reserved  # by quote currency, in its units: what open buy orders may still cost
        self._gone: dict[tuple[str, str], float] = {}  # of groups that hold both sides of an order
        for place, quantity, price in found.bought:
            quote, mark = quotes[place], marks[place]
            costs = quantity * (price if price > mark else mark)
            reserved[quote] = reserved.get(quote, 0.0) + costs
            if place in alike:
                self._leave(place, costs)
        if found.sold:
            units = list(units)
            for pair, place, quantity, price in found.sold:
                mark = marks[place]
                brings = quantity * (price if price > mark else mark)
                units[pair] += brings
                if place in alike:
                    self._leave(place, brings)
        # Of each instrument, in the order of the chart: nothing is nothing where there is no price, too.
        self.shares = [units[at] * value if units[at] else 0.0 for at, value in enumerate(values)]
        self.cash = 0.0  # money left in the worst case
        for asset, balance in found.money.items():
            self.cash += self._worth(balance - reserved.get(asset, 0.0), asset) * scale

    def _worth(self, amount: float, asset: str) -> float:
        """As `Valuation.value`, of the marks that this was worked out with."""
        if asset == self.account:
            return amount
        legs = self.chart.routes.get(asset)
        if legs is None:
            return nan
        for place, inverse in legs:
            amount = amount / self.marks[place] if inverse else amount * self.marks[place]
        return amount

    def _leave(self, place: int, price: float) -> None:
        """One side of an order is gone from the groups that hold both."""
        share = self._worth(price, self.chart.quotes[place]) * self._scale
        for key in self.chart.alike[place]:
            self._gone[key] = self._gone.get(key, 0.0) + share

    def balance(self, asset: str) -> float | None:
        """What there is of an asset that is cash, in its units; None: it isn't."""
        return self._found.money.get(asset)

    @property
    def by_instrument(self) -> Shares:
        """Every instrument's share of equity."""
        return dict(zip(self.chart.names, self.shares, strict=True))

    def share(self, group: Group) -> float:
        """All of a group, and the money that counts as it."""
        shares, (key, places, money), share = self.shares, group, 0.0
        for place in places:
            share += shares[place]
        if self._gone:
            share -= self._gone.get(key, 0.0)
        for asset in money:
            share += self._worth(self._found.money[asset], asset) * self._scale
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
        for place, quantity in self._found.of_strategy.get(name, NONE).items():
            share += quantity * values[place]
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


class Added(msgspec.Struct, frozen=True, gc=False):
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
        found.buy(target.strategy, chart.at[target.instrument], more, nan)
    if order is not None and order.side is BUY:
        found.buy(order.strategy, chart.at[order.instrument], float(order.quantity), _limit(order))
    return Exposure(chart, found, [m.mark for m in chart.markets])


def standing(state: State, assets: Assets, without: str = "", *, open_orders: bool = True) -> Exposure:
    """The worst case of what is held and open now; without `open_orders`, what is held.

    `without`: an order that is closed before what is asked for could be sent. All the rest is remembered
    until an order, holding, balance or price is another one: a review and its order ask twice.
    """
    if without or not (open_orders or not (state.orders.open or state.orders.foreign)):
        chart = chart_of(state, assets)
        found = _counted(state, chart, without, open_orders=open_orders)
        return Exposure(chart, found, [m.mark for m in chart.markets])
    known = state.derived.get("exposure")
    if not isinstance(known, _Known) or not known.belongs(state, assets):
        known = state.derived["exposure"] = _Known(state, chart_of(state, assets))
    return known.now(state)


def holdings(state: State, assets: Assets, equity: float) -> Iterator[tuple[str, float, float]]:
    """What is held of each instrument, a share of `equity`, and that of one unit; no order counts.

    `equity` is that of this moment. The figures of `standing`, without all that is worked out of them.
    """
    chart = chart_of(state, assets)
    if not chart.plain:
        now = standing(state, assets, open_orders=False)
        yield from zip(chart.names, now.shares, now.values, strict=True)
        return
    known = state.derived.get("exposure")
    if not isinstance(known, _Known) or not known.belongs(state, assets):
        known = state.derived["exposure"] = _Known(state, chart)
    scale = 1.0 / equity if equity > 0.0 else nan
    for name, units, market in zip(chart.names, known.holding(state), chart.markets, strict=True):
        value = market.mark * scale
        yield name, units * value if units else 0.0, value


def added(state: State, now: Exposure, name: str, strategy: str, price: float | None = None) -> Added:
    """What one more unit of an instrument does, bought at its mark or at a worse `price`."""
    place = now.chart.at[name]
    mark, value = now.marks[place], now.values[place]
    if price is None or not price > mark:
        return Added(state.instruments[name], strategy, value, value, mark)
    return Added(state.instruments[name], strategy, value, value / mark * price, price)


def counted(state: State, strategy: str, instrument: str) -> Decimal:
    """What one sleeve holds or is buying already: base units that the worst case has in it."""
    sleeve = state.ledger.sleeves.get((strategy, instrument))
    found = sleeve.quantity if sleeve is not None else ZERO
    for order in state.orders.open.values():
        intent = order.intent
        if intent.strategy == strategy and intent.instrument == instrument:
            found += order.leaves if intent.side is BUY else ZERO
    return found


def money(state: State, assets: Assets) -> tuple[str, ...]:
    """The assets whose balance is cash: the account's currency, and quotes that are nobody's position."""
    return chart_of(state, assets).money


Size = tuple[OrderIntent, Decimal, float, float]  # with what it was worked out of: units, limit price


class _Known:
    """The worst case as it was last summed up, and by what one can tell that it still stands."""

    __slots__ = (
        "balances", "bars", "chart", "exposure", "foreign", "found", "held", "ledger", "ledger_at", "marks",
        "open", "orders", "orders_at", "sizes",
    )  # fmt: skip

    def __init__(self, state: State, chart: Chart) -> None:
        self.chart, self.orders, self.ledger = chart, state.orders, state.ledger
        self.marks: list[float] = []
        self.bars = 0
        self.sizes: dict[str, Size] = {}
        self.exposure: Exposure | None = None
        self._hold(state)

    def belongs(self, state: State, assets: Assets) -> bool:
        """It is of these very books, and of this map."""
        return self.orders is state.orders and self.ledger is state.ledger and self.chart.assets is assets

    def now(self, state: State) -> Exposure:
        """With all that has changed, at the prices of this moment; of new bars come new correlations."""
        orders, ledger, markets = self.orders, self.ledger, self.chart.markets
        if self.ledger_at != ledger.changes or self.balances is not ledger.balances:
            self._hold(state)
        elif (
            self.orders_at != orders.changes
            or self.open is not orders.open
            or self.foreign is not orders.foreign
        ):
            self._order(state)
        marks = [market.mark for market in markets]
        bars = sum([market.bars_seen for market in markets])
        found = self.exposure
        if found is None or self.bars != bars or self.marks != marks:
            found = self.exposure = Exposure(self.chart, self.found, marks)
            self.marks, self.bars = marks, bars
        return found

    def holding(self, state: State) -> list[float]:
        """Units of each instrument in the chart, orders left out."""
        if self.ledger_at != self.ledger.changes or self.balances is not self.ledger.balances:
            self._hold(state)
        return self.held.units

    def _hold(self, state: State) -> None:
        ledger = self.ledger
        self.ledger_at, self.balances = ledger.changes, ledger.balances
        self.held = _held(state, self.chart)
        self._order(state)

    def _order(self, state: State) -> None:
        orders = self.orders
        self.orders_at, self.open, self.foreign = orders.changes, orders.open, orders.foreign
        self.found, self.sizes = _ordered(state, self.chart, self.held, self.sizes)
        self.exposure = None


def _counted(state: State, chart: Chart, without: str, *, open_orders: bool) -> Units:
    held = _held(state, chart)
    return _ordered(state, chart, held, {}, without)[0] if open_orders else held


def _ordered(
    state: State, chart: Chart, held: Units, known: dict[str, Size], without: str = ""
) -> tuple[Units, dict[str, Size]]:
    """What is held, and beside it all that is open; with the sizes of the orders, for the next time."""
    if not (state.orders.open or state.orders.foreign):
        return held, {}  # nobody adds to it
    found, at, crosses = held.beside(), chart.at, state.valuation.crosses
    sizes: dict[str, Size] = {}
    for client_id, order in state.orders.open.items():
        if client_id == without:
            continue
        intent, size = order.intent, known.get(client_id)
        if size is None or size[0] is not intent or size[1] is not order.filled or order.pending:
            size = intent, order.filled, float(order.reserved), _limit(intent)
        if not order.pending:  # else it may be worth more than its terms
            sizes[client_id] = size
        if intent.side is BUY:
            found.buy(intent.strategy, at[intent.instrument], size[2], size[3])
        elif crosses:  # a stop, too: it may have come to its price unheard
            pair = state.valuation.pairs.get(state.instruments[intent.instrument].quote)
            if pair is not None:  # euros for a share: what is sold brings a position
                found.sold.append((at[pair], at[intent.instrument], size[2], size[3]))
    for report in state.orders.foreign.values():
        if report.side is BUY and report.instrument in at:
            left = float(report.quantity - report.filled)
            found.buy("", at[report.instrument], left, float(report.price))
    return found, sizes


def _held(state: State, chart: Chart) -> Units:
    """Positions of all sleeves; what was on the account before us is held in its asset's first pair."""
    found, amounts = Units(state, chart), state.ledger.amounts
    explained: dict[str, float] = {}
    for (strategy, name), sleeve in state.ledger.sleeves.items():
        if sleeve.quantity and name in chart.at:
            quantity, place, base = float(sleeve.quantity), chart.at[name], chart.bases[name]
            found.units[place] += quantity
            found.of(strategy, place, quantity)
            explained[base] = explained.get(base, 0.0) + quantity
    for base, name in state.valuation.pairs.items():
        surplus = amounts.get(base, 0.0) - explained.get(base, 0.0)
        if surplus > 0.0 and base != state.quote:
            found.units[chart.at[name]] += surplus
    return found


def _limit(intent: OrderIntent) -> float:
    return float(intent.price) if intent.price is not None else nan
