"""A client's side of the Link, for console and commands: a thread that always holds the newest snapshot."""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import msgspec

from midas.domain.command import Answer, Command
from midas.errors import LinkClosed, LinkRefused, LinkSilent, NotRunning
from midas.runtime.frames import (
    REFUSED,
    Give,
    Shown,
    Told,
    apart,
    decode_engine,
    dialect,
    pack,
    receive_frame,
    subscription,
)
from midas.runtime.parts import Jigsaw
from midas.state.snapshot import Snapshot

RECONNECT_S = 0.5


class Link(Protocol):
    """What every door for people and machines goes through; never blocks."""

    @property
    def connected(self) -> bool:
        """Whether the engine is on the line."""

    @property
    def apart(self) -> bool:
        """Whether the engine that answers is of other code: no picture and no command of ours passes."""

    def latest(self) -> Snapshot | None:
        """The newest snapshot; None before the first."""

    def age_ns(self) -> int:
        """Since the newest snapshot arrived."""

    def submit(self, command: Command, actor: str) -> str:
        """Send a command; returns its id at once. The answer comes through `answers`."""

    def answers(self) -> list[Answer]:
        """Answers that came since the last call."""


class SocketLink:
    """The Link over the engine's Unix socket; reconnects by itself until `close`."""

    def __init__(self, path: Path, hz: float, monotonic: Callable[[], int] = time.monotonic_ns) -> None:
        self._path = path
        self._hz = hz
        self._monotonic = monotonic
        self._ids = itertools.count(1)
        self._prefix = f"{os.getpid():x}-{monotonic() & 0xFFFFFF:x}"
        self._latest: Snapshot | None = None
        self._arrived = 0
        self._answers: deque[Answer] = deque()
        self._socket: socket.socket | None = None
        self._closing = False
        self._refused = ""  # why this line can't be: the engine is of other code
        dialect()  # of this process: what lies on the disk later may be another code
        self._thread = threading.Thread(target=self._read, name="link", daemon=True)

    def start(self) -> None:
        """Connect and follow. Raises NotRunning where no engine listens."""
        self._socket = self._connect()
        self._thread.start()

    def close(self) -> None:
        """Leave; the engine runs on."""
        self._closing = True
        self._drop()

    def greet(self, timeout: float) -> None:
        """Wait for the first word of an engine, as long as a person does. Raises LinkRefused."""
        connection, end = self._socket, self._monotonic() + int(timeout * 1e9)
        while self._latest is None and not self._refused and self._socket is connection:
            if self._monotonic() >= end:
                break
            time.sleep(0.005)
        if self._refused:
            raise LinkRefused(self._refused)

    def pace(self, hz: float) -> None:
        """From now on, and on every later line, at most `hz` pictures a second."""
        self._hz = hz
        connection = self._socket
        if connection is not None:
            with contextlib.suppress(OSError):
                _send(connection, pack(subscription(hz)))

    def _drop(self) -> None:
        connection, self._socket = self._socket, None
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    @property
    def connected(self) -> bool:
        """Whether the engine is on the line."""
        return self._socket is not None

    @property
    def apart(self) -> bool:
        """Whether the engine that answered last is of other code than this process."""
        return bool(self._refused)

    def latest(self) -> Snapshot | None:
        """The newest snapshot; None before the first."""
        return self._latest

    def age_ns(self) -> int:
        """Since the newest snapshot arrived; 0 before the first."""
        return self._monotonic() - self._arrived if self._arrived else 0

    def submit(self, command: Command, actor: str) -> str:
        """Send a command; a lost line, or one that takes no more, answers for the engine."""
        command_id = f"{self._prefix}-{next(self._ids)}"
        connection = self._socket
        problem = ""
        try:
            if connection is None:
                raise OSError
            _send(connection, pack(Give(command_id, actor, command)))
        except BlockingIOError:
            problem = "not sent: the engine hasn't read what was sent before"
        except OSError:
            problem = "not sent: the engine isn't on the line"
        if problem:
            self._answers.append(Answer(command_id, False, problem, 0))
        return command_id

    def answers(self) -> list[Answer]:
        """Answers that came since the last call."""
        drained = []
        while self._answers:
            drained.append(self._answers.popleft())
        return drained

    def ask(self, command: Command, actor: str, timeout: float = 10.0) -> Answer:
        """Send and wait, for commands typed in a shell. Raises LinkClosed, LinkSilent, LinkRefused."""
        connection = self._socket
        self.greet(timeout)  # nothing is asked of an engine before it is known whose code it runs
        if self._latest is None and self._socket is connection:
            # What waits on the line of a hung engine would be done when it wakes, long after it was wanted.
            raise LinkSilent(f"the engine didn't answer within {timeout:.0f} s, and nothing was asked of it")
        command_id = self.submit(command, actor)
        end = self._monotonic() + int(timeout * 1e9)
        while self._monotonic() < end:
            for answer in self.answers():
                if answer.id == command_id:
                    return answer
            if self._refused:
                raise LinkRefused(self._refused)
            if self._socket is not connection:
                raise LinkClosed("the engine left the line before it answered")
            time.sleep(0.005)
        raise LinkClosed(f"the engine didn't answer within {timeout:.0f} s")

    def wait_for_snapshot(self, timeout: float = 5.0) -> Snapshot:
        """The first snapshot. Raises LinkClosed where none comes, LinkRefused."""
        end = self._monotonic() + int(timeout * 1e9)
        while (left := end - self._monotonic()) > 0:
            self.greet(left / 1e9)
            if self._latest is not None:
                return self._latest
            time.sleep(0.005)
        raise LinkClosed(f"the engine sent no snapshot within {timeout:.0f} s")

    def _connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(str(self._path))
            connection.sendall(pack(subscription(self._hz)))
        except OSError:
            connection.close()
            raise NotRunning(
                f"no engine answers on {self._path}; start one with `midas` or `midas --no-ui`"
            ) from None
        return connection

    def _read(self) -> None:
        jigsaw = Jigsaw()
        while not self._closing:
            connection = self._socket
            if connection is None:
                jigsaw = Jigsaw()
                time.sleep(RECONNECT_S)
                with contextlib.suppress(NotRunning):
                    self._socket = self._connect()
                if self._closing:
                    self._drop()
                continue
            try:
                self._take(decode_engine(receive_frame(connection)), jigsaw)
            except (LinkClosed, OSError, msgspec.MsgspecError, UnicodeDecodeError):
                if self._socket is connection:
                    self._socket = None
                connection.close()

    def _take(self, message: Told | Shown, jigsaw: Jigsaw) -> None:
        if isinstance(message, Told):
            if message.answer.id == REFUSED:
                raise self._apart(message.answer.message)
            self._answers.append(message.answer)
        elif not jigsaw.begun and message.code != dialect():
            raise self._apart(apart(message.version))
        else:
            self._refused = ""
            self._latest, self._arrived = jigsaw.add(message.parts), self._monotonic()

    def _apart(self, sentence: str) -> LinkClosed:
        """Said once: the line is tried again, since the engine may come back with our code."""
        if self._refused != sentence:
            self._answers.append(Answer(REFUSED, False, sentence, 0))
        self._refused = sentence
        return LinkClosed(sentence)


def _send(connection: socket.socket, frame: bytes) -> None:
    """All of it, at once. Raises BlockingIOError where a hung engine has left no room, OSError else."""
    if connection.send(frame, socket.MSG_DONTWAIT) < len(frame):
        connection.shutdown(socket.SHUT_RDWR)  # behind half a frame nothing would be understood
        raise OSError
