"""Where the embedded exchange of a home is found."""

from __future__ import annotations

import socket
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from midas.cli.alive import lives
from midas.domain.unreadable import UNREADABLE
from midas.venues.sim.runfile import NAME, RunFile

RUN_FILE = NAME  # in the home: where a running exchange says how to reach it


def answering(path: Path) -> RunFile | None:
    """The exchange of this run file, if it lives and its port answers; a crash's file is no exchange."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=RunFile)
        if not lives(found.pid):
            return None  # whoever answers on its port now is somebody else
        address = urlsplit(found.http)
        with socket.create_connection((address.hostname or "", address.port or 0), timeout=1.0):
            return found
    except (OSError, *UNREADABLE):
        return None
