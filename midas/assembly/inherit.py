"""What a new session takes over from the ones before it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from midas.domain.carry import Carried
from midas.errors import StoreDamaged
from midas.runtime.replay import Row, fold_ledger, header_of
from midas.store import sessions
from midas.store.evidence import read_records


def rows_of(directory: Path) -> Iterator[Row]:
    """A session's journal as the runtime reads it."""
    return (Row(r.sequence, r.kind, r.body) for r in read_records(directory))


def inherited(home: Path, account: str) -> tuple[Carried, list[str]]:
    """The newest ledger of this account, else the newest mode of any; and what couldn't be read."""
    problems: list[str] = []
    mode: Carried | None = None
    for name in reversed(sessions.names(home)):
        directory = home / sessions.SESSIONS / name
        try:
            rows = rows_of(directory)
            header = header_of(rows, name)
            if mode is not None and header.account != account:
                continue
            carried = fold_ledger(header, rows)
        except StoreDamaged as damage:
            problems.append(str(damage))
            continue
        if header.account == account:
            return carried, problems
        mode = carried
    return _mode_only(mode), problems


def _mode_only(carried: Carried | None) -> Carried:
    """A new account starts a new ledger; mode and its cause outlive it."""
    if carried is None:
        return Carried()
    return Carried(
        mode=carried.mode, mode_by=carried.mode_by, mode_cause=carried.mode_cause, mode_floor=carried.mode_floor
    )
