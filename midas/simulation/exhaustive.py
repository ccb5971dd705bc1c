"""Short and lively worlds in which one more thing fails, once at every place where it could.

A world of its own tells how many steps, disk calls and requests each seed has; each of them is then made to
fail in a world of its own. What goes on anyway depends on the seed: orders come into doubt, fills race our
cancels, fills are told twice, somebody pulls the kill switch.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import msgspec

from midas.simulation.plan import Fault, Plan
from midas.simulation.world import World

HEAL_S = 10.0
ENDS_S = 11.0
MARKET_S = 0.5  # a lively market: little time, many orders
PERSON_S = 0.4  # a busy one
TURNS = 0.5  # strategies that can't decide
AFTER = range(20, 90)  # so many steps after a crash the recovering desk dies again
REQUEST_KINDS = ("request.lost", "answer.lost", "error.after", "request.repeated")
# What a seed meets anyway; of these two, each half of the time.
DOUBTS = ("timeout.after", "error.after", "timeout.before", "reset.after")
RACES = ("fill.race", "user.duplicate", "user.skip", "user.drop")


class Size(msgspec.Struct, frozen=True):
    """How long a world is in which nothing is made to fail."""

    steps: int  # until it is healed
    disk_calls: int
    requests: int


def plain(seed: int) -> Plan:
    """The short world of a seed, before anything is made to fail at a place."""
    faults = [
        Fault(DOUBTS[seed % len(DOUBTS)], 3.0, 8.0, 0.1),
        Fault(RACES[seed // 2 % len(RACES)], 4.0, 9.0, 0.5),
    ]
    if seed % 3 == 0:
        faults.append(Fault("kill", 8.0, 8.0, seed % 10 / 10))
    return Plan(
        seed=seed, faults=tuple(faults), calm=0.0, heal=HEAL_S, ends=ENDS_S, market_s=MARKET_S,
        person_s=PERSON_S, turns=TURNS,
    )  # fmt: skip


def measured(plan: Plan) -> Size:
    """Run it once."""
    world = World(plan)
    world.run()
    return Size(world.healed_at_step, world.disk.calls, world.network.asked)


def places(size: Size) -> int:
    """In how many worlds such a one is made to fail."""
    return 2 * size.steps + size.disk_calls + len(REQUEST_KINDS) * size.requests


def crashes(plan: Plan, size: Size) -> Iterator[Plan]:
    """A crash before every step, and again while the desk recovers from it."""
    for step in range(1, size.steps + 1):
        yield msgspec.structs.replace(plan, crash_steps=(step,))
        again = AFTER[step % len(AFTER)]
        yield msgspec.structs.replace(plan, crash_steps=(step, again))


def failures(plan: Plan, size: Size) -> Iterator[Plan]:
    """The disk refuses each of its calls once, each request meets each way to fail once."""
    for call in range(1, size.disk_calls + 1):
        yield msgspec.structs.replace(plan, disk_call=call)
    for request in range(1, size.requests + 1):
        for kind in REQUEST_KINDS:
            yield msgspec.structs.replace(plan, request=request, request_kind=kind)


def every_place(plan: Plan, size: Size) -> Iterator[Plan]:
    """All of it, numbered from 1."""
    for place, one in enumerate(chain(crashes(plan, size), failures(plan, size)), 1):
        yield msgspec.structs.replace(one, place=place)
