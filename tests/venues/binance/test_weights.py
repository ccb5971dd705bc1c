"""The breaker: what may leave when, and the reserve that cancels keep."""

from __future__ import annotations

import pytest

from midas.domain.time import MINUTE, SECOND
from midas.errors import RateLimited
from midas.venues.binance.weights import Limits, Priority, Weights

START = 1_795_248_000 * SECOND  # the first second of a minute


class Wall:
    def __init__(self) -> None:
        self.time = START

    def __call__(self) -> int:
        return self.time


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def weights(wall: Wall) -> Weights:
    return Weights(wall, Limits(weight_minute=1000, orders_10s=5))


def passes(weights: Weights) -> set[Priority]:
    passing = set()
    for priority in Priority:
        try:
            weights.admit(priority)
        except RateLimited:
            continue
        passing.add(priority)
    return passing


@pytest.mark.parametrize(
    ("used", "expected"),
    [
        (799, set(Priority)),
        (800, {Priority.RECONCILE, Priority.ORDER, Priority.CANCEL}),
        (900, {Priority.ORDER, Priority.CANCEL}),
        (950, {Priority.CANCEL}),
        (1000, set()),
    ],
)
def test_the_less_it_matters_the_earlier_it_waits(
    weights: Weights, used: int, expected: set[Priority]
) -> None:
    weights.observe({"X-MBX-USED-WEIGHT-1M": str(used)})
    assert passes(weights) == expected


def test_a_new_minute_starts_at_nothing(weights: Weights, wall: Wall) -> None:
    weights.observe({"X-MBX-USED-WEIGHT-1M": "1000"})
    wall.time += MINUTE
    assert weights.used == 0
    assert passes(weights) == set(Priority)


def test_a_refusal_names_the_moment_from_which_it_would_pass(weights: Weights, wall: Wall) -> None:
    wall.time += 20 * SECOND
    weights.observe({"X-MBX-USED-WEIGHT-1M": "1000"})
    with pytest.raises(RateLimited) as caught:
        weights.admit(Priority.CANCEL)
    assert caught.value.retry_at == START + MINUTE


def test_nothing_leaves_while_the_venue_wants_silence(weights: Weights, wall: Wall) -> None:
    until = weights.refuse({"Retry-After": "7"}, -1003)
    assert until == START + 7 * SECOND == weights.retry_at
    assert passes(weights) == set()
    wall.time = until
    assert passes(weights) == set(Priority)
    assert weights.retry_at == 0


def test_a_shorter_silence_does_not_end_a_longer_one(weights: Weights) -> None:
    weights.refuse({"Retry-After": "60"}, -1003)
    weights.refuse({"Retry-After": "1"}, -1003)
    assert weights.retry_at == START + 60 * SECOND


@pytest.mark.parametrize("stated", [{}, {"Retry-After": "soon"}])
def test_a_silence_of_unknown_length_is_ten_seconds(weights: Weights, stated: dict[str, str]) -> None:
    assert weights.refuse(stated, 0) == START + 10 * SECOND


def test_too_many_orders_hold_back_orders_only(weights: Weights) -> None:
    weights.refuse({"Retry-After": "7"}, -1015)
    assert passes(weights) == set(Priority) - {Priority.ORDER}


def test_the_count_of_orders_is_kept(weights: Weights, wall: Wall) -> None:
    weights.observe({"X-MBX-ORDER-COUNT-10S": "5"})
    assert Priority.ORDER not in passes(weights)
    wall.time += 10 * SECOND
    assert Priority.ORDER in passes(weights)


def test_headers_that_say_nothing_change_nothing(weights: Weights) -> None:
    weights.observe({"X-MBX-USED-WEIGHT-1M": "many"})
    weights.observe({})
    assert weights.used == 0


def test_a_silence_lasts_as_long_as_the_venue_said_however_our_clock_is_set() -> None:
    wall, elapsed = Wall(), Wall()
    weights = Weights(wall, elapsed=elapsed)
    weights.refuse({"Retry-After": "30"}, -1003)
    wall.time += 60 * MINUTE
    assert passes(weights) == set()
    wall.time -= 120 * MINUTE
    assert weights.retry_at == wall.time + 30 * SECOND
    elapsed.time += 30 * SECOND
    assert passes(weights) == set(Priority)
