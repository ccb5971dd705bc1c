"""The probability of backtest overfitting by combinatorially symmetric cross-validation.

Bailey, Borwein, Lopez de Prado & Zhu (2017): choose the best configuration on one half of the blocks, look
where it ranks on the other half, for every way to halve. One such number is very noisy (0.48 +- 0.17 on
pure noise): judge it over replicates or with the distribution of its logits.
"""

from __future__ import annotations

from itertools import combinations
from math import nan

import msgspec
import numpy as np
from numpy.typing import NDArray

from midas.statistics.conventions import LARGEST, NO_SPREAD, Reason

Matrix = NDArray[np.float64]

BLOCKS = 16
_TIE = 1e-12  # of a Sharpe ratio: equal columns of a matrix product differ in the last bit
_CELLS = 1_000_000  # splits times configurations that are held in memory together: 8 MB an array


class Overfitting(msgspec.Struct, frozen=True, kw_only=True):
    """What all splits say together."""

    probability: float  # PBO: share of splits whose chosen one ranks at or below the median
    slope: float  # of the chosen one's Sharpe out of sample on the one in sample; below 0: overfitted
    loss: float  # share of splits whose chosen one loses money out of sample
    logits: tuple[float, ...]  # ln(omega / (1 - omega)) of each split
    configurations: int
    rows: int  # used: the oldest that don't fill a block are dropped
    reason: Reason | None = None


class _Blocks(msgspec.Struct, frozen=True):
    """Sums of each block: every split is then a product of small matrices, whatever the rows."""

    rows: int  # of one block
    centre: Matrix  # of each configuration: distances from it are summed, so no digits are lost
    sums: Matrix
    squares: Matrix

    def sharpe(self, chosen: Matrix) -> tuple[Matrix, Matrix]:
        """Sharpe ratio and mean return, (splits, configurations), of the blocks marked in `chosen`.

        What doesn't vary has done nothing, and counts as 0.
        """
        count = self.rows * chosen[0].sum()
        sums, squares = chosen @ self.sums, chosen @ self.squares
        spread = np.sqrt(np.maximum(squares - sums**2 / count, 0.0) / (count - 1))
        means = self.centre + sums / count
        return np.divide(means, spread, out=np.zeros_like(means), where=spread >= NO_SPREAD), means


def overfitting(returns: Matrix, blocks: int = BLOCKS) -> Overfitting:
    """PBO of (rows, configurations) returns of one period each, cut into an even number of `blocks`.

    NaN with a reason where a return is missing or there are fewer than two configurations or two rows a
    block. Of configurations that tie in sample the first is chosen; out of sample they share a rank.
    """
    assert blocks >= 2 and blocks % 2 == 0, f"expected an even number of blocks, got {blocks}"
    assert returns.ndim == 2, f"expected a matrix of rows and configurations, got {returns.ndim} dimensions"
    rows, configurations = returns.shape
    size = rows // blocks
    if size < 2 or configurations < 2:
        return _unknown(Reason.TOO_FEW, configurations)
    if not np.isfinite(returns).all():
        return _unknown(Reason.MISSING, configurations)
    if np.abs(returns).max() > LARGEST:
        return _unknown(Reason.NOT_ESTIMABLE, configurations)
    return _judged(_summed(np.asarray(returns, dtype=np.float64)[rows - size * blocks :], blocks))


def overfitting_of_sums(rows: int, sums: Matrix, squares: Matrix) -> Overfitting:
    """The same where only sums are kept: of returns and of their squares, (blocks, configurations).

    `rows`: of one block. What is kept must be finite, and small means lose no digits.
    """
    blocks, configurations = sums.shape
    assert blocks >= 2 and blocks % 2 == 0, f"expected an even number of blocks, got {blocks}"
    if rows < 2 or configurations < 2:
        return _unknown(Reason.TOO_FEW, configurations)
    return _judged(_Blocks(rows, np.zeros(configurations), sums, squares))


def _judged(summed: _Blocks) -> Overfitting:
    blocks, configurations = summed.sums.shape
    parts = [_look(summed, chosen) for chosen in _splits(blocks, max(1, _CELLS // configurations))]
    inside, outside, means, ranks = (np.concatenate(part) for part in zip(*parts, strict=True))
    omega = ranks / (configurations + 1)
    logits = np.log(omega / (1.0 - omega))
    return Overfitting(
        probability=float(np.mean(logits <= 0.0)),
        slope=_slope(inside, outside),
        loss=float(np.mean(means < 0.0)),
        logits=tuple(logits.tolist()),
        configurations=configurations,
        rows=summed.rows * blocks,
    )


def _unknown(reason: Reason, configurations: int) -> Overfitting:
    return Overfitting(
        probability=nan,
        slope=nan,
        loss=nan,
        logits=(),
        configurations=configurations,
        rows=0,
        reason=reason,
    )


def _summed(returns: Matrix, blocks: int) -> _Blocks:
    centre = returns.mean(axis=0)
    cut = (returns - centre).reshape(blocks, -1, returns.shape[1])
    return _Blocks(cut.shape[1], centre, cut.sum(axis=1), (cut**2).sum(axis=1))


def _splits(blocks: int, at_once: int) -> list[Matrix]:
    """Every way to choose half of the blocks, as rows of 0 and 1, so many of them together."""
    chosen = np.array(list(combinations(range(blocks), blocks // 2)))
    marks = np.zeros((len(chosen), blocks))
    np.put_along_axis(marks, chosen, 1.0, axis=1)
    return [marks[start : start + at_once] for start in range(0, len(marks), at_once)]


def _look(summed: _Blocks, chosen: Matrix) -> tuple[Matrix, Matrix, Matrix, Matrix]:
    """Of each split's best: Sharpe in sample, out of sample, mean return and rank out of sample."""
    inside, _ = summed.sharpe(chosen)
    outside, means = summed.sharpe(1.0 - chosen)
    best = inside.argmax(axis=1)[:, None]
    own = np.take_along_axis(outside, best, axis=1)
    below, equal = (outside < own - _TIE).sum(axis=1), (abs(outside - own) <= _TIE).sum(axis=1)
    ranks = below + (equal + 1) / 2.0  # the average of the ranks that they share
    picked = (np.take_along_axis(each, best, axis=1)[:, 0] for each in (inside, means))
    return next(picked), own[:, 0], next(picked), ranks


def _slope(inside: Matrix, outside: Matrix) -> float:
    """Least squares of `outside` on `inside`; NaN where all are the same in sample."""
    distance = inside - inside.mean()
    total = float(distance @ distance)
    return float(distance @ (outside - outside.mean())) / total if total > NO_SPREAD else nan
