"""Queue position from displayed totals: who leaves a level moves us up by as much as the model believes."""

from __future__ import annotations

import pytest

from midas.backtest.assumptions import RISK_AVERSE
from midas.backtest.queues import LOG, LOG_ALL, MODELS, POWER, QueueMatcher, behind
from midas.domain.order import Side
from midas.errors import UsageError
from midas.venues.sim.floor.taking import Execution, Taking


def waiting(model: str, exponent: float = 3.0, shown: int = 300) -> QueueMatcher:
    """We stand behind 300 lots, and 700 come behind us."""
    matcher = QueueMatcher(behind(model, exponent), touch_only=False)
    matcher.snapshot(1, [(100, shown)], [(101, 50)])
    matcher.rest(Taking(order_id=1, account="", side=Side.BUY, lots=5, limit=100), 5)
    matcher.depth(2, [(100, shown + 700)], [])
    return matcher


@pytest.mark.parametrize(
    ("model", "exponent", "part"),
    [(POWER, 1.0, 0.7), (POWER, 2.0, 0.844828), (LOG, 1.0, 0.534479), (LOG_ALL, 1.0, 0.948435)],
)
def test_the_part_that_leaves_behind_us(model: str, exponent: float, part: float) -> None:
    found = behind(model, exponent)
    assert found is not None and found(300.0, 700.0) == pytest.approx(part, abs=1e-6)


@pytest.mark.parametrize(("model", "exponent", "ahead"), [(POWER, 1.0, 270), (RISK_AVERSE, 1.0, 300)])
def test_a_hundred_lots_leave(model: str, exponent: float, ahead: int) -> None:
    matcher = waiting(model, exponent)
    assert matcher.ahead(1) == 300
    matcher.depth(3, [(100, 900)], [])
    assert matcher.ahead(1) == ahead


@pytest.mark.parametrize("model", MODELS)
def test_a_print_and_the_level_that_it_left_count_once(model: str) -> None:
    matcher = waiting(model)
    assert matcher.trade(100, 100, buyer_is_maker=True) == []
    matcher.depth(3, [(100, 900)], [])
    assert matcher.ahead(1) == 200


@pytest.mark.parametrize("model", MODELS)
def test_a_print_that_comes_after_the_change_that_it_made_counts_once(model: str) -> None:
    """We stand last, so that whatever leaves moves us up; the print only says why it left."""
    matcher = QueueMatcher(behind(model), touch_only=False)
    matcher.snapshot(1, [(100, 300)], [(101, 50)])
    matcher.rest(Taking(order_id=1, account="", side=Side.BUY, lots=5, limit=100), 5)
    matcher.depth(2, [(100, 200)], [])
    assert matcher.trade(100, 100, buyer_is_maker=True) == [] and matcher.ahead(1) == 200
    matcher.depth(3, [(100, 200)], [(101, 60)])
    matcher.trade(100, 100, buyer_is_maker=True)  # nothing explains this one any more
    assert matcher.ahead(1) == 100


def test_of_quotes_alone_only_the_newest_change_explains_a_print() -> None:
    matcher = QueueMatcher(None, touch_only=True)
    matcher.quote(1, (100, 300), (101, 50))
    matcher.rest(Taking(order_id=1, account="", side=Side.BUY, lots=5, limit=100), 5)
    matcher.quote(2, (100, 200), (101, 50))
    matcher.quote(3, (100, 200), (101, 60))
    matcher.trade(100, 100, buyer_is_maker=True)
    assert matcher.ahead(1) == 100


@pytest.mark.parametrize("model", MODELS)
def test_nobody_stands_behind_more_than_is_shown(model: str) -> None:
    matcher = waiting(model)
    matcher.depth(3, [(100, 40)], [])
    assert matcher.ahead(1) is not None and matcher.ahead(1) <= 40  # type: ignore[operator]


def test_what_is_beyond_us_fills_us_at_our_price() -> None:
    matcher = waiting(POWER)
    outcomes = matcher.trade(99, 3, buyer_is_maker=True)
    assert outcomes == [Execution(1, 100, 3, True)]


def test_where_only_the_touch_is_known_we_stand_behind_what_shows_up_first() -> None:
    matcher = QueueMatcher(None, touch_only=True)
    matcher.quote(1, (100, 10), (102, 10))
    matcher.rest(Taking(order_id=1, account="", side=Side.BUY, lots=5, limit=99), 5)
    matcher.quote(2, (99, 80), (102, 10))
    assert matcher.ahead(1) == 80
    matcher.quote(3, (100, 10), (102, 10))
    matcher.quote(4, (99, 500), (102, 10))
    assert matcher.ahead(1) == 80
    matcher.quote(5, (98, 10), (102, 10))
    assert matcher.ahead(1) == 0


def test_a_print_at_a_price_that_was_never_displayed_trades_with_those_before_us() -> None:
    matcher = QueueMatcher(None, touch_only=True)
    matcher.quote(1, (100, 10), (102, 10))
    matcher.rest(Taking(order_id=1, account="", side=Side.BUY, lots=5, limit=99), 5)
    assert matcher.trade(99, 50, buyer_is_maker=True) == []
    matcher.quote(2, (99, 80), (102, 10))
    assert matcher.ahead(1) == 80
    assert matcher.trade(98, 1, buyer_is_maker=True) == [Execution(1, 99, 1, True)]


def test_an_order_inside_the_spread_has_nobody_before_it() -> None:
    matcher = QueueMatcher(None, touch_only=True)
    matcher.quote(1, (100, 10), (103, 10))
    matcher.rest(Taking(order_id=1, account="", side=Side.BUY, lots=5, limit=101), 5)
    matcher.quote(2, (101, 70), (103, 10))
    assert matcher.ahead(1) == 0


def test_an_unknown_model_is_named_with_those_that_there_are() -> None:
    with pytest.raises(UsageError, match="risk-averse, power, log, log-all"):
        behind("fifo")
