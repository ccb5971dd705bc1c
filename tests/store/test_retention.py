"""What all tapes together may take, what is given up first, and what is known of it afterwards."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from midas.errors import StoreDamaged
from midas.store import integrity
from midas.store.journal import Journal
from midas.store.retention import NOTE, give_up_tapes, tape_bytes, tape_gone
from midas.store.sessions import summarise
from midas.store.tape import DIRECTORY, segments
from tests.store.stored_sessions import write_tape


def session(directory: Path, sealed: bool = True) -> Path:
    """One with a tape of several segments."""

    async def write() -> None:
        journal = await Journal.open(directory)
        write_tape(directory, journal)
        await journal.close()

    asyncio.run(write())
    if not sealed:
        (directory / "head.json").unlink()
    return directory


@pytest.fixture
def three(tmp_path: Path) -> list[Path]:
    """Oldest first."""
    return [session(tmp_path / name) for name in ("a", "b", "c")]


def test_the_oldest_go_first_and_no_more_than_must(three: list[Path]) -> None:
    size = tape_bytes(three[0])
    assert give_up_tapes(three, size * 2, 7, 1) == ["a"]
    assert [tape_bytes(one) > 0 for one in three] == [False, True, True]
    assert give_up_tapes(three, size * 2, 8, 1) == []
    assert give_up_tapes(three, 0, 9, 1) == ["b", "c"]


def test_a_crashed_session_keeps_its_tape_longer_than_a_sealed_one(tmp_path: Path) -> None:
    crashed, sealed = session(tmp_path / "a", sealed=False), session(tmp_path / "b")
    assert give_up_tapes([crashed, sealed], tape_bytes(crashed), 7, 1) == ["b"]


def test_a_session_without_its_tape_is_whole_and_says_so(three: list[Path]) -> None:
    count, size = len(segments(three[0] / DIRECTORY)), tape_bytes(three[0])
    give_up_tapes(three[:1], 0, 7, 1)
    note = tape_gone(three[0])
    assert note is not None
    assert (note.at, note.segments, note.size, note.kept_mb) == (7, count, size, 1)
    report = integrity.verify(three[0])
    assert report.sealed
    assert "given up the tape" in report.notes[0]
    assert summarise(three[0]).tape_gone
    assert not summarise(three[1]).tape_gone


def test_a_tape_that_is_missing_without_a_note_is_damage(three: list[Path]) -> None:
    for path in segments(three[0] / DIRECTORY):
        path.unlink()
    with pytest.raises(StoreDamaged, match="is missing"):
        integrity.verify(three[0])


def test_a_note_that_nobody_can_read_is_damage(three: list[Path]) -> None:
    (three[0] / NOTE).write_bytes(b"{")
    with pytest.raises(StoreDamaged, match=NOTE):
        integrity.verify(three[0])
