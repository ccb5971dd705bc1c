"""The heartbeat: read whole or not at all, and never in the engine's way."""

from __future__ import annotations

import os
from pathlib import Path

from midas.runtime.beats import NAME, SIZE, Beat, Pulse, beat_file, read_beat

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
    pulse.close()


def test_no_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    (tmp_path / NAME).symlink_to(tmp_path / "precious")
    Pulse(tmp_path / NAME)(BEAT)
    assert (tmp_path / "precious").read_text() == "mine"
    assert read_beat(tmp_path / NAME) is None


def test_beats_lie_in_memory_where_there_is_some(tmp_path: Path) -> None:
    home, memory = tmp_path / "home", tmp_path / "memory"
    assert beat_file(home, memory) == home / NAME
    memory.mkdir()
    found = beat_file(home, memory)
    assert found.parent == memory
    assert str(os.getuid()) in found.name
    assert found != beat_file(tmp_path / "other", memory)
