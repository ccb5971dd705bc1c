"""From when on a strategy could act: as soon as it speaks, and the regime that it needs is known."""

from __future__ import annotations

import numpy as np
import pytest

from midas.backtest.record import Record, Sight
from midas.domain.opinion import RegimeLabel
from midas.reports.readiness import readiness

TIMES = np.arange(1, 11, dtype=np.int64) * 10
EQUITY, HELD = np.linspace(100.0, 110.0, 10), np.linspace(100.0, 200.0, 10)


def record(spoke_at: int, *seen: tuple[int, RegimeLabel]) -> Record:
    found = Record(keep=False)
    found.count, found.spoke_at = 1, spoke_at
    found.regimes = [Sight(at, "BTC", label, needed=4) for at, label in seen]
    return found


def test_who_needs_a_regime_waits_for_the_first_one() -> None:
    seen = (20, RegimeLabel.UNKNOWN), (50, RegimeLabel.RANGE), (70, RegimeLabel.TREND_UP)
    found = readiness(record(20, *seen), True, TIMES, EQUITY, HELD)
    assert found is not None and (found.at, found.bars, found.needed) == (50, 4, 4)
    assert found.reason == "regime unknown"
    assert found.held == pytest.approx(200.0 / HELD[4] - 1.0)
    assert found.own == pytest.approx(110.0 / EQUITY[4] - 1.0)


def test_who_needs_none_could_act_when_it_first_spoke() -> None:
    found = readiness(record(30, (50, RegimeLabel.RANGE)), False, TIMES, EQUITY, HELD)
    assert found is not None and (found.at, found.bars, found.reason) == (30, 2, "no signal yet")


def test_who_never_could_says_what_was_missing() -> None:
    silent = readiness(record(0), False, TIMES, EQUITY, HELD)
    blind, mute = (readiness(record(spoke), True, TIMES, EQUITY, HELD) for spoke in (20, 0))
    assert silent is not None and (silent.at, silent.reason) == (0, "no signal yet")
    assert blind is not None and (blind.at, blind.reason) == (0, "regime unknown")
    assert mute is not None and (mute.at, mute.reason, mute.bars) == (0, "regime unknown", 10)


def test_a_run_over_arrays_kept_nothing_of_it() -> None:
    assert readiness(Record(), True, TIMES, EQUITY, HELD) is None
