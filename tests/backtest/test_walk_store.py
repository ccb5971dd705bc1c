"""Combinations of a walk forward are on disk before they count."""

from __future__ import annotations

from pathlib import Path

import pytest

from midas.backtest.walk_store import Combination, WalkStore
from midas.errors import AlreadyRunning

MADE = Combination(
    parameters={"b": 2, "a": 0.1}, returns=[0.1, -1 / 3], held=[[0.0], [2 / 3]], cash=10_000.0,
    sharpe_day=None,
)  # fmt: skip


def test_what_is_added_is_found_to_the_digit_whatever_the_order_of_its_parameters(tmp_path: Path) -> None:
    store = WalkStore(tmp_path, "one")
    store.add(MADE)
    store.close()
    again = WalkStore(tmp_path, "one")
    assert again.find({"a": 0.1, "b": 2}) == MADE and again.find({"a": 0.1, "b": 3}) is None
    again.close()


def test_one_walk_runs_once_at_a_time(tmp_path: Path) -> None:
    store = WalkStore(tmp_path, "one")
    with pytest.raises(AlreadyRunning, match="this very walk runs already"):
        WalkStore(tmp_path, "one")
    store.close()
