"""A cut that a kill or a full disk interrupts: never half of it, and never a byte less than before."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from midas.errors import StoreFull
from midas.store import sessions
from midas.store.integrity import verify
from midas.store.mend import Cause, cut, finish_all, read_cut
from midas.store.survey import Condition, survey
from tests.store.stored_sessions import RECORDS, crashed_session
from tests.store.test_integrity import contents

NAME = "20261121-101500-77b0"


@pytest.fixture(scope="module")
def _torn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    (home / sessions.SESSIONS).mkdir()
    directory = crashed_session(home / sessions.SESSIONS / NAME)
    log = directory / "journal.db-wal"
    os.truncate(log, log.stat().st_size * 2 // 3)
    return home


@pytest.fixture
def torn(_torn: Path, tmp_path: Path) -> Path:
    """The home of a session whose log was cut short."""
    return Path(shutil.copytree(_torn, tmp_path / "home"))


class Killed(BaseException):
    """The process ends here."""


class Kills:
    """Ends the process at the n-th call of the system that changes a name or empties a folder."""

    def __init__(self, patch: pytest.MonkeyPatch, at: int) -> None:
        self.left = at
        for module, name in ((os, "rename"), (os, "replace"), (shutil, "rmtree"), (os, "fsync")):
            patch.setattr(module, name, self._counted(getattr(module, name)))

    def _counted(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **options: Any) -> Any:
            self.left -= 1
            if self.left == 0:
                raise Killed
            return call(*args, **options)

        return counted


def test_a_cut_leaves_a_whole_journal_and_the_files_as_they_were(torn: Path) -> None:
    directory = torn / sessions.SESSIONS / NAME
    before, found = contents(directory), survey(directory)
    assert found.condition is Condition.TORN
    _, note = cut(directory, Cause.TORN, 7)
    assert (note.records, note.lost, note.at) == (found.records, RECORDS - found.records, 7)
    assert read_cut(directory) == note
    assert contents(directory / note.quarantine) == before
    assert survey(directory).condition is Condition.WHOLE
    assert verify(directory).records == found.records
    assert sessions.names(torn) == [NAME]


def test_a_second_cut_keeps_the_evidence_of_the_first(torn: Path) -> None:
    directory = torn / sessions.SESSIONS / NAME
    cut(directory, Cause.TORN, 7)
    first = contents(directory / "quarantine-1")
    _, note = cut(directory, Cause.REPAIRED, 8)
    assert note.quarantine == "quarantine-2"
    assert contents(directory / "quarantine-1") == first


@pytest.mark.parametrize("at", range(1, 25))
def test_a_kill_at_any_step_leaves_the_old_state_or_one_that_is_finished_later(
    torn: Path, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = torn / sessions.SESSIONS / NAME
    before, records = contents(directory), survey(directory).records
    with monkeypatch.context() as patch:
        kills = Kills(patch, at)
        try:
            cut(directory, Cause.TORN, 7)
        except Killed:
            pass
        else:
            assert kills.left > 0
    finish_all(torn / sessions.SESSIONS)
    finish_all(torn / sessions.SESSIONS)
    note = read_cut(directory)
    if note is None:
        kept = {name: content for name, content in contents(directory).items() if "mending" not in name}
        assert kept == before
        _, note = cut(directory, Cause.TORN, 8)
    assert contents(directory / note.quarantine) == before
    assert verify(directory).records == records
    assert not (directory / "mended").exists()


@pytest.mark.parametrize("at", range(1, 12))
def test_a_kill_while_an_interrupted_cut_is_finished_changes_nothing_either(
    torn: Path, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = torn / sessions.SESSIONS / NAME
    before, records = contents(directory), survey(directory).records
    for step in (9, at):
        with monkeypatch.context() as patch:
            Kills(patch, step)
            try:
                if read_cut(directory) is None and not (directory / "mended").exists():
                    cut(directory, Cause.TORN, 7)
                finish_all(torn / sessions.SESSIONS)
            except Killed:
                pass
    finish_all(torn / sessions.SESSIONS)
    note = read_cut(directory)
    if note is not None:
        assert contents(directory / note.quarantine) == before
        assert verify(directory).records == records


def test_a_disk_that_refuses_leaves_everything_as_it_was(torn: Path) -> None:
    directory = torn / sessions.SESSIONS / NAME
    (directory / "mending").write_bytes(b"in the way")
    before = contents(directory)
    with pytest.raises(StoreFull, match="can't be cut"):
        cut(directory, Cause.TORN, 7)
    assert contents(directory) == before
