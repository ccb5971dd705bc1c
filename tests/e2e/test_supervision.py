"""Processes that die while somebody watches: what the screen says, and that trading goes on by itself."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from midas.cli.running import LOCK
from midas.cli.supervision import LOCK as SUPERVISOR_LOCK
from midas.domain.event import Remarked
from midas.store.journal import DATABASE
from midas.store.lock import InstanceLock
from tests.e2e.desk import REPOSITORY, ProcessDesk, events, until
from tests.e2e.eyes import Eyes

pytestmark = pytest.mark.long

SIZE = (120, 40)
MIDAS = ["-m", "midas"]


@pytest.fixture
def eyes(desk: ProcessDesk) -> Iterator[Eyes]:
    """`midas` in an empty home."""
    one = Eyes([*MIDAS, "--speed", "10"], SIZE, desk.home, REPOSITORY)
    yield one
    one.close()


def owner(desk: ProcessDesk, name: str = LOCK) -> int:
    """The process that holds a lock; 0 where none does."""
    lock = InstanceLock(desk.home / name)
    return (lock.owner() or 0) if lock.held() else 0


def remarks(desk: ProcessDesk) -> list[str]:
    """What the newest session was told of the processes around it; nothing while it has no journal yet."""
    newest = desk.sessions()[-1]
    told = events(newest) if (newest / DATABASE).exists() else []
    return [event.text for event in told if isinstance(event, Remarked)]


def test_engine_and_exchange_die_and_come_back_under_an_open_console(eyes: Eyes, desk: ProcessDesk) -> None:
    eyes.until("loading the engine", 30.0)
    eyes.until("✓ reconciled", 60.0)
    first = owner(desk)
    os.kill(first, signal.SIGKILL)
    eyes.until("ENGINE ENDED")
    eyes.until("killed (SIGKILL)")
    eyes.until("✓ reconciled", 30.0)
    eyes.gone("ENGINE ENDED")
    assert owner(desk) not in (0, first)
    told = "ended by itself: killed (SIGKILL)"
    until(lambda: any(told in text for text in remarks(desk)), "the remark in the journal", 10.0)
    exchange = desk.exchange()
    assert exchange is not None
    os.kill(exchange.pid, signal.SIGKILL)
    eyes.until("EXCHANGE ENDED")
    eyes.until(lambda screen: "EXCHANGE ENDED: no prices" not in screen and "○ down" not in screen, 30.0)
    found = desk.exchange()
    assert found is not None
    assert (found.instance, found.http) == (exchange.instance, exchange.http)
    assert found.pid != exchange.pid
    until(lambda: bool(desk.status()["reconciled"]), "an equal account")
    eyes.key("c-q")
    assert eyes.ended() == 0
    assert "the engine trades on" in eyes.rows[0]
    assert owner(desk, SUPERVISOR_LOCK)
    ended = [f"engine {owner(desk)}", f"supervisor {owner(desk, SUPERVISOR_LOCK)}"]
    assert desk.facts("stop")["ended"] == ended
    assert (owner(desk), owner(desk, SUPERVISOR_LOCK)) == (0, 0)


def test_a_hung_engine_is_named_and_a_stopped_one_is_started_by_a_key(eyes: Eyes, desk: ProcessDesk) -> None:
    eyes.until("✓ reconciled", 60.0)
    second = Eyes([*MIDAS, "attach"], SIZE, desk.home, REPOSITORY)
    try:
        second.until("✓ reconciled", 30.0)
        second.key("f7")
        eyes.until("◎ OBSERVATION")
        eyes.until("console pts/")
    finally:
        second.close()  # as a terminal that is closed
    engine = owner(desk)
    os.kill(engine, signal.SIGSTOP)
    try:
        eyes.until(f"process {engine} lives")
        assert "ENGINE SILENT" in eyes.text
    finally:
        os.kill(engine, signal.SIGCONT)
    eyes.gone("ENGINE SILENT")
    desk.facts("stop")
    eyes.until("ENGINE STOPPED")
    eyes.key("S")
    eyes.gone("ENGINE STOPPED", 30.0)
    eyes.until("✓ reconciled", 30.0)
    assert "◎ OBSERVATION" in eyes.text
    assert owner(desk) not in (0, engine)
