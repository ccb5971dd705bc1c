"""Commands for a running engine: each goes through the same Link as the console's keys."""

from __future__ import annotations

import getpass
import json
import os
import sys
import threading
import time
from argparse import Namespace
from pathlib import Path

from midas.assembly.access import sockets
from midas.cli.absence import remedies, speaking
from midas.cli.options import home_from
from midas.cli.running import LOCK, running
from midas.domain.command import (
    AcceptBreak,
    Answer,
    Command,
    Kill,
    Reload,
    Resume,
    SetMode,
    reasoned,
)
from midas.domain.mode import KillLevel, Mode
from midas.errors import CommandRefused, LinkClosed, MidasError, NotRunning, UsageError
from midas.runtime.kill import KillRequest, latch_and_pull
from midas.runtime.link import SocketLink
from midas.store.latch import LATCH, KillLatch
from midas.store.lock import InstanceLock

SCOPES = ("order", "strategy", "instrument", "venue")
NOTHING_DONE = "nothing was changed: the same with --confirm does it"
SILENCE_S = 1.0  # of the engine, before a person who kills is told what is in force already


def actor() -> str:
    """Who typed it, and where."""
    try:
        terminal = f" {os.ttyname(sys.stdin.fileno()).removeprefix('/dev/')}"
    except (OSError, ValueError):
        terminal = ""
    return f"{getpass.getuser()}, command line{terminal}"


def mode(args: Namespace) -> int:
    """Change the mode; a riskier one needs a reason, and --confirm, without which it is only asked for."""
    words = [mode.value for mode in Mode]
    if args.name not in words:
        raise UsageError(f"there is no mode {args.name!r}; there are {', '.join(words)}")
    latched = KillLatch(home_from(args) / LATCH).is_set  # then no line would do
    complete = latched or (args.confirm and reasoned(args.reason))
    return tell(args, SetMode(args.name, args.reason, args.confirm), complete)


def kill(args: Namespace) -> int:
    """The latch first, so that no engine goes on or starts trading; then the running one's kill socket.

    What names a scope latches nothing: the engine stops it and goes on with the rest.
    """
    scope, name = _scope(args)
    levels = [each.value for each in KillLevel]
    level = max(args.level, args.named or args.level, key=levels.index)  # whichever way it was said
    if args.preview and not scope:
        raise UsageError("--preview needs a scope; `midas status` and K on the console tell the rest")
    if scope:
        command = Kill(level, args.reason, scope, name, args.preview)
        return tell(args, command, complete=False)
    home = home_from(args)
    _, path = sockets(home)
    request = KillRequest(level, actor(), args.reason, time.time_ns())
    waiting = threading.Timer(SILENCE_S, _say_waiting, (home,))
    waiting.daemon = True
    waiting.start()
    try:
        reply = latch_and_pull(KillLatch(home / LATCH), path, request)
    except NotRunning:
        there = InstanceLock(home / LOCK).held()
        who = (
            "an engine is starting or ending; it finds the latch"
            if there
            else "no engine runs; the next one finds it"
        )
        return _print(args, {"latched": True, "canceled": [], "sentence": f"{level} latched: {who}"})
    except LinkClosed as error:
        pid = InstanceLock(home / LOCK).owner()
        raise LinkClosed(f"{error}; {remedies(home, pid)}" if pid else str(error)) from None
    finally:
        waiting.cancel()
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
    scope, name = _scope(args)
    if scope:
        complete = reasoned(args.reason)
        return tell(args, Resume(args.reason, args.confirm, scope, name), complete)
    home = home_from(args)
    try:
        running(home)
    except NotRunning as error:
        raise _not_alone(KillLatch(home / LATCH), error) from None
    complete = reasoned(args.reason) or not KillLatch(home / LATCH).is_set
    return tell(args, Resume(args.reason, args.confirm), complete)


def reload(args: Namespace) -> int:
    """The running engine reads and checks its configuration and takes its limits; looser with --confirm."""
    return tell(args, Reload(args.confirm), complete=False)


def _scope(args: Namespace) -> tuple[str, str]:
    """(scope, name) of the option that was given; two empty words for all."""
    given = [(scope, getattr(args, scope)) for scope in SCOPES if getattr(args, scope, "")]
    if len(given) > 1:
        raise UsageError(
            f"one scope at a time: {' and '.join(f'--{scope}' for scope, _ in given)} were given"
        )
    return given[0] if given else ("", "")


def _say_waiting(home: Path) -> None:
    standing = KillLatch(home / LATCH).read()
    done = f"{standing.level.value} is latched on disk" if standing else "nothing is latched on disk yet"
    print(f"midas: {done}; waiting for the engine's report", file=sys.stderr, flush=True)


def _not_alone(latch: KillLatch, absent: NotRunning) -> MidasError:
    """No latch is released without an engine: only one that runs can show what is open before it trades."""
    record = latch.read()
    if record is None:
        return CommandRefused("the kill latch isn't set")
    why = f" ({record.reason})" if record.reason else ""
    return NotRunning(
        f"stopped by {record.by} at level {record.level.value}{why}, and {absent}. "
        f"An engine starts at that level and shows what is open; then `midas resume` releases the latch"
    )


def tell(args: Namespace, command: Command, complete: bool) -> int:
    """Send, print the answer. Raises UsageError for an incomplete line, CommandRefused for a refused one."""
    answer = send(home_from(args), command)
    if not answer.accepted and not answer.asks:
        raise CommandRefused(answer.message) if complete else UsageError(answer.message)
    facts: dict[str, object] = {"accepted": True, "done": answer.accepted and not only_asks(command)}
    code = _print(args, facts | {"sequence": answer.sequence, "sentence": answer.message})
    if answer.asks and not args.json:
        print(NOTHING_DONE)
    return code


def only_asks(command: Command) -> bool:
    """Whether its answer is a review of what it would do: accepted, and nothing done."""
    if isinstance(command, Kill):
        return command.preview
    return isinstance(command, Resume | AcceptBreak) and not command.confirmed


def send(home: Path, command: Command) -> Answer:
    """Give a command to the engine of this home and wait for its answer. Raises NotRunning, LinkClosed."""
    with speaking(home):
        link = SocketLink(sockets(home)[0], hz=0.1)
        link.start()
        try:
            return link.ask(command, actor())
        finally:
            link.close()


def _print(args: Namespace, facts: dict[str, object]) -> int:
    print(json.dumps(facts) if args.json else facts["sentence"])
    return 0
