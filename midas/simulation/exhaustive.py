"""Short worlds in which exactly one thing fails, once at every place where it could.

A plain world tells how many steps, disk calls and requests it has; each of them is then made to fail in a
world of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from midas.simulation.plan import Plan
from midas.simulation.world import World

HEAL_S = 12.0
ENDS_S = 14.0
MARKET_S = 0.4  # a lively market: little time, many orders
AFTER = range(20, 90)  # so many steps after a crash the recovering desk dies again
REQUEST_KINDS = ("request.lost", "answer.lost", "error.after", "request.repeated")


class Size(msgspec.Struct, frozen=True):
    """How long a world without faults is."""

    steps: int  # until it is healed
    disk_calls: int
    requests: int


def plain(seed: int) -> Plan:
    """The short world of a seed, without any fault."""
    return Plan(seed=seed, faults=(), calm=0.0, heal=HEAL_S, ends=ENDS_S, market_s=MARKET_S)


def measured(plan: Plan) -> Size:
    """Run it once."""
    world = World(plan)
    world.run()
    return Size(world.healed_at_step, world.disk.calls, world.network.asked)


def crashes(seed: int) -> Iterator[Plan]:
    """A crash before every step, and again while the desk recovers from it."""
    plan = plain(seed)
    for step in range(1, measured(plan).steps + 1):
        yield msgspec.structs.replace(plan, crash_steps=(step,))
        again = AFTER[step % len(AFTER)]
        yield msgspec.structs.replace(plan, crash_steps=(step, again))


def failures(seed: int) -> Iterator[Plan]:
    """The disk refuses each of its calls once, each request meets each way to fail once."""
    plan = plain(seed)
    size = measured(plan)
    for call in range(1, size.disk_calls + 1):
        yield msgspec.structs.replace(plan, disk_call=call)
    for request in range(1, size.requests + 1):
        for kind in REQUEST_KINDS:
            yield msgspec.structs.replace(plan, request=request, request_kind=kind)


def every_place(seeds: range) -> Iterator[Plan]:
    """All of it, seed by seed."""
    for seed in seeds:
        yield from crashes(seed)
        yield from failures(seed)
