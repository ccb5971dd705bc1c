"""When the guard acts: never on a healthy engine, whatever the machine does, and always on a hung one."""

from __future__ import annotations

import random

import msgspec
import pytest

from midas.domain.mode import KillLevel
from midas.domain.time import HOUR, MINUTE, SECOND
from midas.ports.journal import LatchRecord
from midas.runtime.beats import Beat
from midas.runtime.guarding import START_PATIENCE, Condition, Guarding, Look, Verdict

PATIENCE = 60 * SECOND
HALT = LatchRecord(KillLevel.HALT, "ops", "", 5)
FLATTEN = LatchRecord(KillLevel.FLATTEN, "ops", "", 6)


class World:
    """A machine with one engine on it, in virtual time; the guard is shown what it would see."""

    def __init__(self, seed: int = 0, patience: int = PATIENCE) -> None:
        self.chance = random.Random(seed)
        self.guarding = Guarding(patience)
        self.now = 1_000 * SECOND
        self.wall = 1_700_000_000 * SECOND
        self.engine = 100
        self.sequence = 0
        self.level = ""
        self.beat: Beat | None = None
        self.latch: LatchRecord | None = None
        self.acts: list[Verdict] = []

    def steps(self) -> None:
        """The engine's once a second."""
        self.sequence += self.chance.randrange(1, 500)
        self.beat = Beat(
            self.engine, f"s{self.engine}", self.sequence, self.wall + self.now, self.now, self.level
        )

    def look(self) -> Verdict:
        """The guard's, as of now."""
        verdict = self.guarding.look(Look(self.now, self.engine, self.beat, self.latch))
        if verdict.acts:
            self.acts.append(verdict)
        return verdict

    def watch(self, seconds: float, beating: bool = True, pause: float = 1.0) -> Verdict:
        """Let time pass, with looks; the last one's verdict."""
        verdict = self.look()
        end = self.now + int(seconds * SECOND)
        while self.now < end:
            self.now += int(pause * SECOND)
            if beating:
                self.steps()
            verdict = self.look()
        return verdict

    # what happens to a healthy desk

    def disturb(self) -> None:
        """One of the things that are no reason to act."""
        event = self.chance.randrange(8)
        if event == 0:  # the machine sleeps: neither runs, and no monotonic time passes that anybody counts
            self.now += self.chance.randrange(0, 2) * self.chance.randrange(8 * HOUR)
        elif event == 1:  # a clock that jumps is a wall clock
            self.wall += self.chance.randrange(-HOUR, HOUR)
        elif event == 2:  # a slow disk, a collector, a busy machine: beats are late
            self.watch(self.chance.uniform(1, 50), beating=False, pause=2.5)
        elif event == 3:  # nobody gives the guard a turn
            self.now += self.chance.randrange(20 * SECOND, 10 * MINUTE)
        elif event == 4:  # a crash, and the supervisor's next engine
            self._gone(self.chance.uniform(0, 40))
        elif event == 5:  # a clean stop, with the journal sealed after the last step
            assert self.beat is not None
            self.beat = msgspec.structs.replace(self.beat, ended=True)
            self.watch(self.chance.uniform(0, 90), beating=False, pause=2.5)
            self._gone(self.chance.uniform(0, 4_000))
        elif event == 6:  # a start that compiles its kernels
            self.engine += 1
            self.watch(self.chance.uniform(60, 250), beating=False, pause=2.5)
        else:  # a kill that the engine hears of a moment later, and that somebody releases
            self.latch, hears = HALT, self.chance.uniform(0, 40)
            self.watch(hears, pause=2.5)
            self.level = HALT.level.value
            self.watch(120, pause=2.5)
            self.latch, self.level = None, ""

    def _gone(self, seconds: float) -> None:
        engine, self.engine = self.engine, 0
        self.watch(seconds, beating=False, pause=2.5)
        self.engine = engine + 1
        self.watch(self.chance.uniform(2, 30), beating=False, pause=2.5)  # the next one starts


