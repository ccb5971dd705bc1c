"""What one instrument's market is where bars are all that is known of it."""

from __future__ import annotations

import pytest

from midas.domain.market import Bar
from midas.domain.time import MINUTE
from midas.state.state import State
from tests.fakes.nouns import BTC, START


def bar(close: float, number: int = 1) -> Bar:
    time = START + number * MINUTE
    return Bar(BTC.id, time, time, MINUTE, close, close, close, close, 1.0, 0)


@pytest.mark.parametrize(("spread", "bid", "ask"), [(0.0, 100.0, 100.0), (0.002, 99.9, 100.1)])
def test_a_close_is_the_touch_where_no_quotes_come(spread: float, bid: float, ask: float) -> None:
    market = State((BTC,), "USDT", spread).markets[BTC.id]
    assert market.mid != market.mid
    market.on_bar(bar(100.0))
    assert [market.bid_price, market.ask_price] == pytest.approx([bid, ask])
    market.on_bar(bar(50.0, 2))
    assert market.mid == pytest.approx(50.0)


def test_a_bar_moves_no_touch_where_quotes_come() -> None:
    market = State((BTC,), "USDT").markets[BTC.id]
    market.on_bar(bar(100.0))
    assert not market.bid_lots and market.last_price == 100.0
