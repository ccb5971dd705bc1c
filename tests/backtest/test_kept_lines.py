"""Results kept line by line outlive a torn write, and one process alone adds to them."""

from __future__ import annotations

import fcntl
import threading
from pathlib import Path

import msgspec
import pytest

from midas.backtest.kept_lines import KeptLines, decoded, written
from midas.errors import AlreadyRunning


class Result(msgspec.Struct, frozen=True):
    number: int
    name: str


MADE = [Result(1, "one"), Result(2, "two\nlines"), Result(3, "")]


def _kept(path: Path, *, fresh: bool = False) -> KeptLines[Result]:
    return KeptLines(path, Result, "busy", fresh=fresh)


def test_what_was_added_is_found_by_the_next_one(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    first = _kept(path)
    first.add(MADE)
    first.close()
    assert _kept(path).found == MADE


def test_whatever_byte_a_write_was_torn_at_the_whole_lines_stay_and_more_can_follow(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    whole = _kept(path)
    whole.add(MADE)
    whole.close()
    body = path.read_bytes()
    for cut in range(len(body)):
        path.write_bytes(body[:cut])
        torn = _kept(path)
        assert torn.found == MADE[: body[:cut].count(b"\n")]
        torn.add([MADE[-1]])
        torn.close()
        assert decoded(path.read_bytes(), Result)[0] == [*torn.found, MADE[-1]]


def test_a_changed_byte_ends_what_is_believed(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    kept = _kept(path)
    kept.add(MADE)
    kept.close()
    path.write_bytes(path.read_bytes().replace(b"two", b"tow"))
    assert _kept(path).found == MADE[:1]


def test_lines_of_another_version_are_made_again(tmp_path: Path) -> None:
    class Older(msgspec.Struct):
        number: int

    path = tmp_path / "lines"
    older = KeptLines(path, Older, "busy")
    older.add([Older(1)])
    older.close()
    assert _kept(path).found == []
    assert path.read_bytes() == b""


def test_a_fresh_start_forgets(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    kept = _kept(path)
    kept.add(MADE)
    kept.close()
    assert _kept(path, fresh=True).found == []


def test_a_second_writer_is_refused_and_harms_nothing(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    kept = _kept(path)
    kept.add(MADE)
    with pytest.raises(AlreadyRunning, match="busy"):
        _kept(path, fresh=True)
    kept.close()
    assert _kept(path).found == MADE


def test_who_only_asks_whether_it_is_written_keeps_nobody_from_it(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.touch()
    assert not written(path)
    with path.open("rb") as asking:
        fcntl.flock(asking, fcntl.LOCK_SH)
        leaves = threading.Timer(0.02, fcntl.flock, (asking, fcntl.LOCK_UN))
        leaves.start()
        lines = _kept(path)
        assert written(path)
        lines.close()
        leaves.join()
    assert not written(path)
