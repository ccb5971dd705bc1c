"""The Link between an engine and its clients: newest snapshots, answers to whoever asked, nobody blocks."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
import uvloop

from midas import __version__
from midas.domain.command import Answer, SetMode, Stop
from midas.domain.event import CommandGiven
from midas.errors import LinkClosed, LinkRefused, NotRunning
from midas.runtime.doors import UNREAD_MAX, LinkServer
from midas.runtime.frames import (
    FRAME_MAX,
    LENGTH,
    Give,
    Shown,
    Subscribe,
    Told,
    apart,
    decode_engine,
    dialect,
    pack,
    receive_frame,
    subscription,
)
from midas.runtime.link import SocketLink
from midas.runtime.parts import Cutter, Jigsaw, Parts, Sent
from midas.state.snapshot import Snapshot
from tests.fakes.snapshots import normal

Waiting = tuple[CommandGiven, Callable[[Answer], None]]


class Engine:
    """The engine's side: paints numbered snapshots, answers when a test says so."""

    def __init__(self, path: Path) -> None:
        self.painted = 0
        self.picture = normal()
        self.waiting: list[Waiting] = []
        self.answers_at_once = True
        self.server = LinkServer(path, self._snapshot, self._command, lambda: 1, hz_max=200.0)
        self.path = path

    def answer(self, number: int, message: str = "done") -> None:
        given, answer = self.waiting[number]
        answer(Answer(given.id, True, message, 1))

    def _snapshot(self) -> Snapshot:
        self.painted += 1
        return msgspec.structs.replace(self.picture, sequence=self.painted)

    def _command(self, given: CommandGiven, answer: Callable[[Answer], None]) -> None:
        self.waiting.append((given, answer))
        if self.answers_at_once:
            answer(Answer(given.id, True, given.actor, 1))


def whole(snapshot: Snapshot) -> Parts:
    return Sent().lacking(Cutter().cut(snapshot), quick=False)


@asynccontextmanager
async def serving(path: Path) -> AsyncIterator[Engine]:
    engine = Engine(path)
    await engine.server.start()
    try:
        yield engine
    finally:
        await engine.server.close()


@pytest.fixture
def path() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="midas-") as folder:  # a socket's path must be short
        yield Path(folder) / "link.sock"


async def until(condition: Callable[[], bool], timeout: float = 30.0) -> None:
    async with asyncio.timeout(timeout):
        while not condition():
            await asyncio.sleep(0.002)


async def test_a_client_holds_the_newest_snapshot(path: Path) -> None:
    async with serving(path) as engine:
        link = SocketLink(path, hz=100.0)
        link.start()
        await until(lambda: (newest := link.latest()) is not None and newest.sequence >= 3)
        assert link.connected
        assert 0 <= link.age_ns() < 60_000_000_000
        link.close()
        assert engine.painted >= 3


async def test_only_those_who_follow_are_counted(path: Path) -> None:
    async with serving(path) as engine:
        once, console = SocketLink(path, hz=0), SocketLink(path, hz=8.0)
        for link in (once, console):
            link.start()
            await until(lambda link=link: link.latest() is not None)  # type: ignore[misc]
        assert engine.server.clients == 1
        console.close()
        await until(lambda: engine.server.clients == 0)
        once.close()


async def test_one_that_asks_once_gets_one_fresh_snapshot(path: Path) -> None:
    async with serving(path) as engine:
        for expected in (1, 2):
            link = SocketLink(path, hz=0)
            link.start()
            newest = await asyncio.to_thread(link.wait_for_snapshot)
            assert newest.sequence == expected
            await asyncio.sleep(0.05)
            assert engine.painted == expected
            link.close()


async def test_a_client_that_never_reads_blocks_nobody(path: Path) -> None:
    async with serving(path) as engine:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as deaf:
            deaf.connect(str(path))
            deaf.sendall(pack(subscription(200.0)))
            await until(lambda: engine.painted > 5)
            link = SocketLink(path, hz=200.0)
            link.start()
            await until(lambda: (newest := link.latest()) is not None and newest.sequence > 100)
            link.close()
            frame = len(pack(Shown(whole(normal()))))
            deaf.setblocking(False)
            assert _unread(deaf) <= UNREAD_MAX + 2 * frame + 512 * 1024  # its socket's own buffer


