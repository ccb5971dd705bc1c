"""The sessions of a home: one directory each, named so that the newest sorts last."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

import msgspec

from midas.errors import SessionUnknown, StoreError
from midas.store.head import NAME as HEAD
from midas.store.head import read_head
from midas.store.journal import DATABASE
from midas.store.retention import tape_bytes, tape_gone

SESSIONS = "sessions"
_NEAREST = 3


class SessionSummary(msgspec.Struct, frozen=True):
    """One session as its head tells it; an open one may be up to one commit further."""

    name: str
    started: int
    records: int
    last_sequence: int
    tape_bytes: int
    sealed: bool
    tape_gone: bool = False  # retention has given it up
    note: str = ""  # why the figures can't be known


def list_sessions(home: Path) -> list[SessionSummary]:
    """Every session of the home, newest first."""
    return [summarise(home / SESSIONS / name) for name in reversed(names(home))]


def names(home: Path) -> list[str]:
    """The names of all sessions, oldest first."""
    return sorted(path.parent.name for path in (home / SESSIONS).glob(f"*/{DATABASE}"))


def begun(home: Path) -> list[str]:
    """As `names`, with those whose database is gone while their head is still there; oldest first."""
    heads = {path.parent.name for path in (home / SESSIONS).glob(f"*/{HEAD}")}
    return sorted(heads.union(names(home)))


def newest(home: Path) -> Path:
    """The directory of the newest session."""
    found = names(home)
    if not found:
        raise SessionUnknown(f"There is no session in {home / SESSIONS} yet: `midas` records one.")
    return home / SESSIONS / found[-1]


def find(home: Path, name: str) -> Path:
    """The directory of the session with this name, or with the only name that starts so."""
    found = begun(home)
    if name in found:
        return home / SESSIONS / name
    starting = [each for each in found if name and each.startswith(name)]
    if len(starting) == 1:
        return home / SESSIONS / starting[0]
    if starting:
        raise SessionUnknown(
            f"{len(starting)} sessions start with {name!r}, among them {', '.join(starting[-_NEAREST:])}: "
            "type more of the name."
        )
    nearest = get_close_matches(name, found, _NEAREST, cutoff=0.0)
    hint = f"the nearest names are {', '.join(nearest)}" if nearest else "there is no session yet"
    raise SessionUnknown(f"No session is called {name!r} in {home / SESSIONS}: {hint}.")


def summarise(directory: Path) -> SessionSummary:
    """One session's figures, from its head and the sizes of its files."""
    tape = tape_bytes(directory)
    try:
        head, gone = read_head(directory).head, tape_gone(directory) is not None
    except StoreError as damage:
        return SessionSummary(directory.name, 0, 0, 0, tape, sealed=False, note=str(damage))
    return SessionSummary(
        directory.name, head.started, head.record + 1, head.sequence, tape, head.sealed, gone
    )
