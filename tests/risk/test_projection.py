from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import fsum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midas.risk.projection import DRIFT, Cash, Group, cash_after, project

NAMES = ("A", "B", "C", "D")
WEIGHTS = st.dictionaries(st.sampled_from(NAMES), st.floats(-0.6, 0.6), max_size=4)
GROUP = st.builds(
    Group,
    name=st.text("gh", min_size=1, max_size=3),
    members=st.frozensets(st.sampled_from(NAMES), min_size=1),
    cap=st.floats(0.05, 0.8),
)
GROUPS = st.lists(GROUP, max_size=5)
CASH = st.none() | st.builds(
    Cash, free=st.floats(-0.1, 1.0), floor=st.floats(0.0, 0.3), fee=st.floats(0.0, 0.01)
)


def _held(weights: Mapping[str, float], group: Group) -> float:
    return fsum(abs(weights.get(name, 0.0)) for name in group.members)


def _same(one: Mapping[str, float], other: Mapping[str, float]) -> bool:
    return all(one.get(name, 0.0) == pytest.approx(other.get(name, 0.0), abs=1e-9) for name in {*one, *other})


@given(WEIGHTS, WEIGHTS, GROUPS, CASH)
def test_it_only_ever_shrinks(
    present: dict[str, float], wanted: dict[str, float], groups: list[Group], cash: Cash | None
) -> None:
    found = project(present, wanted, groups, cash).weights
    for name, asked in {**present, **wanted}.items():
        assert abs(found[name]) <= abs(asked) + 1e-15
        assert found[name] * asked >= 0.0


@given(WEIGHTS, WEIGHTS, GROUPS, CASH)
def test_projecting_twice_changes_nothing(
    present: dict[str, float], wanted: dict[str, float], groups: list[Group], cash: Cash | None
) -> None:
    once = project(present, wanted, groups, cash)
    assert _same(project(present, once.weights, groups, cash).weights, once.weights)


@given(WEIGHTS, WEIGHTS, GROUPS, st.randoms())
def test_the_order_of_the_groups_does_not_matter(
    present: dict[str, float], wanted: dict[str, float], groups: list[Group], shuffler: object
) -> None:
    mixed = list(groups)
    shuffler.shuffle(mixed)  # type: ignore[attr-defined]
    assert _same(project(present, wanted, mixed).weights, project(present, wanted, groups).weights)


@given(WEIGHTS, GROUPS, st.sampled_from(NAMES), st.floats(0.01, 0.5), CASH)
def test_asking_for_more_of_one_never_brings_more_of_another(
    wanted: dict[str, float], groups: list[Group], name: str, more: float, cash: Cash | None
) -> None:
    before = project({}, wanted, groups, cash).weights
    asked = wanted.get(name, 0.0)
    larger = {**wanted, name: asked + more if asked >= 0.0 else asked - more}
    after = project({}, larger, groups, cash).weights
    for other, weight in before.items():
        if other != name:
            assert abs(after[other]) <= abs(weight) + 1e-12


@given(WEIGHTS, GROUPS, st.sampled_from(NAMES), st.floats(0.0, 1.0))
def test_more_that_is_held_already_never_leaves_room_for_more_that_is_new(
    wanted: dict[str, float], groups: list[Group], name: str, share: float
) -> None:
    held = {name: share * wanted.get(name, 0.0)}
    kept_fits = all(_held(held, group) <= group.cap for group in groups)
    if kept_fits:
        free, filled = (project(present, wanted, groups).weights for present in ({}, held))
        for other in wanted:
            if other != name:
                assert abs(filled[other]) <= abs(free[other]) + 1e-12


@given(WEIGHTS, WEIGHTS, GROUPS, CASH)
def test_no_group_ends_above_its_cap_but_by_drift_within_bounds(
    present: dict[str, float], wanted: dict[str, float], groups: list[Group], cash: Cash | None
) -> None:
    found = project(present, wanted, groups, cash)
    for group in groups:
        assert _held(found.weights, group) <= group.cap * (1.0 + DRIFT) + 1e-9
        if _held(found.weights, group) > group.cap + 1e-9:
            assert group.name in found.reduce_only


