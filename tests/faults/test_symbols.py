"""What the venue does to a symbol or a connection on purpose, with notice (F25, F27)."""

from __future__ import annotations

from midas.domain.event import OrderRejected
from midas.domain.market import BookLost, FeedStatus
from tests.fakes.binance_desk import Desk
from tests.fakes.faults import Faults


async def test_an_order_in_a_halted_symbol_says_that_the_rules_are_others_now(
    trader: Desk, faults: Faults
) -> None:
    before = await trader.broker.rules(trader.btc.id)
    assert (before.status, before.listed) == ("", trader.btc)
    await faults.arm("halt_symbol", symbol="BTCUSDT", status="HALT")
    await trader.order()
    (refused,) = trader.of(OrderRejected)
    assert refused.rules
    halted = await trader.broker.rules(trader.btc.id)
    assert (halted.status, halted.listed) == ("HALT", trader.btc)


async def test_an_announced_shutdown_costs_the_market_nothing(desk: Desk, faults: Faults) -> None:
    await desk.feed.start()
    await desk.until(lambda: desk.book.valid)
    await faults.fire("server_shutdown", cut_after_s=30.0)
    await desk.until(lambda: desk.feed.connections == 2)
    messages = desk.feed.messages
    await desk.until(lambda: desk.feed.messages > messages + 20)
    assert desk.count(BookLost) == 0
    assert [status.connected for status in desk.of(FeedStatus)] == [True, True]
    assert desk.book.valid
    assert desk.feed.gaps == 0
