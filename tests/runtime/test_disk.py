"""A disk that fails while the engine runs: no entry leaves, cancels do, and it goes on without a restart."""

from __future__ import annotations

import msgspec

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
