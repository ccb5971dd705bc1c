"""The correlation matrix of the screen: raw, mirrored, and no picture pays for all of it."""

from __future__ import annotations

from math import isnan

import pytest

from midas.agents.risk_manager import RiskManager
from midas.domain.market import Bar
from midas.domain.time import SECOND
from midas.engine.correlations import EVERY, PAIRS, CorrelationPainter
from midas.risk.correlation import correlation
from midas.state.state import State
from tests.fakes.desk import LIMITS
from tests.fakes.nouns import BTC, ETH, START, desk, hold, pair, quote


def walked(state: State, count: int = 60) -> State:
    for place, name in enumerate(state.instruments):
        for n in range(count):
            close = 100.0 + (n * (3 + place)) % 17
            state.on_bar(Bar(name, (n + 1) * SECOND, START, SECOND, close, close, close, close, 1.0, 1))
    return state


def test_cells_are_what_the_limit_is_judged_by() -> None:
    state = walked(desk(BTC, ETH))
    hold(state, "1")
    view = CorrelationPainter(state, RiskManager(LIMITS)).paint(START)
    assert view.names == ("BTC-USDT", "ETH-USDT")
    raw = correlation(state, BTC.id, ETH.id)
    assert [list(row) for row in view.rows] == [[1.0, pytest.approx(raw)], [pytest.approx(raw), 1.0]]
    assert view.held == (True, False)
    assert view.maximum == LIMITS.correlation_max


def test_with_too_few_bars_a_cell_is_unknown_and_says_how_many_are_needed() -> None:
    view = CorrelationPainter(walked(desk(BTC, ETH), 5), RiskManager(LIMITS)).paint(START)
    assert isnan(view.rows[0][1])
    assert view.bars == 5 < view.needed


def test_a_picture_looks_at_a_few_pairs_and_the_next_ones_at_the_rest() -> None:
    state = walked(desk(*(pair(base) for base in ("A", "B", "C", "D"))))
    painter = CorrelationPainter(state, RiskManager(LIMITS))

    def unknown(now: int) -> int:
        return sum(cell != cell for row in painter.paint(now).rows for cell in row) // 2

    assert unknown(START) == 6 - PAIRS
    assert unknown(START + 1) == 0
    assert unknown(START + EVERY) == 0


def test_of_many_instruments_those_that_are_held_are_shown() -> None:
    names = [f"C{n}" for n in range(20)]
    state = desk(*(pair(name) for name in names))
    state.on_quote(quote("9.99", "10.01", pair("C19")))
    hold(state, "1", "10", instrument=pair("C19"))
    view = CorrelationPainter(state, RiskManager(LIMITS)).paint(START)
    assert "C19-USDT" in view.names
    assert view.more == 8
