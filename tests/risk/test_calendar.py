"""Where the days, weeks and months of an account begin."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest

from midas.domain.time import SECOND
from midas.risk.calendar import Calendar


def at(zone: str, year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> int:
    moment = datetime(year, month, day, hour, minute, second, tzinfo=ZoneInfo(zone))
    return int(moment.timestamp()) * SECOND


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu"])
def test_a_day_begins_at_midnight_of_the_accounts_zone(zone: str) -> None:
    calendar = Calendar(zone)
    before = calendar.periods(at(zone, 2026, 3, 31, 23, 59, 59))
    after = calendar.periods(at(zone, 2026, 4, 1))
    assert after[0] == before[0] + 1
    assert after[2] == before[2] + 1


def test_a_week_begins_on_monday() -> None:
    calendar = Calendar("UTC")
    sunday, monday = (calendar.periods(at("UTC", 2026, 11, day, 12))[1] for day in (22, 23))
    assert monday == sunday + 1
    assert calendar.periods(at("UTC", 2026, 11, 29, 12))[1] == monday


def test_a_day_of_twenty_five_hours_is_one_day() -> None:
    calendar = Calendar("Europe/Berlin")
    first, last = at("Europe/Berlin", 2026, 10, 25), at("Europe/Berlin", 2026, 10, 25, 23, 59)
    assert last - first > 24 * 3600 * SECOND
    assert calendar.periods(first)[0] == calendar.periods(last)[0]


def test_days_count_from_1970_and_the_same_moment_is_another_date_elsewhere() -> None:
    moment = at("UTC", 1970, 1, 2, 3)
    assert Calendar("UTC").periods(moment) == (1, -1, 0)
    assert Calendar("America/New_York").periods(moment)[0] == 0


def test_a_zone_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ZoneInfoNotFoundError):
        Calendar("Mars/Olympus")
