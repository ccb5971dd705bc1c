"""`midas repair [SESSION]`: what is damaged in a journal, and with --yes a start from its last good part."""

from __future__ import annotations

import json
import sys
import time
from argparse import Namespace
from pathlib import Path

import msgspec

from midas.cli.options import home_from
from midas.cli.running import LOCK
from midas.errors import AlreadyRunning, UsageError
from midas.store import sessions
from midas.store.lock import InstanceLock
from midas.store.mend import Cause, cut, finish_all, read_cut
from midas.store.survey import Condition, Survey, survey

_WORD = "repair"
_THEN = "midas sets its files aside (nothing is deleted) and the next start goes on from there and the venue"
_UNKNOWN = (
    "orders, mode changes, pauses, alerts and tickets of the lost stretch",
    "whose fills those were: they are fetched from the venue and booked under `external` where their order "
    "is lost, without a realised result of a strategy",
    "the equity peak and the day's loss of that stretch: they count from the good records on",
)
_NO_LEDGER = (
    "what this session knew: the one before it on the same account is continued, or the opening balances are "
    "the venue's",
)


_MODE = "the mode: it is OBSERVATION, or the safer one that the good records end with, until you change it"


class Finding(msgspec.Struct, frozen=True):
    """One session, as the command tells it."""

    session: str
    condition: str  # whole, torn or damaged
    file: str
    what: str
    records: int
    last_good: int  # sequence
    lost: int  # records, at least
    repaired: bool = False
    quarantine: str = ""  # the folder of the files as they were
    unknown: tuple[str, ...] = ()


def repair(args: Namespace) -> int:
    """0: nothing hinders a start, or not any more. 1: damaged, and nobody has said yes."""
    home = home_from(args)
    lock = InstanceLock(home / LOCK)
    if not (home / sessions.SESSIONS).is_dir():
        return _tell(args, None, home)
    try:
        lock.acquire()
    except AlreadyRunning:
        raise AlreadyRunning(
            f"an engine (process {lock.owner() or 'unknown'}) runs in {home} and writes its journal: "
            "`midas stop` ends it; a running engine needs no repair"
        ) from None
    try:
        finish_all(home / sessions.SESSIONS)  # of a repair that a kill interrupted
        directory = sessions.find(home, args.session) if args.session else _hindrance(home)
        found = survey(directory) if directory is not None else None
        if directory is None or found is None or found.condition is Condition.WHOLE:
            return _tell(args, found, home)
        if args.yes or _agreed(args, found):
            return _mend(args, directory)
        return _tell(args, found, home)
    except OSError as error:
        raise UsageError(f"{home} can't be repaired: {error}; free space or make it writable") from None
    finally:
        lock.release()


def _hindrance(home: Path) -> Path | None:
    """The newest session that isn't whole, as far as a start looks back."""
    for name in reversed(sessions.begun(home)):
        directory = home / sessions.SESSIONS / name
        found = survey(directory)
        if found.condition is not Condition.WHOLE:
            return directory
        if found.sequence:
            return None  # whole, and it took a step: a start needs no other
    return None


def _agreed(args: Namespace, found: Survey) -> bool:
    """A person at a terminal is shown what is damaged and asked."""
    if args.json or sys.stdin.closed or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    print(_text(_finding(found)))
    try:
        return input(f"type `{_WORD}` to do it: ").strip() == _WORD
    except EOFError:
        return False


def _mend(args: Namespace, directory: Path) -> int:
    torn = survey(directory).condition is Condition.TORN
    found, note = cut(directory, Cause.TORN if torn else Cause.REPAIRED, time.time_ns())
    aside = str(directory / note.quarantine)
    done = msgspec.structs.replace(_finding(found), repaired=True, quarantine=aside)
    print(json.dumps(msgspec.to_builtins(done)) if args.json else _text(done))
    return 0


def _tell(args: Namespace, found: Survey | None, home: Path) -> int:
    if found is None:
        print(json.dumps({"session": "", "condition": "whole"}) if args.json else _nothing(home))
        return 0
    finding = _finding(found)
    print(json.dumps(msgspec.to_builtins(finding)) if args.json else _text(finding))
    return 1 if found.condition is Condition.DAMAGED else 0


def _nothing(home: Path) -> str:
    cuts = [
        f"\n  {path.name}: {note.sentence}"
        for path in sorted((home / sessions.SESSIONS).glob("*"))
        if (note := read_cut(path))
    ]
    return f"{home}: nothing hinders a start{''.join(cuts)}"


def _finding(found: Survey) -> Finding:
    lost = found.condition is not Condition.WHOLE
    unknown: tuple[str, ...] = (_UNKNOWN if found.sequence else _NO_LEDGER) if lost else ()
    unknown += (_MODE,) if found.condition is Condition.DAMAGED and found.sequence else ()
    return Finding(
        found.session, found.condition.value, found.file, found.what, found.records, found.sequence,
        found.lost, unknown=unknown,
    )  # fmt: skip


def _text(found: Finding) -> str:
    good = f"{found.records:,} records, the last one has sequence {found.last_good}"
    if found.condition == Condition.WHOLE.value:
        return f"session {found.session} is whole: {good}; nothing to repair"
    lines = [
        f"session {found.session} is {found.condition}",
        f"  what      {found.what}",
        f"  good      {good}",
        f"  lost      at least {found.lost:,} records" if found.lost else "  lost      nothing known",
        *(f"  unknown   {each}" for each in found.unknown),
    ]
    if found.repaired:
        torn = found.condition == Condition.TORN.value
        then = "goes on in its mode" if torn else "opens nothing"
        lines += [f"  aside     {found.quarantine}", f"repaired: `midas` starts, reconciles and {then}"]
    elif found.condition == Condition.TORN.value:
        lines.append("a crash did this: the next start cuts it by itself; --yes does it now")
    else:
        lines.append(f"`midas repair {found.session} --yes`: {_THEN}")
    return "\n".join(lines)
