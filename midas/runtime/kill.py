"""The kill listener: a thread of its own with its own socket and venue connection.

The order never changes: latch on disk, then the gate (every sender asks the latch), then cancels on the
wire, then the engine. A busy event loop, a full inbox or a frozen console delay none of the first three.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import msgspec

from midas.domain.event import CancelTried, LatchTripped
from midas.domain.mode import KillLevel
from midas.domain.time import SECOND
from midas.domain.unreadable import UNREADABLE
from midas.errors import LinkClosed, NotRunning, StoreError, VenueError
from midas.ports.journal import Latch
from midas.state.order import Order

KEEP_WARM_S = 15.0  # idle venue connections are cut by proxies after about a minute
CANCEL_FOR = 3 * SECOND
READ_S = 0.5  # for one line of a process on this machine
RETRY_S = 0.1
REPLY_S = 15.0  # a venue that hangs costs its whole patience first
REQUEST_MAX = 4_096
BACKLOG = 16
OK = 200

log = logging.getLogger("midas.kill")


class Canceller(Protocol):
    """A blocking venue connection that is used for nothing else."""

    def cancel(self, symbol: str, client_id: str) -> tuple[int, int]:
        """Send one cancel; HTTP status and the venue's code (0 for none). Raises VenueError."""

    def ping(self) -> bool:
        """Exchange something small, so that the connection stays open."""

    def close(self) -> None:
        """Give the connection up."""


class KillRequest(msgspec.Struct, frozen=True):
    """One line of JSON on the kill socket."""

    level: str = "halt"
    by: str = "kill socket"
    reason: str = ""
    at: int = 0  # when whoever asks has set the latch himself; 0 where he hasn't


class KillReply(msgspec.Struct, frozen=True):
    """What was done at once; the engine's report follows in the snapshot."""

    latched: bool
    sentence: str
    canceled: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()


class KillListener:
    """Listens on `path` until `close`."""

    def __init__(
        self,
        path: Path,
        latch: Latch,
        canceller: Canceller,
        orders: Callable[[], list[Order]],
        symbols: dict[str, str],
        tell: Callable[[LatchTripped], None],
        now: Callable[[], int],
    ) -> None:
        self._path = path
        self._latch = latch
        self._canceller = canceller
        self._orders = orders
        self._symbols = symbols
        self._tell = tell
        self._now = now
        self._closing = threading.Event()
        self._tripping = threading.Lock()
        self._wire = threading.Lock()  # the canceller serves one thread at a time
        self._socket: socket.socket | None = None
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Open the socket, readable by its owner alone, and listen."""
        self._path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        mask = os.umask(0o177)
        try:
            self._socket.bind(str(self._path))
        finally:
            os.umask(mask)
        self._socket.listen(BACKLOG)
        # A ping that hangs may not keep a kill waiting: the connection is kept warm by a thread of its own.
        for name, work in (("kill", self._listen), ("kill-warm", self._keep_warm)):
            thread = threading.Thread(target=work, args=(self._socket,), name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def close(self) -> None:
        """Stop listening; idempotent, also where `start` failed or never came."""
        if self._closing.is_set():
            return
        self._closing.set()
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()
            self._path.unlink(missing_ok=True)
        for thread in self._threads:
            thread.join(2.0)
        self._canceller.close()

    def pull(self, request: KillRequest) -> KillReply:
        """Latch, cancel, tell the engine. Safe from any thread."""
        level, doubt = _level(request.level)
        heard_at = self._now()
        with self._tripping:
            failure = self._trip(level, request, request.at or heard_at)
        latched_at = self._now()
        tried = self._cancel(level)
        canceled = tuple(t.client_id for t in tried if t.status == OK)
        # Whoever pulled it may have latched himself just before: there the report begins.
        since = request.at if 0 < heard_at - request.at < SECOND * 10 else heard_at
        event = LatchTripped(
            level.value, request.by, request.reason, self._now(), canceled, since, latched_at, failure,
            tuple(tried),
        )  # fmt: skip
        self._tell(event)
        durable = f"{level.value} in force, but the latch is not durable: {failure}"
        sentence = doubt + (durable if failure else f"{level.value} latched")
        return KillReply(True, sentence, canceled, tuple(t.client_id for t in tried if t.status != OK))

    def _trip(self, level: KillLevel, request: KillRequest, at: int) -> str:
        """Why the latch isn't on the disk; empty where it is."""
        try:
            self._latch.trip(level, request.by, request.reason, at)
        except StoreError as error:  # a full disk must not keep anybody from stopping
            return str(error)
        return ""

    def _cancel(self, level: KillLevel) -> list[CancelTried]:
        """At `halt` what increases risk, from `all` up everything; failures are the engine's to repeat."""
        tried: list[CancelTried] = []
        with self._wire:
            patience = self._now() + CANCEL_FOR
            for order in self._orders():
                if not order.sent_at or (level is KillLevel.HALT and not order.increases_risk):
                    continue
                sent_at = self._now()
                # A venue that hangs would hold up the engine's own knowledge of the kill for minutes.
                status, code = self._canceled(order) if sent_at < patience else (0, 0)
                tried.append(CancelTried(order.intent.client_id, sent_at, self._now(), status, code))
        return tried

    def _canceled(self, order: Order) -> tuple[int, int]:
        """HTTP status and the venue's code; (0, 0) without an answer."""
        symbol = self._symbols.get(order.intent.instrument)
        if symbol is None:  # carried over from a session with other instruments
            return 0, 0
        try:
            return self._canceller.cancel(symbol, order.intent.client_id)
        except VenueError:
            return 0, 0
        except Exception as error:  # noqa: BLE001 - the seam around a venue task: the next cancel still goes
            # Only its class: the text could carry a signed URL.
            log.error("a cancel of the kill listener failed unexpectedly: %s", type(error).__name__)
            return 0, 0

    def _listen(self, listening: socket.socket) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = listening.accept()
            except OSError as error:
                if not self._closing.wait(RETRY_S):  # out of descriptors, say: the next try may have one
                    log.error("the kill socket: %s", error)
                continue
            try:
                with connection:
                    self._serve(connection)
            except Exception as error:  # noqa: BLE001 - the seam around this thread: the next kill needs it
                log.error("a kill failed unexpectedly: %s", type(error).__name__)

    def _keep_warm(self, _: socket.socket) -> None:
        while True:
            with self._wire:
                self._canceller.ping()
            if self._closing.wait(KEEP_WARM_S):
                return

    def _serve(self, connection: socket.socket) -> None:
        line = _line_of(connection)
        if line is None:
            return
        try:
            request = msgspec.json.decode(line, type=KillRequest)
        except UNREADABLE:
            # Whoever reaches for the kill switch and stammers still means it.
            request = KillRequest(by="kill socket (unreadable request)")
        reply = self.pull(request)
        with contextlib.suppress(OSError):
            connection.sendall(msgspec.json.encode(reply) + b"\n")


