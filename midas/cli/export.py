"""`midas export orders`: every order of every session as a table, for whoever has to keep or to see them."""

from __future__ import annotations

import csv
import json
import os
import sys
import tempfile
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from midas.assembly.inherit import rows_of
from midas.cli.options import home_from
from midas.domain.time import SECOND, iso
from midas.errors import SchemaNewer, UsageError
from midas.runtime.order_records import FIELDS, OrderRecord, order_records
from midas.runtime.replay import header_of
from midas.store import sessions

END = 2**63 - 1
EXACT = {
    "limit_price", "initial_quantity", "remaining_quantity", "traded_quantity", "transaction_price", "fee",
}  # fmt: skip


def orders(args: Namespace) -> int:
    """Write them. Raises UsageError for what can't be read or written, MidasError for a damaged journal."""
    start, end = _span(args)
    targets = _targets(args)
    home = home_from(args)
    with _scratch(targets[0]) as table:
        told = _write(home, start, end, table)
        if not told["sessions"]:
            raise UsageError(f"there is no session in {home / sessions.SESSIONS} in that time")
        _deliver(table, args)
    _report(args, {**told, "files": [str(target) for target in targets]})
    return 0


def _span(args: Namespace) -> tuple[int, int]:
    """The first instant and the first one after; a date as the end is inside."""
    start = _instant("--from", args.start, 0) if args.start else 0
    end = _instant("--to", args.end, 1) if args.end else END
    if start >= end:
        raise UsageError(f"--from {args.start} must lie before --to {args.end}")
    return start, end


def _instant(option: str, text: str, days: int) -> int:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"{option}: expected a date such as 2026-11-21, or 2026-11-21T09:30:00 (UTC), got {text!r}"
        ) from None
    if len(text.strip()) <= len("2026-11-21"):
        at += timedelta(days=days)
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    return int(at.timestamp()) * SECOND + at.microsecond * 1_000


def _targets(args: Namespace) -> list[Path]:
    named = [Path(name).expanduser() for name in (args.csv, args.parquet) if name]
    if not named:
        raise UsageError("say where to: --csv FILE, --parquet FILE or both")
    for target in named:
        if target.exists():
            raise UsageError(f"{target} is there already: name another file, nothing was written")
        if not target.parent.is_dir():
            raise UsageError(f"the folder {target.parent} is missing; nothing was written")
    if len(named) == 2 and named[0].resolve() == named[1].resolve():
        raise UsageError("--csv and --parquet name the same file")
    return named


@contextmanager
def _scratch(beside: Path) -> Iterator[Path]:
    """A table that nobody mistakes for a whole one; gone in the end, however that comes."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{beside.name}.", suffix=".part", dir=beside.parent)
    except OSError as error:
        raise UsageError(f"{beside} can't be written: {error.strerror}") from None
    os.close(handle)
    try:
        yield Path(name)
    except OSError as error:
        raise UsageError(f"{beside} can't be written: {error.strerror or error}") from None
    finally:
        Path(name).unlink(missing_ok=True)


def _write(home: Path, start: int, end: int, table: Path) -> dict[str, int]:
    records = read = 0
    seen: set[str] = set()
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(FIELDS)
        first, after = _utc(start), _utc(end) if end != END else "~"
        for name in sessions.names(home):
            directory = home / sessions.SESSIONS / name
            made = _of_session(directory, end)
            read += made is not None
            for record in made or ():
                if first <= record.time < after:
                    writer.writerow(msgspec.structs.astuple(record))
                    records += 1
                    seen.add(record.order_id)
            if sys.stderr.isatty():
                print(f"\rmidas: {name}: {records} records so far", end="", file=sys.stderr)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    return {"sessions": read, "orders": len(seen), "records": records}


def _of_session(directory: Path, end: int) -> Iterator[OrderRecord] | None:
    """None where it began after the end."""
    rows = rows_of(directory)
    header = header_of(rows, directory.name)
    return _readable(directory.name, order_records(header, rows)) if header.started_at < end else None


def _readable(name: str, records: Iterator[OrderRecord]) -> Iterator[OrderRecord]:
    try:
        yield from records
    except msgspec.MsgspecError as error:
        raise SchemaNewer(f"session {name} holds what this midas doesn't know ({error})") from None


def _deliver(table: Path, args: Namespace) -> None:
    """Each file whole or not at all."""
    if args.parquet:
        _parquet(table, Path(args.parquet).expanduser())
    if args.csv:
        table.chmod(0o644)
        os.replace(table, Path(args.csv).expanduser())


def _parquet(table: Path, target: Path) -> None:
    import duckdb  # here: it is large, and only this needs it

    part = table.with_suffix(".parquet")
    kinds = dict.fromkeys(FIELDS, "VARCHAR") | dict.fromkeys(EXACT, "DECIMAL(38, 18)")
    kinds |= {"sequence": "BIGINT", "time": "TIMESTAMPTZ", "passive_only": "BOOLEAN"}
    columns = ", ".join(f"'{name}': '{kinds[name]}'" for name in FIELDS)
    source, goal = (str(path).replace("'", "''") for path in (table, part))
    read = (
        f"read_csv('{source}', header = true, auto_detect = false, delim = ',', quote = '\"', escape = '\"', "
    )
    try:
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute(f"COPY (FROM {read}columns = {{{columns}}})) TO '{goal}' (FORMAT parquet)")
        os.replace(part, target)
    except duckdb.Error as error:
        raise UsageError(f"{target} can't be written: {str(error).splitlines()[0]}") from None
    finally:
        part.unlink(missing_ok=True)


def _report(args: Namespace, told: dict[str, object]) -> None:
    if args.json:
        print(json.dumps(told))
        return
    print(f"{told['records']} records of {told['orders']} orders in {told['sessions']} sessions")
    for file in told["files"] if isinstance(told["files"], list) else ():
        print(f"  {file}")


def _utc(at: int) -> str:
    return f"{iso(at)[:-5]}.{at % SECOND // 1_000:06d}Z"
