"""How a trade ended is told by the order that closed it."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from midas.backtest.record import Record
from midas.domain.order import OrderIntent, OrderType, Purpose, Side, TimeInForce
from midas.domain.stops import StopRules
from midas.domain.triggers import TriggerRules
from midas.reports.endings import ending, told
from midas.reports.trading import trades
from tests.backtest.stage import CALM, START, Script, bars, config, played


@pytest.mark.parametrize(
    ("purpose", "reason", "word"),
    [
        (Purpose.STOP, "protective stop at 980", "protective"),
        (Purpose.EXIT, "trailing stop at 980, not filled at the venue for 2 s", "trailing"),
        (Purpose.STOP, "break-even stop at 980", "break-even"),
        (Purpose.EXIT, "no gain of 1.00% in 30 min", "time"),
        (Purpose.FLATTEN, "kill switch", "loss trigger"),
        (Purpose.EXIT, "mode DEFENSIVE", "mode DEFENSIVE"),
        (Purpose.EXIT, "stop", "strategy"),
    ],
)
def test_the_reason_of_the_order_names_what_ended_it(purpose: Purpose, reason: str, word: str) -> None:
    intent = OrderIntent(
        client_id="md-1", instrument="BTC", strategy="s", side=Side.SELL, type=OrderType.LIMIT,
        time_in_force=TimeInForce.IOC, quantity=Decimal(1), price=Decimal(1), purpose=purpose, decision=1,
        mode="NORMAL", regime="UNKNOWN", market_time=START, created_at=START, reason=reason,
    )  # fmt: skip
    assert ending(intent) == word


def test_a_run_counts_by_what_its_trades_ended() -> None:
    closes = [1_000.0] * 4 + [950.0] * 4 + [1_000.0] * 4
    series, record = bars(closes, spread=0.0), Record()
    stops = StopRules(percent=0.02, trail_percent=0.0, break_even_r=0.0, collar_bps=600.0)
    held = [False] + [True] * 4 + [False] * 3 + [True] * 2 + [False] * 2
    found = played(series, Script(held), settings=config([series], stops=stops), record=record)
    assert [each.ended for each in trades(found.fills, record.exits)[0]] == ["protective", "strategy"]


def test_a_loss_trigger_ends_a_trade_in_its_own_name() -> None:
    series, record = bars([1_000.0] * 5 + [1_000.0 - 20.0 * i for i in range(30)]), Record()
    triggers: TriggerRules = msgspec.structs.replace(CALM, daily_loss_stop=0.01)
    settings = config([series], units=Decimal(40), triggers=triggers)
    found = played(series, Script([True] * 35), settings=settings, record=record)
    assert [each.ended for each in trades(found.fills, record.exits)[0]] == ["loss trigger"]


def test_the_stops_are_told_apart_from_the_strategy() -> None:
    assert told({"protective": 7, "trailing": 2, "strategy": 1}) == (
        "strategy 1, [risk.stops] 9 (protective 7, trailing 2)"
    )
    assert told({"time": 1, "loss trigger": 2}) == "strategy 0, [risk.stops] 1 (time 1), loss trigger 2"
    assert told({}) == ""
