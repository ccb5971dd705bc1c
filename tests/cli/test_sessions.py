from __future__ import annotations

import json
import os
from pathlib import Path

import msgspec
import pytest

from midas.cli import main
from midas.cli.running import LOCK, RUN_FILE, EngineFile
from midas.store.lock import InstanceLock
from midas.store.retention import give_up_tapes
from tests.store.stored_sessions import crashed_session
from tests.store.test_retention import session


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace to stand in."""
    (tmp_path / "config.toml").write_text("")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_home_without_sessions_says_how_one_comes_about(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sessions"]) == 0
    assert "no session yet; `midas` records one" in capsys.readouterr().out


def test_the_home_is_found_even_where_the_configuration_is_broken(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (desk / "config.toml").write_text("[exchange\n")
    assert main(["sessions", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"home": str(desk / "home"), "sessions": []}


def test_a_session_whose_tape_was_given_up_is_listed_and_not_stepped_again(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = session(desk / "home" / "sessions" / "20260101-000000-aaaa")
    give_up_tapes([old], 0, 1_767_225_600_000_000_000, 4096)
    assert main(["sessions"]) == 0
    assert "tape pruned" in capsys.readouterr().out
    assert main(["replay", "last", "--verify"]) == 1
    told = capsys.readouterr().err
    assert "on 2026-01-01 to keep all tapes within runtime.tapes_keep_mb = 4096" in told
    assert "its journal is whole" in told


def test_a_session_without_an_end_runs_or_crashed(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = desk / "home"
    crashed_session(home / "sessions" / "20260101-000000-aaaa")
    assert main(["sessions"]) == 0
    assert capsys.readouterr().out.rstrip().endswith("crashed")
    (home / RUN_FILE).write_bytes(msgspec.json.encode(EngineFile(os.getpid(), "20260101-000000-aaaa", 1)))
    with InstanceLock(home / LOCK):
        assert main(["sessions"]) == 0
    assert capsys.readouterr().out.rstrip().endswith("running")


def test_the_last_session_is_the_newest_that_recorded_anything(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sessions = desk / "home" / "sessions"
    give_up_tapes([session(sessions / "20260101-000000-aaaa")], 0, 1_767_225_600_000_000_000, 4096)
    crashed_session(sessions / "20260102-000000-bbbb", records=0)
    assert main(["replay", "last"]) == 1
    assert "session 20260101-000000-aaaa can't be stepped again" in capsys.readouterr().err
