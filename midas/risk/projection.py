"""Limits on groups of positions, enforced by a projection that only ever shrinks.

Each group that the wanted weights would overfill scales its *new* exposure to what is left of its cap; a
position in several groups takes the smallest of their factors, and what that frees is given to nobody. All
groups look at the weights as wanted, so their order can't matter, one pass is enough, and asking for more of
one position never brings more of another.

What is over its cap because prices moved may only be reduced; it is cut by force above cap (1 + drift).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import fsum, isfinite

import msgspec

DRIFT = 0.05  # of a cap, that the market may push a group above it before it is cut by force
_TOLERANCE = 1e-12


class Group(msgspec.Struct, frozen=True):
    """Positions whose |weight| sum has a cap, both fractions of equity."""

    name: str
    members: frozenset[str]
    cap: float


class Cash(msgspec.Struct, frozen=True):
    """What trading may not eat up; fractions of equity."""

    free: float  # now
    floor: float  # to be left after fees and margin
    fee: float = 0.0  # of the value traded
    margin: Mapping[str, float] = {}  # cash that a unit of |weight| binds; 1 where nothing else is said


class Projected(msgspec.Struct, frozen=True):
    """Weights that keep every limit, and what bound."""

    weights: dict[str, float]
    bound: tuple[str, ...]  # groups (and "cash") that cut new exposure
    reduce_only: tuple[str, ...]  # groups that are over their cap already
    forced: tuple[str, ...]  # of these, those that are cut by force


def project(
    present: Mapping[str, float],
    wanted: Mapping[str, float],
    groups: Sequence[Group],
    cash: Cash | None = None,
    drift: float = DRIFT,
) -> Projected:
    """The wanted weights, shrunk towards nothing until they fit; never larger and never of another sign.

    What is wanted of a position already held is kept exposure, the rest of it is new. A position that isn't
    named stays wanted as it is.
    """
    wanted = {**present, **wanted}
    assert all(map(isfinite, wanted.values())), f"expected weights that are known, got {wanted}"
    names = sorted(wanted)
    kept = {name: _kept(present.get(name, 0.0), wanted[name]) for name in names}
    new = {name: abs(wanted[name]) - kept[name] for name in names}
    over = [group for group in groups if _over(_sum(kept, group), group.cap)]
    forced = [group for group in over if _over(_sum(kept, group), group.cap * (1.0 + drift))]
    left = {name: kept[name] * _factor(name, kept, forced) for name in names}
    factors, bound = dict.fromkeys(names, 1.0), []
    for group in groups:
        room, asked = max(group.cap - _sum(left, group), 0.0), _sum(new, group)
        if asked > 0.0 and _over(asked, room):
            bound.append(group.name)
            share = room / asked
            factors = {n: min(f, share) if n in group.members else f for n, f in factors.items()}
    if cash is not None and (share := _affordable(present, left, new, cash)) < 1.0:
        bound.append("cash")
        factors = {name: min(factor, share) for name, factor in factors.items()}
    sizes = {name: left[name] + new[name] * factors[name] for name in names}
    weights = {name: size if wanted[name] >= 0.0 else -size for name, size in sizes.items()}
    return Projected(
        weights, tuple(bound), tuple(group.name for group in over), tuple(group.name for group in forced)
    )


def cash_after(present: Mapping[str, float], weights: Mapping[str, float], cash: Cash) -> float:
    """Free cash once these weights are traded from the present ones, fees paid; a fraction of equity."""
    changes = []
    for name in sorted({*present, *weights}):
        before, after = present.get(name, 0.0), weights.get(name, 0.0)
        bound = (abs(before) - abs(after)) * cash.margin.get(name, 1.0)
        changes += [bound, -cash.fee * abs(after - before)]
    return cash.free + fsum(changes)


def _kept(present: float, wanted: float) -> float:
    """What is held of it already, on the same side."""
    return min(abs(present), abs(wanted)) if present * wanted > 0.0 else 0.0


def _factor(name: str, kept: Mapping[str, float], forced: Sequence[Group]) -> float:
    return min((group.cap / _sum(kept, group) for group in forced if name in group.members), default=1.0)


def _affordable(
    present: Mapping[str, float], left: Mapping[str, float], new: Mapping[str, float], cash: Cash
) -> float:
    """The share of the new exposure that leaves the floor of cash, once the reductions are done."""
    signed = {name: value if present.get(name, 0.0) > 0.0 else -value for name, value in left.items()}
    room = max(cash_after(present, {**present, **signed}, cash) - cash.floor, 0.0)
    asked = fsum(new[name] * (cash.margin.get(name, 1.0) + cash.fee) for name in sorted(new))
    return 1.0 if not _over(asked, room) else room / asked


def _sum(values: Mapping[str, float], group: Group) -> float:
    return fsum(values.get(name, 0.0) for name in group.members)  # exact, so in any order


def _over(value: float, cap: float) -> bool:
    return value > cap + _TOLERANCE
