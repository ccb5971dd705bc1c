"""Real damage to real files: each kind is told apart and named, with the last good sequence."""

from __future__ import annotations

import random
import shutil
import sqlite3
from pathlib import Path

import pytest

from midas.errors import SchemaNewer, StoreDamaged
from midas.store.evidence import read_records
from midas.store.head import SLOT
from midas.store.integrity import verify
from midas.store.journal import Journal
from midas.store.tape import number, segments
from midas.store.wal import scan
from tests.store.stored_sessions import RECORDS, fill, flip, sealed_session, write_tape


def damage_of(directory: Path) -> StoreDamaged:
    """What `verify` says of a damaged session."""
    with pytest.raises(StoreDamaged) as caught:
        verify(directory)
    return caught.value


def change(directory: Path, statement: str) -> None:
    """Change the database the way somebody with SQLite at hand would."""
    with sqlite3.connect(directory / "journal.db") as connection:
        connection.execute(statement)
    connection.close()


def contents(directory: Path) -> dict[str, bytes]:
    """Every file of a session with its bytes."""
    return {
        str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()
    }


def test_a_clean_session_verifies_as_sealed(sealed: Path) -> None:
    report = verify(sealed)
    assert report.sealed
    assert report.records == RECORDS + report.segments
    assert report.tape_records == 4_000
    assert report.segments >= 5
    assert report.notes == ()


def test_a_killed_session_verifies_as_crashed_with_all_its_records(crashed: Path) -> None:
    report = verify(crashed)
    assert (report.sealed, report.records, report.last_sequence) == (False, RECORDS, 10 * (RECORDS - 1))
    assert report.sentence == f"{crashed.name}: crashed, {RECORDS} records, 0 tape segments, all whole"


def test_looking_never_changes_the_evidence(sealed: Path, crashed: Path) -> None:
    for session in (sealed, crashed):
        before = contents(session)
        verify(session)
        assert len(list(read_records(session))) >= RECORDS
        assert contents(session) == before


@pytest.mark.parametrize(
    "assignment",
    [
        "body = x'00'",
        "kind = 'fill '",
        "at = at + 1",
        "sequence = sequence + 1",
        "hash = zeroblob(16)",
        "body = 'text'",
    ],
)
@pytest.mark.parametrize("record", [0, 1, 150, RECORDS - 1])
def test_an_altered_record_is_named_by_number_sequence_and_kind(
    sealed: Path, assignment: str, record: int
) -> None:
    kind = next(row.kind for row in read_records(sealed) if row.record == record)
    change(sealed, f"UPDATE record SET {assignment} WHERE record = {record}")
    damage = damage_of(sealed)
    assert (damage.file, damage.last_good) == ("journal.db", max(0, 10 * (record - 1)))
    assert f"record {record} " in str(damage)
    if "kind" not in assignment and "text" not in assignment:
        assert kind in str(damage)


def test_an_altered_record_of_a_killed_session_is_named_too(crashed: Path) -> None:
    change(crashed, "UPDATE record SET body = x'00' WHERE record = 40")
    damage = damage_of(crashed)
    assert "record 40 " in str(damage)
    assert damage.last_good == 390


def test_a_deleted_record_is_missed(sealed: Path) -> None:
    change(sealed, "DELETE FROM record WHERE record = 77")
    damage = damage_of(sealed)
    assert "record 77 is missing" in str(damage)
    assert (damage.file, damage.last_good) == ("journal.db", 760)


def test_a_history_rewritten_with_fresh_hashes_contradicts_the_head(sealed: Path, tmp_path: Path) -> None:
    forged = sealed_session(tmp_path / "forged", RECORDS + 1)
    change(forged, f"DELETE FROM record WHERE record > {len(list(read_records(sealed))) - 1}")
    shutil.copy(forged / "journal.db", sealed / "journal.db")
    assert "vouches for" in str(damage_of(sealed))


