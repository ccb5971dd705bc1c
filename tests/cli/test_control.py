"""Commands for an engine that isn't there: what can be done all the same, and what is said."""

from __future__ import annotations

import errno
import json
import os
import socket
import threading
from pathlib import Path

import msgspec
import pytest

from midas.assembly.access import sockets
from midas.cli import main
from midas.cli.absence import speaking
from midas.cli.fate import Fate, write_fate
from midas.cli.running import LOCK, RUN_FILE, EngineFile, running
from midas.cli.supervision import LOCK as SUPERVISOR_LOCK
from midas.cli.supervision import Supervision, tell
from midas.domain.command import Stop
from midas.domain.mode import KillLevel
from midas.errors import LinkSilent, NotRunning
from midas.runtime.link import SocketLink
from midas.store.latch import LATCH, KillLatch
from midas.store.lock import InstanceLock


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace to stand in, and its home."""
    (tmp_path / "config.toml").write_text("")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


def test_a_kill_without_an_engine_latches_for_the_next_one(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["kill", "--level", "flatten", "--reason", "overnight", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["latched"]
    assert "no engine runs" in facts["sentence"]
    record = KillLatch(home / LATCH).read()
    assert record is not None
    assert (record.level, record.reason) == (KillLevel.FLATTEN, "overnight")
    assert record.by


@pytest.mark.parametrize(
    ("words", "level"),
    [(["flatten"], KillLevel.FLATTEN), (["all", "--level", "disconnect"], KillLevel.DISCONNECT),
     (["flatten", "--level", "halt"], KillLevel.FLATTEN), ([], KillLevel.HALT)],
)  # fmt: skip
def test_a_kill_takes_its_level_as_it_is_said_on_the_console_and_of_two_the_graver(
    home: Path, words: list[str], level: KillLevel
) -> None:
    assert main(["kill", *words]) == 0
    record = KillLatch(home / LATCH).read()
    assert record is not None and record.level is level


def test_a_kill_while_an_engine_starts_says_that_it_will_find_the_latch(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with InstanceLock(home / LOCK):
        assert main(["kill"]) == 0
    assert "starting or ending" in capsys.readouterr().out
    assert KillLatch(home / LATCH).is_set


@pytest.mark.parametrize("words", [["resume", "morning"], ["resume", "morning", "--confirm"]])
def test_no_latch_is_released_without_an_engine_that_shows_what_is_open(
    home: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    main(["kill", "--reason", "news"])
    assert main(words) == 2
    assert KillLatch(home / LATCH).is_set
    told = capsys.readouterr().err
    assert "(news)" in told
    assert "no engine runs" in told


def test_a_kill_of_a_hung_engine_latches_and_says_what_it_does_not_know(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As an engine that is stopped in the middle: its socket takes connections and nobody answers."""
    home.mkdir()
    with InstanceLock(home / LOCK), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as hung:
        path = sockets(home)[1]
        hung.bind(str(path))
        hung.listen(1)
        closing = threading.Timer(0.3, _hang_up, (hung,))  # the command waits far longer for a report
        closing.start()
        assert main(["kill", "--level", "flatten", "--reason", "hung"]) == 1
        closing.join()
        path.unlink()
    told = capsys.readouterr().err
    assert "flatten latched on disk" in told
    assert "its orders may still rest at the venue" in told
    assert f"no guard acts instead of it; `kill -9 {os.getpid()}` ends it" in told
    record = KillLatch(home / LATCH).read()
    assert record is not None
    assert (record.level, record.reason) == (KillLevel.FLATTEN, "hung")


