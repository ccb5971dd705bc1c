"""Ways to cut a sample for learning and testing so that nothing of the test is in what was learned from.

A row is an observation whose label is known only at its `end`, a row index at or behind it. A row whose
label meets a test's span is purged from training, and so are the rows right after the test, for as long as
features may still echo it: the embargo (Lopez de Prado 2018, ch. 7 and 12).
"""

from __future__ import annotations

from itertools import combinations
from math import comb

import msgspec
import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]
Flags = NDArray[np.bool_]


class Split(msgspec.Struct, frozen=True):
    """Rows to learn from and rows to judge on, ascending."""

    train: Rows
    test: Rows
    groups: tuple[int, ...] = ()  # that are tested, where the sample is cut into groups


def horizon_ends(rows: int, horizon: int) -> Rows:
    """The row at which each label is known, `horizon` rows later; the last ones end with the sample."""
    return np.minimum(np.arange(rows) + horizon, rows - 1)


def purged_folds(ends: Rows, folds: int, embargo: int = 0) -> list[Split]:
    """Each of `folds` equal parts as the test once. `ends[i]`: the row at which label i is known."""
    return combinatorial(ends, folds, 1, embargo)


def combinatorial(ends: Rows, groups: int, tested: int, embargo: int = 0) -> list[Split]:
    """Every choice of `tested` of `groups` parts as the test (CPCV): C(groups, tested) splits."""
    rows = len(ends)
    assert 1 <= tested < groups <= rows, (
        f"expected 1 <= tested < groups <= rows, got {tested}, {groups}, {rows}"
    )
    assert embargo >= 0, f"expected an embargo of 0 rows or more, got {embargo}"
    parts = np.array_split(np.arange(rows), groups)
    return [_split(ends, parts, chosen, embargo) for chosen in combinations(range(groups), tested)]


def path_count(groups: int, tested: int) -> int:
    """How many whole paths the splits of `combinatorial` make: C(groups, tested) tested / groups."""
    return comb(groups, tested) * tested // groups


def paths(groups: int, tested: int) -> list[list[int]]:
    """For each path, which split judges each group: every test part of every split stands in one path."""
    splits = list(combinations(range(groups), tested))
    judging = [[place for place, chosen in enumerate(splits) if group in chosen] for group in range(groups)]
    return [[judging[group][path] for group in range(groups)] for path in range(path_count(groups, tested))]


def leaking(split: Split, ends: Rows) -> Rows:
    """Training rows whose label meets a test row's span [row, end]; none where the split is purged."""
    return np.array([row for row in split.train if any(_meets(int(row), ends, split.test))], np.int64)


def _split(ends: Rows, parts: list[Rows], chosen: tuple[int, ...], embargo: int) -> Split:
    keep = np.ones(len(ends), np.bool_)
    starts = np.arange(len(ends))
    for part in (parts[group] for group in chosen):
        first, last = int(part[0]), int(ends[part].max())
        keep &= (ends < first) | (starts > last)
        keep &= ~((starts > last) & (starts <= last + embargo))
    test = np.concatenate([parts[group] for group in chosen])
    return Split(np.flatnonzero(keep), test, chosen)


def _meets(row: int, ends: Rows, test: Rows) -> Flags:
    meets: Flags = (row <= ends[test]) & (ends[row] >= test)
    return meets
