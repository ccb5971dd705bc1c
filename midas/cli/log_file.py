"""A log file for its owner alone, which costs its process nothing where the disk takes no more."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from pathlib import Path

CLOSED_OK = "ConnectionClosedOK"  # how the libraries call the clean end of a connection


class LogFile(logging.FileHandler):
    """Drops what a full or failing disk refuses: a traceback on the terminal would tell nobody more."""

    def __init__(self, path: Path) -> None:
        """Made where it is missing, before a line is in it. Raises OSError."""
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
        path.chmod(0o600)
        super().__init__(path)
        self.addFilter(_calmed)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """What isn't the disk's fault is ours, and is told as ever."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


def _calmed(record: logging.LogRecord) -> bool:
    """Libraries tell a clean end, and a task that we cancel at it, as errors; a person would look for one."""
    if record.name.partition(".")[0] == "midas" or record.levelno < logging.WARNING:
        return True
    error = record.exc_info[1] if record.exc_info else None
    chain = {type(each).__name__ for each in (error, error.__cause__ if error else None)}
    clean = isinstance(error, asyncio.CancelledError) or CLOSED_OK in chain
    if clean or record.getMessage().startswith(CLOSED_OK):
        record.levelno, record.levelname = logging.INFO, logging.getLevelName(logging.INFO)
        record.exc_info = record.exc_text = None
    return True
