"""The loop of simulated worlds: time stands still while anything can run, choices come from a seed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine
from typing import Any

import pytest

from midas.simulation.loop import MANNERS, ORDERED, Deadlocked, Forbidden, Livelocked, Process, SimLoop


def run(work: Coroutine[Any, Any, Any], seed: int = 1, manner: str = ORDERED) -> tuple[Any, SimLoop]:
    loop = SimLoop(random.Random(seed), manner)
    task = loop.spawn(Process("test"), work)
    try:
        loop.run(task)
        return task.result(), loop
    finally:
        loop.forget()


async def interleaved(told: list[int]) -> None:
    async def worker(number: int) -> None:
        for _ in range(5):
            told.append(number)
            await asyncio.sleep(0)

    await asyncio.gather(*(worker(number) for number in range(4)))


def test_an_hour_of_sleep_takes_no_time() -> None:
    _, loop = run(asyncio.sleep(3600.0))
    assert loop.now == 3600.0


def test_time_outs_locks_and_groups_work_as_in_any_loop() -> None:
    async def work() -> str:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 5.0)
        async with asyncio.timeout(5.0), asyncio.Lock():
            await asyncio.sleep(1.0)
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.sleep(2.0))
        return "done"

    result, loop = run(work())
    assert (result, loop.now) == ("done", 8.0)


@pytest.mark.parametrize("manner", MANNERS)
def test_a_seed_makes_the_same_choices_again(manner: str) -> None:
    first: list[int] = []
    second: list[int] = []
    (_, one), (_, two) = run(interleaved(first), 7, manner), run(interleaved(second), 7, manner)
    assert first == second
    assert (one.trace, one.steps) == (two.trace, two.steps)


def test_seeds_choose_differently() -> None:
    orders: set[tuple[int, ...]] = set()
    for seed in range(8):
        told: list[int] = []
        run(interleaved(told), seed, MANNERS[1])
        orders.add(tuple(told))
    assert len(orders) > 4


def test_waiting_for_nobody_is_a_deadlock_that_names_the_task() -> None:
    async def stuck() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(Deadlocked, match="stuck"):
        run(stuck())


def test_spinning_without_time_is_a_livelock() -> None:
    async def spin() -> None:
        while True:
            await asyncio.sleep(0)

    with pytest.raises(Livelocked):
        run(spin())


def test_nothing_reaches_a_thread() -> None:
    with pytest.raises(Forbidden):
        run(asyncio.to_thread(print))


def test_a_killed_process_never_runs_again_and_others_go_on() -> None:
    told: list[str] = []

    async def victim() -> None:
        try:
            while True:
                await asyncio.sleep(1.0)
                told.append("alive")
        finally:
            told.append("closed")

    async def killer(loop: SimLoop, process: Process) -> None:
        await asyncio.sleep(2.5)
        loop.kill(process)
        await asyncio.sleep(10.0)

    loop, process = SimLoop(random.Random(1)), Process("victim")
    loop.spawn(process, victim())
    story = loop.spawn(Process("killer"), killer(loop, process))
    loop.run(story)
    loop.forget()
    assert told == ["alive", "alive"]


def test_a_crash_comes_before_the_step_that_was_named() -> None:
    loop, process = SimLoop(random.Random(1), ORDERED), Process("victim")
    told: list[int] = []

    async def victim() -> None:
        for number in range(100):
            told.append(number)
            await asyncio.sleep(0)

    loop.crash_at, loop.on_crash = 10, lambda: loop.kill(process)
    loop.spawn(process, victim())
    story = loop.spawn(Process("story"), asyncio.sleep(1.0))
    loop.run(story)
    loop.forget()
    assert 0 < len(told) < 10


def test_a_process_that_stands_still_runs_what_it_has_missed_in_its_order_afterwards() -> None:
    told: list[tuple[int, float]] = []
    loop, process = SimLoop(random.Random(1), ORDERED), Process("sleeper")

    async def sleeper() -> None:
        for number in range(4):
            await asyncio.sleep(1.0)
            told.append((number, loop.now))

    async def other() -> None:
        await asyncio.sleep(1.5)
        loop.suspend(process)
        assert loop.stopped(process)
        await asyncio.sleep(10.0)
        loop.proceed()
        await asyncio.sleep(10.0)

    loop.spawn(process, sleeper())
    loop.run(loop.spawn(Process("other"), other()))
    loop.forget()
    assert told == [(0, 1.0), (1, 11.5), (2, 12.5), (3, 13.5)]


def test_what_a_process_began_in_the_step_that_killed_it_never_happens() -> None:
    told: list[str] = []
    loop, process = SimLoop(random.Random(1), ORDERED), Process("victim")

    async def victim() -> None:
        loop.kill(process)
        loop.call_soon(told.append, "late")

    loop.spawn(process, victim())
    loop.run(loop.spawn(Process("other"), asyncio.sleep(1.0)))
    loop.forget()
    assert told == []
