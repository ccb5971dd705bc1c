"""A sweep makes the same trials whoever makes them, and however often it is interrupted."""

from __future__ import annotations

import contextlib
import random
import sys
from collections.abc import Sequence
from math import sqrt
from pathlib import Path
from typing import ClassVar

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from midas.api import Briefing, Columns, MarketView, Opinion
from midas.backtest.record import Record
from midas.backtest.sweep.choosers import rounds, size
from midas.backtest.sweep.evaluate import RUNGS, Evaluator, Rungs, Task, medians_of
from midas.backtest.sweep.executors import executor_of
from midas.backtest.sweep.run import confirmed, stepped_because, sweep
from midas.backtest.sweep.space import axis
from midas.backtest.sweep.storage import TRIALS, Store
from midas.backtest.sweep.trial import COMPILED, DONE, FAILED, PRUNED, STEPPED, Job, Trial, ranked
from midas.errors import UsageError, WorkspaceInvalid
from tests.backtest.compiled.stage import Choice, Fickle
from tests.backtest.stage import PLAIN
from tests.backtest.sweep.stage import hourly, plan, setup, swept


def test_every_combination_is_tried_and_the_best_come_first(tmp_path: Path) -> None:
    found = swept(tmp_path, plan(), setup())
    assert sorted(t.number for t in found) == list(range(24)) and size(plan()) == 24
    assert all(t.path == COMPILED for t in found)
    values = [t.value for t in found if t.value is not None]
    assert values == sorted(values, reverse=True)


def test_compiled_or_stepped_a_trial_comes_to_the_same(tmp_path: Path) -> None:
    few = plan(axes=(axis("seed=1..3"),))
    fast, slow = swept(tmp_path / "a", few, setup()), swept(tmp_path / "b", few, setup(fast="never"))
    assert {t.path for t in slow} == {STEPPED}
    plain = [msgspec.structs.replace(t, path=COMPILED, stepped="", partial=()) for t in slow]
    assert plain == fast
    assert confirmed(setup(), fast[0]).path == STEPPED


class Agreed(Fickle):
    """Its `listen` and its `wanted` have the same mistake: nothing happens after 3,000 candles."""

    def __init__(self, parameters: Choice) -> None:
        super().__init__(parameters)
        self._heard = 0

    def listen(self, bars: Columns) -> int:
        self._heard += (count := len(bars) if self._heard >= 3_000 else 0)
        return count

    def signal(self, market: MarketView, briefing: Briefing) -> Opinion | None:
        self._heard += 1
        return super().signal(market, briefing)

    @classmethod
    def wanted(cls, parameters: Sequence[Choice], bars: Columns) -> NDArray[np.bool_]:
        found = super().wanted(parameters, bars)
        found[:, 3_000:] = found[:, 2_999:3_000]
        return found


def _agreed() -> type[Agreed]:
    return Agreed


@pytest.mark.parametrize(("impact", "says"), [(False, "wanted"), (True, "listen")])
def test_two_answers_with_one_mistake_dont_confirm_each_other(
    tmp_path: Path, impact: bool, says: str
) -> None:
    given = setup(hourly(3_200), load=_agreed)
    given = msgspec.structs.replace(given, given=msgspec.structs.replace(given.given, impact=impact))
    (best,) = swept(tmp_path, plan(axes=(axis("seed=1"),)), given)
    assert best.path == (STEPPED if impact else COMPILED)
    with pytest.raises(UsageError, match=f"its `{says}` says something else"):
        confirmed(given, best)


def test_a_winner_that_the_engine_doesnt_confirm_is_refused(tmp_path: Path) -> None:
    best = swept(tmp_path, plan(axes=(axis("seed=1..2"),)), setup())[0]
    with pytest.raises(UsageError, match="on the engine"):
        confirmed(setup(), msgspec.structs.replace(best, fills=best.fills + 2))


@pytest.mark.parametrize("method", ["grid", "random", "tpe"])
def test_interrupted_anywhere_it_ends_as_if_it_had_not_been(tmp_path: Path, method: str) -> None:
    if method == "tpe":
        pytest.importorskip("optuna")
    of, given = plan(method=method, trials=20), setup(hourly(800), objective="return")
    whole = swept(tmp_path / "whole", of, given)
    chance = random.Random(5)
    for turn in range(3):
        folder = tmp_path / str(turn)
        with pytest.raises(KeyboardInterrupt):
            swept(folder, of, given, most=chance.randrange(1, 16))
        body = (folder / TRIALS).read_bytes()
        (folder / TRIALS).write_bytes(body[: chance.randrange(len(body))])  # the power went, too
        assert swept(folder, of, given, at_once=chance.choice([1, 3, 8])) == whole


