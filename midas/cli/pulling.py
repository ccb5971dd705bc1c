"""The kill switch from a process of this machine: on the disk first, then over the kill socket."""

from __future__ import annotations

import contextlib
import signal
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

from midas.assembly.access import sockets
from midas.domain.mode import KillLevel, KillOutcome
from midas.errors import MidasError, NotRunning
from midas.ports.journal import LatchRecord
from midas.runtime.bell import rings
from midas.runtime.kill import KillRequest, latch_and_pull
from midas.store.latch import LATCH, KillLatch

SILENCE_S = 1.0  # of the kill socket: a person waits at the chord, and the latch is set
CHORD = b"\x1c"


def pull(home: Path, level: str, by: str) -> KillOutcome:
    """Pull the switch of a home, and say the truth about disk and engine. Raises nothing of ours."""
    latch, request = KillLatch(home / LATCH), KillRequest(level, by, "", time.time_ns())
    try:
        reply = latch_and_pull(latch, sockets(home)[1], request, SILENCE_S)
    except NotRunning:
        told = "no engine answers: none runs, or it is only starting; the next one finds the latch"
        return KillOutcome(_reaches(latch.read(), level), False, told)
    except MidasError as error:
        return KillOutcome(_reaches(latch.read(), level), False, str(error))
    return KillOutcome(reply.latched, True, reply.sentence)


@contextlib.contextmanager
def halting_on_quit(home: Path, who: str) -> Iterator[None]:
    """While inside, SIGQUIT - Ctrl+backslash in a cooked terminal - halts, also a start that isn't done yet.

    On a thread of its own and by the doors that everybody uses, so that no event loop has to turn for it.
    """

    def halt() -> None:
        outcome = pull(home, KillLevel.HALT.value, who)
        there = "" if outcome.answered else " (no engine has confirmed it)"
        latched = "halt latched" if outcome.latched else f"NOT HALTED: {outcome.sentence}"
        with contextlib.suppress(OSError, ValueError):  # the terminal has gone; the next SIGQUIT is heard too
            print(f"midas: SIGQUIT: {latched}{there}", file=sys.stderr, flush=True)

    _chord_is_a_signal()
    with rings(signal.SIGQUIT, halt):
        yield


def _chord_is_a_signal() -> None:
    """A program that crashed may have left the terminal raw; then the chord would be a byte nobody reads."""
    with contextlib.suppress(OSError, ValueError, termios.error):
        descriptor = sys.stdin.fileno()
        state = termios.tcgetattr(descriptor)
        if not state[3] & termios.ISIG or state[6][termios.VQUIT] != CHORD:
            state[3] |= termios.ISIG
            state[6][termios.VQUIT] = CHORD
            termios.tcsetattr(descriptor, termios.TCSANOW, state)


def _reaches(record: LatchRecord | None, level: str) -> bool:
    """Whether what is set on the disk is this level or a higher one."""
    order = list(KillLevel)
    return record is not None and order.index(record.level) >= order.index(KillLevel(level))
