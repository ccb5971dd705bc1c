"""When the guardian looks in a back-test: daily, now and then, and whenever equity may have moved."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from midas.backtest.watch import Watch
from midas.domain.order import Side
from midas.domain.time import DAY, HOUR, MINUTE
from tests.backtest.stage import CALM, PLAIN, START, Script, bars, config, played
from tests.fakes.nouns import desk


def test_a_day_of_the_account_never_begins_unseen() -> None:
    state = desk()
    for zone, begins in (("UTC", START + DAY), ("America/New_York", START + 5 * HOUR)):
        watch = Watch(30 * DAY, 0.001, zone)
        watch.looked(START, state)
        assert watch.next()[0] == begins


def test_without_a_position_no_price_is_worth_a_look() -> None:
    watch = Watch(HOUR, 0.001, "UTC")
    watch.looked(START + MINUTE, desk())
    due_at, low, high = watch.next()
    assert due_at == START + MINUTE + HOUR and low < 0.0 and high > 1e12


def test_an_automatic_defensive_ends_when_its_least_time_is_over_however_quiet_the_market_is() -> None:
    closes = [1_000.0] * 5 + [940.0] + [1_000.0] * 40
    held = [i < 8 or i > 20 for i in range(len(closes))]
    triggers = msgspec.structs.replace(CALM, drawdown_defensive=0.01)
    settings = config([bars(closes)], units=Decimal(20), triggers=triggers)
    found = played(bars(closes), Script(held), settings=settings)
    assert [(f.side, f.quantity) for f in found.fills] == [
        (Side.BUY, Decimal(20)), (Side.SELL, Decimal(10)), (Side.SELL, Decimal(10)), (Side.BUY, Decimal(20)),
    ]  # fmt: skip


def test_a_look_finer_than_the_step_changes_no_order() -> None:
    closes = [1_000.0 - (i % 50) * 0.5 for i in range(300)]
    series, held = bars(closes), [i % 40 < 20 for i in range(300)]
    settings = config([series], units=Decimal(40))
    often = msgspec.structs.replace(PLAIN, tick_every=MINUTE)
    runs = [played(series, Script(held), given, settings=settings) for given in (PLAIN, often)]
    assert [(f.price, f.quantity, f.market_time) for f in runs[0].fills] == [
        (f.price, f.quantity, f.market_time) for f in runs[1].fills
    ]
