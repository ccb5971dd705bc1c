"""What an order would trade at once, against a book that is summed by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest

from midas.domain.order import Side
from midas.execution.walk import NOTHING_TAKEN, ahead, take
from midas.state.market import InstrumentMarket
from tests.fakes.desk import BTC
from tests.fakes.scripted_market import ScriptedMarket


@pytest.fixture
def market() -> InstrumentMarket:
    """Ten levels a side, a tick apart, one BTC each: bids from 60000.00, asks from 60000.01."""
    made = InstrumentMarket(BTC)
    book, quote = ScriptedMarket().begin()
    made.on_snapshot(book)  # type: ignore[arg-type]
    made.on_quote(quote)  # type: ignore[arg-type]
    return made


def test_a_small_order_trades_at_the_touch(market: InstrumentMarket) -> None:
    bought, sold = (take(market, side, Decimal("0.5")) for side in Side)
    assert [bought.quantity, bought.average] == pytest.approx([0.5, 60000.01])
    assert [sold.quantity, sold.average] == pytest.approx([0.5, 60000.00])
    assert bought.share == pytest.approx(0.1)


def test_a_larger_one_walks_the_levels(market: InstrumentMarket) -> None:
    taken = take(market, Side.BUY, Decimal("2.5"))
    assert taken.average == pytest.approx((60000.01 + 60000.02 + 0.5 * 60000.03) / 2.5)
    assert taken.share == pytest.approx(0.5)


def test_it_stops_at_its_limit(market: InstrumentMarket) -> None:
    taken = take(market, Side.BUY, Decimal(5), Decimal("60000.02"))
    assert taken.quantity == 2.0
    assert take(market, Side.SELL, Decimal(5), Decimal("60000.01")) == NOTHING_TAKEN


def test_it_ends_with_the_book(market: InstrumentMarket) -> None:
    assert take(market, Side.SELL, Decimal(50)).quantity == 10.0


def test_without_a_valid_book_the_best_price_stands_for_it(market: InstrumentMarket) -> None:
    market.book.invalidate("gap")
    taken = take(market, Side.BUY, Decimal(50))
    assert [taken.quantity, taken.average] == pytest.approx([50.0, 60000.01])
    assert taken.share == 0.0


def test_what_rests_at_a_price_is_before_us(market: InstrumentMarket) -> None:
    assert ahead(market, Side.BUY, Decimal("59999.95")) == 1.0
    assert ahead(market, Side.BUY, Decimal("59000.00")) == 0.0
    assert ahead(market, Side.SELL, Decimal("60000.05")) == 1.0
