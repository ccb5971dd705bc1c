"""Maps from what a forecaster says to what then happens: Platt, temperature, isotonic, beta.

Fitted on outcomes that came after the model's training window, refitted weekly. Below 5,000 effective
outcomes Platt or beta, above isotonic: what is measured on an overconfident forecaster says so.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from math import exp, fsum, log
from typing import Protocol

import msgspec

ISOTONIC_FROM = 5_000  # effective outcomes
LOW, HIGH = 0.01, 0.99  # of isotonic: a probability of 0 or 1 breaks log loss and Kelly
_NEAREST = 1e-12  # to 0 and 1 that a logit is taken of
_TURNS = 100
_CLOSE = 1e-12
_RIDGE = 1e-9


class Recalibration(Protocol):
    """A fitted map."""

    def __call__(self, forecast: float) -> float:
        """The calibrated probability."""
        ...


class Platt(msgspec.Struct, frozen=True):
    """sigmoid(slope logit(p) + intercept) (Platt 1999)."""

    slope: float
    intercept: float

    def __call__(self, forecast: float) -> float:
        """The calibrated probability."""
        return sigmoid(self.slope * logit(forecast) + self.intercept)


class Temperature(msgspec.Struct, frozen=True):
    """sigmoid(logit(p) / temperature) (Guo et al. 2017): above 1 for an overconfident forecaster."""

    temperature: float

    def __call__(self, forecast: float) -> float:
        """The calibrated probability."""
        return sigmoid(logit(forecast) / self.temperature)


class Beta(msgspec.Struct, frozen=True):
    """sigmoid(a ln p - b ln(1 - p) + c), a and b not below 0 (Kull, Silva Filho & Flach 2017)."""

    a: float
    b: float
    c: float

    def __call__(self, forecast: float) -> float:
        """The calibrated probability."""
        p = _inside(forecast)
        return sigmoid(self.a * log(p) - self.b * log(1.0 - p) + self.c)


class Isotonic(msgspec.Struct, frozen=True):
    """The rising step function nearest to the outcomes (Zadrozny & Elkan 2002), clipped off 0 and 1."""

    from_forecast: tuple[float, ...]  # where each step begins
    values: tuple[float, ...]

    def __call__(self, forecast: float) -> float:
        """The calibrated probability."""
        return min(max(self.step(forecast), LOW), HIGH)

    def step(self, forecast: float) -> float:
        """The hit rate of the step, not clipped."""
        return self.values[max(bisect_right(self.from_forecast, forecast) - 1, 0)]


def platt(forecasts: Sequence[float], outcomes: Sequence[bool]) -> Platt:
    """By maximum likelihood on targets smoothed to (N1 + 1) / (N1 + 2) and 1 / (N0 + 2)."""
    hits = sum(map(bool, outcomes))
    yes, no = (hits + 1.0) / (hits + 2.0), 1.0 / (len(outcomes) - hits + 2.0)
    targets = [yes if y else no for y in outcomes]
    slope, intercept = _logistic([[logit(p), 1.0] for p in forecasts], targets)
    return Platt(slope, intercept)


def temperature(forecasts: Sequence[float], outcomes: Sequence[bool]) -> Temperature:
    """By maximum likelihood; a forecaster who knows nothing gets an infinite one, .5 for everything."""
    (slope,) = _logistic([[logit(p)] for p in forecasts], [float(y) for y in outcomes])
    return Temperature(1.0 / slope if slope > _CLOSE else float("inf"))


def beta(forecasts: Sequence[float], outcomes: Sequence[bool]) -> Beta:
    """By maximum likelihood; a slope that comes out below 0 is left out, as its authors do.

    Where both are, the forecasts say the opposite of what happens: the hit rate alone is left.
    """
    targets = [float(y) for y in outcomes]
    logs = [(log(_inside(p)), -log(1.0 - _inside(p))) for p in forecasts]
    a, b, c = _logistic([[x, y, 1.0] for x, y in logs], targets)
    if a < 0.0:
        a, (b, c) = 0.0, _logistic([[y, 1.0] for _, y in logs], targets)
    elif b < 0.0:
        b, (a, c) = 0.0, _logistic([[x, 1.0] for x, _ in logs], targets)
    if a < 0.0 or b < 0.0:
        a, b, (c,) = 0.0, 0.0, _logistic([[1.0]] * len(targets), targets)
    return Beta(a, b, c)


def isotonic(forecasts: Sequence[float], outcomes: Sequence[bool]) -> Isotonic:
    """By pooling adjacent violators; equal forecasts are one."""
    assert len(forecasts) == len(outcomes) and forecasts, "expected an outcome a forecast"
    blocks: list[list[float]] = []  # start, hits, count
    for p, y in sorted(zip(forecasts, map(float, outcomes), strict=True)):
        if blocks and blocks[-1][0] == p:
            blocks[-1][1] += y
            blocks[-1][2] += 1.0
        else:
            _settle(blocks)
            blocks.append([p, y, 1.0])
    _settle(blocks)
    return Isotonic(tuple(block[0] for block in blocks), tuple(block[1] / block[2] for block in blocks))


def suited(effective: float) -> Callable[[Sequence[float], Sequence[bool]], Recalibration]:
    """The map to fit with so many effective outcomes."""
    return isotonic if effective > ISOTONIC_FROM else platt


def sigmoid(x: float) -> float:
    """1 / (1 + e^-x), without overflow."""
    if x >= 0.0:
        return 1.0 / (1.0 + exp(-x))
    grown = exp(x)
    return grown / (1.0 + grown)


def logit(probability: float) -> float:
    """ln(p / (1 - p)), finite also at 0 and 1."""
    p = _inside(probability)
    return log(p) - log(1.0 - p)


def _inside(probability: float) -> float:
    return min(max(probability, _NEAREST), 1.0 - _NEAREST)


def _settle(blocks: list[list[float]]) -> None:
    """Pool the last blocks for as long as they fall."""
    while len(blocks) > 1 and blocks[-2][1] * blocks[-1][2] >= blocks[-1][1] * blocks[-2][2]:
        _, hits, count = blocks.pop()
        blocks[-1][1] += hits
        blocks[-1][2] += count


def _logistic(rows: Sequence[Sequence[float]], targets: Sequence[float]) -> list[float]:
    """Logistic regression of targets in [0, 1] by Newton's method with a step that is halved while worse.

    A trace of ridge keeps separable data finite.
    """
    width = len(rows[0])
    weights = [0.0] * width
    loss = _loss(rows, targets, weights)
    for _ in range(_TURNS):
        slopes, curves = _derivatives(rows, targets, weights)
        step = _solved(curves, slopes)
        size = 1.0
        while size > _CLOSE:
            moved = [w - size * s for w, s in zip(weights, step, strict=True)]
            found = _loss(rows, targets, moved)
            if found <= loss:
                break
            size /= 2.0
        else:
            break
        weights, loss = moved, found
        if max(abs(size * s) for s in step) < _CLOSE:
            break
    return weights


def _derivatives(
    rows: Sequence[Sequence[float]], targets: Sequence[float], weights: Sequence[float]
) -> tuple[list[float], list[list[float]]]:
    said = [sigmoid(_dot(row, weights)) for row in rows]
    span = range(len(weights))
    missed = [p - t for p, t in zip(said, targets, strict=True)]
    spread = [p * (1.0 - p) for p in said]
    slopes = [fsum(m * row[i] for m, row in zip(missed, rows, strict=True)) for i in span]
    curves = [
        [fsum(s * row[i] * row[j] for s, row in zip(spread, rows, strict=True)) for j in span] for i in span
    ]
    for i in span:
        slopes[i] += _RIDGE * weights[i]
        curves[i][i] += _RIDGE
    return slopes, curves


def _loss(rows: Sequence[Sequence[float]], targets: Sequence[float], weights: Sequence[float]) -> float:
    return fsum(_surprise(_dot(row, weights), t) for row, t in zip(rows, targets, strict=True)) + (
        0.5 * _RIDGE * fsum(w * w for w in weights)
    )


def _surprise(x: float, target: float) -> float:
    """ln(1 + e^x) - t x, without overflow."""
    return max(x, 0.0) - target * x + log(1.0 + exp(-abs(x)))


def _dot(row: Sequence[float], weights: Sequence[float]) -> float:
    return fsum(x * w for x, w in zip(row, weights, strict=True))


def _solved(matrix: Sequence[Sequence[float]], right: Sequence[float]) -> list[float]:
    """Of a small system of equations, by elimination with pivots."""
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    size = len(rows)
    for i in range(size):
        best = max(range(i, size), key=lambda k: abs(rows[k][i]))
        rows[i], rows[best] = rows[best], rows[i]
        for k in range(i + 1, size):
            share = rows[k][i] / rows[i][i]
            rows[k] = [a - share * b for a, b in zip(rows[k], rows[i], strict=True)]
    found = [0.0] * size
    for i in reversed(range(size)):
        known = fsum(rows[i][j] * found[j] for j in range(i + 1, size))
        found[i] = (rows[i][size] - known) / rows[i][i]
    return found
