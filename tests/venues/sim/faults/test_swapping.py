"""Swapped user events: each account's own, and none is told before its time."""

from __future__ import annotations

import asyncio
import random

from midas.simulation.loop import ORDERED, Process, SimLoop
from midas.venues.sim.faults.arming import parse
from midas.venues.sim.faults.faults import Faults
from midas.venues.sim.faults.user_faults import UserFaults

Told = list[tuple[str, object]]


def seam(**fields: object) -> tuple[UserFaults, Faults, Told]:
    """User events on their way, with one hook armed, and what was delivered."""
    faults = Faults(lambda: 0)
    users = UserFaults(faults)
    faults.arm(parse({"hook": "reorder_events", **fields}))
    return users, faults, []


def report(users: UserFaults, told: Told, account: str, number: int) -> None:
    def deliver(whose: str, event: object) -> None:
        assert isinstance(event, dict)
        told.append((whose, event["i"]))

    users.event(account, {"e": "executionReport", "i": number, "x": "TRADE"}, deliver)


async def test_events_of_two_accounts_never_change_places() -> None:
    users, _, told = seam(count=2)
    report(users, told, "ann", 1)
    report(users, told, "bob", 1)
    assert told == []
    report(users, told, "bob", 2)
    report(users, told, "ann", 2)
    assert told == [("bob", 2), ("bob", 1), ("ann", 2), ("ann", 1)]


async def test_when_the_hook_is_used_up_nobody_waits_on() -> None:
    users, faults, told = seam(count=1, within_s=60)
    report(users, told, "ann", 1)
    report(users, told, "bob", 1)
    report(users, told, "bob", 2)
    assert told == [("bob", 2), ("bob", 1), ("ann", 1)]
    assert not faults


def test_a_later_pair_waits_its_full_time() -> None:
    async def later() -> Told:
        users, _, told = seam(count=2, within_s=1.0)
        report(users, told, "ann", 1)
        await asyncio.sleep(0.55)
        report(users, told, "ann", 2)
        report(users, told, "ann", 3)
        await asyncio.sleep(0.55)  # past the first one's time, not past the third one's
        report(users, told, "ann", 4)
        return told

    loop = SimLoop(random.Random(1), ORDERED)  # its seconds take no time
    task = loop.spawn(Process("test"), later())
    loop.run(task)
    loop.forget()
    assert task.result() == [("ann", 2), ("ann", 1), ("ann", 4), ("ann", 3)]
