"""Commands for an engine that isn't there: what can be done all the same, and what is said."""

from __future__ import annotations

import json
import os
from pathlib import Path

import msgspec
import pytest

from midas.cli import main
from midas.cli.running import LOCK, RUN_FILE, EngineFile, running
from midas.domain.mode import KillLevel
from midas.errors import NotRunning
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


def test_a_kill_while_an_engine_starts_says_that_it_will_find_the_latch(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with InstanceLock(home / LOCK):
        assert main(["kill"]) == 0
    assert "starting or ending" in capsys.readouterr().out
    assert KillLatch(home / LATCH).is_set


def test_a_latch_is_released_in_two_steps_without_an_engine(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["kill", "--reason", "news"])
    assert main(["resume", "morning"]) == 0
    assert KillLatch(home / LATCH).is_set
    assert "(news)" in capsys.readouterr().out
    assert main(["resume", "morning", "--confirm"]) == 0
    assert not KillLatch(home / LATCH).is_set
    assert [line.act for line in KillLatch(home / LATCH).history()] == ["tripped", "released"]


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
