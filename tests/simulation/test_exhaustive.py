"""One failure at every place of a short world; shrinking what fails; what was mended stays mended."""

from __future__ import annotations

from collections import Counter
from functools import cache
from itertools import chain, islice
from pathlib import Path

import msgspec
import pytest

from midas.simulation import plan as plans
from midas.simulation.coverage import IMPOSSIBLE, REQUIRED, untouched
from midas.simulation.exhaustive import (
    REQUEST_KINDS,
    Size,
    crashes,
    every_place,
    failures,
    measured,
    places,
    plain,
)
from midas.simulation.mutants import named, planted
from midas.simulation.plan import KINDS, Fault, Plan
from midas.simulation.shrink import kept, shrunk, violated
from midas.simulation.world import World

ROOT = Path(__file__).resolve().parents[2]
REGRESSIONS = sorted((ROOT / "tests" / "sim" / "regressions").glob("*.json"))
ORDINARY = ("QUEUED order.sent", "INFLIGHT order.accepted", "OPEN order.filled")
SEED = 7
LIVELY = plain(3)  # partial fills, a kill, orders that are cancelled


@cache
def size() -> Size:
    return measured(LIVELY)


def test_short_worlds_are_lively() -> None:
    worlds = [World(plain(seed)) for seed in range(1, 21)]
    verdicts = [world.run() for world in worlds]
    assert not [verdict.violations for verdict in verdicts if verdict.violations]
    assert sum(verdict.orders for verdict in verdicts) / len(verdicts) >= 7
    assert sum(verdict.orders >= 5 for verdict in verdicts) >= 12
    met = Counter(state.split()[0] for verdict in verdicts for state in verdict.pairs)
    assert all(met[state] for state in ("PARTIAL", "UNKNOWN/INFLIGHT", "UNKNOWN/WORKING", "PENDING_CANCEL"))
    assert sum(bool(verdict.faults.get("kill")) for verdict in verdicts) > 4


@pytest.mark.parametrize("part", range(2))
def test_a_crash_before_any_step_leaves_nothing_half_done(part: int) -> None:
    for plan in islice(crashes(LIVELY, size()), part * 11, None, 44):  # the command tries them all
        assert World(plan).run().violations == (), plan


def test_each_disk_call_and_each_request_may_fail() -> None:
    for plan in islice(failures(LIVELY, size()), 0, None, 5):
        assert World(plan).run().violations == (), plan


def test_every_place_is_tried() -> None:
    whole = size()
    assert sum(1 for _ in crashes(LIVELY, whole)) == 2 * whole.steps
    assert sum(1 for _ in failures(LIVELY, whole)) == whole.disk_calls + len(REQUEST_KINDS) * whole.requests
    assert sum(1 for _ in every_place(LIVELY, whole)) == places(whole)


def test_a_failure_shrinks_to_what_it_needs(tmp_path: Path) -> None:
    noise = (
        Fault("market.gap", 50.0),
        Fault("slow.network", 60.0, 62.0),
        Fault("user.duplicate", 70.0, 70.0),
    )
    plan = Plan(seed=SEED, faults=noise, heal=120.0, ends=130.0, market_s=0.4)
    with planted("sent-before-durable"):
        small = shrunk(plan)
        assert (small.faults, violated(small)) == ((), "I3")
        assert small.heal < plan.heal
        assert plans.read(kept(small, tmp_path)) == small
    assert violated(small) == ""


def test_a_world_ends_with_the_step_that_violates_something() -> None:
    with planted("sent-before-durable"):
        world = World(plans.of(1))
        verdict = world.run()
    [violation] = world.violations
    assert (violation.invariant, violation.seed) == ("I3", 1)
    assert violation.step == world.loop.steps
    assert verdict.plan == plans.of(1)
    assert verdict.violations[0].startswith(f"I3 at step {violation.step}, {violation.at:.3f} s: order md-")


@pytest.mark.parametrize("path", REGRESSIONS, ids=lambda p: p.stem)
def test_what_was_mended_stays_mended(path: Path) -> None:
    assert World(plans.read(path)).run().violations == ()


@pytest.mark.parametrize("path", REGRESSIONS, ids=lambda p: p.stem)
def test_what_was_mended_would_be_noticed_again(path: Path) -> None:
    mutant, plan = named(path.stem.rpartition("-")[0]), plans.read(path)
    with planted(mutant.name):
        # Whatever changes anywhere moves the chance of a seed: one of a few has to show it.
        others = (msgspec.structs.replace(plan, seed=seed) for seed in range(1, 60))
        assert any(violated(one) in mutant.caught_by for one in chain((plan,), others))


def test_what_was_never_met_is_told() -> None:
    pairs = {f"{state} {event}": 1 for state, events in REQUIRED.items() for event in events}
    faults = dict.fromkeys(KINDS, 1)
    assert untouched(pairs, faults) == []
    assert untouched(pairs | {"QUEUED order.sent": 0}, faults) == ["QUEUED order.sent"]
    assert untouched(pairs, {k: n for k, n in faults.items() if k != "crash"}) == ["fault crash"]


def test_what_cannot_be_met_is_not_asked_for() -> None:
    asked = {f"{state} {event}" for state, events in REQUIRED.items() for event in events}
    assert not [pair for pair in asked if any(name in (pair, *pair.split()) for name in IMPOSSIBLE)]


def test_a_whole_seed_meets_the_ordinary_life_of_an_order() -> None:
    pairs = World(plans.of(8)).run().pairs
    assert all(pairs[pair] for pair in ORDINARY)
    assert msgspec.json.encode(pairs)
