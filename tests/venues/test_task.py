"""A venue task ends only when it is cancelled, and says why it began again."""

from __future__ import annotations

import asyncio

import pytest

from midas.errors import Unreachable
from midas.venues.task import TRIES, Backoff, insist, keep_running


def test_waits_double_up_to_the_longest() -> None:
    backoff = Backoff(lambda: 1.0, first=0.5, last=3.0)
    assert [backoff.wait() for _ in range(5)] == [0.5, 1.0, 2.0, 3.0, 3.0]
    backoff.reset()
    assert backoff.wait() == 0.5


def test_chance_spreads_a_wait_over_its_upper_half() -> None:
    assert Backoff(lambda: 0.0, first=1.0).wait() == 0.5
    assert Backoff(lambda: 0.5, first=1.0).wait() == 0.75


async def test_each_end_is_told_and_followed_by_a_new_run() -> None:
    failures: list[BaseException | None] = [Unreachable("the line is dead"), KeyError("secret"), None]
    reasons: list[str] = []

    async def work() -> None:
        if not failures:
            await asyncio.Event().wait()
        failure = failures.pop(0)
        if failure is not None:
            raise failure

    running = asyncio.create_task(keep_running(work, reasons.append, Backoff(lambda: 0.0, first=0.001)))
    async with asyncio.timeout(30):
        while len(reasons) < 3:
            await asyncio.sleep(0.001)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert reasons == ["the line is dead", "unexpected KeyError", "ended"]


async def test_a_question_that_got_no_answer_is_asked_again() -> None:
    tries: list[int] = []

    async def ask() -> str:
        tries.append(len(tries))
        if len(tries) < TRIES:
            raise Unreachable("a lost packet")
        return "answer"

    assert await insist(ask, lambda: -1.0) == "answer"
    assert len(tries) == TRIES


async def test_a_venue_that_stays_away_is_told_after_the_last_try() -> None:
    tries: list[int] = []

    async def ask() -> str:
        tries.append(len(tries))
        raise Unreachable("nobody there")

    with pytest.raises(Unreachable, match="nobody there"):
        await insist(ask, lambda: -1.0)
    assert len(tries) == TRIES
