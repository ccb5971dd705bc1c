"""The old journal, read in processes of their own while this one loads what else a start needs.

One proves it, and the other one folds what is proven. Reading changes nothing, so that whatever becomes of
the reader, it can be read again here: a reader that ends without a word, or finds something that a person
has to hear of, is no error.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import os
import select
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import msgspec

from midas.assembly.inherit import Left, left_in
from midas.assembly.relay import Told, tell
from midas.errors import MidasError
from midas.store import sessions
from midas.store.durable import write_all
from midas.store.journal import DATABASE
from midas.store.mend import finish_all
from midas.store.survey import Reading
from midas.store.wal import WAL

WORTH_BYTES = 4 << 20  # what is smaller is read within the time that another process takes to begin
PATIENCE_S = 60.0  # a million records take about ten seconds

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Left).decode


class Ahead:
    """A reader at work on the newest session that was begun."""

    def __init__(
        self, processes: tuple[int, ...], heard: int, scratch: tempfile.TemporaryDirectory[str]
    ) -> None:
        """`scratch`: where it copies what it reads, which it can't remove where it is killed."""
        self.processes = processes
        self._heard = heard
        self._scratch = scratch
        self._ended = False

    def take(self) -> Left | None:
        """What it found, waited for; None where it has nothing to say."""
        told, alive = b"", not self._ended
        while alive and select.select([self._heard], [], [], PATIENCE_S)[0]:
            part = os.read(self._heard, 1 << 20)
            told, alive = told + part, bool(part)
        self.close()
        with suppress(msgspec.MsgspecError):
            return _decode(told)
        return None

    async def taken(self) -> Left | None:
        """The same beside a loop; whoever stops meanwhile doesn't wait for it."""
        try:
            return await asyncio.to_thread(self.take)
        except asyncio.CancelledError:
            self._end()  # its thread hears that, and the loop waits for its thread
            raise

    def close(self) -> None:
        """End it and let go of it; idempotent."""
        if not self._ended:
            self._end()
            self._ended = True
            for process in self.processes:
                with suppress(ChildProcessError):  # whoever collects all children was quicker
                    os.waitpid(process, 0)
            os.close(self._heard)
            self._scratch.cleanup()

    def _end(self) -> None:
        for process in () if self._ended else self.processes:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)


@contextmanager
def read_ahead(home: Path, worth: int = WORTH_BYTES) -> Iterator[Ahead | None]:
    """While inside, a process reads the newest session; None where that isn't `worth` its bytes.

    By the owner of the home's lock alone, and before there are an event loop and its threads.
    """
    ahead = _at_work(home, worth)
    try:
        yield ahead
    finally:
        if ahead is not None:
            ahead.close()


def _at_work(home: Path, worth: int) -> Ahead | None:
    """None also where the disk or the system refuses: whoever reads it then says why."""
    try:
        finish_all(home / sessions.SESSIONS)
        directory = _newest(home)
        return _begin(directory) if directory is not None and _size(directory) >= worth else None
    except (MidasError, OSError):
        return None


def _newest(home: Path) -> Path | None:
    begun = (home / sessions.SESSIONS / name for name in reversed(sessions.begun(home)))
    return next((directory for directory in begun if Reading(directory).begun), None)


def _size(directory: Path) -> int:
    files = (directory / DATABASE, directory / WAL)
    return sum(file.stat().st_size for file in files if file.exists())


def _begin(directory: Path) -> Ahead:
    scratch = tempfile.TemporaryDirectory(prefix="midas-reader-", ignore_cleanup_errors=True)
    proven, proving = os.pipe()
    heard, telling = os.pipe()
    ahead = Ahead((), heard, scratch)
    try:
        for work, kept in (
            (partial(_prove, directory, scratch.name, proving), (proving,)),
            (partial(_fold, directory.name, proven, telling), (proven, telling)),
        ):
            ahead.processes += (_born(work, kept),)
    except OSError:
        ahead.close()
        raise
    finally:
        for end in (proven, proving, telling):
            os.close(end)
    return ahead


def _prove(directory: Path, scratch: str, proving: int) -> None:
    tempfile.tempdir = scratch
    try:
        tell(directory, proving)
    finally:
        with suppress(OSError):  # the engine may not live to do it
            os.rmdir(scratch)


def _fold(session: str, proven: int, telling: int) -> None:
    with open(proven, "rb") as pipe:
        told = Told(pipe)
        write_all(telling, _encode(left_in(session, told.rows(), told.survey)))


def _born(work: Callable[[], None], kept: tuple[int, ...]) -> int:
    """A process that does this work and ends, with no other descriptors than these."""
    process = os.fork()
    if process == 0:
        try:
            _alone(kept)
            work()
        finally:
            os._exit(0)  # nothing of what was inherited may be tidied up twice
    return process


def _alone(kept: tuple[int, ...]) -> None:
    """Keep nothing else of the engine's: its locks above all are to end with it."""
    gc.disable()
    for number in (signal.SIGINT, signal.SIGQUIT):  # typed at a terminal, they are meant for the engine
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in range(3):
        os.dup2(nothing, standard)
    ends = (2, *sorted(kept), os.sysconf("SC_OPEN_MAX"))
    for before, after in itertools.pairwise(ends):
        os.closerange(before + 1, after)
