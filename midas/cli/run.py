"""`midas` and `midas --no-ui`: start what is missing, run the engine, say how it ended."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import sys
import time
from argparse import Namespace
from pathlib import Path

import msgspec

from midas.cli.options import settings_from
from midas.cli.running import LOCK, RUN_FILE, EngineFile
from midas.domain.mode import Environment
from midas.settings import Settings
from midas.store.lock import InstanceLock


def run(args: Namespace) -> int:
    """With a console unless `--no-ui`."""
    if args.no_ui:
        return headless(args)
    from midas.cli.console import with_console

    return with_console(args)


def headless(args: Namespace) -> int:
    """The engine in this process, until its duration, the end of a recording, a signal or `midas stop`."""
    settings = settings_from(args)
    settings.home.mkdir(parents=True, exist_ok=True)
    _log_to(settings.home / "midas.log")
    with InstanceLock(settings.home / LOCK):
        explicit = any(getattr(args, name, None) is not None for name in ("market", "speed", "seed"))
        return _run_loop(_engine(settings, args, explicit))


def _run_loop(main: asyncio.Future[int] | object) -> int:
    """uvloop where it is installed."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(main)  # type: ignore[arg-type]
    return uvloop.run(main)  # type: ignore[arg-type]


async def _engine(settings: Settings, args: Namespace, explicit: bool) -> int:
    from midas.assembly.access import access, simulated
    from midas.assembly.session import open_session
    from midas.cli.processes import exchange_for
    from midas.cli.watch import Watch

    http = ""
    if settings.environment is Environment.SIM:
        found, sentence = exchange_for(settings, explicit)
        _say(args, sentence)
        http = found.http
        reach = simulated(found.http, found.ws, found.instance, (found.api_key, found.api_secret), found.speed)
    else:
        reach = access(settings)
    session = await open_session(settings, reach)
    watch = Watch(args.duration, http, lambda text: _say(args, text))
    run_file = settings.home / RUN_FILE
    run_file.write_bytes(msgspec.json.encode(EngineFile(os.getpid(), session.name, time.time_ns())))
    gc.freeze()
    try:
        with watch.signals(session):
            reason = await session.run(watch.beside)
    finally:
        run_file.unlink(missing_ok=True)
    for problem in session.problems:
        _say(args, problem)
    _report(args, session, reason)
    return 0


def _report(args: Namespace, session: object, reason: str) -> None:
    """The last line of a run."""
    from midas.assembly.session import Session

    assert isinstance(session, Session)
    state, counts = session.engine.state, session.painter.counts()
    result = {
        "environment": state.environment,
        "mode": state.control.mode.value,
        "sequence": session.engine.sequence,
        "market_events": counts.market_events,
        "market_seconds": round(counts.market_seconds, 3),
        "bars": counts.bars,
        "signals": counts.signals,
        "orders": counts.orders,
        "fills": counts.fills,
        "fills_by_strategy": counts.fills_by_strategy,
        "refusals": counts.refusals,
        "anomalies": counts.anomalies,
        "equity": round(state.equity(), 8),
        "session": session.name,
        "reconciled": state.reconciled and not state.orders.open,
        "ended": reason,
    }
    if args.json:
        print(json.dumps(result))
        return
    for key, value in result.items():
        print(f"{key:>18}  {value}")


def _say(args: Namespace, sentence: str) -> None:
    """Progress goes to stderr: stdout is the result."""
    print(f"midas: {sentence}", file=sys.stderr, flush=True)


def _log_to(path: Path) -> None:
    logging.basicConfig(
        filename=path, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )  # fmt: skip
    logging.getLogger("aiosqlite").setLevel(logging.WARNING)
