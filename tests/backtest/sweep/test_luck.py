"""How much luck is in the best of a sweep, from what each trial keeps of its days."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from midas.backtest.sweep.luck import chosen_from, overfitted
from midas.backtest.sweep.storage import FOLDER, Store
from midas.backtest.sweep.trial import FAILED, Trial, tenths
from midas.statistics.overfitting import overfitting
from tests.backtest.sweep.stage import plan


def trials(days: np.ndarray) -> list[Trial]:
    """One for each column of returns."""
    return [
        Trial(number=n, parameters={"seed": n}, tenths=tenths(column.tolist()))
        for n, column in enumerate(days.T)
    ]


@pytest.mark.parametrize(("seed", "days"), [(1, 200), (2, 207), (3, 20)])
def test_it_is_that_of_all_the_returns(seed: int, days: int) -> None:
    returns = np.random.default_rng(seed).normal(0.001, 0.02, (days, 12))
    assert overfitted(trials(returns)) == overfitting(returns, 10).probability


def test_trials_without_days_are_left_out_and_one_alone_says_nothing() -> None:
    returns = np.random.default_rng(4).normal(0.0, 0.02, (100, 6))
    made = trials(returns)
    others = [
        Trial(number=8, parameters={}), Trial(number=9, parameters={}, tenths=tenths([0.1] * 19)),
        Trial(number=10, parameters={}, tenths=tenths([float("nan")] * 100)),
        msgspec.structs.replace(made[0], state=FAILED),
        Trial(number=11, parameters={}, tenths=tenths([0.1] * 50)),
    ]  # fmt: skip
    assert overfitted([*others[:3], *made, *others[3:]]) == overfitting(returns, 10).probability
    assert overfitted(made[:1]) is None
    assert overfitted([]) is None


def test_a_run_finds_the_sweep_that_its_parameters_were_chosen_from(tmp_path: Path) -> None:
    returns = np.random.default_rng(5).normal(0.0, 0.02, (100, 6))
    asked = plan(fixed={"patience": 2})
    store = Store(tmp_path / FOLDER / "one", asked)
    store.add(trials(returns))
    store.close()
    expected = overfitting(returns, 10).probability
    assert chosen_from(tmp_path, "fickle", "d", {"patience": 2, "seed": 3}) == expected
    for strategy, data, parameters in [
        ("other", "d", {"patience": 2, "seed": 3}), ("fickle", "e", {"patience": 2, "seed": 3}),
        ("fickle", "d", {"patience": 2, "seed": 30}), ("fickle", "d", {"seed": 3}),
    ]:  # fmt: skip
        assert chosen_from(tmp_path, strategy, data, parameters) is None
    assert chosen_from(tmp_path / "nowhere", "fickle", "d", {}) is None
