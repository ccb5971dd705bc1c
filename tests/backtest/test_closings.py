"""How long a market trades in a year, told from its candles; and that sizes are made with it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
import pytest

from midas.backtest.closings import year
from midas.backtest.series import Bars
from midas.backtest.settings import configured
from midas.domain.time import DAY, HOUR, SECOND
from midas.settings import load_settings
from midas.workspace import template
from tests.backtest.stage import bars
from tests.fakes.nouns import BTC, ETH

FIRST = datetime(2023, 1, 2, tzinfo=UTC)  # a Monday
DAYS = [FIRST + timedelta(days=n) for n in range(140)]
HOLIDAYS = {(5, 29), (4, 7)}
SESSIONS = [day for day in DAYS if day.weekday() < 5 and (day.month, day.day) not in HOLIDAYS]


def opens(times: Sequence[datetime]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array([int(time.timestamp()) * SECOND for time in times], np.int64)


def hours(days: Sequence[datetime], first: int, last: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return opens([day + timedelta(hours=hour) for day in days for hour in range(first, last)])


def test_days_of_a_market_that_closes_at_weekends_are_252_a_year() -> None:
    assert year(opens(SESSIONS), DAY) == 252 * DAY


def test_hours_of_such_a_market_are_those_of_its_sessions() -> None:
    assert year(hours(SESSIONS, 14, 21), HOUR) == 252 * 7 * HOUR


@pytest.mark.parametrize("period", [HOUR, DAY])
def test_a_market_that_never_closes_has_no_year_of_its_own(period: int) -> None:
    times = opens(DAYS) if period == DAY else hours(DAYS, 0, 24)
    assert year(times, period) is None
    holes = np.delete(times, slice(5 * DAY // period, 7 * DAY // period))  # one weekend is missing
    assert year(holes, period) is None


def test_weeks_are_52_a_year_whatever_trades() -> None:
    assert year(opens(DAYS[::7]), 7 * DAY) is None


def daily(instrument: object, times: Sequence[datetime]) -> Bars:
    made = bars([100.0] * len(times), instrument=instrument)
    return msgspec.structs.replace(made, period=DAY, time=opens(times) + DAY)


def test_a_back_test_knows_the_year_of_each_instrument() -> None:
    series, settings = [daily(BTC, DAYS), daily(ETH, SESSIONS)], load_settings(template())
    config = configured(settings, "trend-following", {}, (BTC, ETH), DAY, 0.0, series=series)
    assert config.years == {ETH.id: 252 * DAY}
