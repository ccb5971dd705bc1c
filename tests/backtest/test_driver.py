"""Many bars in one call decide what single steps decide: the audits are equal, byte by byte."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, localcontext

import msgspec
import pytest

from midas.backtest.assumptions import Assumptions
from midas.backtest.driver import Driver
from midas.backtest.record import Record
from midas.backtest.reel import Reel
from midas.backtest.venue import BarVenue
from midas.domain.opinion import Opinion, Urgency
from midas.domain.stops import StopRules
from midas.domain.tail import TailRules
from midas.domain.time import MINUTE, SECOND
from midas.domain.triggers import TriggerRules
from midas.engine.build import build_engine
from midas.engine.config import EngineConfig
from midas.ports.strategy import Briefing, MarketView, Strategy
from tests.backtest.stage import CALM, CASH, PLAIN, Script, bars, config, walk

SERIES = bars(walk(1_200, 3))
HELD = [i % 97 < 40 for i in range(1_200)]


class Failing(Script):
    """Raises in the middle of the way."""

    def signal(self, market: MarketView, briefing: Briefing) -> Opinion | None:
        if len(self.seen) == 300:
            raise ValueError("a bug")
        return super().signal(market, briefing)


class Boastful(Script):
    """Answers what no opinion can say."""

    def signal(self, market: MarketView, briefing: Briefing) -> Opinion | None:
        found = super().signal(market, briefing)
        return msgspec.structs.replace(found, direction=3.0) if len(self.seen) == 300 and found else found


class Quiet(Script):
    """Speaks only where the side changes, so that most bars are quiet."""

    def signal(self, market: MarketView, briefing: Briefing) -> Opinion | None:
        place = len(self.seen)
        found = super().signal(market, briefing)
        return found if place and HELD[place] is not HELD[place - 1] else None


class Careless(Quiet):
    """Leaves another precision behind."""

    def signal(self, market: MarketView, briefing: Briefing) -> Opinion | None:
        localcontext().__enter__().prec = 3
        return super().signal(market, briefing)


def told(make: Callable[[], Strategy], settings: EngineConfig, given: Assumptions, single: bool) -> Record:
    record, engine = Record(), build_engine(settings, [make()])
    markets = engine.state.markets
    balances = {"USDT": CASH, "BTC": Decimal(0)}
    venue = BarVenue(settings.instruments, balances, given, lambda name: markets[name].bars)
    driver = Driver(engine, venue, given, record)
    driver.open(int(SERIES.time[0]) - SERIES.period)
    if single:
        driver.run_single(Reel(SERIES, given.feed_latency))
    else:
        driver.run(SERIES.events(given.feed_latency))
    assert driver.bars == len(SERIES) and engine.state.market_events == len(SERIES)
    return record


OFTEN = msgspec.structs.replace(config([SERIES]), tail=TailRules(horizons=(10 * MINUTE, 5 * MINUTE)))


@pytest.mark.parametrize("make", [Quiet, Script, Failing])
def test_forecasts_are_made_and_settled_at_the_same_bars(make: type[Script]) -> None:
    glided, stepped = (told(lambda: make(HELD), OFTEN, PLAIN, single) for single in (True, False))
    assert glided.audits == stepped.audits
    assert sum(b"tail" in audit for audit in glided.audits) > 20


@pytest.mark.parametrize("make", [Quiet, Script, Failing, Boastful, Careless])
@pytest.mark.parametrize("urgency", [Urgency.AGGRESSIVE, Urgency.PASSIVE])
def test_gliding_and_stepping_decide_the_same(make: type[Script], urgency: Urgency) -> None:
    glided, stepped = (
        told(lambda: make(HELD, urgency), config([SERIES]), PLAIN, single) for single in (True, False)
    )
    assert glided.audits == stepped.audits and glided.count > 3


@pytest.mark.parametrize(
    "settings",
    [
        config([SERIES], units=None),
        config([SERIES], stops=StopRules(enabled=True, percent=0.01)),
        config([SERIES], units=Decimal(40), triggers=TriggerRules(drawdown_defensive=0.002)),
        config([SERIES], units=Decimal(40), triggers=msgspec.structs.replace(CALM, drawdown_stop=0.004)),
        msgspec.structs.replace(config([SERIES]), studies_all=True),
    ],
)
def test_sizes_stops_and_triggers_are_the_same(settings: EngineConfig) -> None:
    given = msgspec.structs.replace(PLAIN, feed_latency=SECOND, order_latency=SECOND, answer_latency=SECOND)
    for assumed in (PLAIN, given):
        glided, stepped = (told(lambda: Quiet(HELD), settings, assumed, single) for single in (True, False))
        assert glided.audits == stepped.audits
