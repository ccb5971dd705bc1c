from __future__ import annotations

from pathlib import Path

from midas.domain.time import MILLISECOND, SECOND
from midas.venues.sim.floor.desk import Desk
from midas.venues.sim.floor.klines import Candle, Series, row, span
from midas.venues.sim.levels.scale import Scale
from midas.venues.sim.source.market import Print
from midas.venues.sim.source.recording import Recording

LATE = 250 * MILLISECOND


def series(lateness: int) -> Series:
    return Series("1s", Candle(0, SECOND, 100, 100, 100, 100), lateness)


def test_a_late_trade_still_joins_its_own_candle() -> None:
    candles = series(LATE)
    candles.add(900 * MILLISECOND, 101, 1, False, 1)
    assert list(candles.advance(1_100 * MILLISECOND)) == []
    candles.add(990 * MILLISECOND, 105, 2, True, 2)
    closed = list(candles.advance(1_250 * MILLISECOND))
    assert [(c.start, c.close, c.high, c.lots, c.trades) for c in closed] == [(0, 105, 105, 3, 2)]
    assert candles.current.open == 105


def test_a_long_silence_closes_every_candle_one_by_one() -> None:
    candles = series(0)
    candles.add(1, 103, 1, False, 1)
    closed = list(candles.advance(5 * SECOND))
    assert [(c.start // SECOND, c.close, c.trades) for c in closed] == [
        (0, 103, 1),
        (1, 103, 0),
        (2, 103, 0),
        (3, 103, 0),
        (4, 103, 0),
    ]


def test_weeks_begin_on_mondays() -> None:
    week = 7 * 86_400 * SECOND
    monday = 1_767_571_200 * SECOND  # 2026-01-05
    assert span("1w", monday + 5) == (monday, monday + week)
    assert span("1w", monday - 1) == (monday - week, monday)


def test_a_row_spells_numbers_as_the_venue_does_and_marks_history() -> None:
    candle = Candle(0, SECOND, 100, 101, 99, 100, 5, 500, 2, 1, 100, synthetic=True)
    assert row(candle, Scale(1_000_000, 1_000)) == [
        0, "1.00000000", "1.01000000", "0.99000000", "1.00000000", "0.00005000", 999, "0.00005000", 2,
        "0.00001000", "0.00001000", "synthetic",
    ]  # fmt: skip


def test_the_candles_of_the_recorded_stream_are_its_trades_by_their_own_time(recorded_stream: Path) -> None:
    recording = Recording(recorded_stream)
    desk = Desk(recording.listings()[0], recording.start, recording.lateness, 1)
    wanted: dict[int, list[Print]] = {}
    made: dict[int, Candle] = {}
    for event in recording.events():
        for interval, candle in desk.advance(event.time):
            if interval == "1s":
                made[candle.start] = candle
        if isinstance(event, Print):
            desk.printed(event)
            wanted.setdefault(event.time // SECOND * SECOND, []).append(event)
    assert len(made) >= 344
    assert sorted(made) == list(range(min(made), max(made) + SECOND, SECOND))
    for start, candle in made.items():
        trades = wanted.get(start, [])
        assert (candle.trades, candle.lots) == (len(trades), sum(trade.lots for trade in trades))
        if trades:
            assert candle.high >= max(trade.tick for trade in trades)
            assert candle.low <= min(trade.tick for trade in trades)
            assert candle.close == trades[-1].tick
