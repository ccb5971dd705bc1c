"""Back-tests on the engine itself: what is traded, when, at which price, and that the books agree."""

from __future__ import annotations

import gc
from dataclasses import dataclass
from decimal import Decimal

import msgspec
import numpy as np
import pytest

from midas.backtest.assumptions import Assumptions
from midas.backtest.outcome import exposed
from midas.backtest.record import Record
from midas.backtest.run import run, seldom_collected
from midas.costs import CostModel, FeeSchedule
from midas.domain.opinion import Urgency
from midas.domain.order import Purpose, Side
from midas.domain.stops import StopRules
from midas.domain.time import MICROSECOND, MINUTE, SECOND
from midas.domain.triggers import TriggerRules
from midas.engine.audit import Audit
from tests.backtest.stage import CALM, CASH, LIMITS, PLAIN, START, Script, bars, config, played, walk
from tests.bench.ema_cross import CrossParameters, EmaCross
from tests.fakes.desk import BTC
from tests.fakes.nouns import ETH

TEN_BPS = CostModel(fees=FeeSchedule(Decimal("0.001"), Decimal("0.001")))


def owed(every: int, **latency: int) -> Assumptions:
    """Nothing but 0.1 % of funding so often, and what is said of latency."""
    return msgspec.structs.replace(PLAIN, funding=0.001, funding_every=every, **latency)


@dataclass
class Plain:
    """The same trades in a dozen lines: an oracle that shares nothing with the engine."""

    fills: int = 0
    cash: float = float(CASH)
    held: int = 0

    def cross(self, closes: list[float], fast: int, slow: int, first: int, units: int) -> float:
        quick = lasting = closes[0]
        for place, close in enumerate(closes):
            quick += 2.0 / (fast + 1) * (close - quick)
            lasting += 2.0 / (slow + 1) * (close - lasting)
            wanted = units if place >= first and quick > lasting else 0
            if place < len(closes) - 1 and wanted != self.held:  # the last one finds no opening to trade at
                change, self.held = wanted - self.held, wanted
                self.cash -= change * close + abs(change) * close * 0.001
                self.fills += 1
        return self.cash + self.held * closes[-1]


def test_an_average_cross_trades_as_a_dozen_plain_lines_do() -> None:
    closes, oracle = walk(3_000), Plain()
    equity = oracle.cross(closes, 5, 20, 100, 2)
    series = bars(closes)
    settings = config([series], ["ema-cross"])
    given = msgspec.structs.replace(PLAIN, costs=TEN_BPS)
    found = run(
        settings, [EmaCross(CrossParameters(5, 20, 100))], [series], {"USDT": CASH, "BTC": Decimal(0)}, given
    )
    assert len(found.fills) == oracle.fills > 100
    assert found.equity == pytest.approx(equity, rel=1e-12)


def test_the_curve_of_the_fills_ends_where_the_ledger_does() -> None:
    found = played(bars(walk(400)), Script([i % 7 < 3 for i in range(400)]))
    assert found.curve.equity[-1] == pytest.approx(found.equity, abs=1e-6)
    assert found.curve.equity[0] == float(CASH) and len(found.curve.time) == 400


def test_two_runs_of_the_same_bars_give_equal_audits() -> None:
    series, records = bars(walk(300)), [Record(), Record()]
    runs = [played(series, Script([i % 5 < 2 for i in range(300)]), record=r) for r in records]
    assert runs[0].digest == runs[1].digest
    assert records[0].audits == records[1].audits != []


def test_an_order_trades_at_the_opening_after_the_bar_that_it_was_decided_on() -> None:
    found = played(bars([100.0, 101.0, 102.0, 103.0, 104.0]), Script([False, True, True, False, False]))
    bought, sold = found.fills
    assert (bought.side, bought.price, bought.quantity) == (Side.BUY, Decimal(101), Decimal(2))
    assert (sold.side, sold.price) == (Side.SELL, Decimal(103))
    assert found.equity == float(CASH) + 2 * (103.0 - 101.0)


def test_what_is_decided_on_the_last_bar_trades_with_nobody() -> None:
    assert played(bars([100.0, 101.0, 102.0]), Script([False, False, True])).fills == ()


def test_a_strategy_is_shown_no_bar_before_it_has_closed() -> None:
    closes, script = walk(50), Script([])
    played(bars(closes), script)
    assert script.seen == closes


def test_prices_after_a_decision_change_nothing_before_it() -> None:
    held = [i % 9 < 4 for i in range(200)]
    closes = walk(200)
    other = closes[:120] + [price * 1.5 for price in closes[120:]]
    first, second = (played(bars(c), Script(held)).fills for c in (closes, other))
    until = START + 120 * MINUTE
    assert [f for f in first if f.market_time < until] == [f for f in second if f.market_time < until] != []


