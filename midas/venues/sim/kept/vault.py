"""What the exchange must not forget, in one SQLite file: rows by kind and key.

An exchange that is killed comes back with every order, deal and balance that it has told anybody of,
so a change is committed before its answer leaves. The commit survives the death of this process, not
that of the machine: play money is not worth an fsync an order.
"""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from midas.errors import AlreadyRunning, SchemaNewer, StoreDamaged, StoreFull

SCHEMA = 1
_CREATE = """
CREATE TABLE IF NOT EXISTS kept (kind TEXT NOT NULL, key TEXT NOT NULL, content BLOB NOT NULL,
                                 PRIMARY KEY (kind, key)) WITHOUT ROWID
"""
_PUT = "INSERT INTO kept VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET content = excluded.content"
_DROP = "DELETE FROM kept WHERE kind = ? AND key = ?"


class Vault:
    """One file, owned by one process. Changes gather until `commit`."""

    def __init__(self, path: Path) -> None:
        """Open or create `path`.

        Raises AlreadyRunning where another exchange holds it, SchemaNewer and StoreDamaged for a file
        that this version can't read.
        """
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(0o600)  # it tells positions and orders
        self._changes: dict[tuple[str, str], bytes | None] = {}
        self._connection = sqlite3.connect(path, timeout=0.2, isolation_level=None)
        try:
            self._open()
        except BaseException:
            self._connection.close()
            raise

    def put(self, kind: str, key: str, content: bytes) -> None:
        """Keep `content`, instead of what was kept under the same name."""
        self._changes[kind, key] = content

    def drop(self, kind: str, key: str) -> None:
        """Forget one row."""
        self._changes[kind, key] = None

    def commit(self) -> None:
        """Write everything gathered, all of it or nothing. Raises StoreFull."""
        if not self._changes:
            return
        put = [(*name, content) for name, content in self._changes.items() if content is not None]
        gone = [name for name, content in self._changes.items() if content is None]
        try:
            self._connection.execute("BEGIN")
            self._connection.executemany(_PUT, put)
            self._connection.executemany(_DROP, gone)
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise StoreFull(
                f"{self.path}: the exchange's accounts can't be written ({error}); make room on the disk"
            ) from error
        self._changes.clear()

    def rows(self, kind: str) -> list[tuple[str, bytes]]:
        """All committed rows of `kind`, ordered by key. Raises StoreDamaged."""
        try:
            return self._connection.execute(
                "SELECT key, content FROM kept WHERE kind = ? ORDER BY key", (kind,)
            ).fetchall()
        except sqlite3.DatabaseError as error:
            raise self._damaged(error) from error

    def row(self, kind: str, key: str) -> bytes | None:
        """One committed row. Raises StoreDamaged."""
        return dict(self.rows(kind)).get(key)

    def clear(self) -> None:
        """Forget everything: the next exchange begins anew."""
        self._changes.clear()
        self._connection.execute("DELETE FROM kept")

    def close(self, *, discard: bool = False) -> None:
        """Commit what has gathered, or with `discard` forget it, and close; idempotent."""
        if self._changes and not discard:
            self.commit()
        self._connection.close()

    def _open(self) -> None:
        connection = self._connection
        try:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version > SCHEMA:
                raise SchemaNewer(f"{self.path}: written by a newer midas (schema {version}), left alone")
            connection.execute(_CREATE)
            connection.execute(f"PRAGMA user_version = {SCHEMA}")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise self._damaged(error) from error
            raise AlreadyRunning(
                f"{self.path}: another exchange has these accounts open; stop it or choose another folder"
            ) from error
        except sqlite3.DatabaseError as error:
            raise self._damaged(error) from error

    def _damaged(self, error: sqlite3.Error) -> StoreDamaged:
        return StoreDamaged(
            f"{self.path}: the exchange's accounts can't be read ({error}); move it away to begin anew",
            str(self.path),
            0,
        )
