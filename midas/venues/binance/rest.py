"""Questions to the REST API: admitted by the breaker, answered with a typed value or a named error.

Orders and cancels don't come this way; their answers mean more than "yes" or an error (see `broker`).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import msgspec

from midas.domain.time import SECOND
from midas.domain.unreadable import UNREADABLE
from midas.errors import MalformedMessage, RateLimited, Rejected, Unreachable, VenueError
from midas.venues.binance import answers
from midas.venues.binance.client import TRANSPORT_ERRORS, Reply
from midas.venues.binance.clock import VenueClock
from midas.venues.binance.weights import Priority, Weights
from midas.venues.binance.wire import Wire

T = TypeVar("T")
_DECODERS: dict[object, msgspec.json.Decoder[Any]] = {}  # by type; making one costs as much as decoding


class _ServerTime(msgspec.Struct, rename="camel"):
    server_time: int


class Rest:
    """One account's session: the client with its breaker and its clock."""

    def __init__(self, client: Wire, now: Callable[[], int]) -> None:
        self.client = client
        self.now = now
        self.weights = Weights(now, elapsed=_elapsed)
        self.clock = VenueClock(now, self.server_time, _elapsed)
        self.on_key_refused: Callable[[], None] = lambda: None  # called once, not for each refusal
        client.observe(lambda reply: self.weights.observe(reply.headers))

    async def ask(
        self, call: Callable[[], Awaitable[Reply]], type_: type[T], priority: Priority, *, signed: bool = True
    ) -> T:
        """The venue's answer. Raises RateLimited, Rejected, MalformedMessage or Unreachable: no evidence."""
        return decode(await self._body(call, priority, signed), type_)

    def meaning(self, reply: Reply, *, signed: bool = True) -> answers.Answer:
        """What an answer means; a refusal of rate, time or key has its effect on breaker and clock."""
        if reply.status == 200:  # as nearly every one
            if signed:
                self.weights.accept_key()
            return answers.DONE
        code, reason = answers.refusal(reply.body)
        meaning = answers.meaning(reply.status, code, reason)
        if isinstance(meaning, answers.RateLimited):
            self.weights.refuse(reply.headers, meaning.code)
        elif isinstance(meaning, answers.Rejected) and meaning.code == answers.CLOCK_REFUSED:
            self.clock.suspect()
        elif signed:
            self.key_answered(meaning)
        return meaning

    def key_answered(self, meaning: answers.Answer) -> None:
        """Learn from the answer to something signed whether the venue takes our key."""
        if isinstance(meaning, answers.Rejected) and meaning.code in answers.KEY_REFUSED:
            if self.weights.refuse_key():
                self.on_key_refused()
        elif not isinstance(meaning, answers.Unknown):
            self.weights.accept_key()

    async def server_time(self) -> int:
        """The venue's time in milliseconds."""
        answer = await self.ask(self.client.get_server_time, _ServerTime, Priority.CANCEL, signed=False)
        return answer.server_time

    async def set_clock(self) -> None:
        """Measure the offset and sign with it from now on."""
        await self.clock.refresh()
        self.use_clock()

    async def right_clock(self) -> bool:
        """Whether what is signed now bears the venue's time; measured first where our clock was set."""
        if self.clock.was_set:
            with contextlib.suppress(VenueError):
                await self.clock.refresh(samples=1)
                self.use_clock()
        return not self.clock.was_set

    def use_clock(self) -> None:
        """Sign with the offset measured last."""
        self.client.timestamp_offset = self.clock.offset_ms

    async def _body(self, call: Callable[[], Awaitable[Reply]], priority: Priority, signed: bool) -> bytes:
        if signed:
            await self.right_clock()
        self.weights.admit(priority, signed=signed)
        try:
            reply = await call()
        except TRANSPORT_ERRORS as error:
            # The cause stays out of the chain: an aiohttp error can carry our headers.
            raise Unreachable(f"the venue didn't answer ({type(error).__name__})") from None
        meaning = self.meaning(reply, signed=signed)
        if not isinstance(meaning, answers.Accepted):
            raise self._error(meaning)
        return reply.body

    async def public(self, path: str, params: Mapping[str, str]) -> bytes:
        """The body of a public GET (`depth`, `klines`), still undecoded. Raises as `ask`."""
        calls = {"depth": self.client.get_order_book, "klines": self.client.get_klines}
        return bytes(
            await self.ask(lambda: calls[path](**params), msgspec.Raw, Priority.RECONCILE, signed=False)
        )

    def _error(self, meaning: answers.Answer) -> Exception:
        match meaning:
            case answers.RateLimited(code, reason):
                return RateLimited(f"the venue limits our rate ({code}): {reason}", self.weights.retry_at)
            case answers.Rejected(code, reason) | answers.Exists(code, reason):
                return Rejected(f"the venue refused ({code}): {reason}", code)
            case answers.Unknown(cause):
                return Unreachable(f"the venue gave no usable answer: {cause}")
            case answers.Accepted():
                raise AssertionError("an accepted request is no error")


def _elapsed() -> int:
    return int(asyncio.get_running_loop().time() * SECOND)


def decode(body: bytes, type_: type[T]) -> T:
    """`body` as `type_`; raises MalformedMessage that says where it differs, never what it holds."""
    try:
        decoder = _DECODERS.get(type_)
        if decoder is None:
            decoder = _DECODERS[type_] = msgspec.json.Decoder(type_)
        decoded: T = decoder.decode(body)
    except UNREADABLE as error:
        raise MalformedMessage(f"the venue's answer isn't what it documents: {error}") from None
    return decoded
