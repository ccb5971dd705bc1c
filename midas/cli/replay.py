"""`midas replay SESSION [--verify]`: step a recorded session again and compare every decision."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from midas.assembly.config import engine_config, strategies_of
from midas.assembly.inherit import rows_of
from midas.cli.options import settings_from
from midas.engine.build import build_engine
from midas.errors import CodeDiffers, ConfigDiffers
from midas.runtime.records import Header, code_hash
from midas.runtime.replay import Replay, header_of, timeline
from midas.settings import Settings
from midas.store import integrity, sessions
from midas.store.tape import read_tape

LAST = "last"


def replay(args: Namespace) -> int:
    """Integrity first, then code and configuration, then every event; exit codes 0, 1, 3, 4."""
    settings = settings_from(args)
    directory = sessions.newest(settings.home) if args.session == LAST else sessions.find(settings.home, args.session)
    whole = integrity.verify(directory)
    header = header_of(rows_of(directory), directory.name)
    if args.profile is None and header.profile:
        args.profile = header.profile
        settings = settings_from(args)
    plugins = strategies_of(settings.workspace, header.config)
    if args.verify:
        _check_code(header, [p.file for p in plugins])
        _check_config(header, settings)
    engine = build_engine(header.config, [plugin.make() for plugin in plugins])
    runner = Replay(engine, directory.name, whole.sealed, whole.last_sequence, compare=args.verify)
    moments = timeline(rows_of(directory), read_tape(directory))
    with _progress(whole.last_sequence, quiet=args.json) as advance:
        report = runner.run(moments, advance)
    state = engine.state
    facts = {
        "session": report.session,
        "identical": report.identical,
        "audits": report.audits,
        "events": report.events,
        "complete": report.complete,
        "sealed": whole.sealed,
        "equity": round(state.equity(), 8),
        "mode": state.control.mode.value,
        "notes": [*whole.notes, *([report.note] if report.note else [])],
    }
    if args.json:
        print(json.dumps(facts))
    else:
        word = f"identical: {report.identical} of {report.audits} audits" if args.verify else f"replayed: {report.audits} audits"
        print(f"{word}, {report.events} events, session {report.session}")
        for note in facts["notes"]:
            print(f"note: {note}")
    return 0


def _check_code(header: Header, plugins: list[Path]) -> None:
    now = code_hash(plugins)
    if now != header.code_hash:
        raise CodeDiffers(
            f"session {header.session} was recorded by code {header.code_hash[:12]}, this is {now[:12]}: "
            f"check out what midas {header.version} ran, or replay without --verify"
        )


def _check_config(header: Header, settings: Settings) -> None:
    now = engine_config(settings, header.config.instruments).digest()
    if now != header.config_hash or header.config.digest() != header.config_hash:
        raise ConfigDiffers(
            f"session {header.session} ran under configuration {header.config_hash[:12]}, this workspace's is "
            f"{now[:12]}: restore config.toml (and variables), or replay without --verify"
        )


@contextmanager
def _progress(total: int, quiet: bool) -> Iterator[Callable[[int], None]]:
    """A bar on stderr where somebody watches."""
    if quiet:
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("replaying", total=total or None)

        def advance(sequence: int) -> None:
            if sequence % 1_000 == 0:
                progress.update(task, completed=sequence)

        yield advance
