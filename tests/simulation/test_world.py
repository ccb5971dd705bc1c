"""Whole worlds: the same twice, in every process; they trade, break, heal and agree."""

from __future__ import annotations

import subprocess
import sys

import msgspec
import pytest

from midas.simulation import plan as plans
from midas.simulation.plan import Fault, Plan
from midas.simulation.world import Verdict, World

SHORT = 90.0
TRACE = (
    "from midas.simulation.plan import of; from midas.simulation.world import World; import msgspec;"
    "print(World(msgspec.structs.replace(of(11), heal=200.0, ends=220.0)).run().trace)"
)


def world(*faults: Fault, seed: int = 5) -> Verdict:
    """A short world with these faults alone."""
    return World(Plan(seed=seed, faults=faults, calm=5.0, heal=60.0, ends=SHORT, market_s=0.5)).run()


def test_a_seed_is_the_same_world_twice() -> None:
    first, second = World(plans.of(11)).run(), World(plans.of(11)).run()
    assert first == second
    assert first.violations == ()


def test_a_seed_is_the_same_world_under_another_hash_seed() -> None:
    told = subprocess.run(
        [sys.executable, "-c", TRACE], env={"PYTHONHASHSEED": "7"}, check=True, capture_output=True, text=True
    )
    plan = msgspec.structs.replace(plans.of(11), heal=200.0, ends=220.0)
    assert told.stdout.strip() == World(plan).run().trace  # whatever the hash seed of this process is


def test_a_world_without_faults_trades_and_agrees() -> None:
    verdict = world()
    assert verdict.violations == ()
    assert verdict.orders > 3
    assert verdict.lives == 2  # the last start is part of every world


@pytest.mark.parametrize("kind", plans.KINDS)
def test_every_kind_of_trouble_alone_leaves_a_desk_that_agrees_with_its_venue(kind: str) -> None:
    verdict = world(Fault(kind, 10.0, 40.0, 0.6))
    assert verdict.violations == ()


def test_a_crashed_desk_is_started_again() -> None:
    verdict = world(Fault("crash", 20.0, 20.0), Fault("crash", 40.0, 40.0))
    assert (verdict.lives, verdict.violations) == (4, ())


def test_a_crash_forgets_no_position_that_defensive_still_works_down() -> None:
    faults = tuple(Fault("crash", at, at) for at in (15.0, 25.0, 35.0, 45.0, 55.0))
    ran = World(Plan(seed=6, faults=faults, calm=5.0, heal=60.0, ends=SHORT, market_s=0.5, person_s=2.0))
    assert ran.run().violations == ()
    inherited = [(desk, to) for desk in ran.desks for to in desk.carried.reducing]
    assert len(inherited) > 2
    for desk, to in inherited:
        known = desk.engine.orchestrator.execution.parent(to.strategy, to.instrument)
        assert known is not None, "it is worked on, or another target has taken its place"


@pytest.mark.parametrize(("rate", "kept"), [(0.2, False), (0.8, True)])
def test_a_crash_inside_the_latchs_write_leaves_it_there_or_not(rate: float, kept: bool) -> None:
    faults = (Fault("crash.latch", 20.0, 20.0, rate), Fault("kill", 21.0, 21.0, 0.9))
    ran = World(Plan(seed=5, faults=faults, calm=5.0, heal=60.0, ends=SHORT, market_s=0.5))
    verdict = ran.run()
    assert verdict.violations == ()
    assert verdict.faults == {"crash.latch": 1, "kill": 1}
    heard = any(b'"latch":"halt"' in row.body for desk in ran.desks[1:] for row in desk.journal.rows[:4])
    assert heard == kept


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_a_crash_inside_a_clean_stop_loses_nothing(rate: float) -> None:
    verdict = world(Fault("crash.closing", 20.0, 20.0, rate), Fault("stop", 40.0, 40.0))
    assert verdict.violations == ()
    assert verdict.faults == {"crash.closing": 1, "stop": 1}
    assert verdict.lives == 4
