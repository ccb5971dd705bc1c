"""Orders to Binance Spot, each sent at most once; what comes back is published as events."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any

from midas.domain.carry import OrderCarried
from midas.domain.event import (
    AccountReported,
    CancelRejected,
    CancelSent,
    Event,
    OrderAccepted,
    OrderClosed,
    OrderFilled,
    OrderNotSent,
    OrderRejected,
    OrderSent,
    OrderUncertain,
    RulesRead,
    Source,
)
from midas.domain.instrument import Instrument
from midas.domain.market import MessageRefused
from midas.domain.order import OrderIntent
from midas.domain.time import SECOND
from midas.errors import MalformedMessage, RateLimited, SendRefused, SentTwice, Unreachable, VenueError
from midas.ports.venue import MaySend, Publish
from midas.venues.binance import answers
from midas.venues.binance import instruments as listing
from midas.venues.binance.account import AccountReader
from midas.venues.binance.client import TIMEOUT_S, TRANSPORT_ERRORS, Handover, Reply
from midas.venues.binance.executions import Translator
from midas.venues.binance.orders import KnownOrders, Placed, ended, outcome, request
from midas.venues.binance.rest import Rest, decode
from midas.venues.binance.user_stream import QUIET_S, VENUE, UserStream
from midas.venues.binance.weights import Priority
from midas.venues.task import Backoff, insist, keep_running

PROCESSING = 10 * SECOND  # the venue itself gives up on a request after this (its code -1007)
SKEW = 1 * SECOND  # how far the venue's clock may be from our estimate of it
CANCEL_FOR_S = 60.0
CANCEL_AGAIN_S = 0.2  # of our own tasks, where the first one was lost
_SENT_MAX = 20_000


class BinanceBroker:
    """The `Broker` port on Binance Spot."""

    def __init__(
        self,
        rest: Rest,
        instruments: Sequence[Instrument],
        publish: Publish,
        on_gap: Callable[[], None],
        chance: Callable[[], float],
        prefix: str,
        quiet_s: float = QUIET_S,
    ) -> None:
        """`on_gap` asks for a full pass; `chance` spreads waits; `prefix` begins all our client ids.

        `quiet_s`: after so much silence the user stream has to prove that it lives.
        """
        self._rest = rest
        self._now = rest.now
        self._publish = publish
        self._chance = chance
        self._prefix = prefix
        self._on_gap = on_gap
        self._symbols = {instrument.id: instrument.symbol for instrument in instruments}
        self._known = KnownOrders()
        self._sent: OrderedDict[str, None] = OrderedDict()
        self._canceling: set[str] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._account = AccountReader(rest, self._symbols, self._known)
        names = {instrument.symbol: instrument.id for instrument in instruments}
        translator = Translator(names, prefix, self._known)
        self.stream = UserStream(
            rest.client, translator, publish, rest.now, self._gap, quiet_s,
            admit=rest.weights.admit_key, answered=rest.key_answered,
        )  # fmt: skip

    async def start(self) -> None:
        """Set the clock, check the key, open the user stream.

        Raises ConfigInvalid where the key is refused, Unreachable where the venue is.
        """
        await self._rest.set_clock()
        await insist(self._account.check_permission, self._chance)
        self._spawn(keep_running(self._keep_clock, self._clock_failed, Backoff(self._chance)))
        self._spawn(self.stream.run(Backoff(self._chance)))
        try:
            await asyncio.wait_for(self.stream.ready.wait(), TIMEOUT_S)
        except TimeoutError:
            raise Unreachable(f"the venue's user stream didn't open within {TIMEOUT_S:.0f} s") from None

    async def close(self) -> None:
        """End the tasks and both sessions; idempotent."""
        tasks, self._tasks = self._tasks, []
        # Once isn't enough: the library's wait_for drops a cancel that meets an event. A list, for a set's
        # order would be that of addresses.
        while tasks := [task for task in tasks if not task.done()]:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=CANCEL_AGAIN_S)
        await self._rest.client.close_connection()

    async def submit(self, intent: OrderIntent, may_send: MaySend) -> None:
        """Send once, then publish what the answer means. Raises SentTwice."""
        self._remember(intent.client_id)
        try:
            self._rest.weights.admit(Priority.ORDER)
        except RateLimited as error:
            self._publish(OrderNotSent(intent.client_id, self._now(), str(error)))
            return
        if not await self._rest.right_clock():
            why = "our clock was set, and the venue's time can't be read"
            self._publish(OrderNotSent(intent.client_id, self._now(), why))
            return
        # Connecting takes as long as it takes, and the gate may close meanwhile.
        handover = Handover(lambda at: self._left(intent.client_id, at), lambda: may_send(intent))
        parameters = request(intent, self._symbols[intent.instrument])
        try:
            reply = await self._rest.client.create_order(**parameters, requests_params=handover.as_parameter)
        except SendRefused as refused:
            self._publish(OrderNotSent(intent.client_id, self._now(), str(refused)))
        except TRANSPORT_ERRORS as error:
            self._publish(self._unanswered(intent.client_id, answers.silence(error, handover.sent)))
        except asyncio.CancelledError as error:
            self._publish(self._unanswered(intent.client_id, answers.silence(error, handover.sent)))
            raise
        else:
            await self._answered(intent, reply)

    async def cancel(self, client_id: str, instrument: str) -> None:
        """Ask until the venue answers; while it is asked, further calls for the same order add nothing."""
        if client_id in self._canceling:
            return
        self._canceling.add(client_id)
        try:
            async with asyncio.timeout(CANCEL_FOR_S):
                await self._cancel(client_id, self._symbols[instrument])
        except TimeoutError:
            cause = f"no answer to a cancel in {CANCEL_FOR_S:.0f} s"
            self._publish(OrderUncertain(client_id, cause, self._now()))
        finally:
            self._canceling.discard(client_id)

    async def account(
        self, purpose: str, unsettled: Sequence[tuple[str, str]], trades_since: dict[str, int]
    ) -> AccountReported:
        """A full pass; raises VenueError where any part failed."""
        return await self._account.read(purpose, unsettled, trades_since)

    async def rules(self, instrument: str) -> RulesRead:
        """What the venue states about it now. Raises VenueError."""
        return await listing.rules(self._rest, instrument, self._symbols[instrument])

    def recall(self, orders: Iterable[OrderCarried]) -> None:
        """Orders of the last session: one that was amended since may be listed under another name."""
        for order in orders:
            if order.venue_id:
                self._known.learn(order.intent.instrument, order.venue_id, order.intent.client_id)

    def is_ours(self, client_id: str) -> bool:
        """Whether an order on this account was sent by us."""
        return client_id.startswith(self._prefix)

    def _gap(self) -> None:
        """The stream missed something: the venue may be another process now, with a time of its own."""
        self._rest.clock.suspect()
        self._on_gap()

    async def _keep_clock(self) -> None:
        await self._rest.clock.keep(self._rest.use_clock)

    def _clock_failed(self, reason: str) -> None:
        self._publish(MessageRefused(VENUE, "clock", self._now(), reason))

    def _remember(self, client_id: str) -> None:
        if client_id in self._sent:
            raise SentTwice(f"order {client_id} was submitted before; an intent is sent once")
        self._sent[client_id] = None
        if len(self._sent) > _SENT_MAX:
            self._sent.popitem(last=False)

    def _left(self, client_id: str, expires_at: int) -> None:
        self._publish(OrderSent(client_id, self._now(), expires_at + PROCESSING + SKEW))

    def _unanswered(self, client_id: str, silence: answers.Silence) -> Event:
        if isinstance(silence, answers.NeverLeft):
            return OrderNotSent(client_id, self._now(), silence.cause)
        return OrderUncertain(client_id, silence.cause, self._now())

    async def _answered(self, intent: OrderIntent, reply: Reply) -> None:
        client_id, at = intent.client_id, self._now()
        match self._rest.meaning(reply):
            case answers.Accepted():
                for event in self._placed(intent, reply, at):
                    self._publish(event)
            case answers.Rejected(code, reason) | answers.RateLimited(code, reason):
                rules = answers.against_rules(code, reason)
                self._publish(OrderRejected(client_id, code, reason, at, rules))
            case answers.Exists():
                await self._adopt(intent)
            case answers.Unknown(cause):
                self._publish(OrderUncertain(client_id, cause, at))

    def _placed(self, intent: OrderIntent, reply: Reply, at: int) -> list[Event]:
        try:
            placed = decode(reply.body, Placed)
            waits = intent.stop_price is not None
            events = outcome(placed, intent.client_id, intent.instrument, at, waits)
        except MalformedMessage as error:
            return [OrderUncertain(intent.client_id, str(error), at)]
        self._known.learn(intent.instrument, str(placed.order_id), intent.client_id)
        return events

    async def _adopt(self, intent: OrderIntent) -> None:
        """The venue has an order of this id already: take it as it stands, or leave it uncertain."""
        try:
            order = await self._account.find(intent.client_id, intent.instrument, Priority.ORDER)
            trades = await self._account.trades_of(order, Priority.ORDER) if order else []
        except VenueError as error:
            self._publish(OrderUncertain(intent.client_id, str(error), self._now()))
            return
        at = self._now()
        if order is None:
            cause = "refused as a duplicate of an order that isn't there"
            self._publish(OrderUncertain(intent.client_id, cause, at))
            return
        self._publish(OrderAccepted(order.client_id, order.venue_id, at, Source.QUERY, order.untriggered))
        for trade in trades:
            filled = OrderFilled(
                order.client_id, order.venue_id, order.instrument, trade.fill, at, Source.QUERY
            )
            self._publish(filled)
        if order.close_reason is not None:
            self._publish(OrderClosed(order.client_id, order.close_reason, order.filled, at, Source.QUERY))

    async def _cancel(self, client_id: str, symbol: str) -> None:
        backoff = Backoff(self._chance, first=0.5, last=8.0)
        settled = await self._cancel_once(client_id, symbol)
        while not settled:
            if self._rest.client.session.closed:
                cause = "the session was closed before its cancel was answered"
                self._publish(OrderUncertain(client_id, cause, self._now()))
                return
            silence_s = (self._rest.weights.retry_at - self._now()) / SECOND
            await asyncio.sleep(max(backoff.wait(), silence_s))
            settled = await self._cancel_once(client_id, symbol)

    async def _cancel_once(self, client_id: str, symbol: str) -> bool:
        """One request; whether the venue's answer settles it."""
        try:
            self._rest.weights.admit(Priority.CANCEL)
            reply = await self._rest.client.cancel_order(
                symbol=symbol,
                origClientOrderId=self._known.name(client_id),
                requests_params=Handover(
                    lambda _: self._publish(CancelSent(client_id, self._now()))
                ).as_parameter,
            )
        except (RateLimited, *TRANSPORT_ERRORS):
            return False
        match self._rest.meaning(reply):
            case answers.Accepted():
                return self._canceled(client_id, reply)
            case answers.Rejected(code, reason) if code != answers.CLOCK_REFUSED:
                gone = answers.gone(code, reason)
                self._publish(CancelRejected(client_id, code, reason, self._now(), gone))
                return True
        return False

    def _canceled(self, client_id: str, reply: Reply) -> bool:
        try:
            answer = decode(reply.body, Placed)
            events = ended(answer, client_id, self._now())
        except MalformedMessage:
            return False
        for event in events:
            self._publish(event)
        return bool(events)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.create_task(work))
