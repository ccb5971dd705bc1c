"""The venue's time: the quickest of several samples decides."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from midas.domain.time import MILLISECOND, SECOND
from midas.errors import Unreachable
from midas.venues.binance.clock import VenueClock

START = 1_795_248_000 * SECOND


class Path:
    """A way to a venue whose clock is `ahead_ms` of ours; each sample takes (there, back) milliseconds."""

    def __init__(self, ahead_ms: int, legs: Sequence[tuple[int, int] | None]) -> None:
        self.time = START
        self._ahead_ms = ahead_ms
        self._legs = list(legs)

    def now(self) -> int:
        return self.time

    async def sample(self) -> int:
        legs = self._legs.pop(0)
        if legs is None:
            raise Unreachable("no answer")
        self.time += legs[0] * MILLISECOND
        stated = self.time // MILLISECOND + self._ahead_ms
        self.time += legs[1] * MILLISECOND
        return stated


async def test_the_sample_with_the_shortest_round_trip_decides() -> None:
    path = Path(250, [(90, 10), (2, 2), (10, 300), (40, 40), (5, 60)])
    clock = VenueClock(path.now, path.sample)
    await clock.refresh()
    assert clock.offset_ms == pytest.approx(250, abs=1)
    assert clock.round_trip == 4 * MILLISECOND
    assert abs(clock.now() - path.time - 250 * MILLISECOND) <= MILLISECOND


async def test_failed_samples_are_left_out() -> None:
    path = Path(-80, [None, (3, 3), None, None, None])
    clock = VenueClock(path.now, path.sample)
    await clock.refresh()
    assert clock.offset_ms == pytest.approx(-80, abs=1)


async def test_without_a_single_sample_the_old_offset_stays() -> None:
    path = Path(40, [(1, 1)] * 5 + [None] * 5)
    clock = VenueClock(path.now, path.sample)
    await clock.refresh()
    with pytest.raises(Unreachable, match="no answer"):
        await clock.refresh()
    assert clock.offset_ms == pytest.approx(40, abs=1)


async def test_a_suspicion_measures_at_once() -> None:
    path = Path(40, [(1, 1)] * 5)
    clock = VenueClock(path.now, path.sample)
    measured = asyncio.Event()
    keeping = asyncio.create_task(clock.keep(measured.set))
    clock.suspect()
    await asyncio.wait_for(measured.wait(), 30)
    keeping.cancel()
    assert clock.offset_ms == pytest.approx(40, abs=1)


async def test_a_clock_that_is_set_during_a_sample_moves_the_offset_by_as_much() -> None:
    path = Path(250, [(4, 4)])
    hour = 3_600_000 * MILLISECOND
    elapsed = path.time

    async def sample() -> int:
        stated = await path.sample()
        path.time -= hour
        return stated

    clock = VenueClock(path.now, sample, lambda: path.time + (hour if path.time < elapsed else 0))
    await clock.refresh(samples=1)
    assert clock.round_trip == 8 * MILLISECOND
    assert clock.offset_ms == pytest.approx(250 + 3_600_000, abs=1)


async def test_a_clock_that_was_set_is_noticed_until_it_is_measured() -> None:
    path, elapsed = Path(250, [(1, 1)] * 2), [0]
    clock = VenueClock(path.now, path.sample, lambda: elapsed[0])
    await clock.refresh(samples=1)
    assert not clock.was_set
    path.time -= 3_600_000 * MILLISECOND
    assert clock.was_set
    await clock.refresh(samples=1)
    assert not clock.was_set


async def test_samples_from_before_our_clock_was_set_are_left_out() -> None:
    path, elapsed = Path(250, [(1, 1), (9, 9)]), [0]
    seconds = 13_000 * MILLISECOND

    async def sample() -> int:
        stated = await path.sample()
        elapsed[0] += 2 * MILLISECOND if elapsed[0] == 0 else 18 * MILLISECOND
        if not path._legs:
            path.time += seconds
        return stated

    clock = VenueClock(path.now, sample, lambda: elapsed[0])
    await clock.refresh(samples=2)
    assert clock.offset_ms == pytest.approx(250 - 13_000, abs=1)
    assert not clock.was_set