async def test_answers_go_to_whoever_asked_in_whatever_order(path: Path) -> None:
    async with serving(path) as engine:
        engine.answers_at_once = False
        first, second = SocketLink(path, 1.0), SocketLink(path, 1.0)
        for link in (first, second):
            link.start()
        asked = first.submit(SetMode("PAUSE"), "first"), second.submit(Stop(), "second")
        await until(lambda: len(engine.waiting) == 2)
        for number in (1, 0):
            engine.answer(number)
        got: dict[str, list[Answer]] = {"first": [], "second": []}
        await until(lambda: _gather(got, first=first, second=second) == 2)
        assert (got["first"][0].id, got["second"][0].id) == asked
        first.close()
        second.close()


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_an_answer_for_someone_who_has_left_harms_nobody(
    path: Path, loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    async def leave_before_the_answer() -> int:
        async with serving(path) as engine:
            engine.answers_at_once = False
            link = SocketLink(path, 1.0)
            link.start()
            link.submit(Stop(), "leaves")
            await until(lambda: bool(engine.waiting))
            link.close()
            await asyncio.sleep(0.1)
            engine.answer(0)  # what uvloop raises for a closed transport would end the engine's step
            return len(engine.waiting)

    with asyncio.Runner(loop_factory=loop) as runner:
        assert runner.run(leave_before_the_answer()) == 1


async def test_a_command_carries_its_author(path: Path) -> None:
    async with serving(path):
        link = SocketLink(path, 1.0)
        link.start()
        assert (
            await asyncio.to_thread(link.ask, Stop(), "operator by command")
        ).message == "operator by command"
        link.close()


async def test_a_client_comes_back_by_itself(path: Path) -> None:
    link = SocketLink(path, 100.0)
    async with serving(path):
        link.start()
        await until(lambda: link.latest() is not None)
    await until(lambda: not link.connected)
    assert link.submit(Stop(), "me")
    assert [answer.accepted for answer in link.answers()] == [False]
    async with serving(path) as engine:
        await until(lambda: link.connected and engine.painted > 0)
        link.close()


async def test_a_client_that_comes_back_sees_all_of_the_new_engine_s_picture(path: Path) -> None:
    link = SocketLink(path, 100.0)
    async with serving(path):
        link.start()
        await until(lambda: link.latest() is not None)
    await until(lambda: not link.connected)
    async with serving(path) as engine:
        engine.picture = msgspec.structs.replace(normal(), instruments=normal().instruments[:1], signals=())
        await until(lambda: (newest := link.latest()) is not None and len(newest.instruments) == 1)
        newest = link.latest()
        assert newest is not None
        assert newest.signals == ()
        link.close()


async def test_one_that_asks_for_another_pace_gets_it_on_the_same_line(path: Path) -> None:
    async with serving(path) as engine:
        link = SocketLink(path, hz=0.1)
        link.start()
        await until(lambda: link.latest() is not None)
        assert engine.painted == 1
        link.pace(100.0)
        await until(lambda: engine.painted > 5)
        assert len(link.latest().instruments) == 2  # type: ignore[union-attr]
        link.close()


def test_an_engine_that_reads_nothing_more_blocks_no_command(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as hung:
        hung.bind(str(path))
        hung.listen()
        link = SocketLink(path, 8.0)
        link.start()
        for _ in range(10_000):
            link.submit(SetMode("PAUSE"), "a held key")
        assert link.answers()[-1].message == "not sent: the engine hasn't read what was sent before"
        link.pace(2.0)
        link.close()


async def test_a_rate_that_is_no_number_is_the_least_there_is(path: Path) -> None:
    async with serving(path) as engine:
        link = SocketLink(path, float("nan"))
        link.start()
        await until(lambda: link.latest() is not None)
        assert engine.painted == 1
        link.close()


async def test_an_engine_that_leaves_before_it_answers_is_not_waited_for(path: Path) -> None:
    async with serving(path) as engine:
        engine.answers_at_once = False
        link = SocketLink(path, 1.0)
        link.start()
        asking = asyncio.create_task(asyncio.to_thread(link.ask, Stop(), "me", 60.0))
        await until(lambda: bool(engine.waiting))
        await engine.server.close()
        with pytest.raises(LinkClosed, match="left the line"):
            await asyncio.wait_for(asking, 30.0)
        link.close()


@pytest.mark.parametrize("nonsense", [b"\xff" * 64, LENGTH.pack(FRAME_MAX + 1), LENGTH.pack(3) + b"abc"])
async def test_a_client_that_stammers_is_dropped_and_the_rest_go_on(path: Path, nonsense: bytes) -> None:
    async with serving(path) as engine:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as bad:
            bad.connect(str(path))
            bad.settimeout(30.0)
            bad.sendall(nonsense)
            assert await asyncio.to_thread(bad.recv, 1) == b""
        link = SocketLink(path, 100.0)
        link.start()
        await until(lambda: engine.painted > 0)
        link.close()


async def test_only_the_owner_may_connect_and_the_socket_goes_with_the_engine(path: Path) -> None:
    async with serving(path):
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert not path.exists()


def test_without_an_engine_the_sentence_says_how_to_start_one(path: Path) -> None:
    with pytest.raises(NotRunning, match="start one with `midas`"):
        SocketLink(path, 1.0).start()


def test_a_frame_that_comes_byte_by_byte_is_whole() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        frame = pack(Shown(whole(normal())))
        theirs.sendall(frame[:7])
        theirs.sendall(frame[7:100])
        theirs.sendall(frame[100:])
        shown = decode_engine(receive_frame(ours))
    assert isinstance(shown, Shown)
    assert Jigsaw().add(shown.parts).session == normal().session


def test_a_stream_that_ends_in_a_frame_is_a_closed_link() -> None:
    ours, theirs = socket.socketpair()
    with ours:
        theirs.sendall(pack(Give("1", "me", Stop()))[:-1])
        theirs.close()
        with pytest.raises(LinkClosed):
            receive_frame(ours)


def _gather(got: dict[str, list[Answer]], **links: SocketLink) -> int:
    for name, link in links.items():
        got[name] += link.answers()
    return sum(map(len, got.values()))


def _unread(connection: socket.socket) -> int:
    total = 0
    end = time.monotonic() + 0.2
    while time.monotonic() < end:
        try:
            part = connection.recv(1 << 20)
        except BlockingIOError:
            break
        total += len(part)
    return total


@pytest.mark.parametrize("stranger", [Subscribe(8.0), Subscribe(8.0, "0" * 64, "0.0.9")])
async def test_a_client_of_other_code_is_told_why_and_its_commands_are_not_heard(
    path: Path, stranger: Subscribe
) -> None:
    async with serving(path) as engine:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.connect(str(path))
            client.sendall(pack(stranger) + pack(Give("c1", "ops", Stop())))
            told = decode_engine(await asyncio.to_thread(receive_frame, client))
            assert isinstance(told, Told)
            assert not told.answer.accepted
            assert "the engine is of other code" in told.answer.message
            with pytest.raises(LinkClosed):
                await asyncio.to_thread(receive_frame, client)
        assert engine.waiting == []
        assert engine.painted == 0


def test_two_codes_of_one_version_are_not_told_apart_by_it() -> None:
    assert f"of other code than this one, though both are midas {__version__}: " in apart(__version__)


@pytest.mark.parametrize("first", [Shown(whole(normal())), Shown(whole(normal()), "0" * 64, "0.2.0")])
async def test_an_engine_of_other_code_is_refused_by_its_client_in_one_sentence(
    path: Path, first: Shown
) -> None:
    async def old_engine(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(4)
        writer.write(pack(first))
        await reader.read()
        writer.close()

    server = await asyncio.start_unix_server(old_engine, str(path))
    link = SocketLink(path, 8.0)
    link.start()
    with pytest.raises(
        LinkRefused, match=r"of other code \(midas (before 0\.1\.0|0\.2\.0)\).*`midas kill` works"
    ):
        await asyncio.to_thread(link.wait_for_snapshot)
    with pytest.raises(LinkRefused):
        await asyncio.to_thread(link.ask, Stop(), "ops")
    assert link.latest() is None
    assert link.apart
    assert len([told for told in link.answers() if "of other code" in told.message]) == 1
    link.close()
    server.close()


async def test_a_line_to_the_same_code_goes_on_when_the_pace_changes(path: Path) -> None:
    async with serving(path):
        link = SocketLink(path, 200.0)
        link.start()
        await until(lambda: (newest := link.latest()) is not None and newest.sequence > 2)
        link.pace(100.0)
        await until(lambda: (newest := link.latest()) is not None and newest.sequence > 6)
        assert link.connected
        link.close()


def test_the_hash_is_of_what_goes_over_the_line_and_stays_for_the_life_of_a_process() -> None:
    assert len(dialect()) == 64
    assert dialect() is dialect()
    assert subscription(8.0).code == dialect()
