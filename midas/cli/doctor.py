"""`midas doctor`: every effective setting with its origin, and whether this machine can run midas."""

from __future__ import annotations

import json
import platform
import shutil
import sys
import tempfile
from argparse import Namespace
from pathlib import Path
from typing import NamedTuple

from midas import __version__
from midas.cli.exchange import RUN_FILE, answering
from midas.cli.options import settings_from
from midas.cli.running import LOCK
from midas.cli.supervision import supervisor
from midas.errors import MidasError, WorkspaceInvalid
from midas.settings import Row, Settings, explain
from midas.store import sessions
from midas.store.lock import InstanceLock
from midas.store.mend import read_cut
from midas.store.survey import Condition, survey
from midas.workspace import load_strategies

STRATEGIES = "strategies"
_FREE_MB_MIN = 1024


class Check(NamedTuple):
    """One thing that must be so, whether it is, and what was found."""

    name: str
    ok: bool
    found: str


def doctor(args: Namespace) -> int:
    """Print settings and checks; 1 where one failed, 2 where only the configuration could be so wrong.

    With --warm only compile the kernels.
    """
    if args.warm:
        return _warm(as_json=args.json)
    settings = settings_from(args)
    rows, checks = explain(settings), _checks(settings)
    if args.json:
        print(json.dumps(_report(settings, rows, checks)))
    else:
        print(_text(rows, checks))
    if any(check.name == STRATEGIES and not check.ok for check in checks):
        return WorkspaceInvalid.exit_code
    return 0 if all(check.ok for check in checks) else 1


def _warm(as_json: bool) -> int:
    from midas.cli.warm import warm_kernels  # numba only where it is asked for

    seconds = warm_kernels()
    print(
        json.dumps({"warm_seconds": seconds}) if as_json else f"kernels compiled and stored: {seconds:.1f} s"
    )
    return 0


def _checks(settings: Settings) -> list[Check]:
    return [
        Check("python", sys.version_info >= (3, 11), f"{platform.python_version()} (3.11 or newer)"),
        _home(settings.home),
        _space(settings),
        _strategies(settings),
        _exchange(settings),
        _engine(settings),
        _journal(settings.home),
    ]


def _home(home: Path) -> Check:
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home):
            return Check("home", ok=True, found=f"{home} takes files")
    except OSError as error:
        return Check("home", ok=False, found=f"{home}: {error.strerror or error}; name another in MIDAS_HOME")


def _space(settings: Settings) -> Check:
    folder = next(path for path in (settings.home, *settings.home.parents) if path.exists())
    free = shutil.disk_usage(folder).free // 2**20
    needed = _FREE_MB_MIN + settings.runtime.tape_keep_mb
    return Check("space", free >= needed, f"{free} MB free, {needed} MB wanted")


def _strategies(settings: Settings) -> Check:
    enabled = {name: row.parameters for name, row in settings.strategies.items() if row.enabled}
    try:
        loaded = load_strategies(settings.workspace, enabled)
        for strategy in loaded:
            strategy.make()
    except WorkspaceInvalid as error:
        return Check(STRATEGIES, ok=False, found=str(error))
    return Check(STRATEGIES, ok=True, found=", ".join(row.name for row in loaded) or "none enabled")


def _exchange(settings: Settings) -> Check:
    running = answering(settings.home / RUN_FILE)
    if running is None:
        return Check("exchange", ok=True, found="none runs here; `midas` starts one where it needs one")
    runs = f"process {running.pid}, {running.market} at speed {running.speed:g}, {running.http}"
    other = "; exchange.speed above is the next one's" if running.speed != settings.exchange.speed else ""
    return Check("exchange", ok=True, found=runs + other)


def _engine(settings: Settings) -> Check:
    lock = InstanceLock(settings.home / LOCK)
    try:
        watched = supervisor(settings.home)
        by = f", supervised by process {watched.pid}" if watched is not None else ", unsupervised"
        found = f"process {lock.owner()}{by}" if lock.held() else "none runs here"
    except OSError as error:
        found = f"can't look: {error.strerror or error}"
    return Check("engine", ok=True, found=found)


def _journal(home: Path) -> Check:
    """Whether the next start can go on from the newest session, and what was cut from journals so far."""
    try:
        names = sessions.begun(home)
        cuts = [f"{name}: {note.sentence}" for name in names if (note := read_cut(_session(home, name)))]
        if InstanceLock(home / LOCK).held() or not names:
            found, what = None, "being written" if names else "none yet"
        else:
            found = survey(_session(home, names[-1]))
            what = f"{found.session} is {found.condition.value}, {found.records:,} records"
    except (MidasError, OSError) as error:
        return Check("journal", ok=False, found=f"{error}")
    if found is not None and found.condition is not Condition.WHOLE:
        torn = found.condition is Condition.TORN
        way_out = "the next start cuts it there" if torn else f"see `midas repair {found.session}`"
        what = f"{what} up to sequence {found.sequence}: {found.what} {way_out}"
    ok = found is None or found.condition is not Condition.DAMAGED
    return Check("journal", ok, "; ".join([what, *cuts]))


def _session(home: Path, name: str) -> Path:
    return home / sessions.SESSIONS / name


def _report(settings: Settings, rows: list[Row], checks: list[Check]) -> dict[str, object]:
    return {
        "version": __version__,
        "workspace": str(settings.workspace),
        "settings": [row._asdict() for row in rows],
        "checks": [check._asdict() for check in checks],
    }


def _text(rows: list[Row], checks: list[Check]) -> str:
    key_width = max(len(row.key) for row in rows)
    value_width = min(40, max(len(row.value) for row in rows))
    lines = [f"{row.key:<{key_width}}  {row.value:<{value_width}}  {row.origin}" for row in rows]
    lines += ["", *(f"{'ok  ' if check.ok else 'FAIL'}  {check.name:<12}{check.found}" for check in checks)]
    return "\n".join(lines)
