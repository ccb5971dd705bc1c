"""Levels of stops: examples, and what holds of every course that a position can take."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midas.domain.stops import BREAK_EVEN, NONE, PROTECTIVE, TRAILING, StopRules
from midas.domain.time import MINUTE
from midas.execution import stops
from midas.execution.stops import Course

TICK = Decimal("0.01")
RULES = StopRules(percent=0.02, trail_percent=0.03, break_even_r=1.0)


def course(best: float, entry: float = 100.0, risk: float = 2.0, atr: float = 0.5) -> Course:
    return Course(entry=entry, risk=risk, best=best, atr=atr, taker=0.001)


@pytest.mark.parametrize(
    ("rules", "best", "price", "kind"),
    [
        (RULES, 100.0, 98.0, PROTECTIVE),
        (RULES, 101.0, 98.0, PROTECTIVE),
        (RULES, 101.5, 98.455, TRAILING),
        (RULES, 101.99, 98.9303, TRAILING),  # just under one R
        (RULES, 102.0, 100.0 * 1.001 / 0.999, BREAK_EVEN),  # at it
        (RULES, 104.0, 104.0 * 0.97, TRAILING),
        (StopRules(percent=0.02, trail_percent=0.0, break_even_r=0.0), 150.0, 98.0, PROTECTIVE),
        (StopRules(percent=0.02, trail_percent=0.0, trail_atr=3.0), 101.0, 99.5, TRAILING),
        (StopRules(percent=0.02, trail_percent=0.001, trail_atr=3.0), 101.0, 100.899, TRAILING),
    ],
)
def test_the_highest_of_all_rules_holds(rules: StopRules, best: float, price: float, kind: str) -> None:
    found = stops.wanted(rules, course(best))
    assert found.price == pytest.approx(price)
    assert found.kind == kind


def test_without_a_rule_there_is_no_stop() -> None:
    found = stops.wanted(StopRules(percent=0.0, trail_percent=0.0), course(100.0, risk=0.0))
    assert (found.price, found.kind) == (0.0, NONE)


@pytest.mark.parametrize(
    ("percent", "atr", "known", "distance"),
    [(0.02, 0.0, 0.5, 2.0), (0.0, 3.0, 0.5, 1.5), (0.02, 3.0, 0.5, 1.5), (0.02, 5.0, 0.5, 2.0),
     (0.0, 3.0, 0.0, 0.0), (0.02, 3.0, 0.0, 2.0)],
)  # fmt: skip
def test_of_percent_and_atr_the_nearer_one_holds(
    percent: float, atr: float, known: float, distance: float
) -> None:
    assert StopRules(percent=percent, atr=atr).distance(100.0, known) == distance


def test_sold_at_the_cost_nothing_is_lost_with_the_fees_of_both_ways() -> None:
    price = stops.cost(course(102.0))
    assert price * (1 - 0.001) == pytest.approx(100.0 * (1 + 0.001))


@pytest.mark.parametrize(
    ("minutes", "gained", "closes"),
    [(9.99, False, False), (10, False, True), (10.01, False, True), (11, True, False)],
)
def test_a_position_has_its_time(minutes: float, gained: bool, closes: bool) -> None:
    rules = StopRules(time=10 * MINUTE)
    assert stops.late(rules, gained, 5 * MINUTE, int((5 + minutes) * MINUTE)) is closes
    assert not stops.late(StopRules(time=0), gained, 0, 10**18)


@pytest.mark.parametrize(("price", "there"), [(98.01, False), (98.0, True), (97.99, True)])
def test_a_level_is_reached_at_its_price(price: float, there: bool) -> None:
    assert stops.reached(Decimal("98.00"), float("nan"), price) is there
    assert not stops.reached(Decimal(0), price)


def test_a_price_between_two_ticks_is_rounded_towards_the_market_and_its_limit_away_from_it() -> None:
    assert stops.rounded(98.001, TICK) == Decimal("98.01")
    assert stops.rounded(98.0, TICK) == Decimal("98.00")
    assert stops.limit(Decimal("98.01"), StopRules(collar_bps=50.0), TICK) == Decimal("97.51")
    assert stops.limit(Decimal("0.01"), StopRules(collar_bps=2000.0), TICK) == TICK


def test_a_rise_smaller_than_the_step_isnt_worth_a_cancel() -> None:
    rules = StopRules(step_bps=5.0)
    assert not stops.worth_moving(Decimal(100), Decimal("100.05"), rules)
    assert stops.worth_moving(Decimal(100), Decimal("100.06"), rules)
    assert stops.worth_moving(Decimal(0), TICK, rules)


PRICES = st.floats(1.0, 1e6)
SHARES = st.one_of(st.just(0.0), st.floats(1e-5, 0.5))
MULTIPLES = st.one_of(st.just(0.0), st.floats(0.1, 20.0))
RULE = st.builds(
    StopRules, percent=SHARES, atr=MULTIPLES, trail_percent=SHARES, trail_atr=MULTIPLES,
    break_even_r=st.one_of(st.just(0.0), st.floats(0.1, 5.0)), step_bps=st.floats(0.0, 50.0),
    collar_bps=st.floats(0.0, 500.0),
)  # fmt: skip
TICKS = st.sampled_from([Decimal("0.01"), Decimal("0.1"), Decimal("0.00001"), Decimal("5")])


@given(RULE, PRICES, st.lists(st.tuples(PRICES, st.floats(0.0, 100.0)), max_size=30), TICKS)
def test_whatever_the_market_does_a_stop_only_rises_and_never_to_the_market(
    rules: StopRules, entry: float, path: list[tuple[float, float]], tick: Decimal
) -> None:
    level, best, risk = Decimal(0), entry, rules.distance(entry, path[0][1] if path else 0.0)
    for market, atr in path:
        best = max(best, market)
        at = Course(entry=entry, risk=risk, best=best, atr=atr, taker=0.001)
        price = stops.wanted(rules, at).price
        to = stops.rounded(price, tick) if price > 0.0 else Decimal(0)
        assert to % tick == 0
        assert to == 0 or to - tick < Decimal(repr(price)) <= to
        before, exact = level, Decimal(repr(market))
        level = stops.raised(level, to, exact, tick)
        assert level >= before
        assert level == before or level < exact
        limit = stops.limit(level, rules, tick)
        assert limit % tick == 0
        assert limit == tick or limit <= level


@given(RULE, PRICES, st.floats(1.0, 2.0), st.floats(0.0, 100.0))
def test_a_better_best_price_never_lowers_what_is_wanted(
    rules: StopRules, entry: float, rise: float, atr: float
) -> None:
    risk = rules.distance(entry, atr)
    low, high = (
        stops.wanted(rules, Course(entry=entry, risk=risk, best=best, atr=atr, taker=0.001)).price
        for best in (entry, entry * rise)
    )
    assert high >= low - 1e-9 * entry
