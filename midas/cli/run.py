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
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from midas import __version__
from midas.cli.exchange import RUN_FILE as EXCHANGE_FILE
from midas.cli.exchange import answering
from midas.cli.fate import Fate, Telling, read_fate
from midas.cli.log_file import LogFile
from midas.cli.options import settings_from
from midas.cli.processes import Ahead as ExchangeAhead
from midas.cli.processes import (
    exchange_ahead,
    exchange_for,
    finish_exchange,
    restart_exchange,
    stop_process,
)
from midas.cli.pulling import halting_on_quit
from midas.cli.running import LOCK, RUN_FILE, EngineFile, make_home
from midas.cli.supervision import supervisor
from midas.domain.mode import Environment
from midas.errors import MidasError, StoreError, StoreFull, UsageError
from midas.runtime.beats import forget_beats
from midas.settings import Settings
from midas.store.durable import write_durably
from midas.store.lock import InstanceLock

if TYPE_CHECKING:
    from midas.assembly.access import Access
    from midas.assembly.ahead import Ahead
    from midas.assembly.session import Session
    from midas.venues.sim.runfile import RunFile

INTERRUPTED = 130
RECONCILED = "reconciled"  # what the engine says of a clean end


def run(args: Namespace) -> int:
    """With a console unless `--no-ui`."""
    if args.no_ui:
        return headless(args)
    from midas.cli.console import with_console

    return with_console(args)


def headless(args: Namespace) -> int:
    """The engine in this process, until its duration, the end of a recording, a signal or `midas stop`."""
    gc.disable()  # a start makes no garbage to speak of, and looking for it takes a seventh of the start
    try:
        return _headless(args)
    finally:
        gc.enable()


def _headless(args: Namespace) -> int:
    settings = settings_from(args)
    make_home(settings.home)
    with InstanceLock(settings.home / LOCK), halting_on_quit(settings.home, "SIGQUIT"):
        forget_beats(settings.home)
        _log_to(settings.home / "midas.log")
        named = ("market", "symbol", "preset", "speed", "seed")
        explicit = any(getattr(args, name, None) is not None for name in named)
        ahead = exchange_ahead(settings, explicit) if settings.environment is Environment.SIM else None
        from midas.assembly.ahead import read_ahead  # the first import: all that follow go on beside it

        with read_ahead(settings.home) as reader:
            _check(settings, ahead)
            return _in_a_loop(settings, args, (explicit, ahead), reader)


def _in_a_loop(
    settings: Settings, args: Namespace, wanted: tuple[bool, ExchangeAhead | None], reader: Ahead | None
) -> int:
    last, telling = read_fate(settings.home), Telling(settings.home, os.getpid())
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            return runner.run(_engine(settings, args, wanted, (last, telling), reader))
    except MidasError as error:
        telling.failed(error.exit_code, str(error))
        raise


def _check(settings: Settings, ahead: ExchangeAhead | None) -> None:
    """Load the strategies once, while the exchange boots; one that can't be loaded ends it again."""
    from midas.assembly.config import check_strategies

    try:
        check_strategies(settings)
    except MidasError:
        if ahead is not None:
            stop_process(ahead.child.pid)
        raise


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop where it is installed."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


class Venue(NamedTuple):
    """What is traded on, and the embedded exchange behind it where there is one."""

    reach: Access
    exchange: RunFile | None = None
    fresh: bool = False  # the exchange was started for this run


async def _engine(
    settings: Settings, args: Namespace, wanted: tuple[bool, ExchangeAhead | None],
    fates: tuple[Fate | None, Telling], reader: Ahead | None,
) -> int:  # fmt: skip
    _say("loading the engine")
    from midas.assembly.access import account_lock
    from midas.assembly.session import open_session
    from midas.cli.warm import warm_engine

    _say("preparing the kernels (compiled once, then kept)")
    warm_engine()
    venue = _venue(settings, *wanted)
    with ExitStack() as held:
        try:
            held.enter_context(account_lock(venue.reach, settings.home))
            load = partial(settings_from, args)
            session = await open_session(settings, venue.reach, _say, reader, load)
        except (UsageError, StoreError):
            if venue.exchange is not None and venue.fresh:
                stop_process(venue.exchange.pid)  # it was started for this run, which doesn't come to be
            raise
        return await _begun(settings, args, venue, session, fates)


