"""What the invariants are worth: planted bugs are caught, and nothing of them stays behind."""

from __future__ import annotations

import pytest

from midas.errors import ConfigInvalid
from midas.simulation import plan as plans
from midas.simulation.mutants import MUTANTS, named, planted
from midas.simulation.world import World
from midas.state.ledger import Ledger

SOON = {
    "fill-counts-twice": 2, "sent-before-durable": 1, "exposure-freed-at-cancel": 2, "no-start-pass": 3,
    "fill-not-journaled": 3, "sleeves-not-carried": 2, "pending-blind": 1,
}  # fmt: skip


@pytest.mark.parametrize("name", SOON)
def test_a_planted_bug_is_caught_by_the_invariant_named_for_it(name: str) -> None:
    found: list[str] = []
    with planted(name):
        for seed in range(1, SOON[name] * 4):
            world = World(plans.of(seed))
            world.run()
            found += [violation.invariant for violation in world.violations]
            if set(found) & set(named(name).caught_by):
                return
    pytest.fail(f"{name} got away with {found}")


def test_a_bug_is_planted_for_as_long_as_it_was_asked_for() -> None:
    shipped = Ledger.knows
    with planted("fill-counts-twice"):
        assert Ledger.knows is not shipped
    assert Ledger.knows is shipped


def test_there_are_enough_bugs_and_each_names_what_catches_it() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 16
    assert all(mutant.caught_by for mutant in MUTANTS)


def test_a_bug_that_nobody_knows_is_refused_by_name() -> None:
    with pytest.raises(ConfigInvalid, match="there is no mutant 'x'; there are fill-counts-twice"):
        named("x")
