"""What a sweep may choose from, as it is typed."""

from __future__ import annotations

import pytest

from midas.backtest.sweep.space import axis, drawn, grid, rule
from midas.errors import UsageError


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("fast=5..8", (5, 6, 7, 8)),
        ("slow=20..50:10", (20, 30, 40, 50)),
        ("share=0.1..0.4:0.1", (0.1, 0.2, 0.3, 0.4)),
        ("mode=a,b", ("a", "b")),
        ("both=true,false", (True, False)),
        ("n=3", (3,)),
    ],
)
def test_values_are_listed_as_they_are_typed(text: str, values: tuple[object, ...]) -> None:
    assert axis(text).values == values


def test_a_range_of_fractions_without_a_step_is_drawn_from() -> None:
    one = axis("share=0.1..0.4")
    assert (one.low, one.high, one.values) == (0.1, 0.4, ())
    assert all(0.1 <= float(each["share"]) <= 0.4 for each in drawn([one], [], 50, 1))


@pytest.mark.parametrize(
    "text", ["fast", "=5", "fast=", "fast=9..5", "fast=a..b", "fast=1..5:0", "fast=1..5:-1"]
)
def test_what_cant_be_read_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(UsageError, match="--set"):
        axis(text)


def test_a_grid_has_every_combination_that_the_rules_leave_in_order() -> None:
    axes = [axis("fast=1..3"), axis("slow=2..3")]
    assert grid(axes, [rule("fast<slow", axes)]) == [
        {"fast": 1, "slow": 2}, {"fast": 1, "slow": 3}, {"fast": 2, "slow": 3},
    ]  # fmt: skip
    with pytest.raises(UsageError, match="no combination is left"):
        grid(axes, [rule("slow<fast", axes), rule("fast<slow", axes)])
    with pytest.raises(UsageError, match="--where"):
        rule("fast<other", axes)


def test_a_grid_needs_steps_and_an_end() -> None:
    with pytest.raises(UsageError, match="needs a step"):
        grid([axis("share=0.1..0.4")])
    with pytest.raises(UsageError, match="at most"):
        grid([axis("a=1..2000"), axis("b=1..2000")])


def test_the_same_seed_draws_the_same_and_nothing_twice() -> None:
    axes = [axis("fast=1..9"), axis("slow=1..9")]
    found = drawn(axes, [rule("fast<slow", axes)], 20, 7)
    assert found == drawn(axes, [rule("fast<slow", axes)], 20, 7) != drawn(axes, [], 20, 8)
    assert len({(f["fast"], f["slow"]) for f in found}) == 20
    assert len(drawn([axis("fast=1..3")], [], 20, 1)) == 3


@pytest.mark.parametrize("text", ["x=0..1:0.00000001", "x=1..10000000000", "x=0..1e308:1e-300"])
def test_a_range_of_more_values_than_a_grid_may_have_is_refused_before_they_are_listed(text: str) -> None:
    with pytest.raises(UsageError, match="more than 1,000,000 values; a wider step has fewer"):
        axis(text)