def test_an_unaided_strategy_hears_prices_and_its_position_alone() -> None:
    script = Script([True] * 10)
    played(bars(walk(10)), script)
    assert script.briefings[0].position == 0.0 and script.briefings[-1].position == 2.0
    assert all(b.forecast is None and b.regime.label.value == "UNKNOWN" for b in script.briefings)


def test_the_limits_of_the_engine_refuse_here_as_they_do_live() -> None:
    series, record = bars([1_000.0] * 5), Record()
    settings = config([series], limits=msgspec.structs.replace(LIMITS, position_max=0.01))
    assert played(series, Script([True] * 5), settings=settings, record=record).fills == ()
    assert record.refusals["position"] > 0 and record.signals["refused"] > 0


def test_a_days_loss_stops_the_desk_on_the_bar_that_reaches_it() -> None:
    closes = [1_000.0] * 5 + [1_000.0 - 20.0 * i for i in range(30)]
    series, record = bars(closes), Record()
    triggers = msgspec.structs.replace(CALM, daily_loss_stop=0.01)
    settings = config([series], units=Decimal(40), triggers=triggers)
    found = played(series, Script([True] * 35), settings=settings, record=record)
    assert [f.purpose for f in found.fills] == [Purpose.ENTRY, Purpose.FLATTEN]
    # 40 units lose 1 % of 100,000 at 975: the close of 960 is the first below.
    assert found.fills[1].price == Decimal(960)
    assert any("EMERGENCY" in told.text for told in record.told)


