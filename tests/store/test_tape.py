"""The tape: what goes in comes out, torn ends lose little, damage is named, a full disk loses nothing."""

from __future__ import annotations

import errno
import os
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midas.errors import StoreDamaged, StoreFull
from midas.store.durable import write_all
from midas.store.tape import SealedSegment, Tape, read_tape, segments
from tests.store.stored_sessions import event, flip


class FakeDisk:
    """Writes that stop half-way while `full` is set."""

    def __init__(self) -> None:
        self.full = False

    def __call__(self, descriptor: int, content: bytes) -> None:
        if self.full:
            write_all(descriptor, content[: len(content) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write_all(descriptor, content)


def recorded(directory: Path, events: int, flush_every: int = 100) -> list[SealedSegment]:
    """A tape of several segments, closed."""
    sealed: list[SealedSegment] = []
    tape = Tape(directory, sealed.append, segment_bytes=8_000)
    for sequence in range(events):
        tape.append(sequence, event(sequence))
        if sequence % flush_every == flush_every - 1:
            tape.flush()
    tape.close()
    return sealed


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 2**20), st.binary(max_size=300), st.booleans()), max_size=60),
    st.integers(0, 2**62),
)
def test_whatever_was_appended_comes_back(
    tmp_path_factory: pytest.TempPathFactory, events: list[tuple[int, bytes, bool]], start: int
) -> None:
    directory = tmp_path_factory.mktemp("tape")
    tape = Tape(directory, lambda sealed: None, segment_bytes=500)
    expected = []
    sequence = start
    for step, body, flushes in events:
        sequence += step
        tape.append(sequence, body)
        expected.append((sequence, body))
        if flushes:
            tape.flush()
    tape.close()
    assert list(read_tape(directory)) == expected


def test_segments_rotate_and_each_is_sealed_with_its_range_and_hash(tmp_path: Path) -> None:
    sealed = recorded(tmp_path, 20_000)
    files = segments(tmp_path / "tape")
    assert len(sealed) == len(files) > 3
    assert [seal.size for seal in sealed] == [path.stat().st_size for path in files]
    assert sealed[0].first == 0
    assert sealed[-1].last == 19_999
    assert all(one.last + 1 == two.first for one, two in pairwise(sealed))
    assert sum(seal.records for seal in sealed) == 20_000


def test_flushed_events_are_readable_while_the_tape_goes_on(tmp_path: Path) -> None:
    tape = Tape(tmp_path, lambda sealed: None)
    for sequence in range(10):
        tape.append(sequence, event(sequence))
    tape.flush()
    tape.append(10, event(10))
    assert [sequence for sequence, _ in read_tape(tmp_path)] == list(range(10))
    tape.close()
    assert [sequence for sequence, _ in read_tape(tmp_path)] == list(range(11))


@pytest.mark.parametrize("cut", [1, 7, 30, 44, 45, 200])
def test_a_torn_end_loses_only_the_unfinished_block(tmp_path: Path, cut: int) -> None:
    tape = Tape(tmp_path, lambda sealed: None)
    for sequence in range(300):
        tape.append(sequence, event(sequence))
        if sequence % 100 == 99:
            tape.flush()
    (path,) = segments(tmp_path / "tape")
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - cut)
    assert [sequence for sequence, _ in read_tape(tmp_path)] == list(range(200))
    tape.close()


@pytest.mark.parametrize("seed", range(25))
def test_a_flipped_bit_in_an_unsealed_segment_is_named_with_the_last_good_sequence(
    tmp_path: Path, seed: int
) -> None:
    tape = Tape(tmp_path, lambda sealed: None)
    for sequence in range(1_000):
        tape.append(sequence, event(sequence))
        if sequence % 100 == 99:
            tape.flush()
    (path,) = segments(tmp_path / "tape")
    flip(path, seed * 997 % path.stat().st_size, seed % 8)
    good = []
    with pytest.raises(StoreDamaged) as caught:
        for sequence, body in read_tape(tmp_path):
            assert body == event(sequence)
            good.append(sequence)
    assert caught.value.file == path.name
    assert caught.value.last_good == (good[-1] if good else 0)
    tape.close()


def test_a_full_disk_is_reported_by_every_flush_and_loses_no_event(tmp_path: Path) -> None:
    disk = FakeDisk()
    tape = Tape(tmp_path, lambda sealed: None, write=disk)
    tape.append(0, event(0))
    tape.flush()
    disk.full = True
    for sequence in range(1, 4):
        tape.append(sequence, event(sequence))
        with pytest.raises(StoreFull, match="ENOSPC"):
            tape.flush()
    assert [sequence for sequence, _ in read_tape(tmp_path)] == [0]
    disk.full = False
    tape.append(4, event(4))
    tape.close()
    assert list(read_tape(tmp_path)) == [(sequence, event(sequence)) for sequence in range(5)]


def test_a_full_backlog_refuses_the_event_instead_of_forgetting_one(tmp_path: Path) -> None:
    disk = FakeDisk()
    tape = Tape(tmp_path, lambda sealed: None, write=disk, backlog_max=50_000)
    disk.full = True
    taken = 0
    with pytest.raises(StoreFull, match="was not taken"):
        for sequence in range(1_000_000):
            tape.append(sequence, os.urandom(500))
            taken += 1
    disk.full = False
    tape.close()
    assert [sequence for sequence, _ in read_tape(tmp_path)] == list(range(taken))


def test_retention_gives_up_the_oldest_segments_and_never_the_open_one(tmp_path: Path) -> None:
    tape = Tape(tmp_path, lambda sealed: None, segment_bytes=8_000)
    for sequence in range(10_000):
        tape.append(sequence, event(sequence))
    tape.flush()
    assert tape.prunable(10**9) is None
    pruned = tape.prunable(20_000)
    assert pruned is not None
    tape.prune(pruned)
    kept = sum(path.stat().st_size for path in segments(tmp_path / "tape"))
    assert kept <= 20_000
    everything = tape.prunable(0)
    assert everything is not None
    tape.prune(everything)
    assert len(segments(tmp_path / "tape")) == 1
    tape.close()
    assert next(iter(read_tape(tmp_path)))[0] > 0


def test_a_session_without_a_tape_has_no_events(tmp_path: Path) -> None:
    assert list(read_tape(tmp_path)) == []
