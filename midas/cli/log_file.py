"""A log file for its owner alone, which costs its process nothing where the disk takes no more."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path


class LogFile(logging.FileHandler):
    """Drops what a full or failing disk refuses: a traceback on the terminal would tell nobody more."""

    def __init__(self, path: Path) -> None:
        """Made where it is missing, before a line is in it. Raises OSError."""
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
        path.chmod(0o600)
        super().__init__(path)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """What isn't the disk's fault is ours, and is told as ever."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)
