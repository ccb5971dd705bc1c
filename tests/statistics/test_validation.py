"""Splits that keep the test out of what is learned from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from midas.statistics.validation import (
    Split,
    combinatorial,
    horizon_ends,
    leaking,
    path_count,
    paths,
    purged_folds,
)


def test_purged_folds_with_an_embargo_are_those_of_the_reference() -> None:
    folds = purged_folds(horizon_ends(12, 2), 3, embargo=1)
    assert [fold.test.tolist() for fold in folds] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
    assert [fold.train.tolist() for fold in folds] == [[7, 8, 9, 10, 11], [0, 1, 11], [0, 1, 2, 3, 4, 5]]


@pytest.mark.parametrize(
    ("groups", "tested", "splits", "whole"), [(6, 2, 15, 5), (8, 2, 28, 7), (10, 2, 45, 9), (10, 3, 120, 36)]
)
def test_every_choice_of_groups_is_a_split_and_they_make_whole_paths(
    groups: int, tested: int, splits: int, whole: int
) -> None:
    found = combinatorial(horizon_ends(60, 1), groups, tested)
    assert len(found) == splits and path_count(groups, tested) == whole
    made = paths(groups, tested)
    assert len(made) == whole and all(len(path) == groups for path in made)
    used = [(split, group) for path in made for group, split in enumerate(path)]
    assert len(set(used)) == len(used) == splits * tested
    assert all(group in found[split].groups for split, group in used)


@given(st.integers(20, 60), st.integers(0, 7), st.integers(2, 5), st.integers(0, 4))
def test_no_label_of_the_training_meets_a_test(rows: int, horizon: int, folds: int, embargo: int) -> None:
    ends = horizon_ends(rows, horizon)
    for split in (*purged_folds(ends, folds, embargo), *combinatorial(ends, folds + 1, 2, embargo)):
        assert not len(leaking(split, ends))
        assert not set(split.train.tolist()) & set(split.test.tolist())
        behind = {row + 1 + n for row in [int(ends[split.test].max())] for n in range(embargo)}
        assert not behind & set(split.train.tolist())


def test_an_unpurged_fold_is_seen() -> None:
    ends = horizon_ends(12, 2)
    plain = Split(np.array([0, 1, 2, 3, 8, 9, 10, 11]), np.array([4, 5, 6, 7]))
    assert leaking(plain, ends).tolist() == [2, 3, 8, 9]
