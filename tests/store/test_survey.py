"""Cut, zeroed or garbled bytes at every place: torn is told from damaged, and nothing good is lost."""

from __future__ import annotations

import errno
import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from midas.errors import SchemaNewer, StoreDamaged, StoreError
from midas.store.chain import GENESIS, holds
from midas.store.evidence import unreadable
from midas.store.head import SLOT
from midas.store.survey import Condition, Reading, Survey, survey
from tests.store.stored_sessions import RECORDS, flip, sealed_session

FRAME = 24 + 4096
Harm = Callable[[Path, int], None]  # to a file, from an offset on


def cut(path: Path, at: int) -> None:
    with path.open("r+b") as file:
        file.truncate(at)


def zero(path: Path, at: int) -> None:
    _overwrite(path, at, bytes(path.stat().st_size - at))


def garble(path: Path, at: int) -> None:
    _overwrite(path, at, random.Random(at).randbytes(path.stat().st_size - at))


def _overwrite(path: Path, at: int, content: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(content)


def read(directory: Path) -> Survey:
    """The verdict, after a proof that every good record is in its place in the chain."""
    reading, previous, number = Reading(directory), GENESIS, 0
    for number, record in enumerate(reading.records(), 1):
        assert record.record == number - 1
        assert holds(previous, record)
        previous = record.hash
    found = reading.survey()
    assert found.records in (number, 0)
    return found


def test_a_killed_and_a_sealed_session_are_whole(crashed: Path, checkpointed: Path, sealed: Path) -> None:
    for session, records in ((crashed, RECORDS), (checkpointed, 22_000)):
        assert (read(session).condition, read(session).records) == (Condition.WHOLE, records)
    assert read(sealed).condition is Condition.WHOLE


@pytest.mark.parametrize("harm", [cut, zero, garble])
@pytest.mark.parametrize("keep", [0.0, 0.001, 0.3, 0.7, 0.95, 0.999])
def test_a_log_whose_end_is_gone_is_torn_wherever_it_ends(crashed: Path, harm: Harm, keep: float) -> None:
    log = crashed / "journal.db-wal"
    harm(log, int(log.stat().st_size * keep))
    found = read(crashed)
    assert found.condition is Condition.TORN
    assert found.file == "journal.db-wal"
    assert found.sequence == max(0, 10 * (found.records - 1))
    assert found.records < RECORDS
    assert found.lost == RECORDS - found.records
    assert found.records > 0.8 * keep * RECORDS - 30


@pytest.mark.parametrize("harm", [cut, zero, garble])
def test_a_checkpointed_session_keeps_what_is_in_its_database_when_the_log_is_gone(
    checkpointed: Path, harm: Harm
) -> None:
    harm(checkpointed / "journal.db-wal", 0)
    found = read(checkpointed)
    assert found.condition is Condition.TORN
    assert 10_000 < found.records < 22_000


@pytest.mark.parametrize("place", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("how", ["bit", "frame"])
def test_a_log_that_is_good_behind_a_bad_place_is_damaged(crashed: Path, place: float, how: str) -> None:
    log = crashed / "journal.db-wal"
    frame = int(log.stat().st_size / FRAME * place)
    if how == "bit":
        flip(log, 32 + frame * FRAME + 2_000, 3)
    else:
        _overwrite(log, 32 + frame * FRAME, random.Random(frame).randbytes(FRAME))
    found = read(crashed)
    assert found.condition is Condition.DAMAGED
    assert found.records < RECORDS
    assert "frames lost" in found.what


def test_a_broken_last_commit_is_torn(crashed: Path) -> None:
    flip(crashed / "journal.db-wal", (crashed / "journal.db-wal").stat().st_size - 100)
    found = read(crashed)
    assert found.condition is Condition.TORN
    assert RECORDS - 60 < found.records < RECORDS


def test_a_database_cut_in_its_middle_is_damaged_since_the_log_goes_on(checkpointed: Path) -> None:
    path = checkpointed / "journal.db"
    cut(path, path.stat().st_size // 2 // 4096 * 4096)
    found = read(checkpointed)
    assert found.condition is Condition.DAMAGED
    assert 0 < found.records < 20_500


@pytest.mark.parametrize("seed", range(12))
def test_whatever_is_wrong_in_the_database_of_a_killed_session_stops_nothing_but_the_start(
    checkpointed: Path, seed: int
) -> None:
    rng = random.Random(seed)
    path = checkpointed / "journal.db"
    garbage = rng.randbytes(rng.randrange(1, 9_000))
    _overwrite(path, rng.randrange(path.stat().st_size - len(garbage)), garbage)
    try:
        found = read(checkpointed)
    except SchemaNewer:
        return  # its version was hit
    assert found.condition is not Condition.TORN, "good records lie behind it, in the log"


@pytest.mark.parametrize("statement", ["UPDATE record SET body = x'00'", "DELETE FROM record"])
def test_a_changed_or_missing_record_is_damage_and_at_the_end_a_tear(crashed: Path, statement: str) -> None:
    for record, condition in ((150, Condition.DAMAGED), (RECORDS - 1, Condition.TORN)):
        copy = Path(shutil.copytree(crashed, crashed.with_name(f"copy-{record}")))
        with closing(sqlite3.connect(copy / "journal.db", isolation_level=None)) as connection:
            connection.execute(f"{statement} WHERE record = {record}")
            left = shutil.copytree(copy, copy.with_name(f"left-{record}"))
        assert (read(left).condition, read(left).records) == (condition, record)


@pytest.mark.parametrize("name", ["journal.db", "journal.db-wal", "head.json"])
def test_a_deleted_file_is_damage(crashed: Path, name: str) -> None:
    (crashed / name).unlink()
    found = read(crashed)
    assert found.condition is Condition.DAMAGED
    assert found.file == name


@pytest.mark.parametrize("harm", [cut, zero, garble])
@pytest.mark.parametrize("at", [0, 100, 2_000])
def test_a_sealed_session_is_never_torn(sealed: Path, harm: Harm, at: int) -> None:
    harm(sealed / "journal.db", at)
    assert read(sealed).condition is Condition.DAMAGED


@pytest.mark.parametrize("harm", [cut, zero, garble])
@pytest.mark.parametrize(("at", "readable"), [(SLOT, True), (SLOT + 100, True), (100, False), (0, False)])
def test_one_of_the_two_slots_of_a_head_may_be_torn(
    crashed: Path, harm: Harm, at: int, readable: bool
) -> None:
    harm(crashed / "head.json", at)
    found = read(crashed)
    assert found.condition is (Condition.WHOLE if readable else Condition.DAMAGED)
    assert found.records == RECORDS, "the records are good all the same"


@pytest.mark.parametrize("name", ["00000001.seg", "00000003.seg"])
def test_the_tape_hinders_no_start_whatever_became_of_it(sealed: Path, name: str) -> None:
    garble(sealed / "tape" / name, 0)
    assert survey(sealed).condition is Condition.WHOLE


def test_a_history_that_its_head_disowns_has_no_good_records(sealed: Path, tmp_path: Path) -> None:
    forged = sealed_session(tmp_path / "forged", RECORDS + 7)
    shutil.copy(forged / "journal.db", sealed / "journal.db")
    found = read(sealed)
    assert (found.condition, found.records) == (Condition.DAMAGED, 0)
    assert "vouches for" in found.what


@pytest.mark.parametrize(
    ("code", "damage"),
    [(sqlite3.SQLITE_IOERR_READ, False), (sqlite3.SQLITE_CANTOPEN, False), (sqlite3.SQLITE_CORRUPT, True)],
)
def test_a_disk_that_cannot_be_read_is_not_called_damage(tmp_path: Path, code: int, damage: bool) -> None:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = code
    told = unreadable(tmp_path / "1", error, 7)
    assert isinstance(told, StoreDamaged) is damage
    assert ("mend the disk" in str(told)) is not damage


def test_a_journal_that_cannot_even_be_opened_is_one_sentence(sealed: Path) -> None:
    (sealed / "journal.db").unlink()
    (sealed / "journal.db").mkdir()
    with pytest.raises(StoreError, match=r"can't be read .*nothing was changed") as refused:
        survey(sealed)
    assert not isinstance(refused.value, StoreDamaged)


def test_no_room_for_a_copy_to_read_is_one_sentence(crashed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(source: Path, target: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(
        StoreError, match=r"^journal\.db of session .* can't be copied .*No space left.*free space"
    ):
        survey(crashed)
