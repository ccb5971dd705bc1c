"""What was recorded and what was not: every alteration is found, named, and told apart from a crash."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from midas.cli import main
from midas.store.head import read_head
from tests.e2e.desk import ProcessDesk, last_line

Copy = Callable[[ProcessDesk], Path]


def verify(capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, str]:
    """Exit code and everything that was said."""
    code = main(["replay", "last", "--verify", *more])
    said = capsys.readouterr()
    return code, said.out + said.err


def flip(path: Path, at: int) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 0xFF]))


def test_an_altered_record_is_named(
    whole: ProcessDesk, copied: Copy, capsys: pytest.CaptureFixture[str]
) -> None:
    session = copied(whole)
    with closing(sqlite3.connect(session / "journal.db")) as connection:
        row = connection.execute(
            "SELECT record, sequence, body FROM record WHERE kind = 'audit' LIMIT 1 OFFSET 9"
        )
        record, sequence, body = row.fetchone()
        connection.execute(
            "UPDATE record SET body = ? WHERE record = ?", (body.replace(b"0", b"1", 1), record)
        )
        connection.commit()
    code, said = verify(capsys)
    assert code == 1
    assert f"record {record} (sequence {sequence}, kind 'audit') was altered" in said


def test_a_damaged_page_names_the_file_and_the_last_good_sequence(
    whole: ProcessDesk, copied: Copy, capsys: pytest.CaptureFixture[str]
) -> None:
    session = copied(whole)
    flip(session / "journal.db", os.path.getsize(session / "journal.db") // 2)
    code, said = verify(capsys)
    assert code == 1
    assert "journal.db" in said
    assert "sequence" in said


def test_a_damaged_tape_segment_is_named_with_the_last_good_sequence(
    whole: ProcessDesk, copied: Copy, capsys: pytest.CaptureFixture[str]
) -> None:
    segment = copied(whole) / "tape" / "00000001.seg"
    flip(segment, segment.stat().st_size // 2)
    code, said = verify(capsys)
    assert code == 1
    assert "00000001.seg" in said
    assert "the last good sequence is" in said


def test_a_journal_shorter_than_its_head_is_told(
    whole: ProcessDesk, copied: Copy, capsys: pytest.CaptureFixture[str]
) -> None:
    session = copied(whole)
    head = read_head(session).head
    with closing(sqlite3.connect(session / "journal.db")) as connection:
        connection.execute("DELETE FROM record WHERE record > ?", (head.record - 5,))
        connection.commit()
    code, said = verify(capsys)
    assert code == 1
    assert f"head.json proves {head.record}" in said
    assert "truncated below its head" in said


def test_a_crashed_session_is_verified_as_far_as_it_reached(
    crashed: ProcessDesk, copied: Copy, capsys: pytest.CaptureFixture[str]
) -> None:
    copied(crashed)
    code, said = verify(capsys, "--json")
    facts = last_line(said)
    assert code == 0, said
    assert facts["identical"] == facts["audits"] > 0
    assert not facts["sealed"]
    assert any("not closed" in note for note in facts["notes"])


def test_damage_in_a_crashed_session_s_log_names_it_and_the_last_good_sequence(
    crashed: ProcessDesk, copied: Copy, capsys: pytest.CaptureFixture[str]
) -> None:
    log = copied(crashed) / "journal.db-wal"
    flip(log, log.stat().st_size // 2)
    code, said = verify(capsys)
    assert code == 1
    assert "journal.db-wal" in said
    assert "the last good sequence is" in said


def test_other_strategies_are_another_code_with_an_exit_code_of_its_own(
    whole: ProcessDesk, copied: Copy, workspace: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    copied(whole)
    monkeypatch.chdir(workspace)
    strategy = workspace / "strategies" / "trend_following.py"
    strategy.write_text(strategy.read_text() + "\n# another thought\n")
    code, said = verify(capsys)
    assert code == 3
    assert "was recorded by code" in said
    strategy.unlink()
    code, said = verify(capsys)
    assert code == 3
    assert "trend_following.py is missing" in said


def test_another_configuration_has_an_exit_code_of_its_own(
    whole: ProcessDesk, copied: Copy, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    copied(whole)
    monkeypatch.setenv("MIDAS_RISK__TRIGGERS__DRAWDOWN_STOP", "0.123")
    code, said = verify(capsys)
    assert code == 4
    assert "ran under configuration" in said
    assert main(["replay", "last"]) == 0
    assert "replayed:" in capsys.readouterr().out


def test_a_session_that_retention_has_shortened_says_why_it_cannot_be_stepped(
    whole: ProcessDesk, copied: Copy, capsys: pytest.CaptureFixture[str]
) -> None:
    tape = copied(whole) / "tape"
    (tape / "00000001.seg").rename(tape / "00000001.lost")
    code, said = verify(capsys)
    assert code == 1
    assert "00000001.seg is missing" in said


def test_an_unknown_session_names_the_nearest(
    whole: ProcessDesk, copied: Copy, capsys: pytest.CaptureFixture[str]
) -> None:
    session = copied(whole)
    assert main(["replay", "nonsense", "--verify"]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "nonsense" in shown.err
    assert session.name in shown.err


def test_the_beginning_of_a_name_is_enough(
    whole: ProcessDesk, copied: Copy, capsys: pytest.CaptureFixture[str]
) -> None:
    session = copied(whole)
    assert main(["replay", session.name[:-2], "--json"]) == 0
    assert last_line(capsys.readouterr().out)["session"] == session.name
