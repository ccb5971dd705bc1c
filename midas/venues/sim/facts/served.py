"""The order books of a world as the exchange serves them, session by session.

Nothing is judged here that isn't served: fundamentals, activity and books are those that `Synthetic` runs
for the same world and seed, event for event.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import msgspec
import numpy as np

from midas.domain.time import MILLISECOND, SECOND
from midas.venues.sim.facts.tape import Tape
from midas.venues.sim.source.synthetic import START
from midas.venues.sim.world.books import opened
from midas.venues.sim.world.fundamentals import Fundamentals
from midas.venues.sim.world.parameters import World
from midas.venues.sim.world.truth import Fact

SLICE = 100 * MILLISECOND


class Session(msgspec.Struct, frozen=True):
    """One asset's tape."""

    place: int  # of the asset in its world
    tape: Tape


def sessions(world: World, seed: int, minutes: int) -> Iterator[Session]:
    """Every asset's session, one after the other: together they would fill the memory."""
    path = Fundamentals(world, seed, START, deque[Fact](maxlen=0).append)
    count = minutes * 60 * SECOND // SLICE
    moves, activity = np.empty((count, len(world.assets))), np.empty(count)
    for number in range(count):
        coming = path.slice()
        moves[number], activity[number] = coming.moves, coming.activity
    times = START + np.arange(count + 1) * SLICE
    for place in range(len(world.assets)):
        rows = opened(world, seed, place).run_path(times, moves[:, place].copy(), activity)
        rows[:, 0] -= START
        yield Session(place, Tape(rows=rows, seconds=minutes * 60))