async def _begun(
    settings: Settings, args: Namespace, venue: Venue, session: Session, fates: tuple[Fate | None, Telling]
) -> int:  # fmt: skip
    """Say what the new session finds, and run it."""
    last, telling = fates
    for problem in session.problems:
        _say(problem)
        session.remark("warn", problem)
    if last is not None and last.up_at and not last.wanted:
        text = f"the engine before this one, process {last.pid}, ended by itself: {last.sentence}"
        session.remark("warn", text)
    return await _run(settings, args, venue, session, telling)


def _venue(settings: Settings, explicit: bool, ahead: ExchangeAhead | None) -> Venue:
    from midas.assembly.access import access, simulated

    if settings.environment is not Environment.SIM:
        return Venue(access(settings))
    before = answering(settings.home / EXCHANGE_FILE) if ahead is None else None
    if before is None:
        _say(f"starting the exchange ({settings.exchange.market}, {settings.exchange.speed:g}x)")
    exchange, sentence = exchange_for(settings, explicit, ahead)
    _say(sentence)
    keys = (exchange.api_key, exchange.api_secret)
    reach = simulated(exchange.http, exchange.ws, exchange.instance, keys, exchange.speed, exchange.market)
    return Venue(reach, exchange, fresh=before is None or before.pid != exchange.pid)


async def _run(
    settings: Settings, args: Namespace, venue: Venue, session: Session, telling: Telling
) -> int:  # fmt: skip
    from midas.cli.keeper import ExchangeKeeper
    from midas.cli.watch import Watch

    keeper = supervisor(settings.home)
    if keeper is not None and keeper.pid == os.getppid():
        session.companions["supervisor"] = keeper.pid
    exchange = venue.exchange
    watch = Watch(args.duration, exchange.http if exchange else "", _say, telling)
    others = []
    if exchange is not None:
        again = partial(restart_exchange, settings)
        others.append(ExchangeKeeper(settings.home, exchange, again, session.remark).beside)
    run_file = settings.home / RUN_FILE
    found = EngineFile(os.getpid(), session.name, time.time_ns(), version=__version__)
    try:
        write_durably(run_file, msgspec.json.encode(found))
    except OSError as error:  # nobody would find this engine
        raise StoreFull(
            f"{run_file} can't be written ({error.strerror}): free space or mend the disk, then start again"
        ) from error
    gc.freeze()
    gc.enable()
    try:
        with watch.signals():
            outcome = await session.run(watch.beside, *others)
    except asyncio.CancelledError:
        _say("ended at once: orders may still be open, the next start adopts them")
        telling.closed(INTERRUPTED, watch.why)
        return INTERRUPTED
    finally:
        run_file.unlink(missing_ok=True)
    if watch.complete and exchange:
        finish_exchange(settings.home, exchange.instance)
    code = _report(args, session, outcome, watch.why)
    telling.closed(code, watch.why or outcome)
    return code


def _report(args: Namespace, session: Session, outcome: str, why: str) -> int:
    """The last line of a run; exit code 1 where the account could not be shown to be equal."""
    state, counts = session.engine.state, session.painter.counts()
    stops = [order for order in state.orders.open.values() if order.protects]
    alone = len(stops) == len(state.orders.open)  # nothing else of ours is left at the venue
    reconciled = outcome == RECONCILED and state.reconciled and alone
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
        "switched_off": _switched_off(session),
        "refusals": counts.refusals,
        "anomalies": counts.anomalies,
        "equity": round(equity, 8) if (equity := state.equity()) == equity else None,
        "session": session.name,
        "reconciled": reconciled,
        "stops_left": len(stops),
        "ended": why or outcome,
    }
    for name, what in _switched_off(session).items():
        _say(f"strategy {name} was switched off: {what}")
    if not reconciled:
        _say(f"the account was not reconciled: {outcome}")
    if args.json:
        print(json.dumps(result))
    else:
        print("\n".join(f"{key:>18}  {value}" for key, value in result.items()))
    return 0 if reconciled else 1


def _switched_off(session: Session) -> dict[str, str]:
    """Strategies that failed while running, with what they did."""
    enrolled = session.engine.orchestrator.strategies.enrolled
    return {name: entry.failed for name, entry in enrolled.items() if entry.failed}


def _say(sentence: str) -> None:
    """Progress goes to stderr: stdout is the result."""
    print(f"midas: {sentence}", file=sys.stderr, flush=True)


def _log_to(path: Path) -> None:
    form = "%(asctime)s %(levelname)s %(name)s %(message)s"
    logging.basicConfig(handlers=[LogFile(path)], level=logging.INFO, format=form)