def test_the_same_seed_asks_the_same_in_the_same_order() -> None:
    pytest.importorskip("optuna")

    def asked(seed: int) -> list[list[Job]]:
        asking, made = rounds(plan(method="tpe", trials=24, seed=seed)), []
        jobs = next(asking)
        while True:
            made.append(jobs)
            trials = [
                Trial(number=j.number, parameters=j.parameters, value=float(j.parameters["seed"]))
                for j in jobs
            ]
            try:
                jobs = asking.send(trials)
            except StopIteration:
                return made

    assert asked(3) == asked(3) != asked(4)


def test_what_was_given_up_is_asked_for_less() -> None:
    pytest.importorskip("optuna")
    asking, made = rounds(plan(method="tpe", trials=80, axes=(axis("seed=1..200"),))), list[int]()
    jobs = next(asking)
    with contextlib.suppress(StopIteration):
        while True:
            made += [int(job.parameters["seed"]) for job in jobs]
            jobs = asking.send([judged(job) for job in jobs])
    assert sum(seed > 20 for seed in made[16:]) < 32  # 57 of 64 where they are told as failed


def judged(job: Job) -> Trial:
    """Above 20 a seed is given up early."""
    seed = float(job.parameters["seed"])
    if seed > 20:
        return Trial(number=job.number, parameters=job.parameters, state=PRUNED, partial=(None, -seed))
    return Trial(number=job.number, parameters=job.parameters, value=-seed)


def test_trials_of_another_version_are_not_mixed_in(tmp_path: Path) -> None:
    store = Store(tmp_path, plan())
    store.add([Trial(number=0, parameters={"seed": 99, "patience": 1})])
    store.close()
    with pytest.raises(UsageError, match="--fresh"):
        swept(tmp_path, plan(), setup())


def test_worse_than_half_of_those_before_a_trial_is_given_up(tmp_path: Path) -> None:
    of, given = plan(pruning=True, objective="return"), setup(hourly(400), fast="never", objective="return")
    found = swept(tmp_path / "a", of, given)
    states = [t.state for t in sorted(found, key=lambda t: t.number)]
    assert set(states[:8]) == {DONE} and PRUNED in states[8:]
    assert all(len(t.partial) < RUNGS and "below the median" in t.reason for t in found if t.state == PRUNED)
    best = max(t.value or 0.0 for t in swept(tmp_path / "b", plan(), setup(hourly(400), objective="return")))
    assert found[0].value == best
    with pytest.raises(KeyboardInterrupt):
        swept(tmp_path / "c", of, given, at_once=1, most=11)
    assert swept(tmp_path / "c", of, given, at_once=1) == found


