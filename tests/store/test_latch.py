"""The kill latch: set before anything else, set when in doubt, and never cleared without a name."""

from __future__ import annotations

import fcntl
import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midas.domain.mode import KillLevel
from midas.errors import StoreFull
from midas.ports.journal import LatchRecord
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
    assert _release(latch, "the account is flat")
    assert not latch.is_set
    assert latch.read() is None
    lines = [(line.act, line.by, line.at) for line in latch.history()]
    assert sorted(lines, key=lambda line: line[2]) == [
        ("tripped", "cli", 1),
        ("tripped", "rest", 2),
        ("released", "Ada", 9),
    ]


def test_releasing_a_clear_latch_leaves_no_line(latch: KillLatch) -> None:
    assert latch.release(LatchRecord(KillLevel.HALT, "cli", "", 1), "Ada", "nothing to clear", 3)
    assert latch.history() == []


@settings(deadline=None)  # a busy disk is no failure
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
    assert not record.readable
    assert _release(latch, "checked the account")
    assert not latch.is_set


def test_a_latch_behind_a_broken_path_counts_as_set(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file where a directory should be")
    assert KillLatch(tmp_path / "home" / "latch.json").is_set


def test_a_trip_that_finds_no_room_for_content_still_sets_the_latch(tmp_path: Path) -> None:
    latch = KillLatch(tmp_path / "latch.json")
    with _full_disk():
        latch.trip(KillLevel.HALT, "cli", "disk full", 1)
    assert latch.is_set
    assert (tmp_path / "latch.json").read_bytes() == b""
    assert {entry.name for entry in tmp_path.iterdir()} == {"latch.json", "latch.json.lock"}


def test_a_full_disk_never_lowers_or_loses_what_is_set(latch: KillLatch) -> None:
    known = latch.trip(KillLevel.FLATTEN, "cli", "first", 1)
    with _full_disk():
        latch.trip(KillLevel.HALT, "rest", "second", 2)
    assert latch.read() == known


def test_a_full_disk_that_holds_less_than_was_asked_for_is_told(latch: KillLatch) -> None:
    with _full_disk(), pytest.raises(StoreFull, match="halt stands there"):
        latch.trip(KillLevel.FLATTEN, "cli", "first", 1)
    assert latch.is_set
    latch.trip(KillLevel.FLATTEN, "cli", "first", 1)
    record = latch.read()
    assert record is not None
    assert record.level is KillLevel.FLATTEN


def test_a_line_that_a_crash_tore_takes_no_later_one_along(latch: KillLatch, tmp_path: Path) -> None:
    history = tmp_path / "home" / "latch.json.history"
    known = latch.trip(KillLevel.HALT, "cli", "first", 1)
    history.write_bytes(b'{"act":"tripped","by":"c')
    assert latch.release(known, "Ada", "looked at it", 2)
    assert [(line.act, line.by) for line in latch.history()] == [("tripped", "cli"), ("released", "Ada")]


def test_a_path_that_is_none_refuses_a_trip_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file where a directory should be")
    with pytest.raises(StoreFull, match="can't be written"):
        KillLatch(tmp_path / "home" / "latch.json").trip(KillLevel.HALT, "cli", "", 1)


def test_a_release_spares_a_kill_that_nobody_has_reviewed(latch: KillLatch) -> None:
    known = latch.trip(KillLevel.HALT, "cli", "first", 1)
    latch.trip(KillLevel.FLATTEN, "socket", "newer", 2)
    assert not latch.release(known, "Ada", "the first is settled", 3)
    record = latch.read()
    assert record is not None
    assert record.level is KillLevel.FLATTEN


def test_a_second_pull_in_the_same_words_is_another_kill(latch: KillLatch) -> None:
    known = latch.trip(KillLevel.HALT, "console", "", 1)
    latch.trip(KillLevel.HALT, "console", "", 2)
    assert not latch.release(known, "Ada", "the first is settled", 3)
    assert latch.is_set


def test_the_same_pull_by_a_second_way_changes_nothing(latch: KillLatch) -> None:
    first = latch.trip(KillLevel.ALL, "cli", "news", 1)
    assert latch.trip(KillLevel.ALL, "cli", "news", 1) == first
    assert latch.history() == []


def test_a_lock_that_is_never_let_go_holds_up_no_kill(latch: KillLatch, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    with (tmp_path / "home" / "latch.json.lock").open("w") as hung:
        fcntl.flock(hung, fcntl.LOCK_EX)
        latch.trip(KillLevel.ALL, "cli", "", 1)
    assert latch.is_set


def test_a_pull_that_waited_in_vain_never_softens_the_one_that_came_first(
    latch: KillLatch, tmp_path: Path
) -> None:
    (tmp_path / "home").mkdir()
    with (tmp_path / "home" / "latch.json.lock").open("w") as hung:
        fcntl.flock(hung, fcntl.LOCK_EX)
        strong = threading.Thread(target=latch.trip, args=(KillLevel.DISCONNECT, "console", "", 1))
        weak = threading.Thread(target=latch.trip, args=(KillLevel.HALT, "cli", "", 2))
        for thread in (strong, weak):
            thread.start()
        for thread in (strong, weak):
            thread.join()
    record = latch.read()
    assert record is not None
    assert record.level is KillLevel.DISCONNECT


def test_threads_that_trip_at_once_leave_one_whole_latch_at_the_highest_level(latch: KillLatch) -> None:
    for turn in range(20):
        start = threading.Barrier(8)
        levels = [level for level in KillLevel for _ in range(2)]
        threads = [
            threading.Thread(target=_trip_together, args=(latch, level, start, turn * 8 + n))
            for n, level in enumerate(levels, 1)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        record = latch.read()
        assert record is not None
        assert (record.level, record.readable) == (KillLevel.DISCONNECT, True)
        assert _release(latch, "again")


@settings(deadline=None)  # a busy disk is no failure
@given(
    pulls=st.lists(
        st.tuples(st.sampled_from(KillLevel), st.booleans()), min_size=1, max_size=8
    )
)  # fmt: skip
def test_whatever_the_order_of_pulls_and_releases_the_newest_unreviewed_kill_stands(
    tmp_path_factory: pytest.TempPathFactory, pulls: list[tuple[KillLevel, bool]]
) -> None:
    latch = KillLatch(tmp_path_factory.mktemp("home") / "latch.json")
    for at, (level, reviewed) in enumerate(pulls, 1):
        before = latch.read()
        latch.trip(level, "cli", "", at)
        known = latch.read() if reviewed else before
        if known is not None:
            assert latch.release(known, "Ada", "", at) is reviewed
        assert latch.is_set is not reviewed


def test_a_torn_line_of_the_history_hides_no_other_line(latch: KillLatch, tmp_path: Path) -> None:
    latch.trip(KillLevel.ALL, "cli", "first", 1)
    _release(latch, "flat")
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


def _release(latch: KillLatch, reason: str) -> bool:
    known = latch.read()
    assert known is not None
    return latch.release(known, "Ada", reason, 9)


def _trip_together(latch: KillLatch, level: KillLevel, start: threading.Barrier, at: int) -> None:
    start.wait(5.0)
    latch.trip(level, "cli", "", at)


@contextmanager
def _full_disk() -> Iterator[None]:
    """No file may get a byte."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_takeover_keeps_the_higher_level_and_names_the_session(latch: KillLatch) -> None:
    latch.trip(KillLevel.HALT, "ops", "news", 1)
    latch.take_over("session-1", KillLevel.FLATTEN, "midas guard", "hung", 2)
    record = latch.read()
    assert record is not None
    assert (record.level, record.by, record.guarded) == (KillLevel.FLATTEN, "midas guard", "session-1")
    latch.trip(KillLevel.DISCONNECT, "ops", "now", 3)
    risen = latch.read()
    assert risen is not None
    assert (risen.level, risen.guarded) == (KillLevel.DISCONNECT, "session-1")


def test_a_takeover_lowers_no_level(latch: KillLatch) -> None:
    latch.trip(KillLevel.DISCONNECT, "ops", "news", 1)
    latch.take_over("session-1", KillLevel.ALL, "midas guard", "hung", 2)
    record = latch.read()
    assert record is not None
    assert (record.level, record.by, record.guarded) == (KillLevel.DISCONNECT, "ops", "session-1")
