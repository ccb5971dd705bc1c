"""The kill listener: a thread of its own with its own socket and venue connection.

The order never changes: latch on disk, then the gate (every sender asks the latch), then cancels on the
wire, then the engine. A busy event loop, a full inbox or a frozen console delay none of the first three.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import msgspec

from midas.domain.event import LatchTripped
from midas.domain.mode import KillLevel
from midas.errors import StoreError, VenueError
from midas.ports.journal import Latch
from midas.state.orders import Order

KEEP_WARM_S = 15.0  # idle venue connections are cut by proxies after about a minute
REQUEST_MAX = 4_096


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
        self._closing = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._listen, name="kill", daemon=True)

    def start(self) -> None:
        """Open the socket, readable by its owner alone, and listen."""
        self._path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        mask = os.umask(0o177)
        try:
            self._socket.bind(str(self._path))
        finally:
            os.umask(mask)
        self._socket.listen(8)
        self._socket.settimeout(KEEP_WARM_S)
        self._canceller.ping()
        self._thread.start()

    def close(self) -> None:
        """Stop listening; idempotent."""
        if self._closing:
            return
        self._closing = True
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(2.0)
        self._path.unlink(missing_ok=True)
        self._canceller.close()

    def pull(self, request: KillRequest) -> KillReply:
        """Latch, cancel, tell the engine. Safe from any thread."""
        try:
            level = KillLevel(request.level)
        except ValueError:
            words = ", ".join(level.value for level in KillLevel)
            return KillReply(False, f"there is no kill level {request.level!r}; there are {words}")
        with self._lock:
            sentence = self._trip(level, request)
            canceled, failed = self._cancel(level)
            event = LatchTripped(level.value, request.by, request.reason, self._now(), tuple(canceled))
            self._tell(event)
        return KillReply(True, sentence, tuple(canceled), tuple(failed))

    def _trip(self, level: KillLevel, request: KillRequest) -> str:
        try:
            self._latch.trip(level, request.by, request.reason, self._now())
        except StoreError as error:  # a full disk must not keep anybody from stopping
            return f"{level.value} in force, but the latch is not durable: {error}"
        return f"{level.value} latched"

    def _cancel(self, level: KillLevel) -> tuple[list[str], list[str]]:
        """At `halt` what increases risk, from `all` up everything; failures are the engine's to repeat."""
        canceled: list[str] = []
        failed: list[str] = []
        for order in self._orders():
            if not order.sent_at or (level is KillLevel.HALT and not order.increases_risk):
                continue
            client_id = order.intent.client_id
            try:
                status, _ = self._canceller.cancel(self._symbols[order.intent.instrument], client_id)
            except VenueError:
                failed.append(client_id)
            else:
                (canceled if status == 200 else failed).append(client_id)
        return canceled, failed

    def _listen(self) -> None:
        while not self._closing:
            try:
                connection, _ = self._socket.accept()
            except TimeoutError:
                self._canceller.ping()
                continue
            except OSError:
                return
            with connection:
                self._serve(connection)

    def _serve(self, connection: socket.socket) -> None:
        try:
            connection.settimeout(2.0)
            line = connection.recv(REQUEST_MAX)
            request = msgspec.json.decode(line, type=KillRequest)
        except (OSError, msgspec.MsgspecError):
            # Whoever reaches for the kill switch and stammers still means it.
            request = KillRequest(by="kill socket (unreadable request)")
        reply = self.pull(request)
        with contextlib.suppress(OSError):
            connection.sendall(msgspec.json.encode(reply) + b"\n")


def pull_kill(path: Path, request: KillRequest, timeout: float = 5.0) -> KillReply:
    """Send a kill to a running engine and wait for its reply. Raises OSError where nobody listens."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout)
        connection.connect(str(path))
        connection.sendall(msgspec.json.encode(request) + b"\n")
        reply = b""
        while not reply.endswith(b"\n") and (part := connection.recv(65_536)):
            reply += part
    return msgspec.json.decode(reply, type=KillReply)
