"""`midas reconcile`: one more pass over the account, and what differs; `accept` takes one as it is."""

from __future__ import annotations

import json
import time
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

import msgspec

from midas.assembly.access import sockets
from midas.cli.absence import span, speaking
from midas.cli.control import actor, tell
from midas.cli.options import home_from
from midas.domain.command import AcceptBreak, Reconcile, reasoned
from midas.domain.time import SECOND, clock_text
from midas.errors import CommandRefused, Unreachable, UsageError
from midas.runtime.link import SocketLink
from midas.state.snapshot import Snapshot
from midas.state.views.reconciliation import DifferenceView, ReconciliationView

PATIENCE_S = 15.0  # for the pass
HZ = 10.0
EQUAL, DIFFERS = 0, 1
_WORDS = "`midas reconcile`, or `midas reconcile accept NAME [REASON] [--confirm]`"


def reconcile(args: Namespace) -> int:
    """Print the newest pass, or accept a difference.

    Raises UsageError, NotRunning, LinkClosed; Unreachable where no pass comes.
    """
    if args.words:
        return _accept(args)
    home = home_from(args)
    with speaking(home):
        view, now = _look(home)
    print(json.dumps(_facts(view)) if args.json else "\n".join(lines(view, now)))
    return EQUAL if all(d.state == "accepted" for d in view.differences) else DIFFERS


def _accept(args: Namespace) -> int:
    verb, *rest = args.words
    if verb != "accept" or not rest:
        raise UsageError(f"expected {_WORDS}; got {' '.join(args.words)!r}")
    name, *words = rest
    reason = " ".join(words)
    complete = not args.confirm or reasoned(reason)
    return tell(args, AcceptBreak(name, reason, args.confirm), complete)


def _look(home: Path) -> tuple[ReconciliationView, int]:
    """Ask for a pass and wait for it; and the moment it is told at (wall time).

    Raises CommandRefused, Unreachable where no pass came, LinkClosed where the engine is silent.
    """
    link = SocketLink(sockets(home)[0], hz=HZ)
    link.start()
    try:
        first = link.wait_for_snapshot()
        answer = link.ask(Reconcile(), actor())
        if not answer.accepted:
            raise CommandRefused(answer.message)
        end = time.monotonic() + PATIENCE_S
        newest = first
        while time.monotonic() < end and newest.health.passes_failed <= first.health.passes_failed:
            newest = link.latest() or first
            view = newest.reconciliation
            if view.passes > first.reconciliation.passes and not view.undecided:
                return view, newest.built_at
            time.sleep(1 / HZ)
    finally:
        link.close()
    raise Unreachable(none_came(newest))


def none_came(newest: Snapshot) -> str:
    """Why no pass has told anything, as far as the engine knows."""
    trouble, moving = newest.health.pass_trouble, ", ".join(newest.reconciliation.undecided)
    why = f"no pass over the account came back within {PATIENCE_S:.0f} s: the venue is silent"
    if trouble:
        why = f"the account can't be compared: {trouble}"
    elif moving:
        why = f"what differs moved between the passes of {PATIENCE_S:.0f} s ({moving})"
    return f"{why}; the engine goes on asking, and `midas status` tells what it finds"


def lines(view: ReconciliationView, now: int) -> Iterator[str]:
    """What a person reads."""
    ago = f"{span(now - view.clean_at)} ago, at {clock_text(view.clean_at)} UTC" if view.clean_at else "never"
    yield f"account     {view.state}; the last pass that found both sides equal: {ago}"
    for venue in view.venues:
        yield f"venue       {venue.name} {venue.state}, {venue.dead_man}"
    if view.unknown:
        age = (now - view.unknown_since) // SECOND
        yield f"unknown     {view.unknown} order{'s' if view.unknown > 1 else ''}, the oldest for {age} s"
    if not view.differences:
        yield "differences none"
    for number, difference in enumerate(view.differences):
        yield f"{'' if number else 'differences':<11} {_line(difference)}"
        yield f"{'':<11}   {difference.evidence}"
    if any(d.state == "standing" for d in view.differences):
        yield f"{'':<11} `midas reconcile accept NAME` reviews one; --confirm takes it as the venue has it"


def _line(found: DifferenceView) -> str:
    closes = [gate.partition(".")[0] for gate in found.closes]
    gates = f", closes {' and '.join(closes)}" if closes and found.state == "standing" else ""
    return f"{found.name}: {found.here} here, {found.venue} at the venue ({found.state}{gates})"


def _facts(view: ReconciliationView) -> dict[str, object]:
    facts: dict[str, object] = msgspec.to_builtins(view)
    return facts | {"equal": not view.differences}
