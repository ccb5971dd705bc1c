"""The run file: where the exchange listens and who may trade, for whoever looks for it."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from midas.domain.unreadable import UNREADABLE

NAME = "exchange.json"  # in a home


class RunFile(msgspec.Struct, frozen=True, kw_only=True):
    """What a client needs to know of a running exchange."""

    pid: int
    instance: str
    http: str
    ws: str
    market: str
    speed: float
    seed: int
    started_at: int  # wall nanoseconds
    api_key: str
    api_secret: str
    preset: str = ""  # of the synthetic market
    begins: str = ""  # when the market does: now, with the first request, with the first stream
    control: str = ""  # where it can be made to misbehave; empty: nowhere


def write(path: Path, content: RunFile) -> None:
    """Write the file at once or not at all, readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(content) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def pid_in(path: Path) -> int:
    """The process that wrote the file; 0 where there is none or it can't be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=RunFile).pid
    except (OSError, *UNREADABLE):
        return 0


def remove(path: Path, instance: str) -> None:
    """Remove the file where it is still ours."""
    try:
        content = msgspec.json.decode(path.read_bytes(), type=RunFile)
    except (OSError, *UNREADABLE):
        return
    if content.instance == instance:
        path.unlink(missing_ok=True)
