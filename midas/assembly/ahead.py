"""The old journal, read in a process of its own while this one loads what else a start needs.

Reading changes nothing, so that whatever becomes of the reader, it can be read again here: a reader that
ends without a word, or finds something that a person has to hear of, is no error.
"""

from __future__ import annotations

import asyncio
import gc
import os
import select
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from midas.assembly.inherit import Left, left_by
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

    def __init__(self, process: int, heard: int, scratch: tempfile.TemporaryDirectory[str]) -> None:
        """`scratch`: where it copies what it reads, which it can't remove where it is killed."""
        self.process = process
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
            with suppress(ChildProcessError):  # whoever collects all children was quicker
                os.waitpid(self.process, 0)
            os.close(self._heard)
            self._scratch.cleanup()

    def _end(self) -> None:
        if not self._ended:
            with suppress(ProcessLookupError):
                os.kill(self.process, signal.SIGKILL)


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
    heard, told = os.pipe()
    process = os.fork()
    if process == 0:
        try:
            _alone(told)
            tempfile.tempdir = scratch.name
            write_all(told, _encode(left_by(directory)))
        finally:
            with suppress(OSError):  # the engine may not live to do it
                os.rmdir(scratch.name)
            os._exit(0)  # nothing of what was inherited may be tidied up twice
    os.close(told)
    return Ahead(process, heard, scratch)


def _alone(told: int) -> None:
    """Keep nothing of the engine's: its locks above all are to end with it."""
    gc.disable()
    for number in (signal.SIGINT, signal.SIGQUIT):  # typed at a terminal, they are meant for the engine
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in range(3):
        os.dup2(nothing, standard)
    os.closerange(3, told)
    os.closerange(told + 1, os.sysconf("SC_OPEN_MAX"))
