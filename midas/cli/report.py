"""`midas report`: the runs of this home, or what one of them tells."""

from __future__ import annotations

import os
import shutil
import sys
from argparse import Namespace
from pathlib import Path

import msgspec

from midas.cli.options import home_from
from midas.errors import UsageError
from midas.reports import archive, words
from midas.reports.page import whole
from midas.reports.sheet import Head, Sheet

NARROW = 80


def report(args: Namespace) -> int:
    """List all, or show one and write what was asked for. Raises RunUnknown and UsageError."""
    home = home_from(args)
    if not args.run:
        _named(args)
        return _list(home, args.json)
    sheet = archive.sheet(home, args.run)
    written = _written(home, sheet, args)
    if args.json:
        print(msgspec.json.encode(sheet).decode())
    elif not written:
        print("\n".join(whole(sheet, columns())))
    for file in written:
        print(f"written: {file}", file=sys.stderr if args.json else sys.stdout)
    return 0


def columns() -> int:
    """Of the terminal; 80 where the output is none."""
    return shutil.get_terminal_size((NARROW, 24)).columns if sys.stdout.isatty() else NARROW


def write_html(sheet: Sheet, target: Path) -> Path:
    """The report as one file, whole or not at all. Raises UsageError."""
    from midas.reports.html import document  # here: only this needs it

    part = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        part.write_text(document(sheet), encoding="utf-8")
        part.replace(target)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise UsageError(f"{target} can't be written: {error.strerror or error}") from None
    return target


def _named(args: Namespace) -> None:
    given = [f"--{name}" for name in ("html", "csv", "parquet") if getattr(args, name)]
    if given:
        raise UsageError(
            f"{' and '.join(given)}: say of which run, such as `midas report last {given[0]} ...`"
        )


def _written(home: Path, sheet: Sheet, args: Namespace) -> list[Path]:
    made = [write_html(sheet, Path(args.html).expanduser())] if args.html else []
    for kind in ("csv", "parquet"):
        if folder := getattr(args, kind):
            from midas.reports.tables import copied

            made += copied(archive.folder_of(home, sheet.id), Path(folder).expanduser(), kind)
    return made


def _list(home: Path, as_json: bool) -> int:
    found = archive.heads(home)
    if as_json:
        print(msgspec.json.encode({"home": str(home), "runs": found}).decode())
    elif not found:
        print(f"{home}: no run yet; `midas backtest STRATEGY --data FILE` makes the first")
    else:
        wide = max(len(head.id) for head in found)
        print(f"{'run':{wide}} {'made':>8} {'fall':>7} {'Sharpe':>6} {'trades':>6}  of what")
        print("\n".join(_line(head, wide) for head in found))
    return 0


def _line(head: Head, wide: int) -> str:
    given = ", ".join(f"{name} {value}" for name, value in head.parameters.items())
    names = ", ".join(head.instruments[:2])
    of = f"{head.strategy} {names} {words.day(head.begins)} {words.period(head.period)}"
    more = " interrupted" if head.interrupted else ""
    figures = f"{words.percent(head.total):>8} {words.percent(head.worst):>7} {words.number(head.sharpe):>6}"
    return f"{head.id:{wide}} {figures} {head.closed:>6}  {of}{more} {given}".rstrip()
