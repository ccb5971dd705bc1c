"""What has to be sold where a limit was lowered below what is held, or prices drifted far past it.

Up to `forced_sale_over` beyond a limit nothing is sold, nor bought; past it the strategies' parts are
projected onto what the limit leaves beside all that isn't theirs.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from midas.domain.instrument import Instrument
from midas.domain.limits import Assets, Limits
from midas.domain.money import ZERO, floor_to, from_float
from midas.risk.exposure import Exposure, standing
from midas.risk.projection import Group, project
from midas.risk.rows import FINE, TOLERANCE
from midas.state.state import BY_HAND, State

Key = tuple[str, str]  # strategy, instrument
NAMED = ("sector", "venue", "strategy")


class Bound(NamedTuple):
    """One limit over some of what is held."""

    dimension: str
    name: str
    share: float
    maximum: float

    @property
    def subject(self) -> str:
        """What a sentence begins with."""
        return f"{self.dimension} {self.name}" if self.dimension in NAMED else self.name

    def holds(self, strategy: str, instrument: Instrument, assets: Assets) -> bool:
        """Whether a strategy's position in an instrument is part of it."""
        counted = assets.of(instrument)
        of = {
            "asset": instrument.base, "sector": counted.sector, "class": counted.kind,
            "venue": instrument.venue, "strategy": strategy,
        }  # fmt: skip
        return of[self.dimension] == self.name


class Sale(NamedTuple):
    """What a sleeve has to come down to, and why."""

    strategy: str
    instrument: str
    quantity: Decimal
    reason: str


def sales(limits: Limits, state: State) -> list[Sale]:
    """The sleeves of strategies that are too large; what a person holds is a person's to reduce."""
    held = {(s.strategy, s.instrument): s.quantity for s in state.sleeves() if _ours(s.strategy, s.quantity)}
    if not held:
        return []
    now = standing(state, limits.assets, open_orders=False)
    violated = bounds(limits, now, 1.0 + limits.forced_sale_over)
    if not violated:
        return []
    before = {_name(key): _share(state, now, key[1], quantity) for key, quantity in held.items()}
    reasons: dict[Key, str] = {}
    caps: list[Group] = []
    for bound in violated:
        members = [k for k in held if bound.holds(k[0], state.instruments[k[1]], limits.assets)]
        others = bound.share - sum(before[_name(key)] for key in members)
        cap = max(0.0, bound.maximum - others)
        caps.append(Group(bound.subject, frozenset(map(_name, members)), cap))
        for key in members:
            reasons.setdefault(key, _why(bound))
    after = project(before, before, caps, drift=0.0).weights
    parts = {key: after[_name(key)] / before[_name(key)] for key in reasons}
    return [_sale(state, key, held[key], part, reasons[key]) for key, part in parts.items() if part < 1.0]


def overfull(limits: Limits, state: State, slack: float = 0.0) -> Callable[[str, Instrument], str]:
    """Says of a strategy and an instrument whether what may still be bought is beyond a limit, and which."""
    now = standing(state, limits.assets)
    violated = bounds(limits, now, 1.0 + slack)

    def why(strategy: str, instrument: Instrument) -> str:
        return next((_why(g) for g in violated if g.holds(strategy, instrument, limits.assets)), "")

    return why


def bounds(limits: Limits, now: Exposure, edge: float = 0.0) -> list[Bound]:
    """The limits that selling brings down, where more than `edge` times what they allow is there.

    Dollars aren't among them: they are what one gets for selling.
    """
    found: list[Bound] = []
    chart, share_of = now.chart, now.share
    for dimension, told, most in (
        ("asset", "asset", limits.position_max), ("sector", "sector", limits.sector_max),
        ("kind", "class", None), ("venue", "venue", limits.venue_max),
    ):  # fmt: skip
        for name in chart.members[dimension]:
            share = share_of(chart.group(dimension, name))
            maximum = limits.kind_max(name) if most is None else most
            if share > maximum * edge + TOLERANCE:
                found.append(Bound(told, name, share, maximum))
    for name, share in now.by_strategy.items():
        if share > limits.strategy_max * edge + TOLERANCE:
            found.append(Bound("strategy", name, share, limits.strategy_max))
    return found


def _name(key: Key) -> str:
    return "|".join(key)


def _ours(strategy: str, quantity: Decimal) -> bool:
    return strategy not in BY_HAND and quantity > ZERO


def _share(state: State, now: Exposure, instrument: str, quantity: Decimal) -> float:
    market = state.markets[instrument]
    return state.valuation.value(float(quantity) * market.mark, market.instrument.quote) / now.equity


def _sale(state: State, key: Key, held: Decimal, factor: float, reason: str) -> Sale:
    lot = state.instruments[key[1]].lot_size
    return Sale(*key, floor_to(from_float(float(held) * factor, FINE), lot), reason)


def _why(bound: Bound) -> str:
    return f"{bound.subject} is {bound.share:.1%} of equity, allowed are {bound.maximum * 100:.4g}%"
