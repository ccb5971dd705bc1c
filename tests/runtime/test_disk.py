"""A disk that fails while the engine runs: no entry leaves, cancels do, and it goes on without a restart."""

from __future__ import annotations

import asyncio

import msgspec

from midas.domain.command import Kill
from midas.runtime.shell import Paces
from tests.runtime.test_runner import Bench

FULL = "The disk refuses the journal of session 1 (database or disk is full)"


async def test_a_disk_that_fails_closes_the_gate_withdraws_and_opens_again_by_itself() -> None:
    bench = Bench()
    async with bench.running():
        bench.buy()
        await bench.until(lambda: bool(bench.broker.submitted))
        [resting] = bench.broker.submitted
        bench.journal.full = True
        bench.vitals.vitals = msgspec.structs.replace(bench.vitals.vitals, journal_trouble=FULL)
        await bench.until(lambda: "journal" in bench.state.control.gates)
        assert bench.state.control.gates["journal"].reason == FULL
        await bench.until(lambda: resting.client_id in bench.broker.canceled)
        bench.buy()
        bench.journal.full = False
        bench.vitals.vitals = msgspec.structs.replace(bench.vitals.vitals, journal_trouble="")
        await bench.until(lambda: "journal" not in bench.state.control.gates)
    assert bench.broker.submitted == [resting]
    assert FULL.encode() in b"".join(body for _, _, body in bench.journal.records), "the journal says so, too"


async def test_a_scope_is_called_stopped_once_a_crash_would_not_forget_it() -> None:
    bench = Bench()
    async with bench.running():
        bench.journal.hold = asyncio.Event()
        bench.command(Kill("all", "drill", scope="strategy", name=bench.puppet.name))
        await bench.until(lambda: bench.puppet.name in bench.state.control.gates)
        await asyncio.sleep(0.01)
        assert bench.answers == []
        bench.journal.hold.set()
        await bench.until(lambda: bool(bench.answers))
        assert "forget" not in bench.answers[0].message


async def test_a_scope_that_the_disk_does_not_keep_is_stopped_and_that_is_told() -> None:
    bench = Bench()
    bench.shell.paces = Paces(answer=1_000_000)
    async with bench.running():
        bench.journal.full = True
        bench.command(Kill("all", "drill", scope="strategy", name=bench.puppet.name))
        await bench.until(lambda: bool(bench.answers))
        bench.journal.full, bench.journal.hold = False, asyncio.Event()
        bench.command(Kill("flatten", "drill", scope="strategy", name=bench.puppet.name))
        await bench.until(lambda: len(bench.answers) == 2)
        bench.journal.hold.set()
    assert [answer.accepted for answer in bench.answers] == [True, True]
    told = [answer.message.partition("; a crash would forget it: ")[2] for answer in bench.answers]
    assert told == ["the disk is full", "the disk has not taken it yet"]