@pytest.mark.parametrize("session", ["sealed", "crashed"])
def test_a_journal_truncated_below_its_head_is_reported(session: str, request: pytest.FixtureRequest) -> None:
    directory: Path = request.getfixturevalue(session)
    connection = sqlite3.connect(directory / "journal.db")
    connection.execute("DELETE FROM record WHERE record >= 200")
    connection.commit()
    if session == "crashed":  # the log must stay, as after a kill
        copy = directory.with_name("copy")
        shutil.copytree(directory, copy, ignore=shutil.ignore_patterns("*-shm"))
        directory = copy
    connection.close()
    damage = damage_of(directory)
    assert "truncated below its head" in str(damage)
    assert (damage.file, damage.last_good) == ("journal.db", 1_990)


@pytest.mark.parametrize("seed", range(60))
def test_no_flipped_bit_of_a_sealed_database_goes_unseen(sealed: Path, seed: int) -> None:
    rng = random.Random(seed)
    size = (sealed / "journal.db").stat().st_size
    # Every third one hits the first page, where a wrong bit makes SQLite see another file altogether.
    flip(sealed / "journal.db", rng.randrange(100 if seed % 3 == 0 else size), rng.randrange(8))
    with pytest.raises((StoreDamaged, SchemaNewer)) as caught:
        verify(sealed)
    if isinstance(caught.value, StoreDamaged):
        assert caught.value.file == "journal.db"
        assert 0 <= caught.value.last_good <= 3_999


@pytest.mark.parametrize("seed", range(30))
def test_no_rewritten_stretch_of_a_sealed_database_goes_unseen(sealed: Path, seed: int) -> None:
    rng = random.Random(seed)
    size = (sealed / "journal.db").stat().st_size
    with (sealed / "journal.db").open("r+b") as file:
        file.seek(rng.randrange(100, 4_096 if seed % 3 == 0 else size - 3_000))
        file.write(rng.randbytes(rng.randrange(1, 3_000)))
    assert damage_of(sealed).file == "journal.db"


@pytest.mark.parametrize("seed", range(20))
def test_damage_to_a_log_that_was_partly_checkpointed_is_named_or_harmless(
    checkpointed: Path, seed: int
) -> None:
    wal = checkpointed / "journal.db-wal"
    frames = scan(wal).valid
    assert 0 < frames < wal.stat().st_size // 4_120, "an older round should lie behind the current one"
    rng = random.Random(seed)
    flip(wal, rng.randrange(wal.stat().st_size if seed % 2 else frames * 4_120), rng.randrange(8))
    if scan(wal).damaged:
        assert damage_of(checkpointed).file == "journal.db-wal"
    else:
        assert verify(checkpointed).records == 22_000


def test_a_destroyed_page_names_the_file_and_the_last_good_sequence(sealed: Path) -> None:
    with (sealed / "journal.db").open("r+b") as file:
        file.seek(5 * 4096)
        file.write(random.Random(5).randbytes(4096))
    damage = damage_of(sealed)
    assert damage.file == "journal.db"
    readable = 0
    with pytest.raises(StoreDamaged):
        for row in read_records(sealed):
            readable = row.sequence
    assert 0 < damage.last_good <= readable


def test_a_byte_outside_the_records_breaks_the_seal(sealed: Path) -> None:
    flip(sealed / "journal.db", 72)  # reserved for expansion in the file's header
    damage = damage_of(sealed)
    assert "not the file that was sealed" in str(damage)
    assert damage.last_good == verify_free_of_seal(sealed)


def verify_free_of_seal(directory: Path) -> int:
    """The sequence of the last readable record."""
    return [row.sequence for row in read_records(directory)][-1]


@pytest.mark.parametrize("seed", range(40))
def test_a_flipped_bit_in_the_log_names_the_log(crashed: Path, seed: int) -> None:
    wal = crashed / "journal.db-wal"
    rng = random.Random(seed)
    flip(wal, rng.randrange(wal.stat().st_size), rng.randrange(8))
    assert scan(wal).damaged
    damage = damage_of(crashed)
    assert damage.file == "journal.db-wal"
    readable = -1
    for row in read_records(crashed):
        readable = row.record
    assert damage.last_good == max(0, 10 * readable)
    assert readable < RECORDS - 1


