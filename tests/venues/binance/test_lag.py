from __future__ import annotations

from midas.domain.time import MINUTE, SECOND
from midas.venues.binance.lag import Lag


def test_lag_is_what_a_message_took_beyond_the_quickest() -> None:
    lag, ahead = Lag(), 1_260_000_000
    noted = [lag.note(t + ahead, t + took) for t, took in ((0, 40), (100, 10), (200, 35), (300, 10))]
    assert noted == [0, 0, 25, 0]
    assert lag.latest == 0


def test_lag_in_a_market_at_twenty_times_the_pace_is_measured_in_wall_time() -> None:
    lag = Lag(speed=20.0)
    start = 1_800_000_000 * SECOND
    noted = [lag.note(20 * t, start + t + took) for t, took in ((0, 5), (SECOND, 5), (2 * SECOND, 805))]
    assert noted == [0, 0, 800]


def test_a_new_connection_is_measured_anew() -> None:
    lag = Lag()
    lag.note(0, 5)
    lag.note(SECOND, SECOND + 1_300)
    lag.begin()
    assert [lag.latest, lag.note(2 * SECOND, 2 * SECOND + 1_300)] == [0, 0]


def test_an_offset_that_drifts_is_forgotten_after_two_windows() -> None:
    lag = Lag()
    lag.note(0, 0)
    drifted = [lag.note(n * MINUTE, n * MINUTE + 7_000) for n in range(1, 6)]
    assert drifted[0] == 7_000
    assert drifted[-1] == 0
