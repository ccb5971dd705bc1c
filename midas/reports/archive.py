"""The runs of a home: a folder each, written whole or not at all, and read by anybody.

`runs/<id>/head.json` is the line of a list, `report.json` the sheet, and `equity`, `fills` and `trades` are
Parquet tables. An id begins with the time at which it was made, so that names sort by age.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from midas.domain.time import SECOND
from midas.errors import RunUnknown, SchemaNewer, StoreError
from midas.reports.sheet import VERSION, Head, Sheet, head_of

FOLDER = "runs"
HEAD, SHEET = "head.json", "report.json"
ABANDONED_S = 3600.0  # age of a half-written folder whose writer must be gone
LAST = "last"

Write = Callable[[Path], None]  # puts further files into the folder of a run


def keep(home: Path, sheet: Sheet, more: Write | None = None) -> Sheet:
    """Keep a run, and return its sheet with the id that it got. Raises StoreError."""
    folder = home / FOLDER
    part: Path | None = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _sweep(folder)
        named = msgspec.structs.replace(sheet, id=_free(folder, sheet))
        part = folder / f".{named.id}.{os.getpid()}"
        part.mkdir()
        (part / SHEET).write_bytes(msgspec.json.encode(named, enc_hook=str))
        (part / HEAD).write_bytes(msgspec.json.encode(head_of(named), enc_hook=str))
        if more is not None:
            more(part)
        part.rename(folder / named.id)
    except OSError as error:
        raise StoreError(f"the run can't be kept in {folder}: {error.strerror or error}") from None
    finally:
        if part is not None:
            shutil.rmtree(part, ignore_errors=True)  # gone where it was renamed
    return named


def names(home: Path) -> list[str]:
    """The ids of all runs, oldest first."""
    try:
        with os.scandir(home / FOLDER) as found:
            return sorted(each.name for each in found if each.is_dir() and not each.name.startswith("."))
    except FileNotFoundError:
        return []


def heads(home: Path) -> list[Head]:
    """All runs, newest first; a folder that isn't one is left out."""
    found = (head(home, name) for name in reversed(names(home)))
    return [each for each in found if each is not None]


def head(home: Path, name: str) -> Head | None:
    """The line of one run; None where it can't be read."""
    try:
        return msgspec.json.decode((home / FOLDER / name / HEAD).read_bytes(), type=Head)
    except (OSError, msgspec.MsgspecError):
        return None


def found(home: Path, asked: str) -> str:
    """The id that `asked` means: `last`, an id, or a part of just one. Raises RunUnknown."""
    known = names(home)
    if not known:
        raise RunUnknown(
            f"no run has been kept in {home}: midas backtest STRATEGY --data FILE makes the first"
        )
    if asked == LAST:
        return known[-1]
    fitting = (
        [name for name in known if name == asked]
        or [name for name in known if name.startswith(asked)]
        or [name for name in known if asked in name]
    )
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        some = ", ".join(fitting[-3:])
        raise RunUnknown(f"{len(fitting)} runs are called {asked!r} ({some} among them): write more of it")
    raise RunUnknown(f"there is no run {asked!r}; the newest is {known[-1]}, `midas report` lists all")


def sheet(home: Path, asked: str) -> Sheet:
    """The sheet of a run. Raises RunUnknown, and SchemaNewer where this midas can't read it."""
    name = found(home, asked)
    path = home / FOLDER / name / SHEET
    try:
        return msgspec.json.decode(path.read_bytes(), type=Sheet)
    except OSError as error:
        raise RunUnknown(f"run {name} has no report: {path}: {error.strerror}") from None
    except msgspec.MsgspecError as error:
        raise SchemaNewer(
            f"run {name} isn't what this midas keeps (version {VERSION}): {error}; run the back-test again"
        ) from None


def folder_of(home: Path, asked: str) -> Path:
    """Where a run is kept. Raises RunUnknown."""
    return home / FOLDER / found(home, asked)


def _free(folder: Path, sheet: Sheet) -> str:
    """`261122-045312-7f3`: when it was made, and a little of what it decided."""
    when = datetime.fromtimestamp(sheet.made_at // SECOND, UTC).strftime("%y%m%d-%H%M%S")
    name = base = f"{when}-{sheet.digest[:3] or '000'}"
    number = 1
    while (folder / name).exists():
        number += 1
        name = f"{base}{number}"
    return name


def _sweep(folder: Path) -> None:
    """What a writer that was killed has left."""
    for left in folder.glob(".*"):
        if left.is_dir() and time.time() - left.stat().st_mtime > ABANDONED_S:
            shutil.rmtree(left, ignore_errors=True)
