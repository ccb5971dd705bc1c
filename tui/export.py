"""A file for the person at the console: private, never over another one, and its path is told."""

from __future__ import annotations

import os
from pathlib import Path

from midas.domain.time import iso


def named(kind: str, at: int, suffix: str) -> str:
    """`midas-kill-20261121T142031Z.txt`."""
    moment = iso(at)[:19].replace("-", "").replace(":", "")
    return f"midas-{kind}-{moment}Z.{suffix}"


def write_private(name: str, text: str, folder: Path | None = None) -> Path:
    """Into `folder`, made if missing; else, or where that takes no file, the current or the home folder.

    Raises OSError.
    """
    try:
        if folder is not None:
            folder.mkdir(mode=0o700, exist_ok=True)
            return _write(folder, name, text)
    except OSError:
        pass
    try:
        return _write(Path.cwd(), name, text)
    except OSError:
        return _write(Path.home(), name, text)


def _write(folder: Path, name: str, text: str) -> Path:
    stem, dot, suffix = name.rpartition(".")
    for number in range(1, 100):
        path = folder / (name if number == 1 else f"{stem}-{number}{dot}{suffix}")
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        return path
    raise FileExistsError(f"{folder / name} and 98 more like it exist")
