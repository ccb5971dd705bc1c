"""The log file of engine, guard and console."""

from __future__ import annotations

import errno
import io
import logging
from contextlib import closing
from pathlib import Path

import pytest

from midas.cli.log_file import LogFile


def record(text: str, *values: object) -> logging.LogRecord:
    return logging.LogRecord("midas", logging.ERROR, "", 1, text, values, None)


def test_it_is_its_owners_alone_before_a_line_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "midas.log"
    handler = LogFile(path)
    handler.close()
    assert path.stat().st_mode & 0o777 == 0o600


class Full(io.TextIOWrapper):
    """A disk that takes no more."""

    def write(self, text: str, /) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_loses_the_line_and_prints_no_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(LogFile(tmp_path / "midas.log")) as handler:
        handler.setStream(Full(io.BytesIO()))
        handler.emit(record("lost"))
        assert capsys.readouterr().err == ""
        handler.emit(record("%d", "a mistake of ours"))
        assert "Logging error" in capsys.readouterr().err
