"""Which instruments belong to which group: fixed for one set of instruments and one map of assets."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from midas.domain.instrument import Instrument
from midas.domain.limits import Assets, Counted, Limits
from midas.state.market import InstrumentMarket
from midas.state.state import State

Members = dict[str, tuple[str, ...]]
Leg = tuple[int, bool]
GROUPS = ("asset", "sector", "kind", "currency", "venue")


class Group(NamedTuple):
    """What is limited together."""

    key: tuple[str, str]  # one of GROUPS, and which of them
    places: tuple[int, ...]  # of its instruments in `Chart.names`
    money: tuple[str, ...]  # that counts as it


class Bound(NamedTuple):
    """One limit over a group that an instrument stands in."""

    limit: str
    name: str  # of what it is about
    group: Group
    maximum: float
    paid_alike: bool  # what pays for more of it stands in it, too


class Place(NamedTuple):
    """Where one instrument stands among the limits."""

    kind: str
    sector: str
    currency: str  # that buying it brings more of; empty: none
    foreign: bool  # that currency isn't the account's own
    same_kind: bool  # it is paid with what is of its own class
    paid: bool  # it is paid with cash


class Other(NamedTuple):
    """An instrument that another one may move with."""

    place: int
    name: str
    dust: float  # what is worth less is no position, quote units


class Chart:
    """The groups of a desk, and what its money is."""

    def __init__(self, state: State, assets: Assets) -> None:
        self.assets = assets
        self.names = tuple(state.instruments)
        self.markets: tuple[InstrumentMarket, ...] = tuple(state.markets[name] for name in self.names)
        self.at = {name: place for place, name in enumerate(self.names)}
        self.quotes = tuple(i.quote for i in state.instruments.values())
        self.plain = not state.valuation.foreign  # all prices are in the account's currency
        self.bases = {name: i.base for name, i in state.instruments.items()}
        # From an asset to the account's currency, by places of markets; True: the pair quotes the other way.
        self.routes: dict[str, tuple[Leg, ...]] = {
            asset: tuple((self.at[market.instrument.id], inverse) for market, inverse in legs)
            for asset, legs in state.valuation.routes.items()
        }
        self.counted: dict[str, Counted] = {name: assets.of(i) for name, i in state.instruments.items()}
        self.members = {dimension: self._by(state, n) for n, dimension in enumerate(GROUPS)}
        # The account's currency, and quotes that are nobody's position.
        self.money = (state.quote, *(q for q in state.valuation.quotes if assets.is_money(q)))
        coins = tuple(asset for asset in self.money if assets.kind(asset) == "crypto")
        self.money_of: dict[str, Members] = {
            "currency": _grouped(self.money, assets.currency), "kind": {"crypto": coins},
        }  # fmt: skip
        self.places = {name: self._place(state, i) for name, i in state.instruments.items()}
        self.others = {name: self._others(state, i) for name, i in state.instruments.items()}
        # Of a pair whose two sides stand in one group, one is always gone: its currency and its class.
        alike = {place: self._alike(i) for place, i in enumerate(state.instruments.values())}
        self.alike = {place: found for place, found in alike.items() if found}
        self.bounds: dict[str, tuple[Limits, tuple[Bound, ...]]] = {}  # by instrument, of the limits in force
        self.subjects: dict[tuple[str, ...], str] = {}  # of instruments that move together
        self._groups: dict[tuple[str, str], Group] = {}

    def group(self, dimension: str, name: str) -> Group:
        """One of the groups that a dimension of GROUPS has; it may be empty."""
        found = self._groups.get((dimension, name))
        if found is None:
            places = tuple(self.at[member] for member in self.members[dimension].get(name, ()))
            money = self.money_of.get(dimension, {}).get(name, ())
            found = self._groups[dimension, name] = Group((dimension, name), places, money)
        return found

    def _by(self, state: State, dimension: int) -> Members:
        found: dict[str, list[str]] = {}
        for name, instrument in state.instruments.items():
            counted = self.counted[name]
            of = instrument.base, counted.sector, counted.kind, counted.currency, instrument.venue
            if of[dimension]:
                found.setdefault(of[dimension], []).append(name)
        return {group: tuple(names) for group, names in found.items()}

    def _others(self, state: State, instrument: Instrument) -> tuple[Other, ...]:
        """What a correlation is asked of: not the same asset for another quote."""
        return tuple(
            Other(self.at[name], name, float(other.notional_min))
            for name, other in state.instruments.items()
            if other.base != instrument.base
        )

    def _place(self, state: State, instrument: Instrument) -> Place:
        counted, quote, assets = self.counted[instrument.id], instrument.quote, self.assets
        new = counted.currency if counted.currency != assets.currency(quote) else ""
        return Place(
            counted.kind, counted.sector, new, new != assets.currency(state.quote),
            counted.kind == self._kind_of_money(quote), quote in self.money,
        )  # fmt: skip

    def _alike(self, instrument: Instrument) -> tuple[tuple[str, str], ...]:
        counted, quote = self.counted[instrument.id], instrument.quote
        currency = counted.currency if counted.currency == self.assets.currency(quote) else ""
        kind = counted.kind if counted.kind == self._kind_of_money(quote) else ""
        return tuple(key for key in (("currency", currency), ("kind", kind)) if key[1])

    def _kind_of_money(self, asset: str) -> str:
        """The class that what pays counts in: cash stands in none, coins always in theirs."""
        kind = self.assets.kind(asset)
        return kind if kind == "crypto" or asset not in self.money else ""


def _grouped(names: tuple[str, ...], group: Callable[[str], str]) -> Members:
    return {of: tuple(n for n in names if group(n) == of) for of in dict.fromkeys(map(group, names))}


def chart_of(state: State, assets: Assets) -> Chart:
    """Made once for as long as the map of assets is the same."""
    known = state.derived.get("chart")
    if not isinstance(known, Chart) or known.assets is not assets:
        known = state.derived["chart"] = Chart(state, assets)
    return known