def test_a_thousand_healthy_hours_raise_no_alarm() -> None:
    world, watched, disturbances = World(seed=1), 0, 0
    while watched < 1_000 * HOUR:
        began = world.now
        for _ in range(world.chance.randrange(20, 1_500)):
            world.now += world.chance.randrange(4 * SECOND, 9 * SECOND)
            world.steps()
            world.look()
        watched += world.now - began
        world.disturb()
        disturbances += 1
    assert world.acts == []
    assert disturbances > 500


@pytest.mark.parametrize("seed", range(40))
def test_a_hang_is_seen_within_the_patience_and_five_seconds(seed: int) -> None:
    world = World(seed)
    for _ in range(seed % 4):
        world.watch(world.chance.uniform(5, 20))
        world.disturb()
    world.watch(3)
    world.steps()
    hung_at = world.now
    while not world.acts:
        world.now += int(world.guarding.pause_s * SECOND * world.chance.uniform(0.9, 2.0))
        if world.chance.random() < 0.1:
            world.wall += world.chance.randrange(-HOUR, HOUR)
        world.look()
    assert PATIENCE - 2 * SECOND <= world.now - hung_at <= PATIENCE + 5 * SECOND
    assert world.acts[0].condition is Condition.HUNG
    assert world.acts[0].level is None


def test_a_process_that_lives_and_a_loop_that_turns_are_no_steps() -> None:
    world = World()
    world.watch(5)
    assert world.watch(61, beating=False).condition is Condition.HUNG
    assert "has not stepped for 6" in world.acts[0].cause


def test_the_same_hang_is_the_same_cause_and_another_one_is_not() -> None:
    world = World()
    world.watch(5)
    world.watch(70, beating=False)
    assert len({verdict.key for verdict in world.acts}) == 1
    world.watch(5)
    world.watch(70, beating=False)
    assert len({verdict.key for verdict in world.acts}) == 2


def test_after_a_sleep_of_the_machine_a_beat_has_as_long_as_ever() -> None:
    world = World()
    world.watch(5)
    world.watch(55, beating=False)
    world.now += 8 * HOUR
    assert not world.look().acts
    assert not world.watch(55, beating=False).acts
    assert world.watch(6, beating=False).acts


def test_an_engine_that_nobody_watched_is_not_called_well() -> None:
    world = World()
    world.watch(5)
    world.watch(70, beating=False)
    world.now += 30 * SECOND  # the guard acted meanwhile
    assert world.look().condition is Condition.SILENT
    world.watch(3)
    assert world.look().condition is Condition.WELL


def test_no_engine_that_never_ran_is_acted_on() -> None:
    world = World()
    world.engine = 0
    assert world.watch(3_600, beating=False).condition is Condition.NONE
    assert world.acts == []


def test_an_engine_that_was_killed_is_left_to_its_supervisor_and_its_latch_is_not() -> None:
    world = World()
    world.watch(5)
    world.engine = 0
    world.watch(600, beating=False)
    assert world.acts == []
    world.latch = FLATTEN
    assert world.watch(50, beating=False).condition is Condition.ABANDONED
    assert world.acts == []
    verdict = world.watch(12, beating=False)
    assert (verdict.acts, verdict.level) == (True, KillLevel.FLATTEN)


def test_a_start_finds_the_latch_itself_unless_it_takes_for_ever() -> None:
    world = World()
    world.latch = HALT
    assert world.watch(START_PATIENCE / SECOND - 5, beating=False).condition is Condition.STARTING
    assert world.acts == []
    assert world.watch(10, beating=False).acts


def test_a_latch_that_a_stepping_engine_never_hears_of_is_acted_on() -> None:
    world = World()
    world.latch, world.level = FLATTEN, "halt"
    assert world.watch(59).condition is Condition.WELL
    verdict = world.watch(3)
    assert (verdict.condition, verdict.level) == (Condition.DEAF, KillLevel.FLATTEN)


@pytest.mark.parametrize("patience", [2, 10, 60, 3_600])
def test_it_looks_often_enough_for_its_patience(patience: int) -> None:
    guarding = Guarding(patience * SECOND)
    assert guarding.pause_s <= min(1.0, patience / 10)
