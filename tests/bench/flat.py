"""How long a flatten takes until the desk is flat and the exchange agrees: a real engine on the simulator.

Each time a person buys a little at market, so that there is a position besides what the strategies hold;
then the kill socket is pulled at level flatten, and the engine's own report says when it was verified flat.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

from midas.assembly.access import sockets
from midas.domain.command import Command, PlaceOrder, Resume, SetMode
from midas.domain.time import SECOND
from midas.errors import LinkClosed
from midas.runtime.kill import KillRequest, pull_kill
from midas.runtime.link import SocketLink
from midas.state.snapshot import Snapshot
from tests.bench.running import engine, fresh_home, until_live

QUANTITY = "0.005"
FLAT = re.compile(r"^\+([0-9:.]+)s?\s+flat")
WAIT_S = 20.0
# The engine sends at most so many orders in ten seconds; and each flatten asks the venue for some 250 of
# the 6,000 request weight that a minute has.
PAUSE_S = 3.0


def flat_times(count: int) -> list[int]:
    """So many flattens, each from the pull to the word "flat, verified", in ns, sorted."""
    with fresh_home() as home, engine(home, "--market", "synthetic", "--seed", "7", "--speed", "5"):
        until_live(home)
        link = SocketLink(sockets(home)[0], 10.0)
        link.start()
        try:
            return sorted(_once(home, link, number) for number in range(count))
        finally:
            link.close()


def _once(home: Path, link: SocketLink, number: int) -> int:
    _ask(link, SetMode("NORMAL", "bench", confirmed=True))
    known = link.wait_for_snapshot()
    instrument = known.instruments[0].id
    for confirmed in (False, True):
        _ask(link, PlaceOrder(f"bench-{number}", instrument, "BUY", "MARKET", QUANTITY, confirmed=confirmed))
    _until(link, lambda s: any(p.quantity and p.strategy == "manual" for p in s.positions), "a position")
    pulled = time.time_ns()
    pull_kill(sockets(home)[1], KillRequest("flatten", "bench", "drill", pulled))
    told = _until(link, lambda s: _flat_after(s, pulled) is not None, "the word flat")
    took = _flat_after(told, pulled)
    assert took is not None
    for confirmed in (False, True):
        _ask(link, Resume("bench", confirmed))
    _until(link, lambda s: not s.kill.latched, "the release")
    time.sleep(PAUSE_S)
    return took


def _flat_after(snapshot: Snapshot, pulled: int) -> int | None:
    """From the pull to the line that says flat; None before."""
    kill = snapshot.kill
    if not kill.latched or kill.tripped_at < pulled:
        return None
    found = [match for line in kill.report if (match := FLAT.match(line))]
    return kill.tripped_at - pulled + int(float(found[-1][1]) * SECOND) if found else None


def _ask(link: SocketLink, command: Command) -> None:
    answer = link.ask(command, "bench")
    if not answer.accepted:
        raise LinkClosed(f"{type(command).__name__} was refused: {answer.message}")


def _until(link: SocketLink, holds: Callable[[Snapshot], bool], what: str) -> Snapshot:
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        snapshot = link.latest()
        if snapshot is not None and holds(snapshot):
            return snapshot
        time.sleep(0.005)
    report = snapshot.kill.report if snapshot is not None else ()
    raise TimeoutError(f"{what} didn't come within {WAIT_S:.0f} s; the report: {report}")