def _level(word: str) -> tuple[KillLevel, str]:
    """The level, and what to say where nobody knows the word: a typo must not keep the desk running."""
    try:
        return KillLevel(word), ""
    except ValueError:
        words = ", ".join(level.value for level in KillLevel)
        return KillLevel.HALT, f"there is no kill level {word!r} (there are {words}): "


def _line_of(connection: socket.socket) -> bytes | None:
    """One line, or as much of it as comes in time; None where somebody only looked whether we listen."""
    line = b""
    try:
        connection.settimeout(READ_S)
        while not line.endswith(b"\n") and len(line) < REQUEST_MAX:
            part = connection.recv(REQUEST_MAX)
            if not part:
                return line or None
            line += part
    except OSError:
        return line
    return line


def pull_kill(path: Path, request: KillRequest, timeout: float = REPLY_S) -> KillReply:
    """Send a kill to a running engine and wait for its reply.

    Raises NotRunning where nobody listens, LinkClosed where somebody does and no reply came.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout)
        reply = b""
        try:
            connection.connect(str(path))
            connection.sendall(msgspec.json.encode(request) + b"\n")
            while not reply.endswith(b"\n") and (part := connection.recv(65_536)):
                reply += part
            return msgspec.json.decode(reply, type=KillReply)
        except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError):
            raise NotRunning(f"no engine answers on {path}") from None
        except PermissionError:
            raise LinkClosed(
                f"{path} is another user's: kill as that user; orders may still rest at the venue"
            ) from None
        except (OSError, *UNREADABLE):
            raise LinkClosed("the engine did not answer: its orders may still rest at the venue") from None


def latch_and_pull(latch: Latch, path: Path, request: KillRequest, timeout: float = REPLY_S) -> KillReply:
    """On the disk first, so that a hung engine's successor is stopped too; then over the socket.

    Raises LinkClosed where no reply came, saying what is in force, and where nobody listens NotRunning
    if the latch is set, else StoreError.
    """
    level, doubt = _level(request.level)
    failure: StoreError | None = None
    try:
        latch.trip(level, request.by, request.reason, request.at)
    except StoreError as error:  # the engine can still be told
        failure = error
    try:
        return pull_kill(path, request, timeout)
    except NotRunning:
        if failure is not None:
            raise failure from None
        raise
    except LinkClosed as error:
        stands = f"{level.value} is NOT latched on disk ({failure})"
        done = stands if failure else f"{doubt}{level.value} latched on disk"
        raise LinkClosed(f"{done}; {error}") from None
