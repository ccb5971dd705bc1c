"""A sheet adds up, and agrees with the ledger and with the statistics."""

from __future__ import annotations

from decimal import Decimal
from math import prod

import msgspec
import pytest

from midas.backtest.run import Looks
from midas.backtest.run import run as run_of
from midas.backtest.summary import summarise
from midas.domain.time import DAY
from midas.reports.build import sheet_of
from midas.reports.sheet import Sheet, Twin
from midas.reports.told import first_page, further
from midas.statistics.conventions import CALENDAR, simple_returns
from midas.statistics.kpis import sharpe_interval
from midas.statistics.performance import sharpe
from tests.backtest.stage import CASH, Script, config, walk
from tests.reports.conftest import DAYS, Made, made


def returns(run: Made) -> list[float]:
    return simple_returns([run.sheet.cash, *run.outcome.curve.equity.tolist()])


def test_the_parts_by_strategy_instrument_and_regime_each_add_up_to_the_result(run: Made) -> None:
    result = run.sheet.equity - run.sheet.cash
    for kind in ("strategy", "instrument", "regime"):
        mine = [part for part in run.sheet.parts if part.kind == kind]
        assert sum(part.profit for part in mine) == pytest.approx(result, abs=1e-6)
        assert sum(part.trades for part in mine) == run.sheet.trading.closed


def test_funding_is_a_cost_and_a_part_of_its_own() -> None:
    paid = made(funding=0.0001).sheet
    assert paid.costs.funding > 0.0
    for kind in ("strategy", "instrument", "regime"):
        mine = [part for part in paid.parts if part.kind == kind]
        assert sum(part.profit for part in mine) == pytest.approx(paid.equity - paid.cash, abs=1e-6)
        assert mine[-1].name == "funding" and mine[-1].profit == pytest.approx(-paid.costs.funding)


def test_months_compound_to_the_total_return(run: Made) -> None:
    total = run.sheet.growth.total.value
    assert total is not None
    assert prod(1 + month.result for month in run.sheet.months) - 1 == pytest.approx(total)
    assert total == pytest.approx(run.sheet.equity / run.sheet.cash - 1)


def test_trades_that_are_closed_bring_the_result_where_nothing_is_left(run: Made) -> None:
    assert run.sheet.trading.open == 0 and run.sheet.trading.closed == len(run.trades) == DAYS // 10
    assert sum(trade.profit for trade in run.trades) == pytest.approx(run.sheet.equity - run.sheet.cash)


def test_sharpe_and_its_interval_are_those_of_the_statistics(run: Made) -> None:
    daily = returns(run)
    interval = sharpe_interval(daily, CALENDAR)
    assert interval is not None and run.sheet.evidence.sharpe is not None
    assert run.sheet.growth.sharpe.value == pytest.approx(sharpe(daily, CALENDAR).value)
    assert run.sheet.evidence.sharpe.low == pytest.approx(interval.low)


def test_more_trials_leave_less_of_a_sharpe_ratio(run: Made) -> None:
    many = made(trials=100, trial_variance=0.001).sheet.evidence
    one = run.sheet.evidence
    assert one.deflated == one.positive and many.trials == 100
    assert many.deflated is not None and one.deflated is not None and many.deflated < one.deflated


def test_costs_are_fees_as_booked_and_the_spread_that_was_assumed(run: Made) -> None:
    costs = run.sheet.costs
    assert costs.fees == pytest.approx(costs.traded * 0.001, rel=1e-6)
    assert costs.spread == pytest.approx(costs.traded * 1.5e-4, rel=1e-6)  # half of 2 bps, times 1 + v / 2
    assert costs.impact >= 0.0 and costs.total >= costs.fees + costs.spread


def test_the_worst_fall_is_the_deepest_of_all_and_begins_at_a_peak(run: Made) -> None:
    assert run.sheet.worst == pytest.approx(min(fall.depth for fall in run.sheet.falls))
    for fall in run.sheet.falls:
        assert fall.peak_at < fall.trough_at and (not fall.recovered_at or fall.recovered_at > fall.trough_at)


def test_the_benchmark_holds_from_the_first_close_and_pays_fee_and_spread_of_taking_once(run: Made) -> None:
    close, paid = run.run.series[0].close, 0.001 + 1.5e-4  # half of 2 bps, more by a half in a normal market
    assert run.sheet.benchmark is not None
    assert run.sheet.benchmark.growth.total.value == pytest.approx(close[-1] / close[0] * (1 - paid) - 1)


def test_the_summary_for_programs_says_what_the_sheet_says(run: Made) -> None:
    sheet, told = run.sheet, summarise(run.outcome, run.run.series, run.sheet.cash, run.run.given)
    assert sheet.benchmark is not None
    assert told.held == pytest.approx(sheet.benchmark.growth.total.value)
    assert told.performance.sharpe.value == pytest.approx(sheet.growth.sharpe.value)
    assert told.performance.total_return.value == pytest.approx(sheet.growth.total.value)
    assert (told.closed, told.fills, told.exposed) == (
        sheet.trading.closed, sheet.trading.fills, sheet.exposed,
    )  # fmt: skip
    assert told.fees == pytest.approx(sheet.costs.fees) and told.traded == pytest.approx(sheet.costs.traded)


