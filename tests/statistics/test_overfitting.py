"""PBO on noise, on planted skill and on bad input; criteria C5 and C6."""

from __future__ import annotations

from itertools import combinations
from math import comb, isnan, log, nan, sqrt

import numpy as np
import pytest

from midas.statistics.conventions import Reason
from midas.statistics.luck import Record, deflated_sharpe
from midas.statistics.overfitting import Matrix, overfitting


def noise(seed: int, rows: int, configurations: int) -> Matrix:
    """Returns without any skill."""
    return np.random.default_rng(seed).normal(0.0, 0.01, (rows, configurations))


def test_pure_noise_gives_the_reference_distribution() -> None:
    found = np.array([overfitting(noise(seed, 1000, 50), 10).probability for seed in range(30)])
    assert found.mean() == pytest.approx(0.477, abs=5e-4)
    assert found.std() == pytest.approx(0.173, abs=5e-4)
    assert [found.min(), found.max()] == pytest.approx([0.05, 0.82], abs=5e-3)
    assert 0.38 <= found.mean() <= 0.58  # C5


@pytest.mark.parametrize(("sharpe", "probability"), [(0, 0.202), (1, 0.147), (2, 0.024), (3, 0.0)])
def test_planted_skill_gives_the_reference_value(sharpe: int, probability: float) -> None:
    returns = noise(123, 1000, 20)
    returns[:, 7] += sharpe / sqrt(252) * 0.01
    found = overfitting(returns, 10)
    assert found.probability == pytest.approx(probability, abs=5e-4)
    assert found.probability <= 0.05 or sharpe < 2  # C5


def test_the_best_of_200_noise_strategies_is_hardly_ever_promoted() -> None:
    promoted = 0  # C6, in 100 of its 200 repetitions
    for seed in range(100):
        returns = np.random.default_rng(seed).standard_t(5, (1000, 200)).astype(np.float64)
        ratios = returns.mean(axis=0) / returns.std(axis=0, ddof=1)
        best = returns[:, ratios.argmax()]
        apart = (best - best.mean()) / best.std()
        record = Record(float(ratios.max()), 1000, float((apart**3).mean()), float((apart**4).mean()))
        promoted += deflated_sharpe(record, 200, float(ratios.var(ddof=1))) > 0.95
    assert promoted <= 5


def slowly(returns: Matrix, blocks: int) -> list[float]:
    """The logits by the words of the paper, one split after the other."""
    parts = np.split(returns, blocks)
    found = []
    for inside in combinations(range(blocks), blocks // 2):
        train = np.vstack([parts[i] for i in inside])
        test = np.vstack([parts[i] for i in range(blocks) if i not in inside])
        best = (train.mean(axis=0) / train.std(axis=0, ddof=1)).argmax()
        ratios = test.mean(axis=0) / test.std(axis=0, ddof=1)
        omega = ((ratios < ratios[best]).sum() + 1) / (returns.shape[1] + 1)
        found.append(log(omega / (1 - omega)))
    return found


def test_sums_of_blocks_give_what_every_split_by_itself_gives() -> None:
    returns = noise(5, 120, 7) + 100.0  # a mean that would eat all digits of a plain sum of squares
    found = overfitting(returns, 6)
    assert sorted(found.logits) == pytest.approx(sorted(slowly(returns, 6)), rel=1e-9)
    assert len(found.logits) == comb(6, 3)


def test_the_oldest_rows_are_dropped_where_they_fill_no_block() -> None:
    returns = noise(6, 107, 5)
    found = overfitting(returns, 10)
    assert found.rows == 100
    assert found == overfitting(returns[7:], 10)


def test_equal_configurations_share_their_rank() -> None:
    one = noise(7, 200, 1)
    found = overfitting(np.hstack([one, one, one]), 4)
    assert set(found.logits) == {0.0}  # rank 2 of 3
    assert found.probability == 1.0


def test_a_configuration_that_never_trades_has_no_skill_and_no_loss() -> None:
    idle = overfitting(np.zeros((100, 3)), 10)
    assert (idle.loss, idle.probability) == (0.0, 1.0)
    assert isnan(idle.slope)


def test_choosing_on_noise_predicts_nothing_good() -> None:
    found = overfitting(noise(8, 1000, 50), 10)
    assert found.slope < 0.0  # what one half has more of, the other has less
    assert 0.0 < found.loss < 1.0


@pytest.mark.parametrize(
    ("returns", "why"),
    [
        (noise(1, 19, 5), Reason.TOO_FEW),
        (noise(1, 100, 1), Reason.TOO_FEW),
        (np.full((100, 5), nan), Reason.MISSING),
    ],
)
def test_what_cannot_be_told_is_nan_with_its_reason(returns: Matrix, why: Reason) -> None:
    found = overfitting(returns, 10)
    assert found.reason is why
    assert isnan(found.probability)


@pytest.mark.parametrize("blocks", [0, 7])
def test_blocks_come_in_pairs(blocks: int) -> None:
    with pytest.raises(AssertionError, match="expected an even number of blocks"):
        overfitting(noise(1, 100, 5), blocks)
