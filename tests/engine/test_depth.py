"""The book as drawn: exact sums at the touch, coarser ladders, our own orders where they stand."""

from __future__ import annotations

from decimal import Decimal
from math import isnan

import numpy as np
import pytest

from midas.domain.market import BookSnapshot, Quote
from midas.domain.order import Phase, Purpose, Side
from midas.domain.time import SECOND
from midas.engine.depth import COARSE_EVERY, LEVELS, DepthPainter
from midas.state.market import InstrumentMarket
from midas.state.order import Order
from midas.state.views.market import BookView
from tests.fakes.nouns import BTC, START, intent

BID = 10_000  # ticks


def market(levels: int = 120) -> InstrumentMarket:
    """One lot at every tick of both sides."""
    made = InstrumentMarket(BTC)
    refill(made, levels, 1)
    return made


def refill(made: InstrumentMarket, levels: int, lots: int) -> None:
    rows = [(BID - n, lots) for n in range(levels)] + [(BID + 1 + n, lots) for n in range(levels)]
    made.on_snapshot(BookSnapshot(BTC.id, START, START, 1, levels, np.array(rows, np.int64).tobytes()))


def drawn(painter: DepthPainter, made: InstrumentMarket, now: int = START, holding: float = 0.0) -> BookView:
    return painter.book(made, (), holding, now)


def test_sums_and_averages_run_from_the_touch_outwards() -> None:
    third = drawn(DepthPainter(), market()).bids[2]
    assert third.price == pytest.approx((BID - 2) * BTC.tick)
    assert third.cumulative == pytest.approx(3 * BTC.lot)
    assert third.average == pytest.approx((BID - 1) * BTC.tick)
    assert third.slip_bps == pytest.approx(1.5 / (BID + 0.5) * 1e4)


def test_slips_are_measured_from_the_middle_of_the_drawn_book_whatever_the_touch_says_meanwhile() -> None:
    made = market()
    made.on_quote(Quote(BTC.id, START, START, BID + 20, 1, BID + 21, 1, 2))
    view = drawn(DepthPainter(), made, holding=BTC.lot)
    assert view.closing is not None
    assert view.closing.slip_bps == pytest.approx(0.5 / (BID + 0.5) * 1e4)
    assert view.spread_bps == pytest.approx(2 * view.closing.slip_bps)


def test_coarse_ladders_reach_further_than_the_fine_one_and_move_slower() -> None:
    painter, made = DepthPainter(), market()
    first = drawn(painter, made)
    assert [level.size for level in first.coarse[0].bids[1:3]] == pytest.approx([10 * BTC.lot] * 2)
    assert first.coarse[0].bids[-1].price < first.bids[-1].price
    refill(made, 120, 2)
    at_once = drawn(painter, made, START + COARSE_EVERY - 1)
    assert at_once.bids[0].size == pytest.approx(2 * BTC.lot)
    assert at_once.coarse is first.coarse
    later = drawn(painter, made, START + COARSE_EVERY)
    assert later.coarse[0].bids[1].size == pytest.approx(20 * BTC.lot)


def test_the_way_out_is_priced_through_the_whole_book_at_every_turn() -> None:
    painter, made = DepthPainter(), market()
    drawn(painter, made)
    walk = drawn(painter, made, START + SECOND // 100, holding=100 * BTC.lot).closing
    assert walk is not None
    assert walk.covered
    assert walk.average == pytest.approx((BID - 49.5) * BTC.tick)


def working(client_id: str, price: str, quantity: str = "1") -> Order:
    order = Order(intent(client_id, price=Decimal(price), quantity=Decimal(quantity)))
    order.phase = Phase.WORKING
    return order


def test_our_order_stands_in_the_ladder_also_where_the_venue_shows_nothing_of_it() -> None:
    made = market()
    rows = [(BID, 1), (BID - 5, 1), (BID + 1, 1)]
    made.on_snapshot(BookSnapshot(BTC.id, START, START, 2, 2, np.array(rows, np.int64).tobytes()))
    bids = DepthPainter().book(made, [working("m-1", "99.98")], 0.0, START).bids
    assert [(round(b.price, 2), b.own) for b in bids] == [(100.0, 0.0), (99.98, 1.0), (99.95, 0.0)]
    assert bids[1].cumulative == bids[0].cumulative


def test_an_order_further_out_stands_behind_the_nearest_levels_with_true_sums() -> None:
    bids = DepthPainter().book(market(), [working("m-1", "99.10")], 0.0, START).bids
    assert len(bids) == LEVELS + 1
    assert bids[-1].price == pytest.approx(99.10)
    assert bids[-1].own > 0
    assert bids[-1].cumulative == pytest.approx(91 * BTC.lot)


def test_an_order_beyond_the_known_book_stands_last_and_alone() -> None:
    orders = [working("m-1", "90.00"), working("m-2", "95.00")]
    bids = DepthPainter().book(market(), orders, 0.0, START).bids
    assert [round(b.price, 2) for b in bids[-2:]] == [95.00, 90.00]
    assert isnan(bids[-1].size) and isnan(bids[-1].cumulative)
    assert bids[-1].own > 0


def test_a_stop_stands_in_the_ladder_once_its_price_has_come() -> None:
    stop = Order(
        intent(
            "m-1", side=Side.SELL, purpose=Purpose.STOP, price=Decimal("98.00"), stop_price=Decimal("99.00")
        )
    )
    stop.phase, stop.untriggered = Phase.WORKING, True
    asks = DepthPainter().book(market(), [stop], 0.0, START).asks
    assert not any(level.own for level in asks)
    stop.untriggered = False
    asks = DepthPainter().book(market(), [stop], 0.0, START).asks
    assert [round(level.price, 2) for level in asks if level.own] == [98.0]


def test_no_more_stands_before_our_order_than_its_level_ever_held() -> None:
    painter, made, order = DepthPainter(), market(), working("m-1", "99.99")
    seen = []
    for lots in (5, 2, 9):
        refill(made, 120, lots)
        seen.append(painter.book(made, [order], 0.0, START).bids[1].ahead / BTC.lot)
    assert seen == pytest.approx([5, 2, 2])
    assert isnan(painter.book(made, [], 0.0, START).bids[1].ahead)


def test_a_walk_that_the_book_does_not_cover_says_so() -> None:
    walk = drawn(DepthPainter(), market(3), holding=-5 * BTC.lot).closing
    assert walk is not None
    assert (walk.side, walk.covered) == ("BUY", False)
