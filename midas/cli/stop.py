"""`midas stop`: the engine's clean end, and its supervisor's with it; whoever is asked to end stays ended."""

from __future__ import annotations

import json
import os
import signal
import time
from argparse import Namespace
from contextlib import suppress
from pathlib import Path

from midas.cli.control import send
from midas.cli.exchange import RUN_FILE as EXCHANGE_FILE
from midas.cli.exchange import answering
from midas.cli.leavings import facts, leavings, rows
from midas.cli.options import home_from
from midas.cli.processes import stop_process
from midas.cli.running import LOCK, running
from midas.cli.supervision import LOCK as SUPERVISOR_LOCK
from midas.cli.supervision import supervisor
from midas.domain.command import Stop
from midas.errors import LinkClosed, LinkRefused, MidasError, NotRunning
from midas.store.lock import InstanceLock

STOP_TIMEOUT_S = 45.0


def stop(args: Namespace) -> int:
    """End the engine cleanly, and with --exchange the exchange after it; say what stays at the venue."""
    home = home_from(args)
    ended = _stop_engine(home)
    engine = bool(ended)
    if args.exchange and (exchange := answering(home / EXCHANGE_FILE)) is not None:
        stop_process(exchange.pid)
        ended.append(f"exchange {exchange.pid}")
    if not ended:
        what = "neither engine nor exchange runs" if args.exchange else "no engine runs"
        raise NotRunning(f"{what} in {home}")
    sentence = f"ended: {', '.join(ended)}"
    if args.json:
        left = facts(leavings(home)) if engine else None
        print(json.dumps({"ended": ended, "sentence": sentence, "left": left}))
        return 0
    print(sentence, flush=True)  # what it left takes a while to read
    for word, text in rows(leavings(home)) if engine else ():
        print(f"{word:<11} {text}")
    return 0


def _stop_engine(home: Path) -> list[str]:
    """What was ended. Raises LinkClosed where the engine hangs, NotRunning where we may not look."""
    waiting, lock = supervisor(home), InstanceLock(home / LOCK)
    try:
        engine = running(home)
        ended = [f"engine {engine.pid}"]
    except NotRunning as unknown:
        try:
            ended = [f"engine {lock.owner()}"] if lock.held() else []
        except OSError:
            raise unknown from None
        # It starts, ends, or waits for its next start: nobody listens, and a signal is heard.
        pid = waiting.pid if waiting is not None else lock.owner() if ended else None
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
    else:
        _ask(home, engine.pid, waiting.pid if waiting is not None else 0)
    _await_end(home)
    return ended + ([f"supervisor {waiting.pid}"] if waiting is not None else [])


def _ask(home: Path, engine: int, waiting: int) -> None:
    try:
        send(home, Stop("midas stop"))
    except LinkRefused:  # of other code: it hears no command of ours, but a signal
        with suppress(ProcessLookupError):
            os.kill(waiting or engine, signal.SIGTERM)
    except LinkClosed as error:
        by_force = f"`kill {waiting}` lets its supervisor end it, after a minute by force"
        ends = by_force if waiting else f"`kill -9 {engine}` ends it"
        raise LinkClosed(f"{error}: process {engine} hangs. `midas kill` latches; {ends}") from None


def _await_end(home: Path) -> None:
    locks = [InstanceLock(home / LOCK), InstanceLock(home / SUPERVISOR_LOCK)]
    end = time.monotonic() + STOP_TIMEOUT_S
    while time.monotonic() < end:
        if not any(_held(lock) for lock in locks):
            return
        time.sleep(0.05)
    raise MidasError(
        f"the engine still runs after {STOP_TIMEOUT_S:.0f} s; `midas status` says what it waits for"
    )


def _held(lock: InstanceLock) -> bool:
    """A home that can't be looked into runs nothing of ours."""
    try:
        return lock.held()
    except OSError:
        return False
