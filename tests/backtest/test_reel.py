"""A reel tells how far it is where it was asked to, whatever it reads at once."""

from __future__ import annotations

import pytest

from midas.backtest.reel import Reel
from midas.backtest.series import CHUNK
from midas.engine.glide import NEVER, Until
from tests.backtest.stage import bars, walk

SERIES = bars(walk(2 * CHUNK + 1_500))
EVERYTHING = Until(NEVER, float("-inf"), float("inf"))


@pytest.mark.parametrize("every", [1_000, CHUNK, CHUNK + 904, 2 * CHUNK, 3 * CHUNK])
def test_it_tells_after_exactly_as_many_bars_and_after_the_last(every: int) -> None:
    told: list[int] = []
    reel = Reel(SERIES, advance=told.append, every=every)
    while reel.more():
        reel.skip(reel.reach(0, EVERYTHING, NEVER))
    left = len(SERIES) % every
    assert told == [every] * (len(SERIES) // every) + [left] * (left > 0)
