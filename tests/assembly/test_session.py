"""One session's parts: its name, and the tape that it gives up."""

from __future__ import annotations

import asyncio
import random
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from midas.assembly.access import Access
from midas.assembly.config import engine_config
from midas.assembly.inherit import inherited
from midas.assembly.session import Session, give_up_tape, session_name
from midas.domain.carry import Carried
from midas.domain.command import SetMode
from midas.domain.event import CommandGiven, Remarked
from midas.domain.time import SECOND
from midas.errors import ConfigInvalid
from midas.runtime.records import HEADER, PRUNED, SEALED
from midas.runtime.runner import Runner
from midas.settings import load_settings
from midas.store.evidence import read_records
from midas.store.integrity import verify
from midas.store.journal import Journal
from midas.store.tape import DIRECTORY, SealedSegment, Tape, number, segments
from midas.venues.binance.answers import Rejected
from midas.venues.binance.client import BinanceClient
from midas.venues.binance.endpoints import Endpoints
from midas.venues.binance.rest import Rest
from tests.assembly.test_inherit import opened, store
from tests.fakes.binance_stub import StubVenue, ok
from tests.fakes.nouns import BTC, ETH, desk, hold

KEEP = 40_000


async def test_tape_beyond_what_is_kept_is_deleted_after_the_journal_says_so(tmp_path: Path) -> None:
    journal = await Journal.open(tmp_path)
    journal.append(0, HEADER, 1, b"{}")

    def seal(sealed: SealedSegment) -> None:
        journal.append(sealed.last, SEALED, 1, sealed.encode())

    tape, chance = Tape(tmp_path, seal, segment_bytes=10_000), random.Random(1)
    for sequence in range(1, 200):
        tape.append(sequence, chance.randbytes(1_000))
        if sequence % 10 == 0:
            tape.flush()
            await give_up_tape(journal, tape, KEEP, (sequence, 1))
    left = segments(tmp_path / DIRECTORY)
    assert number(left[0]) > 1
    assert sum(path.stat().st_size for path in left) < KEEP + 3 * 10_000
    tape.close()
    await journal.close()
    kinds = [record.kind for record in read_records(tmp_path)]
    assert kinds.count(PRUNED) > 3
    assert verify(tmp_path).sealed


async def test_nothing_is_given_up_below_the_limit(tmp_path: Path) -> None:
    journal = await Journal.open(tmp_path)
    tape = Tape(tmp_path, lambda sealed: None)
    await give_up_tape(journal, tape, KEEP, (1, 1))
    assert journal.records == 0
    tape.close()
    await journal.close()


async def test_a_start_that_fails_half_way_closes_what_it_had_opened(
    tmp_path: Path, short_home: Path
) -> None:
    venue, before = StubVenue(), set(threading.enumerate())
    await venue.start()
    venue.on("GET", "account", lambda _: ok({"canTrade": False, "balances": []}))
    (tmp_path / "config.toml").write_text("")
    settings = load_settings(tmp_path)
    client = BinanceClient(venue.endpoints, "key", "secret")
    session = Session(
        settings, Access(venue.endpoints, "sim-1", "key", "secret"), Rest(client, time.time_ns),
        engine_config(settings, (BTC,)), [],
    )  # fmt: skip
    with pytest.raises(ConfigInvalid, match="may not trade"):
        await session.run(_nothing_beside)
    await venue.stop()
    assert client.session.closed
    assert verify(session.directory).sealed
    assert not list(short_home.glob("*.sock"))
    left = {thread.name for thread in set(threading.enumerate()) - before}
    assert not left & {"journal", "kill", "kill-warm"}
    assert inherited(short_home, "sim-1") == (Carried(), [])


async def test_a_kill_before_the_doors_are_open_is_latched(tmp_path: Path, short_home: Path) -> None:
    (tmp_path / "config.toml").write_text("")
    settings = load_settings(tmp_path)
    endpoints = Endpoints.at("http://127.0.0.1:9", "ws://127.0.0.1:9")
    client = BinanceClient(endpoints, "key", "secret")
    session = Session(
        settings, Access(endpoints, "sim-1", "key", "secret"), Rest(client, time.time_ns),
        engine_config(settings, (BTC,)), [],
    )  # fmt: skip
    session.halt("SIGQUIT")
    assert session.latch.is_set
    await client.close_connection()


async def _nothing_beside(_: Runner) -> None:
    await asyncio.sleep(60)


@pytest.fixture
def short_home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Sockets lie in it, and their paths must be short."""
    with tempfile.TemporaryDirectory(prefix="midas-") as folder:
        monkeypatch.setenv("MIDAS_HOME", folder)
        yield Path(folder)


def test_names_of_sessions_sort_by_their_start() -> None:
    names = [session_name(second * SECOND) for second in (1_700_000_000, 1_700_000_001, 1_800_000_000)]
    assert names == sorted(names)
    assert len({session_name(0) for _ in range(20)}) > 1


def test_a_session_sorts_behind_the_ones_before_it_also_where_the_clock_was_set_back() -> None:
    now = 1_700_000_000 * SECOND
    before = [session_name(now + 3_600 * SECOND), session_name(now - 60 * SECOND), "notes"]
    assert session_name(now, before) > max(before[:2])
    assert session_name(now, before[1:])[:15] == session_name(now)[:15]
    assert session_name(now, [session_name(now)])[:15] == session_name(now + SECOND)[:15]


async def test_a_session_that_lacks_what_is_held_does_not_start(tmp_path: Path, short_home: Path) -> None:
    (tmp_path / "config.toml").write_text("")
    settings = load_settings(tmp_path)
    before = desk(BTC, ETH)
    hold(before, "1", instrument=ETH)
    await store(short_home, "1", "sim-1", [opened("1", "sim-1", before.carried())])
    client = BinanceClient(Endpoints.at("http://127.0.0.1:9", "ws://127.0.0.1:9"), "key", "secret")
    parts = Access(client.endpoints, "sim-1", "key", "secret"), Rest(client, time.time_ns)
    with pytest.raises(ConfigInvalid, match="ETH-USDT is missing"):
        await Session(settings, *parts, engine_config(settings, (BTC,)), []).inherit()
    await Session(settings, *parts, engine_config(settings, (BTC, ETH)), []).inherit()
    await client.close_connection()


async def test_a_refused_key_pauses_the_desk_until_a_person_has_looked(
    tmp_path: Path, short_home: Path
) -> None:
    (tmp_path / "config.toml").write_text("")
    settings = load_settings(tmp_path)
    endpoints = Endpoints.at("http://127.0.0.1:9", "ws://127.0.0.1:9")
    client = BinanceClient(endpoints, "key", "secret")
    rest = Rest(client, time.time_ns)
    session = Session(
        settings, Access(endpoints, "sim-1", "key", "secret"), rest, engine_config(settings, (BTC,)), []
    )
    for _ in range(3):
        rest.key_answered(Rejected(-2015, "Invalid API-key, IP, or permissions for action."))
    heard = [session.inbox.take() for _ in range(3)]
    assert isinstance(heard[0], Remarked)
    assert heard[0].severity == "error"
    assert isinstance(heard[1], CommandGiven)
    assert isinstance(heard[1].command, SetMode)
    assert heard[1].command.mode == "PAUSE"
    assert heard[2] is None
    await client.close_connection()
