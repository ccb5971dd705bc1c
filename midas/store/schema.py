"""The tables of a journal and who may read them."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from midas import __version__
from midas.errors import SchemaNewer, StoreDamaged

APPLICATION_ID = 0x4D494441  # "MIDA": tells our databases from any other SQLite file
VERSION = 1
COLUMNS = 6
BODY = 4  # the place of the body among them

CREATE = f"""
CREATE TABLE record (
    record   INTEGER PRIMARY KEY,
    sequence INTEGER NOT NULL,
    kind     TEXT    NOT NULL,
    at       INTEGER NOT NULL,
    body     BLOB    NOT NULL,
    hash     BLOB    NOT NULL
);
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {VERSION};
"""

SELECT = "SELECT record, sequence, kind, at, body, hash FROM record ORDER BY record"


def insert(rows: int) -> str:
    """One statement for a whole batch: it commits by itself, in a single step of SQLite."""
    return "INSERT INTO record VALUES " + ",".join(["(?,?,?,?,?,?)"] * rows)


def check(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse a database that midas didn't write, or that a newer midas wrote."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        raise StoreDamaged(
            f"{path.name} is not a journal of midas (application id {application:#x} instead of "
            f"{APPLICATION_ID:#x}): it is empty, foreign, or its first page is damaged.",
            file=path.name,
            last_good=0,
        )
    if version > VERSION:
        raise SchemaNewer(
            f"{path.name} of session {path.parent.name} has schema version {version} and this midas, "
            f"{__version__}, reads up to {VERSION}: install the newer midas that wrote it, or name another "
            "MIDAS_HOME; nothing was changed"
        )
