"""The console's reader of runs: it reads what is asked for, once, and follows what comes and goes."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec

from midas.cli.run_shelf import RunShelf
from midas.reports import archive
from tests.fakes import runs


def test_lines_of_all_runs_and_the_sheets_that_are_wanted(tmp_path: Path) -> None:
    older = archive.keep(tmp_path, runs.sheet())
    shelf = RunShelf(tmp_path)
    assert not shelf.look([]).looked
    shelf.read()
    assert [head.id for head in shelf.look([older.id]).heads] == [older.id]
    shelf.read()
    assert shelf.look([older.id]).sheets == {older.id: older}
    newer = archive.keep(tmp_path, msgspec.structs.replace(runs.sheet(), digest="fff"))
    shelf.read()
    assert [head.id for head in shelf.look([newer.id]).heads] == [newer.id, older.id]
    shelf.read()
    assert list(shelf.look([newer.id]).sheets) == [newer.id]


def test_a_run_that_is_deleted_leaves_and_one_that_is_broken_says_why(tmp_path: Path) -> None:
    kept = archive.keep(tmp_path, runs.sheet())
    (tmp_path / "runs" / kept.id / "report.json").write_text("{}")
    shelf = RunShelf(tmp_path)
    shelf.look([kept.id])
    shelf.read()
    assert "isn't what this midas keeps" in shelf.look([kept.id]).troubles[kept.id]
    shutil.rmtree(tmp_path / "runs" / kept.id)
    shelf.read()
    assert shelf.look([]).heads == () and not shelf.look([]).troubles


def test_its_thread_reads_what_a_look_asks_for_and_ends(tmp_path: Path) -> None:
    kept = archive.keep(tmp_path, runs.sheet())
    shelf = RunShelf(tmp_path)
    shelf.begin()
    for _ in range(2_000):
        if shelf.look([kept.id]).sheets:
            break
        shelf._thread.join(0.005)
    assert shelf.look([kept.id]).sheets
    shelf.close()
    shelf._thread.join(5)
    assert not shelf._thread.is_alive()
