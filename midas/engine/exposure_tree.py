"""The exposure as a tree: everything, venue, class, sector, instrument, each branch before what it holds."""

from __future__ import annotations

from collections.abc import Iterator
from math import nan
from typing import NamedTuple

from midas.domain.limits import Limits
from midas.domain.order import Side
from midas.risk.chart import chart_of
from midas.risk.exposure import standing
from midas.state.state import State
from midas.state.views.risk import BranchView

SCOPES = ("venue", "class", "sector", "instrument")


class Leaf(NamedTuple):
    """What one instrument adds to every branch above it."""

    path: tuple[str, ...]  # venue, class, sector, instrument
    base: str
    held: float  # account currency
    entries: float
    worst: float  # fraction of equity


def exposure_tree(state: State, limits: Limits) -> tuple[BranchView, ...]:
    """Only branches in which something is held or asked for, under one that sums them up."""
    leaves = [leaf for leaf in _leaves(state, limits) if leaf.held or leaf.entries or leaf.worst]
    return (_branch(0, "all", "everything", leaves, nan), *_below(leaves, 0, limits, leaves))


def _leaves(state: State, limits: Limits) -> Iterator[Leaf]:
    chart, worst = chart_of(state, limits.assets), standing(state, limits.assets).by_instrument
    held, entries = dict.fromkeys(state.instruments, 0.0), dict.fromkeys(state.instruments, 0.0)
    for sleeve in state.sleeves():
        if sleeve.quantity:
            held[sleeve.instrument] += float(sleeve.quantity)
    for order in state.orders.open.values():
        if order.intent.side is Side.BUY:
            entries[order.intent.instrument] += float(order.reserved)
    for name, instrument in state.instruments.items():
        counted, mark = chart.counted[name], state.markets[name].mark
        path = instrument.venue, counted.kind, counted.sector, name
        units = (held[name], entries[name])
        worth = [state.valuation.value(n * mark, instrument.quote) if n else 0.0 for n in units]
        yield Leaf(path, instrument.base, worth[0], worth[1], worst[name])


def _below(leaves: list[Leaf], depth: int, limits: Limits, every: list[Leaf]) -> Iterator[BranchView]:
    if depth == len(SCOPES):
        return
    for name in dict.fromkeys(leaf.path[depth] for leaf in leaves):
        members = [leaf for leaf in leaves if leaf.path[depth] == name]
        # A limit on a group that is spread over several branches is no limit of one of them.
        whole = members == [leaf for leaf in every if _alike(leaf, members[0], depth)]
        maximum = _maximum(limits, SCOPES[depth], name) if whole else nan
        yield _branch(depth + 1, SCOPES[depth], name, members, maximum)
        yield from _below(members, depth + 1, limits, every)


def _alike(one: Leaf, other: Leaf, depth: int) -> bool:
    """Whether both stand in one group of that depth; of an asset, all pairs do."""
    if SCOPES[depth] == "instrument":
        return one.base == other.base
    return one.path[depth] == other.path[depth]


def _branch(depth: int, scope: str, name: str, leaves: list[Leaf], maximum: float) -> BranchView:
    held = [leaf.held for leaf in leaves]
    return BranchView(
        depth, scope, name, sum(map(abs, held)), sum(held), sum(leaf.entries for leaf in leaves),
        sum(leaf.worst for leaf in leaves), maximum,
    )  # fmt: skip


def _maximum(limits: Limits, scope: str, name: str) -> float:
    allowed = {
        "venue": limits.venue_max,
        "class": limits.kind_max(name),
        "sector": limits.sector_max,
        "instrument": limits.position_max,
    }[scope]
    return allowed if allowed < 1.0 else nan
