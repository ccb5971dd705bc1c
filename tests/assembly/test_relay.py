"""A journal proven by one process and folded by another: what comes through the pipe, and what doesn't."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from midas.assembly.inherit import left_by, left_in
from midas.assembly.relay import Told, tell
from midas.store.journal import DATABASE
from midas.store.survey import Condition
from tests.assembly.test_ahead import stored


def written(directory: Path) -> bytes:
    """All that is told of a session."""
    file = directory.parent / "told"
    into = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    try:
        tell(directory, into)
    finally:
        os.close(into)
    return file.read_bytes()


def test_what_is_told_folds_to_what_the_journal_does(tmp_path: Path) -> None:
    directory = stored(tmp_path)
    told = Told(io.BytesIO(written(directory)))
    assert left_in(directory.name, told.rows(), told.survey) == left_by(directory)


def test_nothing_behind_a_bad_record_is_told(tmp_path: Path) -> None:
    directory = stored(tmp_path)
    content = (directory / DATABASE).read_bytes()
    whole = list(Told(io.BytesIO(written(directory))).rows())
    (directory / DATABASE).write_bytes(content.replace(b"DEFENSIVE", b"OFFENSIVE"))
    told = Told(io.BytesIO(written(directory)))
    good = list(told.rows())
    assert good == whole[: len(good)]
    assert len(good) < len(whole)
    assert told.survey().condition is Condition.DAMAGED


@pytest.mark.parametrize("cut", [1, 3, -1, -2])
def test_whoever_ends_before_the_verdict_has_told_nothing(tmp_path: Path, cut: int) -> None:
    directory = stored(tmp_path)
    told = Told(io.BytesIO(written(directory)[:cut]))
    with pytest.raises(EOFError):
        left_in(directory.name, told.rows(), told.survey)
