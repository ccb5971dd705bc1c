"""`midas repair`: what is shown of a damaged journal, and what a yes does to it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from midas.assembly.inherit import inherited
from midas.cli import main
from midas.cli.running import LOCK
from midas.errors import RepairNeeded
from midas.store.head import HeadFile
from midas.store.integrity import verify
from midas.store.journal import DATABASE
from midas.store.lock import InstanceLock
from tests.assembly.test_inherit import OURS, contents, crashed, damaged, opened, rich, store


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace to stand in, and its home."""
    (tmp_path / "config.toml").write_text("")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


def told(capsys: pytest.CaptureFixture[str], line: str) -> tuple[int, str]:
    """Exit code and what was printed, errors included."""
    code = main(line.split())
    said = capsys.readouterr()
    return code, said.out + said.err


async def test_what_is_damaged_is_shown_and_nothing_touched(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    directory = await damaged(home)
    before = contents(directory)
    code, said = told(capsys, "repair")
    assert code == 1
    assert "session 2 is damaged" in said
    assert "record 3 (sequence 2, kind 'event') was altered" in said
    assert "3 records, the last one has sequence 1" in said
    assert "`midas repair 2 --yes`" in said
    assert contents(directory) == before


async def test_with_yes_the_good_records_stay_and_the_damaged_files_are_kept_aside(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    directory = await damaged(home)
    before = contents(directory)
    code, said = told(capsys, "repair --yes --json")
    report = json.loads(said)
    assert code == 0
    assert (report["session"], report["repaired"], report["records"], report["last_good"]) == (
        "2",
        True,
        3,
        1,
    )
    assert report["lost"] >= 3
    assert len(report["unknown"]) == 4
    assert "OBSERVATION, or the safer one" in report["unknown"][-1]
    assert contents(Path(report["quarantine"])) == before
    assert verify(directory).records == 3
    carried, _ = inherited(home, OURS)
    assert (carried.from_session, carried.mode) == ("2", "OBSERVATION")
    code, said = told(capsys, "repair")
    assert code == 0
    assert "nothing hinders a start" in said
    assert "2: its damaged journal was repaired: 3 records" in said


async def test_where_nothing_is_good_it_says_what_a_start_goes_on_from(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    directory = await damaged(home)
    (directory / DATABASE).unlink()
    code, said = told(capsys, "repair --yes")
    assert code == 0
    assert "journal.db is missing in session 2" in said
    assert "the one before it on the same account is continued" in said
    assert inherited(home, OURS)[0].from_session == "1"


async def test_a_session_can_be_named(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    await damaged(home)
    code, said = told(capsys, "repair 1")
    assert (code, "session 1 is whole" in said) == (0, True)
    code, said = told(capsys, "repair 3")
    assert (code, "No session is called '3'" in said) == (2, True)


async def test_a_torn_journal_needs_nobody_and_can_be_cut_by_hand(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await crashed(home, 0.7)
    code, said = told(capsys, "repair")
    assert code == 0
    assert "session 2 is torn" in said
    assert "the next start cuts it by itself" in said
    assert "OBSERVATION" not in said, "a start after a crash goes on as it was"
    code, said = told(capsys, "repair --yes")
    assert code == 0
    assert "goes on in its mode" in said
    carried, problems = inherited(home, OURS)
    assert (carried.from_session, carried.mode, problems) == ("2", "NORMAL", [])


async def test_a_home_without_sessions_has_nothing_to_repair(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = told(capsys, "repair")
    assert (code, "nothing hinders a start" in said) == (0, True)
    assert not home.exists()


async def test_it_refuses_while_an_engine_runs(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    await damaged(home)
    with InstanceLock(home / LOCK):
        code, said = told(capsys, "repair --yes")
    assert code == 2
    assert "`midas stop` ends it" in said
    with pytest.raises(RepairNeeded):
        inherited(home, OURS)


async def test_doctor_names_the_damage_and_what_was_cut(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await damaged(home)
    code, said = told(capsys, "doctor")
    assert code == 1
    assert "FAIL  journal     2 is damaged, 3 records up to sequence 1: journal.db: record 3" in said
    assert "see `midas repair 2`" in said
    told(capsys, "repair --yes")
    code, said = told(capsys, "doctor")
    assert "ok    journal     2 is whole, 3 records; 2: its damaged journal was repaired" in said


async def test_a_start_that_broke_off_is_no_damage(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    await store(home, "1", OURS, [opened("1", OURS), rich(1_000)])
    (home / "sessions" / "2").mkdir()
    HeadFile(home / "sessions" / "2").close()
    code, said = told(capsys, "repair")
    assert (code, "is whole" in said or "nothing hinders" in said) == (0, True)
    assert main(["status", "--json"]) == 2
    left = json.loads(capsys.readouterr().out)["left"]
    assert (left["session"], left["unknown"]) == ("1", "")
