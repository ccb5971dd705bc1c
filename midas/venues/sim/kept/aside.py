"""How an exchange begins anew: the file of the one before it is renamed."""

from __future__ import annotations

import contextlib
import glob
from pathlib import Path

from midas.errors import StoreDamaged
from midas.venues.sim.kept.vault import Vault

ASIDE_MAX = 5


def set_aside(path: Path) -> Path | None:
    """Rename a file that nobody has open, so that the next exchange begins anew; where it is now.

    The newest few stay: exchange.1.db, exchange.2.db and so on.
    """
    if not path.exists():
        return None
    with contextlib.suppress(StoreDamaged):  # a damaged one may go, too
        Vault(path).close()
    older = _asides(path)
    for number in sorted(older)[: max(0, len(older) - ASIDE_MAX + 1)]:
        older[number].unlink()
    aside = path.with_name(f"{path.stem}.{max(older, default=0) + 1}{path.suffix}")
    for end in ("", "-wal", "-shm"):
        part = path.with_name(path.name + end)
        if part.exists():
            part.rename(aside.with_name(aside.name + end))
    return aside


def _asides(path: Path) -> dict[int, Path]:
    """Files set aside before, by number."""
    found = path.parent.glob(f"{glob.escape(path.stem)}.*{glob.escape(path.suffix)}")
    numbers = {file: file.name[len(path.stem) + 1 : len(file.name) - len(path.suffix)] for file in found}
    return {int(text): file for file, text in numbers.items() if text.isascii() and text.isdigit()}
