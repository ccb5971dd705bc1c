"""The exchange under a running engine: started again where midas began it, and only then."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from midas.cli.exchange import RUN_FILE
from midas.cli.keeper import STARTS_MAX, ExchangeKeeper
from midas.cli.processes import KEPT, KeptExchange
from midas.errors import AlreadyRunning
from midas.venues.sim import runfile
from midas.venues.sim.runfile import RunFile


class Scene:
    """A home with an exchange that is a sleeping process, and a starter that a test directs."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.said: list[str] = []
        self.children: list[subprocess.Popen[bytes]] = []
        self.refused = ""
        self.starts = 0
        self.exchange = self.begin()
        self.began_by("midas")

    def begin(self) -> RunFile:
        """A process that could be one."""
        child = subprocess.Popen([sys.executable, "-I", "-S", "-c", "import time; time.sleep(60)"])
        self.children.append(child)
        return RunFile(
            pid=child.pid, instance="abcdef0123", http="http://127.0.0.1:9", ws="ws://127.0.0.1:9",
            market="synthetic", speed=1.0, seed=1, started_at=1, api_key="k", api_secret="s",
        )  # fmt: skip

    def began_by(self, who: str) -> None:
        """By midas itself, or by somebody else."""
        instance = self.exchange.instance if who == "midas" else "another"
        (self.home / KEPT).write_bytes(msgspec.json.encode(KeptExchange(instance)))

    def kill(self) -> None:
        """As `kill -9`."""
        self.children[-1].kill()

    async def keep(self, until: Callable[[], bool], look_s: float = 0.01) -> None:
        """Let the keeper look until that holds, and a few times more."""

        def start(dead: RunFile) -> RunFile:
            self.starts += 1
            if self.refused:
                raise AlreadyRunning(self.refused)
            assert dead.instance == self.exchange.instance
            return self.begin()

        keeper = ExchangeKeeper(
            self.home, self.exchange, start, lambda _severity, text: self.said.append(text), look_s
        )
        looking = asyncio.create_task(keeper.beside())
        async with asyncio.timeout(30):
            while not until():
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        looking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await looking


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    scene = Scene(tmp_path)
    yield scene
    for child in scene.children:
        child.kill()
        with contextlib.suppress(ChildProcessError):
            child.wait()


async def test_one_that_lives_is_left_alone(scene: Scene) -> None:
    await scene.keep(lambda: True)
    assert (scene.starts, scene.said) == (0, [])


async def test_one_that_died_goes_on(scene: Scene) -> None:
    scene.kill()
    await scene.keep(lambda: len(scene.said) == 2)
    assert scene.starts == 1
    assert "EXCHANGE ENDED" in scene.said[0]
    assert "goes on" in scene.said[1]


async def test_one_that_a_person_started_is_reported_once_and_left_to_the_person(scene: Scene) -> None:
    scene.began_by("hand")
    scene.kill()
    await scene.keep(lambda: bool(scene.said))
    assert scene.starts == 0
    assert len(scene.said) == 1
    assert "by hand" in scene.said[0]


async def test_one_that_somebody_started_meanwhile_is_followed(scene: Scene) -> None:
    scene.kill()
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    other = msgspec.structs.replace(scene.begin(), http=f"http://127.0.0.1:{port}")
    runfile.write(scene.home / RUN_FILE, other)
    async with server:
        await scene.keep(lambda: bool(scene.said))
    assert scene.starts == 0
    assert "somebody else" in scene.said[0]


async def test_a_port_that_is_taken_is_named_and_tried_again_with_patience(scene: Scene) -> None:
    scene.refused = "port 9 is in use"
    scene.kill()
    await scene.keep(lambda: scene.starts == 2)
    assert scene.starts < STARTS_MAX
    assert any("port 9 is in use" in text for text in scene.said)
