"""Finding sessions by name and listing them without opening a database."""

from __future__ import annotations

from pathlib import Path

import pytest

from midas.errors import SessionUnknown
from midas.store.sessions import find, list_sessions, newest
from tests.store.stored_sessions import RECORDS, crashed_session, sealed_session

OLD = "20261120-180000-aaaa"
NEW = "20261121-094600-3f2a"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with an older crashed session and a newer sealed one."""
    crashed_session(tmp_path / "sessions" / OLD)
    sealed_session(tmp_path / "sessions" / NEW)
    return tmp_path


def test_sessions_are_listed_newest_first_with_their_figures(home: Path) -> None:
    new, old = list_sessions(home)
    assert (new.name, new.sealed, new.started) == (NEW, True, 1_000)
    assert new.tape_bytes > 10_000
    assert (old.name, old.sealed, old.records, old.last_sequence) == (OLD, False, RECORDS, 10 * (RECORDS - 1))
    assert old.tape_bytes == 0


def test_a_damaged_head_is_noted_instead_of_hiding_the_list(home: Path) -> None:
    (home / "sessions" / OLD / "head.json").write_bytes(b"{}")
    assert "head.json" in list_sessions(home)[1].note
    assert list_sessions(home)[0].note == ""


def test_a_session_is_found_by_name_or_by_a_prefix_that_only_it_has(home: Path) -> None:
    assert find(home, OLD).name == OLD
    assert find(home, "20261121").name == NEW
    assert newest(home).name == NEW
    with pytest.raises(SessionUnknown, match="2 sessions start with '202611'"):
        find(home, "202611")


@pytest.mark.parametrize("name", ["20261121-094600-3f2b", "", "../sessions", "tomorrow"])
def test_an_unknown_name_is_answered_with_the_nearest_ones(home: Path, name: str) -> None:
    with pytest.raises(SessionUnknown, match=f"{NEW}|{OLD}"):
        find(home, name)


def test_an_empty_home_says_that_there_is_no_session_yet(tmp_path: Path) -> None:
    assert list_sessions(tmp_path) == []
    with pytest.raises(SessionUnknown, match="no session"):
        newest(tmp_path)
    with pytest.raises(SessionUnknown, match="no session yet"):
        find(tmp_path, NEW)