def test_a_sharpe_ratio_below_its_floor_halves_fixed_units() -> None:
    closes = [1_000.0 - i * 0.01 for i in range(40 * 1_440)][::60]
    series = bars(closes, spread=0.0)
    series = msgspec.structs.replace(
        series, period=60 * MINUTE, time=START + 60 * MINUTE * (1 + (series.time - START) // MINUTE - 1)
    )
    triggers = msgspec.structs.replace(CALM, sharpe_defensive=TriggerRules().sharpe_defensive)
    settings = msgspec.structs.replace(config([series], triggers=triggers), period=60 * MINUTE)
    held = [i % 48 < 24 for i in range(len(closes))]
    found = played(series, Script(held), settings=settings)
    bought = [f.quantity for f in found.fills if f.side is Side.BUY]
    assert bought[0] == Decimal(2) and bought[-1] == Decimal(1)


def test_a_stop_sells_in_the_bar_that_touches_it() -> None:
    closes = [1_000.0] * 4 + [950.0] * 4
    stops = StopRules(percent=0.02, trail_percent=0.0, break_even_r=0.0, collar_bps=600.0)
    series = bars(closes, spread=0.0)
    settings = config([series], stops=stops)
    found = played(series, Script([False] + [True] * 7), settings=settings)
    assert [(f.purpose, f.price) for f in found.fills][:2] == [
        (Purpose.ENTRY, Decimal(1_000)), (Purpose.STOP, Decimal(980)),
    ]  # fmt: skip


def test_a_stop_set_after_a_fill_inside_of_a_bar_meets_the_bars_after_it_alone() -> None:
    """The entry trades in the third bar, which falls to 960: its stop at 980 waits for the fourth."""
    series = bars([1_000.0] * 6, spread=0.0)
    low = np.array([1_000.0, 1_000.0, 960.0, 975.0, 1_000.0, 1_000.0])
    series = msgspec.structs.replace(series, low=low)
    stops = StopRules(percent=0.02, trail_percent=0.0, break_even_r=0.0, collar_bps=600.0)
    script = Script([False] + [True] * 5, Urgency.PASSIVE)
    found = played(series, script, settings=config([series], stops=stops))
    assert [(f.purpose, f.price, f.market_time) for f in found.fills][:2] == [
        (Purpose.ENTRY, Decimal(1_000), int(series.time[2]) - MICROSECOND),
        (Purpose.STOP, Decimal(980), int(series.time[3]) - MICROSECOND),
    ]
    assert found.curve.held.tolist()[:4] == [False, False, True, False]
    assert exposed(found.curve, found.fills[:2], series.period) == 2 / 6  # sold inside of the fourth


def test_two_instruments_share_one_account() -> None:
    series = [bars(walk(100, 1)), bars(walk(100, 2), instrument=ETH)]
    script = Script([i % 20 < 10 for i in range(400)])
    balances = {"USDT": CASH, "BTC": Decimal(0), "ETH": Decimal(0)}
    found = run(config(series), [script], series, balances, PLAIN)
    assert {f.instrument for f in found.fills} == {BTC.id, ETH.id}
    assert found.bars == 200 and found.curve.equity[-1] == pytest.approx(found.equity, abs=1e-6)


class Clocked(Record):
    """Remembers when the engine heard what it answered."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[int] = []

    def add(self, audit: Audit, filled_at: int = 0) -> None:
        self.heard.append(audit.at)
        super().add(audit, filled_at)


def test_the_engines_clock_never_goes_back_within_a_bar() -> None:
    """One stop sells inside of a bar at whose opening the other instrument was bought, and gets its stop."""
    falls = bars([1_000.0] * 11 + [900.0] * 5)
    series = [falls, bars([1_000.0] * 16, instrument=ETH)]
    held = [place % 2 == 0 or place >= 20 for place in range(32)]  # what falls first, the other at bar 11
    record, settings = Clocked(), config(series, stops=StopRules())
    balances = {"USDT": CASH, "BTC": Decimal(0), "ETH": Decimal(0)}
    found = run(settings, [Script(held)], series, balances, PLAIN, record=record)
    bought, sold = [f for f in found.fills if f.market_time > START + 11 * MINUTE - SECOND][:2]
    assert (bought.instrument, sold.instrument) == (ETH.id, BTC.id)
    assert bought.market_time == START + 11 * MINUTE and sold.market_time == START + 12 * MINUTE - MICROSECOND
    assert record.heard == sorted(record.heard)


def test_orders_that_are_slow_trade_later_and_are_heard_of_later() -> None:
    given = msgspec.structs.replace(PLAIN, order_latency=30 * SECOND, answer_latency=10 * SECOND)
    found = played(
        bars([100.0, 100.0, 102.0, 102.0, 102.0], spread=9.0), Script([False, True] + [True] * 3), given
    )
    assert [f.price for f in found.fills] == [Decimal(101)]  # half way through the bar from 100 to 102


def test_the_collector_is_told_once_what_to_leave_alone_and_goes_on_as_before() -> None:
    before = gc.get_threshold()
    gc.unfreeze()
    gc.set_threshold(700, 10, 10)  # as a program begins, and tests don't
    try:
        with seldom_collected():
            frozen, seldom = gc.get_freeze_count(), gc.get_threshold()
            assert frozen and seldom[0] > 700
            with seldom_collected():
                pass
            assert (gc.get_freeze_count(), gc.get_threshold()) == (frozen, seldom)
        assert (gc.get_freeze_count(), gc.get_threshold()) == (0, (700, 10, 10))
    finally:
        gc.freeze()
        gc.set_threshold(*before)


def test_an_interrupted_run_tells_what_it_reached() -> None:
    def stop(_: int) -> None:
        raise KeyboardInterrupt

    series = bars(walk(20_000))
    found = played(series, Script([]), advance=stop)
    assert found.interrupted and 0 < found.bars < 20_000
    assert len(found.curve.time) == found.bars


def test_funding_is_paid_by_who_is_long_and_counts_as_a_loss() -> None:
    given = owed(30 * MINUTE)
    series, held = bars([100.0] * 100), [True] * 100
    found = played(series, Script(held), given)
    assert found.funding == pytest.approx(3 * 2 * 100.0 * 0.001)
    assert found.cash == CASH - sum((f.price * f.quantity for f in found.fills), Decimal(0)) - Decimal("0.6")
    assert found.curve.equity[-1] == pytest.approx(found.equity, abs=1e-9)
    assert found.equity == pytest.approx(float(CASH) - 0.6)
    falls = [n for n in range(1, 100) if found.curve.equity[n] < found.curve.equity[n - 1]]
    assert falls == [29, 59, 89]


def test_nothing_held_pays_no_funding() -> None:
    given = owed(30 * MINUTE)
    found = played(bars([100.0] * 100), Script([]), given)
    assert found.funding == 0.0 and found.cash == CASH


def test_fills_after_a_hole_are_counted() -> None:
    whole = bars(walk(60))
    holed = msgspec.structs.replace(
        whole, **{n: np.delete(getattr(whole, n), slice(20, 30)) for n in ("time", "open", "high", "low",
                                                                          "close", "volume")}
    )  # fmt: skip
    held = [n >= 19 for n in range(50)]
    found = played(holed, Script(held))
    assert len(found.fills) == 1 and found.after_gaps == 1
    assert found.fills[0].price == Decimal(str(holed.open[20]))
    assert played(whole, Script(held)).after_gaps == 0


def test_funding_is_paid_as_often_as_it_fell_due_within_a_long_bar_and_over_a_hole() -> None:
    """Of candles of an hour, with payments every ten minutes, and a hole of half an hour before the last."""
    given = owed(10 * MINUTE)
    series = bars([100.0] * 5)
    hours = msgspec.structs.replace(
        series, period=60 * MINUTE, time=START + 60 * MINUTE * np.arange(1, 6, dtype=np.int64)
    )
    settings = msgspec.structs.replace(config([hours]), period=60 * MINUTE)
    found = played(hours, Script([True] * 5), given, settings=settings)
    assert found.funding == pytest.approx(4 * 6 * 2 * 100.0 * 0.001)  # bought at the second opening
    late = msgspec.structs.replace(series, time=series.time + np.array([0, 0, 0, 0, 30]) * MINUTE)
    every = msgspec.structs.replace(given, funding_every=5 * MINUTE)
    assert played(late, Script([True] * 5), every).funding == pytest.approx(7 * 2 * 100.0 * 0.001)
    sold = played(late, Script([True] * 3 + [False] * 2), every)
    assert sold.fills[-1].market_time == late.time[4] - MINUTE and sold.funding == pytest.approx(
        6 * 2 * 100.0 * 0.001
    )


STOP = StopRules(percent=0.02, trail_percent=0.0, break_even_r=0.0, collar_bps=600.0)


@pytest.mark.parametrize("late", [0, SECOND])
@pytest.mark.parametrize("hole", [0, 300])
def test_what_a_stop_sells_inside_of_a_bar_pays_what_falls_due_in_it_and_nothing_later(
    late: int, hole: int
) -> None:
    """Of candles of an hour, with payments every ten minutes; the fourth falls to the stop."""
    given = owed(10 * MINUTE, order_latency=late, answer_latency=late)
    plain = bars([1_000.0] * 6, spread=0.0)
    time = START + 60 * MINUTE * np.arange(1, 7, dtype=np.int64) + np.array([0, 0, 0, 0, hole, hole]) * MINUTE
    low = np.array([1_000.0, 1_000.0, 1_000.0, 975.0, 1_000.0, 1_000.0])
    series = msgspec.structs.replace(plain, period=60 * MINUTE, time=time, low=low)
    settings = msgspec.structs.replace(config([series], stops=STOP), period=60 * MINUTE)
    found = played(series, Script([False, True, True] + [False] * 3), given, settings=settings)
    bought, stopped = found.fills
    assert (bought.purpose, stopped.purpose) == (Purpose.ENTRY, Purpose.STOP)
    assert stopped.market_time == int(time[3]) - MICROSECOND
    assert found.funding == pytest.approx((6 + 5) * 2 * 1_000.0 * 0.001)  # the sixth is due after it was sold
    (trip,) = found.trips(series.instrument.id).closed
    assert float(trip.funding) == pytest.approx(-found.funding)
    assert found.curve.equity[-1] == pytest.approx(found.equity)


@pytest.mark.parametrize("late", [0, SECOND // 10])
@pytest.mark.parametrize("others", [0, 1])
def test_what_rested_and_was_bought_inside_of_a_bar_pays_what_falls_due_at_its_end(
    late: int, others: int
) -> None:
    """The entry trades in the third bar, at whose end and three bars later a payment falls due."""
    given = owed(3 * MINUTE, order_latency=late, answer_latency=late)
    low = np.array([1_000.0, 1_000.0, 960.0, 975.0, 1_000.0, 1_000.0])
    series = [msgspec.structs.replace(bars([1_000.0] * 6, spread=0.0), low=low)]
    series += [bars([1_000.0] * 6, instrument=ETH, spread=0.0)][:others]
    balances = {"USDT": CASH} | {each.instrument.base: Decimal(0) for each in series}
    found = run(config(series), [Script([False] + [True] * 12, Urgency.PASSIVE)], series, balances, given)
    assert [fill.market_time for fill in found.fills] == [int(series[0].time[2]) - MICROSECOND]
    assert found.funding == pytest.approx(2 * 2 * 1_000.0 * 0.001)


def test_funding_counts_from_the_bar_in_which_it_fell_due_however_late_that_is_heard() -> None:
    given = owed(10 * MINUTE, feed_latency=SECOND)
    found = played(bars([100.0] * 20), Script([True] * 20), given)
    falls = [n for n in range(1, 20) if found.curve.equity[n] < found.curve.equity[n - 1]]
    assert falls == [9, 19] and found.curve.equity[-1] == pytest.approx(found.equity)