@given(WEIGHTS, WEIGHTS, GROUPS, CASH)
def test_new_exposure_never_takes_the_cash_below_its_floor_after_fees(
    present: dict[str, float], wanted: dict[str, float], groups: list[Group], cash: Cash | None
) -> None:
    if cash is None:
        return
    found = project(present, wanted, groups, cash).weights
    grown = any(abs(found[name]) > abs(present.get(name, 0.0)) + 1e-9 for name in found)
    if grown and all(found[name] * present.get(name, 0.0) >= 0.0 for name in found):
        assert cash_after(present, found, cash) >= cash.floor - 1e-9


def _positions(cap: float, names: Sequence[str]) -> list[Group]:
    return [Group(f"position {name}", frozenset({name}), cap) for name in names]


def test_each_group_scales_what_is_new_by_cap_over_current() -> None:
    groups = [*_positions(0.20, "ABC"), Group("sector", frozenset("ABC"), 0.40)]
    found = project({}, {"A": 0.3, "B": 0.15, "C": 0.15}, groups)
    assert found.weights == pytest.approx({"A": 0.2, "B": 0.1, "C": 0.1})
    assert found.bound == ("position A", "sector")


def test_what_is_held_keeps_its_place_and_the_new_gets_the_rest() -> None:
    crypto = Group("crypto", frozenset("AB"), 0.15)
    found = project({"A": 0.10}, {"A": 0.10, "B": 0.10}, [crypto])
    assert found.weights == pytest.approx({"A": 0.10, "B": 0.05})
    unnamed = project({"A": 0.10}, {"B": 0.10}, [crypto])
    assert unnamed.weights == pytest.approx(found.weights)


def test_freed_weight_goes_to_nobody() -> None:
    groups = [Group("one", frozenset("AB"), 0.10), Group("two", frozenset("BC"), 0.20)]
    found = project({}, {"A": 0.1, "B": 0.1, "C": 0.1}, groups)
    assert found.weights == pytest.approx({"A": 0.05, "B": 0.05, "C": 0.10})
    tight = project({}, {"A": 0.1, "B": 0.1, "C": 0.3}, groups)
    assert tight.weights == pytest.approx({"A": 0.05, "B": 0.05, "C": 0.15})


@pytest.mark.parametrize(
    ("held", "left", "reduce_only", "forced"),
    [(0.200, 0.200, (), ()), (0.2099, 0.2099, ("cap",), ()), (0.2101, 0.2, ("cap",), ("cap",))],
)
def test_drift_makes_a_group_reduce_only_and_above_five_percent_it_is_cut(
    held: float, left: float, reduce_only: tuple[str, ...], forced: tuple[str, ...]
) -> None:
    cap = Group("cap", frozenset("AB"), 0.20)
    found = project({"A": held}, {"A": held, "B": 0.05}, [cap])
    assert found.weights == pytest.approx({"A": left, "B": 0.0})
    assert (found.reduce_only, found.forced) == (reduce_only, forced)
    smaller = project({"A": held}, {"A": 0.1}, [cap])
    assert smaller.weights == pytest.approx({"A": 0.1})


def test_fees_and_margin_are_paid_before_the_floor_is_looked_at() -> None:
    cash = Cash(free=0.30, floor=0.10, fee=0.001)
    found = project({}, {"A": 0.50}, [], cash)
    assert found.bound == ("cash",)
    assert found.weights["A"] == pytest.approx(0.20 / 1.001)
    assert cash_after({}, found.weights, cash) == pytest.approx(0.10)
    margin = project({}, {"A": 0.50}, [], Cash(free=0.30, floor=0.10, margin={"A": 0.2}))
    assert margin.weights == {"A": 0.50}


def test_below_the_floor_of_cash_positions_are_only_closed() -> None:
    cash = Cash(free=0.05, floor=0.10, fee=0.001)
    found = project({"A": 0.5}, {"A": 0.4, "B": 0.1}, [], cash)
    assert found.weights["A"] == 0.4
    assert found.weights["B"] == pytest.approx((0.05 + 0.1 * 0.999 - 0.10) / 1.001)
    assert project({"A": 0.5}, {"A": 0.6}, [], cash).weights["A"] == 0.5


def test_a_weight_that_nobody_knows_is_no_weight() -> None:
    with pytest.raises(AssertionError, match="weights that are known"):
        project({"A": float("nan")}, {}, [])
