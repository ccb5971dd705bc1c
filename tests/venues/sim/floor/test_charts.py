from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import pytest

from midas.domain.time import DAY, HOUR, MINUTE, SECOND
from midas.venues.sim.floor.charts import EAST, EAST_MARK, Charts
from midas.venues.sim.floor.klines import KLINES, Candle, span
from tests.venues.sim.street import START, listing, trade


def charts() -> Charts:
    return Charts(listing(), START, 0, 1)


def moment(*numbers: int) -> int:
    return int(datetime(*numbers, tzinfo=UTC).timestamp()) * SECOND  # type: ignore[arg-type,misc]


def run(made: Charts, seconds: int, step: int = 10) -> list[tuple[str, Candle]]:
    """A trade every `step` seconds; the candles that closed."""
    closed: list[tuple[str, Candle]] = []
    for number, second in enumerate(range(step, seconds + 1, step), 1):
        closed += made.advance(START + second * SECOND)
        made.add(trade(second * SECOND, number, 100 + number % 7, 1 + number % 3))
    return closed


@pytest.mark.parametrize("interval", ["3m", "5m", "15m", "30m", "1h"])
def test_longer_candles_are_the_sum_of_their_minutes(interval: str) -> None:
    made = charts()
    run(made, 7_200, 20)
    minutes = made.candles("1m")
    checked = [candle for candle in made.candles(interval) if candle.start >= START]
    assert len(checked) >= 2
    for candle in checked:
        inside = [minute for minute in minutes if candle.start <= minute.start < candle.end]
        assert candle.trades == sum(minute.trades for minute in inside)
        assert candle.value == sum(minute.value for minute in inside)
        traded = [minute for minute in inside if minute.trades]
        assert candle.high == max(minute.high for minute in traded)
        assert (candle.open, candle.close) == (traded[0].open, traded[-1].close)
        assert (candle.first_id, candle.last_id) == (traded[0].first_id, traded[-1].last_id)


def test_every_candle_closes_once_and_none_is_left_out() -> None:
    closed = run(charts(), 3 * 3_600, 60)
    for name, expected in (("1s", 10_800), ("1m", 180), ("15m", 12), ("1h", 3)):
        starts = [candle.start for key, candle in closed if key == name]
        assert len(starts) == expected
        assert all(b == a + span(name, a)[1] - a for a, b in pairwise(starts))


def test_months_begin_on_their_first_day() -> None:
    assert span("1M", moment(2026, 2, 14)) == (moment(2026, 2, 1), moment(2026, 3, 1))
    assert span("1M", moment(2025, 12, 31, 23)) == (moment(2025, 12, 1), moment(2026, 1, 1))
    assert span("1M", moment(2026, 1, 31, 20), 8 * HOUR)[0] == moment(2026, 1, 31, 16)
    candles = charts().candles("1M")
    assert all(a.end == b.start for a, b in pairwise(candles))
    assert {datetime.fromtimestamp(candle.start // SECOND, UTC).day for candle in candles} == {1}


def test_a_day_in_the_east_begins_eight_hours_earlier_and_closes_then() -> None:
    made = charts()
    assert [candle.start for candle in made.candles("1d", 8 * HOUR)][-1] == moment(2026, 11, 20, 16)
    closed = run(made, 9 * 3_600, 300)
    east = [candle for name, candle in closed if name == "1d" + EAST_MARK]
    assert [candle.end for candle in east] == [moment(2026, 11, 21, 16)]
    assert not [candle for name, candle in closed if name == "1d"]


@pytest.mark.parametrize("interval", [name for name in KLINES if name not in ("1s", "1m")])
def test_candles_of_any_clock_follow_each_other_up_to_now(interval: str) -> None:
    made = charts()
    run(made, 9 * 3_600, 300)
    for offset in (0, EAST, 5 * HOUR + 45 * MINUTE, -3 * HOUR):
        candles = made.candles(interval, offset)
        assert all(a.end == b.start for a, b in pairwise(candles))
        assert candles[-1].start <= START + 9 * HOUR < candles[-1].end
        assert candles[-1].start == span(interval, START + 9 * HOUR, offset)[0]
        assert candles[-1].close == made.candles("1m")[-1].close


def test_a_window_holds_its_minutes_and_slides_with_the_market() -> None:
    made = charts()
    run(made, 600, 10)
    last = made.window(START + 8 * MINUTE, 0)
    trades = [n for n in range(1, 61) if n * 10 >= 480]
    assert (last.trades, last.first_id, last.last_id) == (len(trades), trades[0], 60)
    assert (last.open, last.close) == (100 + trades[0] % 7, 100 + 60 % 7)
    made.add(trade(605 * SECOND, 61, 500, 2))
    assert made.window(START + 8 * MINUTE, 0).high == 500
    list(made.advance(START + 30 * MINUTE))
    assert made.window(START + 29 * MINUTE, 77) == Candle(
        START + 29 * MINUTE, START + 29 * MINUTE, 77, 77, 77, 77
    )


def test_seven_days_of_minutes_stand_behind_the_longest_window() -> None:
    made = charts()
    week = made.window(START - 7 * DAY, 100)
    days = [candle for candle in made.candles("1m") if candle.start >= START - 7 * DAY]
    assert len(days) == 7 * 1_440 + 1
    assert week.trades == sum(candle.trades for candle in days)