def test_a_command_to_a_hung_engine_is_not_asked_and_says_what_helps(home: Path) -> None:
    home.mkdir()
    (home / RUN_FILE).write_bytes(msgspec.json.encode(EngineFile(os.getpid(), "s", 1)))
    path = sockets(home)[0]
    with InstanceLock(home / LOCK), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as hung:
        hung.bind(str(path))
        hung.listen(1)
        link = SocketLink(path, hz=0)
        with pytest.raises(LinkSilent) as told, speaking(home):
            link.start()
            link.ask(Stop(), "ann", timeout=0.02)
        link.close()
        path.unlink()
    said = f"nothing was asked of it: process {os.getpid()} lives but doesn't answer. `midas kill` latches"
    assert said in str(told.value)


def test_a_command_between_a_crash_and_the_next_start_says_that_it_comes(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home.mkdir()
    write_fate(home, Fate(7, 1, 2, -9))
    with InstanceLock(home / SUPERVISOR_LOCK) as lock:
        tell(home, Supervision(lock.owner() or 0, 1, (), crashes=1))
        for line in ("mode pause", "cancel all-entries", "reconcile", "kill --venue binance"):
            assert main(line.split()) == 2
            assert f"its supervisor, process {lock.owner()}, starts it again" in capsys.readouterr().err


def _hang_up(listening: socket.socket) -> None:
    connection, _ = listening.accept()
    connection.close()


def test_a_release_of_nothing_is_refused(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["resume", "morning"]) == 5
    assert "isn't set" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command", [["status"], ["mode", "pause"], ["attach"], ["stop"], ["stop", "--exchange"]]
)
def test_other_commands_name_the_home_without_an_engine(
    home: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command) == 2
    assert str(home) in capsys.readouterr().err


def test_an_engine_file_left_by_a_crash_is_no_engine(home: Path) -> None:
    home.mkdir()
    (home / RUN_FILE).write_bytes(msgspec.json.encode(EngineFile(os.getpid(), "s", 1)))
    with pytest.raises(NotRunning, match="no engine runs"):
        running(home)
    with InstanceLock(home / LOCK):
        assert running(home).session == "s"
        (home / RUN_FILE).unlink()
        with pytest.raises(NotRunning, match="starting or ending"):
            running(home)


@pytest.mark.parametrize("command", [["status"], ["stop"], ["attach"], ["mode", "pause"]])
def test_a_home_that_is_no_folder_runs_nothing(
    home: Path, command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home.write_text("a file")
    monkeypatch.setenv("MIDAS_HOME", str(home / "below"))
    assert main(command) == 2
    assert "no engine runs" in capsys.readouterr().err


def test_a_kill_of_two_scopes_is_refused(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["kill", "--strategy", "trend-following", "--instrument", "BTC-USDT"]) == 2
    assert "one scope at a time: --strategy and --instrument" in capsys.readouterr().err
    assert not KillLatch(home / LATCH).is_set


def test_a_scoped_kill_latches_nothing_and_needs_an_engine(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["kill", "--level", "all", "--instrument", "BTC-USDT"]) == 2
    assert str(home) in capsys.readouterr().err
    assert not KillLatch(home / LATCH).is_set


def test_a_preview_is_of_a_scope(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["kill", "--preview"]) == 2
    assert "--preview needs a scope" in capsys.readouterr().err
    assert not KillLatch(home / LATCH).is_set


def test_a_disk_that_takes_no_level_is_not_said_to_have_it(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    assert main(["kill", "--level", "flatten"]) == 1
    said = capsys.readouterr().err
    assert "halt stands there: free space, and kill at level flatten again" in said
    assert main(["kill"]) == 0


def test_what_may_not_be_looked_at_is_not_told_as_no_engine(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / LOCK).mkdir(parents=True)  # as a lock that is another user's, whoever runs this test
    assert main(["stop"]) == 2
    assert "can't be looked into" in capsys.readouterr().err
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as hung:
        path = sockets(home)[1]
        hung.bind(str(path))
        hung.listen(1)
        closing = threading.Timer(0.3, _hang_up, (hung,))
        closing.start()
        assert main(["kill"]) == 1
        closing.join()
        path.unlink()
    assert "halt latched on disk; " in capsys.readouterr().err
