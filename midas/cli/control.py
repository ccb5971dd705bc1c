"""Commands for a running engine: each goes through the same Link as the console's keys."""

from __future__ import annotations

import getpass
import json
import os
import sys
import time
from argparse import Namespace
from pathlib import Path

import msgspec

from midas.assembly.access import sockets
from midas.cli.exchange import RUN_FILE as EXCHANGE_FILE
from midas.cli.exchange import answering
from midas.cli.options import home_from, palette_from
from midas.cli.processes import stop_process
from midas.cli.running import LOCK, running
from midas.domain.command import Answer, Command, Resume, SetMode, Stop
from midas.domain.mode import KillLevel
from midas.errors import CommandRefused, MidasError, NotRunning
from midas.runtime.link import SocketLink, send_kill
from midas.state.snapshot import Snapshot
from midas.store.latch import LATCH, KillLatch
from midas.store.lock import InstanceLock

STOP_TIMEOUT_S = 45.0


def actor() -> str:
    """Who typed it, and where."""
    try:
        terminal = os.ttyname(sys.stdin.fileno()).removeprefix("/dev/")
    except (OSError, ValueError):
        terminal = "no tty"
    return f"{getpass.getuser()} by command ({terminal})"


def attach(args: Namespace) -> int:
    """The console on the running engine."""
    from midas.cli.console import draw_on

    home = home_from(args)
    running(home)
    return draw_on(home, palette_from(args))


def status(args: Namespace) -> int:
    """How the engine is, in a dozen lines."""
    home = home_from(args)
    snapshot = _snapshot(home)
    if args.json:
        print(json.dumps(_facts(snapshot, KillLatch(home / LATCH).is_set)))
        return 0
    for key, value in _facts(snapshot, KillLatch(home / LATCH).is_set).items():
        print(f"{key:>18}  {value}")
    return 0


def mode(args: Namespace) -> int:
    """Change the mode; a riskier one needs a reason and --confirm."""
    return _tell(args, SetMode(args.name, args.reason, args.confirm))


def kill(args: Namespace) -> int:
    """Over the kill socket; without an engine the latch is set all the same, so that none starts trading."""
    home = home_from(args)
    _, path = sockets(home)
    try:
        reply = send_kill(path, args.level, actor(), args.reason)
    except NotRunning:
        home.mkdir(parents=True, exist_ok=True)
        KillLatch(home / LATCH).trip(KillLevel(args.level), actor(), args.reason, time.time_ns())
        there = InstanceLock(home / LOCK).held()
        who = (
            "an engine is starting or ending; it finds the latch"
            if there
            else "no engine runs; the next one finds it"
        )
        return _print(args, {"latched": True, "canceled": [], "sentence": f"{args.level} latched: {who}"})
    facts = {
        "latched": reply.latched,
        "canceled": list(reply.canceled),
        "failed": list(reply.failed),
        "sentence": reply.sentence,
    }
    if not reply.latched:
        raise CommandRefused(reply.sentence)
    return _print(args, facts)


def resume(args: Namespace) -> int:
    """Two steps: the review, then the same with --confirm."""
    home = home_from(args)
    latch = KillLatch(home / LATCH)
    try:
        running(home)
    except NotRunning:
        return _resume_alone(args, latch)
    return _tell(args, Resume(args.reason, args.confirm))


def stop(args: Namespace) -> int:
    """End the engine cleanly, and with --exchange the exchange after it."""
    home = home_from(args)
    ended = []
    try:
        engine = running(home)
    except NotRunning:
        if not args.exchange:
            raise
    else:
        _send(home, Stop("midas stop"))
        _await_end(home)
        ended.append(f"engine {engine.pid}")
    if args.exchange and (exchange := answering(home / EXCHANGE_FILE)) is not None:
        stop_process(exchange.pid)
        ended.append(f"exchange {exchange.pid}")
    if not ended:
        raise NotRunning(f"neither engine nor exchange runs in {home}")
    return _print(args, {"ended": ended, "sentence": f"ended: {', '.join(ended)}"})


def _resume_alone(args: Namespace, latch: KillLatch) -> int:
    record = latch.read()
    if record is None:
        raise CommandRefused("the kill latch isn't set")
    review = f"stopped by {record.by} at level {record.level.value}" + (
        f" ({record.reason})" if record.reason else ""
    )
    if not args.confirm:
        return _print(
            args, {"accepted": True, "sentence": f"{review}; no engine runs; --confirm releases the latch"}
        )
    latch.release(actor(), args.reason, time.time_ns())
    return _print(
        args, {"accepted": True, "sentence": "released; the next engine starts in the mode it was left in"}
    )


def _tell(args: Namespace, command: Command) -> int:
    answer = _send(home_from(args), command)
    if not answer.accepted:
        raise CommandRefused(answer.message)
    return _print(args, {"accepted": True, "sequence": answer.sequence, "sentence": answer.message})


def _send(home: Path, command: Command) -> Answer:
    running(home)
    link = SocketLink(sockets(home)[0], hz=0.1)
    link.start()
    try:
        return link.ask(command, actor())
    finally:
        link.close()


def _snapshot(home: Path) -> Snapshot:
    running(home)
    link = SocketLink(sockets(home)[0], hz=0)
    link.start()
    try:
        return link.wait_for_snapshot()
    finally:
        link.close()


def _await_end(home: Path) -> None:
    lock = InstanceLock(home / LOCK)
    end = time.monotonic() + STOP_TIMEOUT_S
    while time.monotonic() < end:
        if not lock.held():
            return
        time.sleep(0.05)
    raise MidasError(
        f"the engine still runs after {STOP_TIMEOUT_S:.0f} s; `midas status` says what it waits for"
    )


def _facts(snapshot: Snapshot, latch_on_disk: bool) -> dict[str, object]:
    money, counts, health = snapshot.money, snapshot.counts, snapshot.health
    return {
        "environment": snapshot.environment,
        "mode": snapshot.mode.mode,
        "mode_by": snapshot.mode.set_by,
        "mode_cause": snapshot.mode.cause,
        "latched": snapshot.kill.latched,
        "latch_on_disk": latch_on_disk,
        "recovering": snapshot.recovering,
        "session": snapshot.session,
        "sequence": snapshot.sequence,
        "account": snapshot.account,
        "equity": _number(money.equity),
        "pnl": _number(money.pnl),
        "drawdown": _number(money.drawdown),
        "positions": [msgspec.to_builtins(p) for p in snapshot.positions if p.quantity],
        "open_orders": len(snapshot.orders),
        "orders_unknown": health.orders_unknown,
        "fills": counts.fills,
        "refusals": counts.refusals,
        "reconciled": money.reconciled,
        "feed_connected": health.feed_connected,
        "feed_age_ms": _number(health.feed_age_ms),
        "kill_report": list(snapshot.kill.report),
    }


def _number(value: float) -> float | None:
    return round(value, 8) if value == value else None


def _print(args: Namespace, facts: dict[str, object]) -> int:
    print(json.dumps(facts) if args.json else facts["sentence"])
    return 0
