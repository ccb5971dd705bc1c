"""The heartbeat: read whole or not at all, and never in the engine's way."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from midas.runtime.beats import NAME, SIZE, Beat, Pulse, beat_files, forget_beats, read_beat

BEAT = Beat(7, "20261121-094600-3f2a", 42, 1_700, 1_000, "halt")


def test_the_newest_beat_is_read(tmp_path: Path) -> None:
    pulse = Pulse(tmp_path / NAME)
    assert read_beat(tmp_path / NAME) is None
    pulse(Beat(7, "s", 1, 1, 1, "a longer one than the next" * 5))
    pulse(BEAT)
    assert read_beat(tmp_path / NAME) == BEAT
    assert (tmp_path / NAME).stat().st_size == SIZE


def test_a_torn_beat_is_none(tmp_path: Path) -> None:
    path = tmp_path / NAME
    Pulse(path)(BEAT)
    content = bytearray(path.read_bytes())
    content[10] ^= 1
    path.write_bytes(content)
    assert read_beat(path) is None


def test_an_engine_that_ends_leaves_none(tmp_path: Path) -> None:
    pulse = Pulse(tmp_path / NAME)
    pulse(BEAT)
    pulse.close()
    pulse.close()
    pulse(BEAT)
    assert not (tmp_path / NAME).exists()


def test_a_place_that_takes_no_file_costs_the_engine_nothing(tmp_path: Path) -> None:
    pulse = Pulse(tmp_path / "missing" / NAME)
    pulse(BEAT)
    assert read_beat(tmp_path / "missing" / NAME) is None
    pulse.close()


def test_no_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    (tmp_path / NAME).symlink_to(tmp_path / "precious")
    Pulse(tmp_path / NAME)(BEAT)
    assert (tmp_path / "precious").read_text() == "mine"
    assert read_beat(tmp_path / NAME) is None


def test_beats_lie_in_memory_where_there_is_some(tmp_path: Path) -> None:
    home, memory = tmp_path / "home", tmp_path / "memory"
    assert beat_files(home, memory) == (home / NAME,)
    memory.mkdir()
    found, otherwise = beat_files(home, memory)
    assert found.parent == memory
    assert str(os.getuid()) in found.name
    assert found != beat_files(tmp_path / "other", memory)[0]
    assert otherwise == home / NAME


def test_a_home_by_another_name_is_the_same_home(tmp_path: Path) -> None:
    home, memory = tmp_path / "home", tmp_path / "memory"
    home.mkdir()
    memory.mkdir()
    (tmp_path / "link").symlink_to(home)
    assert beat_files(home, memory)[0] == beat_files(tmp_path / "link", memory)[0]


def test_a_memory_without_room_leaves_the_home(tmp_path: Path) -> None:
    places = tmp_path / "missing" / NAME, tmp_path / NAME
    Pulse(*places)(BEAT)
    assert read_beat(*places) == BEAT


def test_the_newest_of_two_places_is_the_engines(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    Pulse(old)(BEAT)
    later = msgspec.structs.replace(BEAT, monotonic=BEAT.monotonic + 1)
    Pulse(new)(later)
    assert read_beat(old, new) == read_beat(new, old) == later


def test_what_a_killed_engine_left_is_forgotten(tmp_path: Path) -> None:
    Pulse(*beat_files(tmp_path))(BEAT)
    assert read_beat(*beat_files(tmp_path)) == BEAT
    forget_beats(tmp_path)
    forget_beats(tmp_path)
    assert read_beat(*beat_files(tmp_path)) is None