@pytest.mark.parametrize("keep", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_log_cut_short_is_noticed(crashed: Path, keep: float) -> None:
    wal = crashed / "journal.db-wal"
    with wal.open("r+b") as file:
        file.truncate(int(wal.stat().st_size * keep))
    damage = damage_of(crashed)
    assert damage.last_good < 10 * (RECORDS - 1)
    assert damage.file == "journal.db-wal"


def test_a_removed_log_is_missed(crashed: Path) -> None:
    (crashed / "journal.db-wal").unlink()
    damage = damage_of(crashed)
    assert damage.file == "journal.db-wal"
    assert "missing" in str(damage)


def test_bytes_after_the_log_that_were_never_committed_are_no_damage(crashed: Path) -> None:
    with (crashed / "journal.db-wal").open("ab") as file:
        file.write(bytes(1_000))
    assert verify(crashed).records == RECORDS


def test_a_missing_head_is_reported(sealed: Path) -> None:
    (sealed / "head.json").unlink()
    damage = damage_of(sealed)
    assert damage.file == "head.json"
    assert "missing" in str(damage)


@pytest.mark.parametrize("seed", range(30))
def test_any_flipped_bit_in_a_sealed_head_is_reported(sealed: Path, seed: int) -> None:
    rng = random.Random(seed)
    flip(sealed / "head.json", rng.randrange(2 * SLOT), rng.randrange(8))
    assert damage_of(sealed).file == "head.json"


@pytest.mark.parametrize("slot", [0, 1])
def test_a_head_torn_by_a_crash_still_vouches_through_its_other_slot(crashed: Path, slot: int) -> None:
    with (crashed / "head.json").open("r+b") as file:
        file.seek(slot * SLOT)
        file.write(bytes(200))
    report = verify(crashed)
    assert report.records == RECORDS
    assert "torn" in report.notes[0]
    with (crashed / "head.json").open("r+b") as file:
        file.write(bytes(2 * SLOT))
    assert damage_of(crashed).file == "head.json"


def test_an_empty_or_foreign_database_is_not_taken_for_a_journal(sealed: Path) -> None:
    (sealed / "journal.db").write_bytes(b"")
    assert "empty, foreign" in str(damage_of(sealed))
    (sealed / "journal.db").unlink()
    change(sealed, "CREATE TABLE shopping (item TEXT)")
    assert "not a journal of midas" in str(damage_of(sealed))
    (sealed / "journal.db").write_bytes(b"a text, not a database " * 400)
    assert damage_of(sealed).file == "journal.db"
    (sealed / "journal.db").unlink()
    assert "missing" in str(damage_of(sealed))


def test_a_journal_of_a_newer_midas_is_left_alone(sealed: Path) -> None:
    change(sealed, "PRAGMA user_version = 2")
    before = contents(sealed)
    with pytest.raises(SchemaNewer, match="version 2"):
        verify(sealed)
    assert contents(sealed) == before


@pytest.mark.parametrize("seed", range(30))
def test_a_flipped_bit_in_a_sealed_segment_names_it(sealed: Path, seed: int) -> None:
    rng = random.Random(seed)
    path = rng.choice(segments(sealed / "tape"))
    flip(path, rng.randrange(path.stat().st_size), rng.randrange(8))
    damage = damage_of(sealed)
    assert damage.file == path.name
    assert damage.last_good < 4_000


@pytest.mark.parametrize("place", [0, 2, -1])
def test_a_missing_or_truncated_sealed_segment_names_it(sealed: Path, place: int) -> None:
    path = segments(sealed / "tape")[place]
    before = path.read_bytes()
    path.write_bytes(before[: len(before) // 2])
    damage = damage_of(sealed)
    assert damage.file == path.name
    assert f"{len(before) // 2} bytes instead of {len(before)}" in str(damage)
    path.unlink()
    missing = damage_of(sealed)
    assert missing.file == path.name
    assert "missing" in str(missing)
    assert missing.last_good <= damage.last_good


async def test_segments_given_up_by_retention_are_not_missed_but_others_are(tmp_path: Path) -> None:
    directory = tmp_path / "session"
    journal = await Journal.open(directory)
    await fill(journal)
    write_tape(directory, journal, keep=20_000)
    await journal.close()
    kept = segments(directory / "tape")
    assert number(kept[0]) > 1
    assert sum(path.stat().st_size for path in kept) < 40_000
    assert verify(directory).segments == len(kept)
    kept[0].unlink()
    assert damage_of(directory).file == kept[0].name
