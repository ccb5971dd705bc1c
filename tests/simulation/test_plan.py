"""Plans of faults: drawn from a seed, written, read."""

from __future__ import annotations

from pathlib import Path

import pytest

from midas.errors import ConfigInvalid
from midas.simulation import plan as plans


def test_a_plan_reads_as_it_was_written(tmp_path: Path) -> None:
    plan, path = plans.of(7), tmp_path / "plan.json"
    path.write_text(plans.written(plan))
    assert plans.read(path) == plan


def test_a_seed_draws_the_same_plan_again_and_another_seed_another_one() -> None:
    assert plans.of(7) == plans.of(7)
    assert plans.of(7).faults != plans.of(8).faults


def test_every_kind_is_drawn_by_some_seed_and_no_seed_draws_all() -> None:
    drawn = [{fault.kind for fault in plans.of(seed).faults} for seed in range(1, 200)]
    assert set().union(*drawn) == set(plans.KINDS)
    assert max(len(kinds) for kinds in drawn) < len(plans.KINDS) / 2


def test_faults_end_before_the_world_is_healed() -> None:
    for seed in range(1, 100):
        plan = plans.of(seed)
        assert all(plan.calm <= fault.at and fault.until <= plan.heal + 5 for fault in plan.faults)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "is no plan of a simulation"),
        ('{"seed": 1, "faults": [{"kind": "meteor", "at": 1}]}', "there is no fault 'meteor'"),
        ('{"seed": "one", "faults": []}', "is no plan of a simulation"),
    ],
)
def test_a_plan_that_is_none_is_refused_in_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "plan.json"
    path.write_text(text)
    with pytest.raises(ConfigInvalid, match=sentence):
        plans.read(path)


def test_a_missing_plan_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="can't be read"):
        plans.read(tmp_path / "none.json")
