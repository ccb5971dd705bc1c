"""Which instruments belong to which group: fixed for one set of instruments and one map of assets."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from midas.domain.instrument import Instrument
from midas.domain.limits import Assets, Counted, Limits
from midas.state.market import InstrumentMarket
from midas.state.state import State

Members = dict[str, tuple[str, ...]]
GROUPS = ("asset", "sector", "kind", "currency", "venue")


class Group(NamedTuple):
    """What is limited together."""

    key: tuple[str, str]  # one of GROUPS, and which of them
    members: tuple[str, ...]  # instruments
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


class Chart:
    """The groups of a desk, and what its money is."""

    def __init__(self, state: State, assets: Assets) -> None:
        self.assets = assets
        self.names = tuple(state.instruments)
        self.markets: tuple[InstrumentMarket, ...] = tuple(state.markets[name] for name in self.names)
        self.quotes = {name: i.quote for name, i in state.instruments.items()}
        self.bases = {name: i.base for name, i in state.instruments.items()}
        self.dust = {name: float(i.notional_min) for name, i in state.instruments.items()}  # quote units
        self.counted: dict[str, Counted] = {name: assets.of(i) for name, i in state.instruments.items()}
        self.members = {dimension: self._by(state, n) for n, dimension in enumerate(GROUPS)}
        # The account's currency, and quotes that are nobody's position.
        self.money = (state.quote, *(q for q in state.valuation.quotes if assets.is_money(q)))
        coins = tuple(asset for asset in self.money if assets.kind(asset) == "crypto")
        self.money_of: dict[str, Members] = {
            "currency": _grouped(self.money, assets.currency), "kind": {"crypto": coins},
        }  # fmt: skip
        self.places = {name: self._place(state, i) for name, i in state.instruments.items()}
        # What a correlation is asked of: not the same asset for another quote.
        self.others = {
            name: tuple(n for n, other in state.instruments.items() if other.base != instrument.base)
            for name, instrument in state.instruments.items()
        }
        # Of a pair whose two sides stand in one group, one is always gone: its currency and its class.
        self.alike = {name: found for name, i in state.instruments.items() if (found := self._alike(i))}
        self.bounds: dict[str, tuple[Limits, tuple[Bound, ...]]] = {}  # by instrument, of the limits in force
        self._groups: dict[tuple[str, str], Group] = {}

    def group(self, dimension: str, name: str) -> Group:
        """One of the groups that a dimension of GROUPS has; it may be empty."""
        found = self._groups.get((dimension, name))
        if found is None:
            members, money = self.members[dimension].get(name, ()), self.money_of.get(dimension, {})
            found = self._groups[dimension, name] = Group((dimension, name), members, money.get(name, ()))
        return found

    def _by(self, state: State, dimension: int) -> Members:
        found: dict[str, list[str]] = {}
        for name, instrument in state.instruments.items():
            counted = self.counted[name]
            of = instrument.base, counted.sector, counted.kind, counted.currency, instrument.venue
            if of[dimension]:
                found.setdefault(of[dimension], []).append(name)
        return {group: tuple(names) for group, names in found.items()}

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