def test_pictures_keep_the_last_value_and_the_deepest_fall_however_long_the_run() -> None:
    long = made(walk(500), lambda n: n % 20 < 10).sheet
    assert len(long.curve.time) <= 480 and len(long.charts[0].candles) <= 480
    assert long.curve.equity[-1] == pytest.approx(long.equity, abs=0.01)
    assert min(long.curve.drawdown) == pytest.approx(long.worst, abs=1e-6)
    candles, close = long.charts[0].candles, long.charts[0].candles[-1].close
    assert max(c.high for c in candles) >= close >= min(c.low for c in candles)


def test_every_trade_is_in_one_bin_and_none_spans_zero(run: Made) -> None:
    assert sum(each.count for each in run.sheet.bins) == run.sheet.trading.closed
    assert not any(each.low < 0.0 < each.high for each in run.sheet.bins)


def test_a_sheet_reads_back_as_it_was_written(run: Made) -> None:
    sheet = msgspec.structs.replace(
        run.sheet, twin=Twin(runs=200, median=0.01, low=-0.1, high=0.1, beaten=0.6)
    )
    assert msgspec.json.decode(msgspec.json.encode(sheet), type=Sheet) == sheet


def test_a_run_that_never_trades_has_reasons_and_no_figures() -> None:
    idle = made(held=lambda _: False).sheet
    assert idle.trading.closed == 0 and idle.trades == () and idle.bins == () and idle.falls == ()
    assert idle.growth.sharpe.value is None and idle.growth.sharpe.reason == "nothing varies"
    assert idle.evidence.positive is None and idle.costs.total == 0.0


def test_what_takes_pays_in_a_back_test_what_the_cost_model_expects(run: Made) -> None:
    costs = run.sheet.costs
    assert costs.compared > 10 and costs.expected_bps > 0.0
    assert costs.expected_bps <= costs.realised_bps < 1.1 * costs.expected_bps  # ticks round against us
    (row,) = [row for block in further(run.sheet) for row in block.rows if row.name == "expected, paid (bps)"]
    assert row.values[0] == f"{costs.expected_bps:.2f}" and str(costs.compared) in row.note


def test_the_longest_time_below_a_peak_is_told_however_shallow_it_was() -> None:
    """A dozen falls of a day and a fifth, and one of 0.1 % that lasts a hundred days."""
    closes = [1_000.0] * 3
    for _ in range(12):
        closes += [closes[-1] * 0.8, closes[-1] * 1.01]
    closes += [closes[-1] * 0.999] * 100 + [closes[-1] * 1.01] * 2
    sheet = made([round(close, 2) for close in closes], held=lambda n: n < len(closes) - 2).sheet
    (row,) = [row for row in first_page(sheet)[0].rows if row.name.startswith("worst fall")]
    assert row.note == "below peak 101 days at most"
    assert sheet.worst == min(fall.depth for fall in sheet.falls) == sheet.falls[0].depth


def test_the_parts_of_an_interrupted_run_know_no_price_behind_its_end() -> None:
    def stop(_: int) -> None:
        raise KeyboardInterrupt

    whole = made()
    closes = whole.run.series[0]
    outcome = run_of(
        msgspec.structs.replace(config([closes]), period=DAY), [Script([True] * DAYS)], [closes],
        {"USDT": CASH, closes.instrument.base: Decimal(0)}, whole.run.given, looks=Looks(stop, 50),
    )  # fmt: skip
    sheet, _ = sheet_of(msgspec.structs.replace(whole.run, outcome=outcome))
    assert outcome.interrupted and sheet.bars == 50 and sheet.trading.open == 1
    for kind in ("strategy", "instrument", "regime"):
        mine = [part for part in sheet.parts if part.kind == kind]
        assert sum(part.profit for part in mine) == pytest.approx(sheet.equity - sheet.cash, abs=1e-6)
    assert sheet.charts[0].candles[-1].time == sheet.ends


def test_a_trade_pays_the_funding_of_the_time_for_which_it_was_held() -> None:
    paid = made(funding=0.0003)
    assert sum(trade.profit for trade in paid.trades) == pytest.approx(paid.sheet.equity - paid.sheet.cash)
    assert sum(trade.funding for trade in paid.trades) == pytest.approx(-paid.outcome.funding)
    first, last = paid.trades[0], paid.run.series[0]
    held = [n for n in range(DAYS) if first.opened_at < last.time[n] <= first.closed_at]
    assert first.funding == pytest.approx(-sum(3 * first.quantity * last.close[n] * 0.0003 for n in held))
    told = summarise(paid.outcome, paid.run.series, paid.sheet.cash, paid.run.given)
    assert told.trades.expectancy.value == pytest.approx(paid.sheet.trading.expectancy.value)
