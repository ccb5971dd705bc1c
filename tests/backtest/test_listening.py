"""A strategy that hears many candles in one call: asked at each of them it decides the same."""

from __future__ import annotations

import sys
from decimal import Decimal

import msgspec
import numpy as np
import pytest

from midas.backtest.assumptions import Assumptions
from midas.backtest.outcome import Outcome
from midas.backtest.record import Record
from midas.backtest.run import Looks, run
from midas.backtest.series import Bars
from midas.domain.opinion import Opinion
from midas.domain.tail import TailRules
from midas.domain.time import HOUR, MINUTE, SECOND
from midas.engine.config import EngineConfig
from midas.ports.strategy import Briefing, Columns, MarketView, Strategy
from tests.backtest.stage import CALM, CASH, PLAIN, bars, config, walk
from tests.bench.ema_cross import CrossParameters, EmaCross

SERIES = bars(walk(4_000, 5))
CROSS = CrossParameters(5, 20, 100)
SLOW = msgspec.structs.replace(PLAIN, feed_latency=SECOND, order_latency=SECOND, answer_latency=SECOND)
CLOSE_WATCH = msgspec.structs.replace(PLAIN, tick_every=7 * MINUTE, equity_step=1e-6)
FUNDED = msgspec.structs.replace(PLAIN, funding=0.001, funding_every=HOUR)


class Counting(EmaCross):
    """Tells how many candles it was asked about one by one."""

    def __init__(self, parameters: CrossParameters) -> None:
        super().__init__(parameters)
        self.asked = 0

    def signal(self, market: MarketView, briefing: Briefing) -> Opinion | None:
        self.asked += 1
        return super().signal(market, briefing)


class Asked(Counting):
    """Doesn't listen."""

    listen = None  # type: ignore[assignment]


class Deaf(Counting):
    """Passes over candles that it would answer."""

    def listen(self, bars: Columns) -> int:
        super().listen(bars)
        return len(bars)


class Prophet(Counting):
    """Speaks before the price rises most: it looks at candles that are still to come."""

    def listen(self, bars: Columns) -> int:
        return min(super().listen(bars), int(np.argmax(bars.close)))


class Overdone(Counting):
    """Has heard more than there was."""

    def listen(self, bars: Columns) -> int:
        return super().listen(bars) + 1


class Leaving(Counting):
    """Ends its process at the 100th candle it is asked about."""

    def signal(self, market: MarketView, briefing: Briefing) -> Opinion | None:
        if self.asked == 99:
            sys.exit("nothing left to do")
        return super().signal(market, briefing)


class Late(Counting):
    """Raises long after the first candles were compared."""

    def listen(self, bars: Columns) -> int:
        if self._seen > 3_000:
            raise ValueError("a bug")
        return super().listen(bars)


def played(
    strategy: Strategy,
    given: Assumptions = PLAIN,
    series: Bars = SERIES,
    settings: EngineConfig | None = None,
) -> tuple[Outcome, Record]:
    record, balances = Record(), {"USDT": CASH, "BTC": Decimal(0)}
    settings = settings or config([series], ["ema-cross"])
    return run(settings, [strategy], [series], balances, given, record=record), record


@pytest.mark.parametrize("given", [PLAIN, SLOW, CLOSE_WATCH, FUNDED])
def test_listening_and_being_asked_decide_the_same(given: Assumptions) -> None:
    (heard, one), (asked, two) = played(Counting(CROSS), given), played(Asked(CROSS), given)
    assert one.audits == two.audits and len(heard.fills) > 100
    assert (heard.bars, heard.equity, heard.cash) == (asked.bars, asked.equity, asked.cash)


def test_forecasts_are_made_and_settled_at_the_same_candles() -> None:
    settings = config([SERIES], ["ema-cross"])
    settings = msgspec.structs.replace(settings, tail=TailRules(horizons=(10 * MINUTE, 5 * MINUTE)))
    (_, one), (_, two) = (played(kind(CROSS), settings=settings) for kind in (Counting, Asked))
    assert one.audits == two.audits and sum(b"tail" in audit for audit in one.audits) > 100


def test_a_trigger_fires_on_the_same_candle() -> None:
    triggers = msgspec.structs.replace(CALM, drawdown_stop=0.004)
    settings = config([SERIES], ["ema-cross"], Decimal(40), triggers=triggers)
    (_, one), (_, two) = (played(kind(CROSS), settings=settings) for kind in (Counting, Asked))
    assert one.audits == two.audits and any("EMERGENCY" in remark.text for remark in one.told)


def test_a_strategy_that_listens_is_asked_where_it_speaks_and_little_more() -> None:
    strategy = Counting(CROSS)
    outcome, _ = played(strategy)
    assert len(outcome.fills) <= strategy.asked < 3 * len(outcome.fills) + len(SERIES) // 50


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (Deaf, "`signal` answers to candle 1"),
        (Prophet, "after `listen`"),
        (Overdone, "`listen` answers 2 to 1 candles"),
    ],
)
def test_one_that_says_otherwise_when_it_listens_is_asked_at_every_candle(
    kind: type[Counting], reason: str
) -> None:
    strategy = kind(CROSS)
    (_, record), (_, expected) = played(strategy), played(Asked(CROSS))
    assert record.audits == expected.audits and strategy.asked == len(SERIES)
    assert reason in record.told[0].text


def test_one_that_fails_while_it_listens_is_switched_off() -> None:
    outcome, record = played(Late(CROSS))
    assert outcome.bars == len(SERIES)
    assert "ema-cross is switched off: ValueError: a bug" in [remark.text for remark in record.told]


@pytest.mark.parametrize("listens", [True, False])
def test_one_that_ends_its_process_while_its_answers_are_compared_is_outlived(listens: bool) -> None:
    strategy, balances, record = Leaving(CROSS), {"USDT": CASH, "BTC": Decimal(0)}, Record()
    outcome = run(
        config([SERIES], ["ema-cross"]), [strategy], [SERIES], balances, PLAIN, record=record, listens=listens
    )
    told = [remark.text for remark in record.told]
    assert outcome.bars == len(SERIES)
    assert "ema-cross is switched off: SystemExit: nothing left to do" in told
    assert not listens or any("it raises SystemExit: nothing left to do" in text for text in told)


def test_candles_of_one_time_are_asked_about_one_by_one() -> None:
    time = SERIES.time.copy()
    time[3_500] = time[3_499]
    twice = msgspec.structs.replace(SERIES, time=time)
    (_, one), (_, two) = played(Counting(CROSS), series=twice), played(Asked(CROSS), series=twice)
    assert one.audits == two.audits


def test_progress_is_told_in_the_same_steps() -> None:
    told: list[int] = []
    balances = {"USDT": CASH, "BTC": Decimal(0)}
    run(config([SERIES], ["ema-cross"]), [Counting(CROSS)], [SERIES], balances, PLAIN,
        looks=Looks(told.append, 1_000))  # fmt: skip
    assert told == [1_000] * 4


def test_who_wants_it_asked_candle_by_candle_gets_that() -> None:
    strategy, balances = Counting(CROSS), {"USDT": CASH, "BTC": Decimal(0)}
    run(config([SERIES], ["ema-cross"]), [strategy], [SERIES], balances, PLAIN, listens=False)
    assert strategy.asked == len(SERIES)
