"""The tests of the leak harness. Each looks at one thing and says in words what it found, nothing else.

T1 truncation: what a bar is told may not change when the bars behind it are taken away.
T2 future: nor when they are others.
T3 noise: nothing known at a bar may foretell the next move of a random walk, nor how large it will be.
T4 random walk: nobody earns there before costs.
T5 oracle: where moves hang together, nothing may foretell the next one better than whoever knows how.
T6 delay: a bar's delay may not take away what a rule earns, least of all on a random walk.
Frozen: what was learned may not change with the rows that it is judged on, nor with their outcomes.
Purged: no label that was learned from may meet the span of a test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import sqrt
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from midas.research.leaks.market import DAY_BEGINS, Counts, Floats, Market, leaning, split_of
from midas.statistics.validation import Rows, Split, leaking

CUTS = 12  # places at which a series is cut off
CLOSE = 1e-10
SURPRISING = 5.0  # standard errors: of some hundred columns none gets there by chance
BEYOND = 3.0  # standard errors past the oracle's correlation: those of a feature hang together with its own
KEPT = 0.2  # share of its gross result that a rule keeps with a bar's delay


class Feature(msgspec.Struct, frozen=True):
    """Columns made of a market, a row a bar; NaN until there is something to say."""

    name: str
    run: Callable[[Market], Floats]


class Rule(msgspec.Struct, frozen=True):
    """A way to trade: the gross return of each bar where orders arrive `delay` bars later than they could."""

    name: str
    earned: Callable[[Market, int], Floats]


class Cut(msgspec.Struct, frozen=True):
    """A way to split rows, given the row at which each label is known."""

    name: str
    splits: Callable[[Rows], list[Split]]


class Sample(msgspec.Struct, frozen=True):
    """Forecasts between 0 and 1, and what came of each."""

    forecasts: Floats
    outcomes: Counts


class Learned(msgspec.Struct, frozen=True):
    """Something that learns from a sample and is then applied to others."""

    name: str
    fit: Callable[[Sample], Any]
    apply: Callable[[Any, Sample], Floats]  # of whatever `fit` made


Subject = Feature | Rule | Cut | Learned


def complaints(subject: Subject, market: Market, seed: int) -> Iterator[str]:
    """What every probe that suits the subject finds, each beginning with the name of its test."""
    chance = np.random.default_rng((seed, 16))
    if isinstance(subject, Feature):
        yield from truncated(subject, market, chance)
        yield from foreseen(subject, market, chance)
        yield from noisy(subject, market)
        yield from knowing(subject, leaning(len(market), seed))
    elif isinstance(subject, Rule):
        yield from earning(subject, market)
    elif isinstance(subject, Cut):
        yield from met(subject)
    else:
        yield from thawed(subject, chance)


def truncated(subject: Feature, market: Market, chance: np.random.Generator) -> Iterator[str]:
    """T1."""
    whole = subject.run(market)
    if len(whole) != len(market):
        yield f"T1 {len(whole)} rows for {len(market)} bars"
        return
    for bar in _cuts(market, chance):
        last = subject.run(market.until(bar + 1))[-1]
        if not np.allclose(last, whole[bar], atol=CLOSE, rtol=CLOSE, equal_nan=True):
            yield f"T1 row {bar} is {_shown(last)} without the bars behind it, else {_shown(whole[bar])}"
            return


def foreseen(subject: Feature, market: Market, chance: np.random.Generator) -> Iterator[str]:
    """T2."""
    whole = subject.run(market)
    for bar in _cuts(market, chance):
        other = subject.run(market.with_other_future(bar + 1, chance))
        if not np.array_equal(other[: bar + 1], whole[: bar + 1], equal_nan=True):
            yield f"T2 rows up to {bar} change with the bars behind it"
            return


def noisy(subject: Feature, market: Market) -> Iterator[str]:
    """T3: rank correlation with the next move and with its size; the market is a random walk."""
    after = np.diff(np.log(market.close))
    for what, move in (("next move", after), ("size of the next move", np.abs(after))):
        for place, known, found in _correlations(subject, market, move):
            if abs(found) > SURPRISING / sqrt(known.sum()):
                yield f"T3 column {place} foretells the {what} of a random walk (correlation {found:+.2f})"
                return


def knowing(subject: Feature, market: Market) -> Iterator[str]:
    """T5: the market is a leaning one, whose oracle says of the next move what the last one was."""
    moves = np.diff(np.log(market.close), prepend=np.log(market.open[0]))
    before, after = moves[:-1], moves[1:]
    for place, known, found in _correlations(subject, market, after):
        best = float(np.corrcoef(_ranks(before[known]), _ranks(after[known]))[0, 1])
        if abs(found) > best + BEYOND / sqrt(known.sum()):
            yield f"T5 column {place} foretells moves better than the oracle ({found:+.2f}, it {best:+.2f})"
            return


def _correlations(
    subject: Feature, market: Market, after: Floats
) -> Iterator[tuple[int, NDArray[np.bool_], float]]:
    """Of each column that varies: its number, where it is known, and its rank correlation with `after`."""
    columns = subject.run(market)[:-1]
    for place in range(columns.shape[1]):
        known = np.isfinite(columns[:, place])
        if known.sum() >= 100 and np.ptp(columns[known, place]) > 0.0:
            ranks = _ranks(columns[known, place]), _ranks(after[known])
            yield place, known, float(np.corrcoef(*ranks)[0, 1])


def earning(subject: Rule, market: Market) -> Iterator[str]:
    """T4 and T6."""
    earned, late = subject.earned(market, 0), subject.earned(market, 1)
    score = _score(earned)
    if score > SURPRISING:
        yield f"T4 earns {score:.1f} standard errors on a random walk"
        if late.sum() < KEPT * earned.sum():
            yield "T6 a bar's delay takes nearly all of it away: it trades at prices that were gone"
    elif _score(late - earned) > SURPRISING:
        yield "T6 a bar's delay makes it better"


def met(subject: Cut, rows: int = 240) -> Iterator[str]:
    """Purged."""
    places = np.arange(rows)
    uneven = np.where(places % 5 == 0, 12, 1)  # the label known last isn't that of the last row
    for horizon in (0, 1, 7, uneven):
        ends = np.minimum(places + horizon, rows - 1)
        for split in subject.splits(ends):
            if len(found := leaking(split, ends)):
                yield f"purged: {len(found)} labels learned from meet the test from row {split.test[0]} on"
                return


def thawed(subject: Learned, chance: np.random.Generator) -> Iterator[str]:
    """Frozen."""
    lessons, judged, others = (_sample(chance, 400) for _ in range(3))
    model = subject.fit(lessons)
    said = subject.apply(model, judged)
    flipped = Sample(judged.forecasts, 1 - judged.outcomes)
    if not np.array_equal(said, subject.apply(subject.fit(lessons), flipped)):
        yield "frozen: what it says hangs on the outcomes of the rows that it is judged on"
    subject.apply(model, others)
    if not np.array_equal(said, subject.apply(model, judged)):
        yield "frozen: it goes on learning while it is judged"
    first = Sample(judged.forecasts[:100], judged.outcomes[:100])
    if not np.allclose(subject.apply(subject.fit(lessons), first), said[:100], atol=CLOSE):
        yield "frozen: what it says of a row hangs on the rows judged behind it"


def _cuts(market: Market, chance: np.random.Generator) -> list[int]:
    """Bars near both ends and around the split, an hour and midnight, and others by chance."""
    last, split = len(market) - 2, split_of(len(market))
    fixed = [1, last, split - 1, split, 59, 60, DAY_BEGINS - 1, DAY_BEGINS]
    return sorted({*fixed, *chance.integers(2, last, CUTS).tolist()})


def _score(values: Floats) -> float:
    spread = float(values.std())
    return float(values.mean()) / spread * sqrt(len(values)) if spread > 0.0 else 0.0


def _ranks(values: Floats) -> Floats:
    """What is equal shares a rank: by its place in time it would hide what is rarely said."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    shared = np.cumsum(count) - (count + 1) / 2.0
    return np.asarray(shared[place], np.float64)


def _sample(chance: np.random.Generator, rows: int) -> Sample:
    truth = chance.uniform(0.2, 0.8, rows)
    said = np.clip(0.5 + 1.4 * (truth - 0.5), 0.01, 0.99)
    return Sample(said, (chance.random(rows) < truth).astype(np.int64))


def _shown(row: Floats) -> str:
    return ", ".join(f"{value:.6g}" for value in row[:3])
