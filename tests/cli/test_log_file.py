"""The log file of engine, guard and console."""

from __future__ import annotations

import asyncio
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


def told(path: Path, *records: logging.LogRecord) -> str:
    with closing(LogFile(path)) as handler:
        handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
        for each in records:
            handler.handle(each)
    return path.read_text()


def by(library: str, text: str, error: BaseException | None = None) -> logging.LogRecord:
    info = (type(error), error, None) if error is not None else None
    return logging.LogRecord(library, logging.ERROR, "", 1, text, (), info)


def test_the_clean_end_of_a_connection_is_no_error(tmp_path: Path) -> None:
    lines = (
        by(
            "binance.ws.reconnecting_websocket",
            "ConnectionClosedOK (sent 1000 (OK); then received 1000 (OK))",
        ),
        by("asyncio", "Task exception was never retrieved", asyncio.CancelledError()),
    )
    assert told(tmp_path / "midas.log", *lines).splitlines() == [
        "INFO ConnectionClosedOK (sent 1000 (OK); then received 1000 (OK))",
        "INFO Task exception was never retrieved",
    ]


def test_what_broke_stays_an_error_with_its_traceback(tmp_path: Path) -> None:
    text = told(
        tmp_path / "midas.log",
        by("binance.ws.reconnecting_websocket", "ConnectionClosedError (no close frame received or sent)"),
        by("asyncio", "Task exception was never retrieved", ValueError("broken")),
        by("midas.runner", "the engine stops at sequence 7", asyncio.CancelledError()),
    )
    assert text.count("ERROR") == 3
    assert "ValueError: broken" in text
    assert "CancelledError" in text
