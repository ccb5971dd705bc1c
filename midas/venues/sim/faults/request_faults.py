"""What can happen to a request before it is executed, and to its reply afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from midas.domain.time import MILLISECOND
from midas.venues.sim.faults.arming import Order, Target
from midas.venues.sim.faults.faults import Faults
from midas.venues.sim.faults.user_faults import UserFaults
from midas.venues.sim.floor.refusal import Refusal, unknown_order

PAGE = "<html><head><title>403 Forbidden</title></head><body><h1>403 Forbidden</h1></body></html>"
OVERLOADED = "Server is currently overloaded with other requests. Please try again in a few minutes."
TIMED_OUT = "Timeout waiting for response from backend server. Send status unknown; execution status unknown."


class Unanswered(Exception):
    """The client gets no reply: its connection is cut now, or stays silent for `hang_s` first."""

    def __init__(self, hang_s: float) -> None:
        super().__init__("a fault hook keeps the reply back")
        self.hang_s = hang_s


class Asked(NamedTuple):
    """A checked request on its way to its endpoint."""

    target: Target
    trades: bool  # it reaches the matching engine
    places: bool  # it is a new order


class RequestFaults:
    """Stands around the execution of a request where anything is armed."""

    def __init__(self, faults: Faults, users: UserFaults, wall: Callable[[], int]) -> None:
        self._faults = faults
        self._users = users
        self._wall = wall

    def __bool__(self) -> bool:
        return bool(self._faults)

    async def around(self, asked: Asked, run: Callable[[], Awaitable[object]]) -> object:
        """Execute a request with what is armed for it. Raises Refusal, or Unanswered."""
        self._before(asked.target)
        if not asked.trades:
            return await run()
        self._before_trading(asked)
        late = self._faults.take("reply_first", asked.target)
        account = asked.target.account
        if late is not None:
            self._users.hold(account)
        try:
            result = await run()
        finally:
            if late is not None:
                gap = late.number("gap_s")
                asyncio.get_running_loop().call_later(gap, self._users.release, account)
        await self._after(asked.target)
        return result

    def _before(self, target: Target) -> None:
        take = self._faults.take
        if (order := take("answer_429", target)) is not None:
            raise _too_much(order)
        if (order := take("answer_418", target)) is not None:
            raise _banned(order, self._wall())
        if take("answer_403", target) is not None:
            raise Refusal(0, "Forbidden", 403, page=PAGE)
        if take("answer_500", target) is not None:
            raise Refusal(-1000, "An unknown error occurred while processing the request.", 500)
        if take("answer_503", target) is not None:
            raise Refusal(-1008, OVERLOADED, 503)
        if "GET order" in target.paths and self._faults.find("unknown_order", target) is not None:
            raise unknown_order()

    def _before_trading(self, asked: Asked) -> None:
        target, take = asked.target, self._faults.take
        if (order := take("lose_request", target)) is not None:
            raise _unanswered(order)
        if take("answer_504", target, executed=False) is not None:
            raise Refusal(-1007, TIMED_OUT, 504)
        if asked.places and (order := take("reject_order", target)) is not None:
            raise Refusal(order.whole("code"), order.text("text"), order.whole("status"))

    async def _after(self, target: Target) -> None:
        take = self._faults.take
        if (order := take("delay_reply", target)) is not None:
            await asyncio.sleep(order.number("delay_s"))
        if (order := take("fill_before_ack", target)) is not None:
            await asyncio.sleep(order.number("gap_s"))
        if (order := take("lose_reply", target)) is not None:
            raise _unanswered(order)
        if take("answer_504", target, executed=True) is not None:
            raise Refusal(-1007, TIMED_OUT, 504)


def _too_much(order: Order) -> Refusal:
    text = (
        "Too much request weight used; current limit is 6000 request weight per 1 MINUTE. "
        "Please use WebSocket Streams for live updates to avoid polling the API."
    )
    return Refusal(-1003, text, 429, retry_after=order.whole("retry_after_s"))


def _banned(order: Order, now: int) -> Refusal:
    seconds = order.whole("retry_after_s")
    text = (
        f"Way too much request weight used; IP banned until {now // MILLISECOND + seconds * 1_000}. "
        "Please use WebSocket Streams for live updates to avoid bans."
    )
    return Refusal(-1003, text, 418, retry_after=seconds)


def _unanswered(order: Order) -> Unanswered:
    return Unanswered(order.number("hang_s") if order.text("manner") == "hang" else 0.0)
