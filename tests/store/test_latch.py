"""The kill latch: set before anything else, set when in doubt, and never cleared without a name."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midas.domain.mode import KillLevel
from midas.store.durable import read, write_durably
from midas.store.latch import KillLatch


@pytest.fixture
def latch(tmp_path: Path) -> KillLatch:
    """A latch in an empty home."""
    return KillLatch(tmp_path / "home" / "latch.json")


def test_a_fresh_home_has_no_latch_set(latch: KillLatch) -> None:
    assert not latch.is_set
    assert latch.read() is None
    assert latch.history() == []


def test_a_trip_is_seen_by_every_other_process_at_once(latch: KillLatch, tmp_path: Path) -> None:
    latch.trip(KillLevel.ALL, "cli", "testing", 5)
    other = KillLatch(tmp_path / "home" / "latch.json")
    assert other.is_set
    record = other.read()
    assert record is not None
    assert (record.level, record.by, record.reason, record.at) == (KillLevel.ALL, "cli", "testing", 5)


def test_a_set_latch_only_rises(latch: KillLatch) -> None:
    latch.trip(KillLevel.ALL, "cli", "first", 1)
    assert latch.trip(KillLevel.HALT, "rest", "lower", 2).level is KillLevel.ALL
    assert latch.trip(KillLevel.FLATTEN, "guard", "higher", 3).level is KillLevel.FLATTEN
    record = latch.read()
    assert record is not None
    assert (record.level, record.by) == (KillLevel.FLATTEN, "guard")


def test_a_release_clears_the_latch_and_keeps_who_and_why(latch: KillLatch) -> None:
    latch.trip(KillLevel.ALL, "cli", "first", 1)
    latch.trip(KillLevel.HALT, "rest", "second", 2)
    latch.release("Ada", "the account is flat", 3)
    assert not latch.is_set
    assert latch.read() is None
    lines = [(line.act, line.by, line.at) for line in latch.history()]
    assert sorted(lines, key=lambda line: line[2]) == [
        ("tripped", "cli", 1),
        ("tripped", "rest", 2),
        ("released", "Ada", 3),
    ]


def test_releasing_a_clear_latch_leaves_no_line(latch: KillLatch) -> None:
    latch.release("Ada", "nothing to clear", 3)
    assert latch.history() == []


@given(content=st.binary(max_size=200))
def test_a_latch_file_that_cannot_be_read_counts_as_set(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("home") / "latch.json"
    path.write_bytes(content)
    latch = KillLatch(path)
    record = latch.read()
    assert latch.is_set
    assert record is not None
    assert "counts as set" in record.reason
    latch.release("Ada", "checked the account", 9)
    assert not latch.is_set


def test_a_latch_behind_a_broken_path_counts_as_set(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file where a directory should be")
    assert KillLatch(tmp_path / "home" / "latch.json").is_set


def test_a_trip_that_finds_no_room_for_content_still_sets_the_latch(tmp_path: Path) -> None:
    (tmp_path / "latch.json.new").mkdir()  # the content can't be written
    latch = KillLatch(tmp_path / "latch.json")
    latch.trip(KillLevel.HALT, "cli", "disk full", 1)
    assert latch.is_set
    assert (tmp_path / "latch.json").read_bytes() == b""


def test_a_torn_line_of_the_history_hides_no_other_line(latch: KillLatch, tmp_path: Path) -> None:
    latch.trip(KillLevel.ALL, "cli", "first", 1)
    latch.release("Ada", "flat", 2)
    with (tmp_path / "home" / "latch.json.history").open("ab") as file:
        file.write(b'{"act":"tri')
    assert [line.act for line in latch.history()] == ["tripped", "released"]


def test_a_durable_write_replaces_the_whole_content(tmp_path: Path) -> None:
    path = tmp_path / "mode.json"
    assert read(path) is None
    write_durably(path, b"a long first content")
    write_durably(path, b"short")
    assert read(path) == b"short"
    assert [entry.name for entry in tmp_path.iterdir()] == ["mode.json"]
