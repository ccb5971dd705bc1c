"""What is said where no engine answers: how the last one ended, if it comes back, what ends a silence."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from midas.cli.alive import lives
from midas.cli.fate import read_fate
from midas.cli.guard_word import guard_of
from midas.cli.running import running
from midas.cli.supervision import supervisor
from midas.domain.time import SECOND, clock_text
from midas.errors import LinkClosed, NotRunning, SessionUnknown
from midas.store import sessions
from midas.store.head import NAME as HEAD
from midas.store.latch import LATCH, KillLatch


def absent(home: Path, error: NotRunning) -> str:
    """The error's own sentence, and what is known besides: how the last one ended, what halts the next."""
    halted = _halted(home)
    starts = (
        ": an engine starts at that level and shows what is open; then `midas resume REASON` reviews it, "
        "and with --confirm releases it"
    )
    return f"{_gone(home, error)}. {halted}{starts}" if halted else _gone(home, error)


@contextmanager
def speaking(home: Path) -> Iterator[int]:
    """The engine's process, to talk to: a failure inside says what is known besides.

    Raises NotRunning, LinkClosed, LinkSilent.
    """
    pid = 0
    try:
        pid = running(home).pid
        yield pid
    except NotRunning as error:
        raise NotRunning(absent(home, error)) from None
    except LinkClosed as error:
        ended = f"{error}: process {pid} has ended; `midas status` says how"
        raise type(error)(silent(home, pid, error) if lives(pid) else ended) from None


def silent(home: Path, pid: int, error: LinkClosed) -> str:
    """Of a live engine: the error's own sentence, what is in force all the same, and what helps."""
    in_force = _halted(home) or "`midas kill` latches"
    return f"{error}: process {pid} lives but doesn't answer. {in_force}; {remedies(home, pid)}"


def remedies(home: Path, pid: int) -> str:
    """What ends a silence: the guard by itself, a person at once."""
    found = guard_of(home)
    again = "" if supervisor(home) is None else ", and its supervisor starts it again"
    ends = f"`kill -9 {pid}` ends it{again}"
    if found is None:
        return f"no guard acts instead of it; {ends}"
    ago = span(time.time_ns() - found.acted_at)
    acted = f" (it acted {ago} ago: {found.outcome})" if found.acted_at else ""
    return f"the guard does {found.level} after {found.patience_s:g} s without a step{acted}; {ends}"


def _gone(home: Path, error: NotRunning) -> str:
    fate, waiting = read_fate(home), supervisor(home)
    if waiting is not None and waiting.next_at:
        left = max(0, waiting.next_at - time.time_ns())
        how = fate.sentence if fate is not None else "?"
        return f"the engine ended ({how}); its supervisor, process {waiting.pid}, restarts it in {span(left)}"
    if waiting is not None and not waiting.gave_up and fate is not None and not fate.wanted:
        return f"the engine ended ({fate.sentence}); its supervisor, process {waiting.pid}, starts it again"
    if fate is None:
        return str(error)
    if not fate.ended_at:  # nobody was left to see it
        seen = last_sign(home)
        ago = f", last alive {span(time.time_ns() - seen)} ago" if seen else ""
        return f"{error}; the last one ended {fate.sentence}{ago}"
    how = fate.why if fate.wanted else fate.sentence
    return f"{error}; the last one ended {span(time.time_ns() - fate.ended_at)} ago ({how})"


def last_sign(home: Path) -> int:
    """When the newest session was last written, wall nanoseconds; 0: there is none."""
    with suppress(SessionUnknown, OSError):
        return (sessions.newest(home) / HEAD).stat().st_mtime_ns
    return 0


def _halted(home: Path) -> str:
    record = KillLatch(home / LATCH).read()
    if record is None:
        return ""
    why = f" ({record.reason})" if record.reason else ""
    return f"HALTED, level {record.level.value}, by {record.by} at {clock_text(record.at)} UTC{why}"


def span(nanoseconds: int) -> str:
    """`0.4 s`, `12 s`, `5 min`, `3 h 4 min`."""
    seconds = max(0, nanoseconds) / SECOND
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = int(seconds // 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"
