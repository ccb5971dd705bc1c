"""A home with real processes in it: commands, engines and the exchange, all ended at the end."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import msgspec
import pytest

from midas.assembly.access import sockets
from midas.assembly.inherit import rows_of
from midas.cli import main
from midas.cli.exchange import RUN_FILE
from midas.cli.running import LOCK, EngineFile
from midas.cli.running import RUN_FILE as ENGINE_FILE
from midas.cli.starting import answers
from midas.cli.supervision import LOCK as SUPERVISOR_LOCK
from midas.domain.decision import Decision
from midas.domain.event import Recorded
from midas.engine.audit import decode
from midas.runtime.beats import forget_beats
from midas.runtime.records import AUDIT, EVENT, decode_event
from midas.store.lock import InstanceLock
from midas.venues.sim.runfile import RunFile

REPOSITORY = Path(__file__).resolve().parents[2]
PAYLOAD = REPOSITORY / "tests" / "payloads" / "midas-btcusdt.jsonl.gz"
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class ProcessDesk:
    """One `MIDAS_HOME`, used from one workspace."""

    def __init__(self, home: Path, workspace: Path = REPOSITORY) -> None:
        self.home = home
        self.workspace = workspace
        self.started: list[subprocess.Popen[str]] = []
        self.outcome: dict[str, Any] = {}  # of the run that a fixture made

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """A command that goes on."""
        process = subprocess.Popen(
            [sys.executable, "-m", "midas", *arguments],
            cwd=self.workspace, env=self.environ(), text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        self.started.append(process)
        return process

    def run(self, *arguments: str, timeout: float = 150.0) -> subprocess.CompletedProcess[str]:
        """A command to its end."""
        return finished(self.start(*arguments), timeout)

    def facts(self, *arguments: str) -> dict[str, Any]:
        """What a command says with `--json`; it must succeed."""
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, f"{arguments}: exit {done.returncode}: {done.stdout} {done.stderr}"
        return last_line(done.stdout)

    def asked(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        """Exit code and word of a command with `--json`, in this process: starting one each takes long."""
        said = io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(said), redirect_stderr(io.StringIO()):
            patch.chdir(self.workspace)
            patch.setenv("MIDAS_HOME", str(self.home))
            code = main([*arguments, "--json"])
        return code, last_line(said.getvalue())

    def told(self, *arguments: str) -> dict[str, Any]:
        """As `facts`, in this process."""
        code, word = self.asked(*arguments)
        assert code == 0, f"{arguments}: exit {code}: {word}"
        return word

    def status(self) -> dict[str, Any]:
        """What `midas status` says."""
        return self.told("status")

    def comes_up(self) -> None:
        """Wait until an engine answers."""
        until(lambda: answers(sockets(self.home)[0]), "the engine's start", 120.0)

    def engine(self) -> EngineFile | None:
        """The engine's own file, as long as it stands."""
        try:
            return msgspec.json.decode((self.home / ENGINE_FILE).read_bytes(), type=EngineFile)
        except (OSError, msgspec.MsgspecError):
            return None

    def exchange(self) -> RunFile | None:
        """The exchange's run file."""
        try:
            return msgspec.json.decode((self.home / RUN_FILE).read_bytes(), type=RunFile)
        except (OSError, msgspec.MsgspecError):
            return None

    def market(self) -> dict[str, Any]:
        """What the exchange says of itself."""
        found = self.exchange()
        assert found is not None
        with _DIRECT.open(f"{found.http}/sim/status", timeout=30) as reply:
            answer: dict[str, Any] = json.loads(reply.read())
            return answer

    def sessions(self) -> list[Path]:
        """The session directories, oldest first."""
        return sorted((self.home / "sessions").iterdir())

    def close(self) -> None:
        """End everything that was started here, detached engines and the exchange too."""
        for name in (SUPERVISOR_LOCK, LOCK) if self.home.is_dir() else ():
            lock = InstanceLock(self.home / name)
            if lock.held() and (owner := lock.owner()) not in (None, os.getpid()):
                _end(owner or 0)
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.communicate()
        found = self.exchange()
        if found is not None:
            _end(found.pid)
        forget_beats(self.home)

    def environ(self) -> dict[str, str]:
        """The caller's environment, with our home and without its settings."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MIDAS_")}
        return kept | {"MIDAS_HOME": str(self.home), "PYTHONPATH": str(REPOSITORY)}


def decisions(session: Path) -> list[Decision]:
    """All that a session's journal says was decided, in order."""
    bodies = [row.body for row in rows_of(session) if row.kind == AUDIT]
    return [decision for body in bodies for decision in decode(body).decisions]


def events(session: Path) -> list[Recorded]:
    """All that a session's journal says happened, in order."""
    return [decode_event(row.body) for row in rows_of(session) if row.kind == EVENT]


def finished(process: subprocess.Popen[str], timeout: float = 150.0) -> subprocess.CompletedProcess[str]:
    """What a process left when it ended."""
    out, err = process.communicate(timeout=timeout)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def last_line(text: str) -> dict[str, Any]:
    """The JSON object in the last line."""
    found: dict[str, Any] = json.loads(text.strip().splitlines()[-1])
    return found


def until(condition: Callable[[], bool], what: str, timeout: float = 60.0, pause: float = 0.05) -> None:
    """Wait until it holds."""
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, f"{what} didn't happen within {timeout:.0f} s"
        time.sleep(pause)


def _end(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGTERM)
        for _ in range(100):
            time.sleep(0.05)
            os.kill(pid, 0)
            if is_zombie(pid):
                return
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def is_zombie(pid: int) -> bool:
    """Whether it has ended and nobody has asked how."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return False
