"""Scenarios from columns are those of the plain functions, to the last bit."""

from __future__ import annotations

import random
from math import isnan

import pytest

from midas.domain.event import CandlesRead
from midas.domain.time import HOUR
from midas.risk.sample import Sample, aligned, tail_alone
from midas.state.closes import HorizonCloses
from midas.statistics.portfolio_risk import filtered_scenarios, portfolio_risk

LEVEL = 0.95


def closes(names: str, count: int, seed: int = 1, holes: float = 0.0, still: bool = False) -> HorizonCloses:
    dice, made = random.Random(seed), HorizonCloses()
    made.follow(names, (HOUR,), 200)
    for name in names:
        price, rows = 100.0, []
        for number in range(count):
            price *= 1.0 if still and number < 60 else 1.0 + dice.gauss(0.0, 0.01)
            if dice.random() >= holes:
                rows.append(((number + 1) * HOUR, price))
        made.on_candles(CandlesRead(name, HOUR, tuple(rows), 0))
    return made


@pytest.mark.parametrize("count", [0, 1, 2, 21, 22, 150, 400])
@pytest.mark.parametrize("names", ["a", "ab", "abc"])
@pytest.mark.parametrize("holes", [0.0, 0.1])
def test_the_columns_are_the_scenarios(names: str, count: int, holes: float) -> None:
    known = closes(names, count, holes=holes)
    returns = aligned({name: known.of(name, HOUR) for name in names}, HOUR)
    plain, sample = filtered_scenarios(returns), Sample(tuple(names), known, HOUR, LEVEL)
    assert (sample.returns, sample.scenarios, sample.count) == (returns, plain, len(plain.rows))
    weights = dict(zip(names, (0.3, -0.2, 0.1), strict=False))
    assert repr(sample.risk(weights)) == repr(portfolio_risk(weights, plain, LEVEL))
    for name in names:
        for way, alone in ((1.0, sample.long), (-1.0, sample.short)):
            wanted = portfolio_risk({name: way}, plain, LEVEL, 1).expected_shortfall
            assert alone[name] == wanted or (isnan(alone[name]) and isnan(wanted))


def test_a_price_that_stood_still_has_no_scale() -> None:
    known = closes("a", 190, still=True)
    plain = filtered_scenarios(aligned({"a": known.of("a", HOUR)}, HOUR))
    sample = Sample(("a",), known, HOUR, LEVEL)
    assert sample.scenarios == plain and sample.count < 169


def test_the_newest_prices_are_kept_and_older_ones_forgotten() -> None:
    known = closes("a", 1_000)
    times = list(known.of("a", HOUR))
    assert times == [(1_000 - n) * HOUR for n in reversed(range(200))]
    assert known.at("a", HOUR, 1_000 * HOUR) == known.of("a", HOUR)[1_000 * HOUR]
    assert known.at("a", HOUR, 801 * HOUR) is not None
    assert known.at("a", HOUR, 800 * HOUR) is None and known.at("a", HOUR, 801 * HOUR + 1) is None
    assert known.at("b", HOUR, 801 * HOUR) is None


@pytest.mark.parametrize("still", [False, True])
@pytest.mark.parametrize("count", [22, 100, 121, 150, 400])
def test_one_instrument_alone_has_the_same_tail(count: int, still: bool) -> None:
    known = closes("a", count, seed=count, still=still)
    sample = Sample(("a",), known, HOUR, LEVEL)
    for weight in (1e-9, 0.3, 1.7):
        alone = tail_alone(known.series("a", HOUR), weight, LEVEL, 100)
        assert alone is None or repr(alone) == repr(sample.risk({"a": weight}))
        assert still or (alone is not None) is (sample.count >= 100)


def test_one_instrument_with_a_hole_is_left_to_the_sample() -> None:
    known = closes("a", 300, holes=0.1)
    assert tail_alone(known.series("a", HOUR), 0.3, LEVEL, 100) is None
