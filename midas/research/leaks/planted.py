"""Ten things that are wrong, one of each kind: a harness that misses one of them is worth nothing.

The numbers are those of the catalogue of leaks in the design notes.
"""

from __future__ import annotations

from math import log, pi

import numpy as np

from midas.research.leaks.market import VOLATILITY, Counts, Floats, Market
from midas.research.leaks.probes import Cut, Feature, Learned, Rule, Sample, Subject
from midas.statistics.recalibration import platt
from midas.statistics.validation import Rows, Split

CALM, WILD = 0.7 * VOLATILITY, 1.4 * VOLATILITY
STAYS = 0.97
HOUR = 60  # bars


def planted() -> list[Subject]:
    """All ten."""
    return [
        Feature("1 smoothed regime", smoothed_regime),
        Feature(
            "3 scaler of the whole sample", lambda m: _column((m.close - m.close.mean()) / m.close.std())
        ),
        Cut("5 random folds of overlapping labels", random_folds),
        Rule("7 fills at the close that decided", same_bar),
        Feature("9 centred average", lambda m: _column(np.convolve(m.close, np.ones(5) / 5, "same"))),
        Feature("10 pivots before they are confirmed", pivots),
        Feature("11 hour that hasn't closed", open_hour),
        Feature("12 prices adjusted for a later split", adjusted),
        Learned("16 calibrated on what is judged", lambda s: s, calibrated_on_test),
        Learned("18 normaliser that goes on learning", Normaliser, lambda model, s: model.normalised(s)),
    ]


def smoothed_regime(market: Market) -> Floats:
    """The chance of the wild one of two regimes, given the whole series (forward and backward)."""
    moves = np.diff(np.log(market.close), prepend=log(market.open[0]))
    seen = np.stack([-0.5 * (moves / s) ** 2 - log(s) - 0.5 * log(2 * pi) for s in (CALM, WILD)], axis=1)
    likely = np.exp(seen - seen.max(axis=1, keepdims=True))
    steps = np.array([[STAYS, 1 - STAYS], [1 - STAYS, STAYS]])
    forward, backward = np.full((len(moves), 2), 0.5), np.ones((len(moves), 2))
    for bar in range(len(moves)):
        forward[bar] = likely[bar] * (forward[bar - 1] @ steps if bar else 0.5)
        forward[bar] /= forward[bar].sum()
    for bar in range(len(moves) - 2, -1, -1):
        backward[bar] = steps @ (likely[bar + 1] * backward[bar + 1])
        backward[bar] /= backward[bar].sum()
    both = forward * backward
    return _column(both[:, 1] / both.sum(axis=1))


def random_folds(ends: Rows) -> list[Split]:
    """Rows drawn for the test, wherever their labels reach."""
    order = np.random.default_rng(7).permutation(len(ends))
    return [Split(np.sort(np.setdiff1d(order, part)), np.sort(part)) for part in np.array_split(order, 5)]


def same_bar(market: Market, delay: int) -> Floats:
    """Long through each bar that rises: known at its close, bought at its opening."""
    moves = market.close / market.open - 1.0
    held = (moves > 0.0).astype(np.float64)
    return held[: len(held) - delay] * moves[delay:] if delay else held * moves


def pivots(market: Market) -> Floats:
    """1 at each high of nine bars around it."""
    padded = np.pad(market.close, 4, mode="edge")
    around = np.lib.stride_tricks.sliding_window_view(padded, 9)
    return _column((market.close >= around.max(axis=1)).astype(np.float64))


def open_hour(market: Market) -> Floats:
    """The close of the hour that a bar lies in, also before it has closed."""
    last = np.minimum((np.arange(len(market)) // HOUR + 1) * HOUR, len(market)) - 1
    return _column(market.close[last])


def adjusted(market: Market) -> Floats:
    """Prices as a vendor tells them today: halved before each split."""
    split = market.close < 0.6 * market.open
    later: Counts = np.cumsum(split[::-1])[::-1] - split
    return _column(market.close * 0.5**later)


def calibrated_on_test(_: object, sample: Sample) -> Floats:
    """Platt's map, fitted on the very rows that it maps."""
    told = sample.forecasts.tolist()
    return np.array(list(map(platt(told, [bool(each) for each in sample.outcomes]), told)))


class Normaliser:
    """A mean and a deviation that every row changes, also those that it is judged on."""

    def __init__(self, sample: Sample) -> None:
        self._seen = list(sample.forecasts)

    def normalised(self, sample: Sample) -> Floats:
        """Each row by all that was seen so far."""
        self._seen += list(sample.forecasts)
        return np.asarray((sample.forecasts - np.mean(self._seen)) / np.std(self._seen), np.float64)


def _column(values: Floats) -> Floats:
    return values.reshape(-1, 1)
