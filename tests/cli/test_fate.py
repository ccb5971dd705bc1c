"""What an engine keeps of its own end, for its supervisor and for whoever looks."""

from __future__ import annotations

from pathlib import Path

from midas.cli.fate import FATE_FILE, Fate, Telling, read_fate


def test_an_orderly_end_is_a_wanted_one_even_where_nobody_had_time_to_say_so(tmp_path: Path) -> None:
    telling = Telling(tmp_path, 7)
    telling.up()
    telling.closed(1, "asked to stop")
    fate = read_fate(tmp_path)
    assert fate is not None
    assert (fate.wanted, fate.code, fate.why) == (True, 1, "asked to stop")


def test_a_failure_is_none_unless_the_end_was_asked_for_before(tmp_path: Path) -> None:
    telling = Telling(tmp_path, 7)
    telling.up()
    telling.failed(1, "the journal is full")
    fate = read_fate(tmp_path)
    assert fate is not None
    assert (fate.wanted, fate.sentence) == (False, "exit 1: the journal is full")
    telling.asked("asked to stop")
    telling.failed(1, "the journal is full")
    again = read_fate(tmp_path)
    assert again is not None
    assert again.wanted


def test_it_is_for_its_owner_alone_and_a_damaged_one_is_none(tmp_path: Path) -> None:
    Telling(tmp_path, 7).up()
    assert (tmp_path / FATE_FILE).stat().st_mode & 0o777 == 0o600
    (tmp_path / FATE_FILE).write_text("{")
    assert read_fate(tmp_path) is None
    assert Fate(7, 1).sentence.startswith("without a word")
