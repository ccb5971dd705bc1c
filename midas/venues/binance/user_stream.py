"""The account's live stream: what happens to our orders and balances, as it happens.

python-binance reconnects its socket but doesn't subscribe again, so nothing would ever arrive after a drop.
Here a connection is used once: whatever ends it, the next one is made from scratch, and the runner is told
that something may have been missed in between.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from binance.exceptions import BinanceAPIException, BinanceWebsocketUnableToConnect
from websockets.exceptions import WebSocketException

from midas.domain.market import FeedStatus, MessageRefused
from midas.errors import MalformedMessage, Unreachable
from midas.ports.venue import Publish
from midas.venues.binance import answers
from midas.venues.binance.executions import Translator
from midas.venues.binance.wire import Wire
from midas.venues.task import Backoff, keep_running

VENUE = "binance"
STREAM = "user"
QUIET_S = 10.0  # after so much silence the socket has to prove that it lives

_SOCKET_ERRORS = (
    BinanceAPIException,
    BinanceWebsocketUnableToConnect,
    WebSocketException,
    TimeoutError,
    OSError,
)


def _admitted() -> None:
    """Nothing is known against our key."""


def _unheard(_: answers.Answer) -> None:
    """Nobody keeps what the venue says of our key."""


class UserStream:
    """Publishes what the stream says. `on_gap` is called whenever only a full pass can tell what happened."""

    def __init__(
        self,
        client: Wire,
        translator: Translator,
        publish: Publish,
        now: Callable[[], int],
        on_gap: Callable[[], None],
        quiet_s: float = QUIET_S,
        admit: Callable[[], None] = _admitted,
        answered: Callable[[answers.Answer], None] = _unheard,
    ) -> None:
        """`admit` raises RateLimited while our key is refused; `answered` hears what became of it."""
        self._client = client
        self._translator = translator
        self._publish = publish
        self._now = now
        self._on_gap = on_gap
        self.quiet_s = quiet_s  # after so much silence the socket has to prove that it lives
        self._admit, self._answered = admit, answered
        self._missed = False
        self._connected = False
        self.heard_at = 0
        self.ready = asyncio.Event()

    async def run(self, backoff: Backoff) -> None:
        """Keep a connection, for ever."""
        await keep_running(self._live, self._down, backoff)

    async def _live(self) -> None:
        """One connection's life; ends by raising Unreachable."""
        self._admit()
        try:
            socket = await self._client.open_user_socket()
        except _SOCKET_ERRORS as error:
            if isinstance(error, BinanceAPIException) and error.code in answers.KEY_REFUSED:
                self._answered(answers.Rejected(error.code, "the user stream"))
            raise Unreachable(f"the user stream can't be opened ({_name(error)})") from None
        self._answered(answers.Accepted())
        try:
            self._up()
            while True:
                self._take(await self._next(socket))
        except Unreachable as error:
            self._down(str(error))  # before the leave, which waits for the answer of a socket that is dead
            raise
        finally:
            await self._leave(socket)

    async def _next(self, socket: Any) -> Mapping[str, object]:
        """The next event; a long silence must be broken by the answer to a ping on the same socket."""
        while True:
            try:
                async with asyncio.timeout(self.quiet_s):
                    event: Mapping[str, object] = await socket.recv()
            except TimeoutError:
                await self._prove_alive()
                continue
            self.heard_at = self._now()
            return event

    async def _prove_alive(self) -> None:
        try:
            async with asyncio.timeout(self.quiet_s):
                await self._client.ws_ping()
        except _SOCKET_ERRORS as error:
            raise Unreachable(f"the user stream is silent ({_name(error)})") from None
        self.heard_at = self._now()

    def _take(self, event: Mapping[str, object]) -> None:
        kind = event.get("e")
        if kind == "error":
            raise Unreachable(f"the user stream broke ({event.get('type')})")
        if kind == "eventStreamTerminated":
            raise Unreachable("the venue ended the subscription")
        at = self._now()
        try:
            translation = self._translator.translate(event, at)
        except MalformedMessage as error:
            self._publish(MessageRefused(VENUE, STREAM, at, str(error)))
            self._on_gap()
            return
        for translated in translation.events:
            self._publish(translated)
        if translation.look:
            self._on_gap()

    def _up(self) -> None:
        self.heard_at = self._now()
        self._connected = True
        self._publish(FeedStatus(VENUE, STREAM, self.heard_at, True))
        self.ready.set()
        if self._missed:
            self._missed = False
            self._on_gap()

    def _down(self, reason: str) -> None:
        # The first try that fails is told too: nobody should wait for a stream without knowing why.
        if self._connected or not self._missed:
            self._publish(FeedStatus(VENUE, STREAM, self._now(), False, reason))
        self._connected = False
        self._missed = True

    async def _leave(self, socket: Any) -> None:
        """Let go of the library's socket object, which unsubscribes where the connection still stands."""
        try:
            await socket.__aexit__(None, None, None)
        except _SOCKET_ERRORS:
            return  # it stood no more: the venue forgets a subscription with its connection


def _name(error: BaseException) -> str:
    """An error's class, and the venue's code where it has one; its text could carry what we signed."""
    code = error.code if isinstance(error, BinanceAPIException) else 0
    return f"{type(error).__name__} {code}" if code else type(error).__name__
