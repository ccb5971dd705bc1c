"""`midas replay SESSION [--verify]`: step a recorded session again and compare every decision."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from midas.assembly.config import engine_config, strategies_of
from midas.assembly.inherit import rows_of
from midas.cli.options import settings_from
from midas.cli.running import running
from midas.domain.time import iso
from midas.engine.build import build_engine
from midas.engine.engine import Engine
from midas.errors import CodeDiffers, ConfigDiffers, NotRunning, ReplayError, WorkspaceInvalid
from midas.runtime.records import Header, code_hash, computed_by
from midas.runtime.replay import Replay, ReplayReport, header_of, timeline
from midas.settings import Settings
from midas.state.state import State
from midas.store import integrity, sessions
from midas.store.retention import tape_gone
from midas.store.survey import Reading
from midas.store.tape import DIRECTORY, number, read_tape, segments
from midas.workspace import LoadedStrategy

LAST = "last"


class Prepared(NamedTuple):
    """A session that can be stepped again."""

    directory: Path
    whole: integrity.IntegrityReport
    header: Header
    engine: Engine
    going_on: bool  # it still runs


def prepare(args: Namespace, verify: bool) -> Prepared:
    """Integrity first, then code and configuration. Raises what says why it can't be stepped again."""
    settings = settings_from(args)
    directory = _session(settings.home, args.session)
    going_on = _runs(settings.home, directory.name)
    whole = integrity.verify(directory)
    _check_tape(directory)
    header = header_of(rows_of(directory), directory.name)
    if args.profile is None and header.profile:
        args.profile = header.profile
        settings = settings_from(args)
    plugins = _plugins(header, settings, verify=verify)
    if verify:
        _check_config(header, settings)
    engine = build_engine(header.config, [plugin.make() for plugin in plugins])
    return Prepared(directory, whole, header, engine, going_on)


def replay(args: Namespace) -> int:
    """Integrity, code and configuration, then every event; exit codes 0, 1, 3, 4."""
    directory, whole, _, engine, going_on = prepare(args, args.verify)
    steps = Replay(engine, directory.name, whole.sealed, whole.last_sequence, compare=args.verify)
    with progress(whole.last_sequence, quiet=args.json) as advance:
        report = steps.run(timeline(rows_of(directory), read_tape(directory)), advance)
    notes = [*whole.notes, *([report.note] if report.note else [])]
    if going_on:
        notes.append("the session is still running: what came since isn't looked at")
    _print(args, report, notes, engine.state, whole.sealed)
    return 0


def _print(args: Namespace, report: ReplayReport, notes: list[str], state: State, sealed: bool) -> None:
    if args.json:
        equity = state.equity()
        facts = {
            "session": report.session,
            "identical": report.identical if args.verify else None,
            "audits": report.audits,
            "events": report.events,
            "complete": report.complete,
            "sealed": sealed,
            "equity": round(equity, 8) if equity == equity else None,
            "mode": state.control.mode.value,
            "notes": notes,
        }
        print(json.dumps(facts))
        return
    done = f"identical: {report.identical} of" if args.verify else "replayed:"
    print(f"{done} {report.audits} audits, {report.events} events, session {report.session}")
    for note in notes:
        print(f"note: {note}")


def _session(home: Path, name: str) -> Path:
    """The last one is the newest that began: a start that broke off recorded nothing."""
    if name != LAST:
        return sessions.find(home, name)
    folders = [home / sessions.SESSIONS / each for each in reversed(sessions.names(home))]
    return next((folder for folder in folders if Reading(folder).begun), None) or sessions.newest(home)


def _runs(home: Path, session: str) -> bool:
    try:
        return running(home).session == session
    except NotRunning:
        return False


def _check_tape(directory: Path) -> None:
    """Without its first events a market can't be rebuilt; the journal has vouched for what is missing."""
    gone = tape_gone(directory)
    if gone is not None:
        raise ReplayError(
            f"session {directory.name} can't be stepped again: retention gave up its tape "
            f"({gone.size / 2**20:.1f} MB) on {iso(gone.at)[:10]} to keep all tapes within "
            f"runtime.tapes_keep_mb = {gone.kept_mb}; its journal is whole"
        )
    present = segments(directory / DIRECTORY)
    if not present or number(present[0]) > 1:
        raise ReplayError(
            f"session {directory.name} can't be stepped again: retention has given up the beginning of "
            "its tape; runtime.tape_keep_mb says how much is kept"
        )


def _plugins(header: Header, settings: Settings, verify: bool) -> list[LoadedStrategy]:
    """The recorded session's strategies. Raises CodeDiffers where they or the core are others."""
    try:
        plugins = strategies_of(settings.workspace, header.config)
    except WorkspaceInvalid as error:
        if verify:
            sentence = f"session {header.session} can't be verified with these strategies: {error}"
            raise CodeDiffers(sentence) from None
        raise
    now = code_hash([plugin.file for plugin in plugins])
    if verify and now != header.code_hash:
        raise CodeDiffers(
            f"session {header.session} was recorded by code {header.code_hash[:12]}, this is {now[:12]} "
            f"({computed_by()}): "
            f"check out what midas {header.version} ran, or replay without --verify"
        )
    return plugins


def _check_config(header: Header, settings: Settings) -> None:
    now = engine_config(settings, header.config.instruments, header.speed).digest()
    if now != header.config_hash or header.config.digest() != header.config_hash:
        raise ConfigDiffers(
            f"session {header.session} ran under configuration {header.config_hash[:12]}, this workspace's "
            f"is {now[:12]}: restore config.toml (and variables), or replay without --verify"
        )


@contextmanager
def progress(total: int, quiet: bool) -> Iterator[Callable[[int], None]]:
    """A bar on stderr where somebody watches; it hears sequence numbers."""
    if quiet:
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("replaying", total=total or None)

        def advance(sequence: int) -> None:
            if sequence % 1_000 == 0:
                bar.update(task, completed=sequence)

        yield advance
