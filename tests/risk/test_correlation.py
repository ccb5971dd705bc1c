from __future__ import annotations

from math import isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from midas.domain.market import Bar
from midas.domain.time import SECOND
from midas.risk.correlation import BARS, Correlations, correlation
from midas.state.state import State
from tests.fakes.nouns import BTC, ETH, START, desk


def bars(state: State, closes: dict[str, list[float]], first: int = 0) -> None:
    for instrument, prices in closes.items():
        for n, close in enumerate(prices, first):
            bar = Bar(instrument, (n + 1) * SECOND, START, SECOND, close, close, close, close, 1.0, 1)
            state.on_bar(bar)


DECAYS = (59 / 61, 19 / 21)  # as many bars count in effect: 60 and 20


def oracle(prices: list[tuple[float, float]], decay: float) -> float:
    returns = np.diff(np.log(np.array(prices[-BARS - 1 :])), axis=0)
    weights = decay ** np.arange(len(returns))[::-1]
    moments = (returns * weights[:, None]).T @ returns
    return float(moments[0, 1] / np.sqrt(moments[0, 0] * moments[1, 1]))


@given(st.lists(st.tuples(st.floats(50, 200), st.floats(50, 200)), min_size=41, max_size=260))
def test_correlation_is_the_larger_of_two_weighted_ones_and_never_shrunk(
    prices: list[tuple[float, float]],
) -> None:
    state = desk(BTC, ETH)
    bars(state, {BTC.id: [p[0] for p in prices], ETH.id: [p[1] for p in prices]})
    value = correlation(state, BTC.id, ETH.id)
    if not isnan(value):
        assert value == pytest.approx(max(oracle(prices, decay) for decay in DECAYS), abs=1e-6)


def test_what_moved_together_lately_is_not_hidden_by_what_did_not_before() -> None:
    apart = [(100.0 + n % 5, 100.0 + (n * 3) % 7) for n in range(180)]
    together = [(100.0 + n % 5, 50.0 + (n % 5) / 2) for n in range(60)]
    state = desk(BTC, ETH)
    prices = apart + together
    bars(state, {BTC.id: [p[0] for p in prices], ETH.id: [p[1] for p in prices]})
    slow, fast = (oracle(prices, decay) for decay in DECAYS)
    assert slow < fast
    assert correlation(state, BTC.id, ETH.id) == pytest.approx(fast)


def test_few_or_flat_bars_say_nothing() -> None:
    state = desk(BTC, ETH)
    bars(state, {BTC.id: [1.0, 2.0] * 20, ETH.id: [1.0, 2.0] * 20})
    assert isnan(correlation(state, BTC.id, ETH.id))
    state = desk(BTC, ETH)
    bars(state, {BTC.id: [1.0, 2.0] * 30, ETH.id: [1.0] * 60})
    assert isnan(correlation(state, BTC.id, ETH.id))


def test_bars_that_only_one_of_them_has_are_left_out() -> None:
    state = desk(BTC, ETH)
    bars(state, {BTC.id: [1.0 + n % 3 for n in range(90)]})
    bars(state, {ETH.id: [1.0 + n % 3 for n in range(10, 90)]}, first=10)
    assert correlation(state, BTC.id, ETH.id) == pytest.approx(1.0)


def test_a_new_bar_is_seen_at_once_and_either_order_is_one_pair() -> None:
    state, known = desk(BTC, ETH), Correlations()
    bars(state, {BTC.id: [1.0 + n % 3 for n in range(60)], ETH.id: [1.0 + n % 3 for n in range(60)]})
    before = known.between(state, BTC.id, ETH.id)
    assert before == known.between(state, ETH.id, BTC.id) == pytest.approx(1.0)
    bars(state, {BTC.id: [9.0], ETH.id: [0.1]}, first=60)
    assert known.between(state, BTC.id, ETH.id) == correlation(state, BTC.id, ETH.id) < before
