"""How many trials a result stands against, and how far apart they lie."""

from __future__ import annotations

from math import isnan
from pathlib import Path

import numpy as np
import pytest

from midas.backtest.series import Bars
from midas.cli.counting import ratios_tried
from midas.domain.time import DAY
from midas.research.leaks.strategies import INSTRUMENT

PRICES = np.full(40, 100.0)
SERIES = [Bars(
    instrument=INSTRUMENT, period=DAY, time=DAY * np.arange(1, 41, dtype=np.int64), open=PRICES, high=PRICES,
    low=PRICES, close=PRICES, volume=PRICES,
)]  # fmt: skip


def tried(home: Path, *ratios: float | None) -> tuple[int, float]:
    return ratios_tried(home, "cross", SERIES, [({"n": n}, each) for n, each in enumerate(ratios)], "sweep")


def test_the_spread_is_that_of_the_trials_which_have_a_sharpe_ratio(tmp_path: Path) -> None:
    count, spread = tried(tmp_path, 0.1, None, 0.3)
    assert count == 3 and spread == pytest.approx(0.02)


def test_one_trial_has_no_spread_and_of_several_without_figures_nobody_knows_it(tmp_path: Path) -> None:
    assert tried(tmp_path, 0.1) == (1, 0.0)
    count, spread = tried(tmp_path, 0.1, None, None)
    assert count == 3 and isnan(spread)
