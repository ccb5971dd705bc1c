"""Lives of a desk stepped again: the same decisions, or the first that differs."""

from __future__ import annotations

import msgspec

from midas.runtime.records import AUDIT
from midas.simulation.plan import Fault, Plan
from midas.simulation.repeat import differing
from midas.simulation.world import World

PLAN = Plan(seed=5, faults=(Fault("crash", 20.0, 20.0),), calm=5.0, heal=40.0, ends=50.0, market_s=0.5)


def test_every_life_decides_the_same_again() -> None:
    world = World(PLAN, taped=True)
    assert world.run().violations == ()
    assert len(world.desks) > 2
    assert [list(differing(desk)) for desk in world.desks] == [[] for _ in world.desks]


def test_another_decision_is_told() -> None:
    world = World(PLAN, taped=True)
    world.run()
    rows = world.desk.journal.rows
    place = next(i for i, row in enumerate(rows) if row.kind == AUDIT and b'"signal"' in row.body)
    rows[place] = msgspec.structs.replace(
        rows[place], body=rows[place].body.replace(b'"signal"', b'"noted"', 1)
    )
    (told,) = differing(world.desk)
    assert "differs at sequence" in told