@pytest.mark.parametrize("count", [9, 14, 15, 16, 17])
def test_a_trial_that_is_whole_is_never_given_up(count: int) -> None:
    rungs = Rungs(setup(hourly(count), objective="return"), Record(keep=False), (None,) * RUNGS)
    looks = -(-count // rungs.every)
    for look in range(looks):
        rungs.advance(min(rungs.every, count - look * rungs.every))
    assert len(rungs.values) == looks - 1 < RUNGS


def test_what_a_trial_has_reached_half_way_has_paid_its_funding() -> None:
    given = msgspec.structs.replace(PLAIN, funding=0.001)
    job, series = Job(0, {"seed": 1, "patience": 2}), hourly(400)
    some = series.between(0, int(series.time[349]))
    whole, part = (
        Evaluator(setup(each, fast="never", objective="return", given=given)).make(Task((job,)))[0]
        for each in (series, some)
    )
    assert part.value is not None and whole.partial[6] == pytest.approx(part.value, abs=1e-12)


def test_what_was_given_up_still_says_how_far_apart_luck_sets_the_trials() -> None:
    """Of survivors alone the spread is too small, and the best of them looks like skill."""
    job, series = Job(0, {"seed": 1, "patience": 2}), hourly(1_200)
    medians = (*[None] * 5, 1e9)
    cut, part = (
        Evaluator(setup(each, fast="never", objective="return")).make(Task((job,), told))[0]
        for each, told in ((series, medians), (series.between(0, int(series.time[899])), ()))
    )
    assert cut.state == PRUNED and part.sharpe_day is not None
    assert cut.sharpe_day == pytest.approx(part.sharpe_day * sqrt(900 / 1_200), rel=1e-12)


def test_medians_are_told_once_enough_have_been_there() -> None:
    trials = [Trial(number=n, parameters={}, partial=(float(n), None)) for n in range(5)]
    assert medians_of(trials, 5) == (2.0, *[None] * (RUNGS - 2))
    assert medians_of(trials[:4], 5) == (None,) * (RUNGS - 1)


def test_where_only_compiled_trials_are_wanted_others_fail_with_the_reason(tmp_path: Path) -> None:
    given = setup(fast="only", given=msgspec.structs.replace(setup().given, volume_share=1e-9))
    found = swept(tmp_path, plan(axes=(axis("seed=1..2"),)), given)
    assert {t.state for t in found} == {FAILED} and "too little volume" in found[0].reason


def test_a_parameter_that_doesnt_exist_is_named() -> None:
    with pytest.raises(WorkspaceInvalid, match=r"speed = .*no such parameter; it has: seed"):
        Evaluator(setup()).make(Task((Job(0, {"speed": 1}),)))


class Few(Choice, frozen=True):
    """Its numbers have to suit each other."""

    def __post_init__(self) -> None:
        if self.patience > 2 * self.seed + 1:
            raise ValueError("expected patience of at most 2 seed + 1")


class Picky(Fickle):
    """Takes only what suits."""

    Parameters: ClassVar[type[msgspec.Struct]] = Few


def _picky() -> type[Picky]:
    return Picky


@pytest.mark.parametrize("fast", ["auto", "never"])
def test_a_combination_that_the_strategy_refuses_fails_alone_and_says_why(tmp_path: Path, fast: str) -> None:
    given = setup(load=_picky, fast=fast)
    found = swept(tmp_path, plan(axes=(axis("seed=1..2"), axis("patience=1..5"))), given)
    failed = [t for t in found if t.state == FAILED]
    assert [t.parameters for t in failed] == [{"seed": 1, "patience": 4}, {"seed": 1, "patience": 5}]
    assert failed[0].reason == "fickle refuses seed=1, patience=4: expected patience of at most 2 seed + 1"
    assert len(found) == 10 and found[-2:] == failed


def test_whether_trials_can_be_compiled_is_known_though_the_first_one_is_refused() -> None:
    assert stepped_because(setup(load=_picky), {"seed": 1, "patience": 9}) == ""


def test_what_keeps_trials_from_being_compiled_is_known_before() -> None:
    assert stepped_because(setup(), {}) == ""
    impact = msgspec.structs.replace(setup().given, impact=True)
    assert "impact" in stepped_because(setup(given=impact), {})
    assert stepped_because(setup(fast="never"), {}) == "--fast never"


def test_pruned_and_failed_trials_stand_behind_those_with_a_value() -> None:
    trials = [
        Trial(number=0, parameters={}, state=PRUNED), Trial(number=1, parameters={}, value=-1.0),
        Trial(number=2, parameters={}, value=3.0), Trial(number=3, parameters={}, value=3.0),
    ]  # fmt: skip
    assert [t.number for t in ranked(trials)] == [2, 3, 1, 0]


@pytest.mark.parametrize("name", ["ray", "dask"])
def test_a_cluster_that_isnt_installed_is_named_with_the_way_out(name: str) -> None:
    module = {"ray": "ray", "dask": "distributed"}[name]
    if module in sys.modules or _installed(module):
        pytest.skip(f"{module} is installed")
    with pytest.raises(UsageError, match=rf"pip install 'midas\[{name}\]'"), executor_of(name, setup(), 2):
        pass


def _installed(module: str) -> bool:
    from importlib.util import find_spec

    return find_spec(module) is not None


@pytest.mark.long
def test_processes_make_the_trials_that_this_one_makes(tmp_path: Path) -> None:
    store = Store(tmp_path / "a", plan())
    with executor_of("process", setup(), 2) as executor:
        found = sweep(plan(), store, executor, 3, lambda _: None)
    store.close()
    assert found == swept(tmp_path / "b", plan(), setup())
