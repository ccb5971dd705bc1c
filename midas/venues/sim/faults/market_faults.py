"""What can happen to a market message before it is handed to its subscribers, and to all that leaves."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Protocol

from midas.domain.time import MILLISECOND
from midas.venues.sim.faults.arming import Armed, Target
from midas.venues.sim.faults.faults import Faults
from midas.venues.sim.faults.spoil import changeable, corrupted, spoilt

Render = Callable[[int], bytes]  # makes a message whose timestamps count units of so many nanoseconds
DIFFS = ("@depth", "@depth@100ms")
GRAIN = 0.002  # seconds: a timer may be early by so much


class Line(Protocol):
    """A connection, as far as its bytes are concerned."""

    kind: str  # "market" or "user"

    def write(self, data: bytes) -> None:
        """Give bytes to the transport."""
        ...


class MarketFaults:
    """Market messages pass here where anything is armed."""

    def __init__(self, faults: Faults, best_ask: Callable[[str], str]) -> None:
        """`best_ask` tells the best price at which a symbol is sold."""
        self._faults = faults
        self._best_ask = best_ask

    def __bool__(self) -> bool:
        return bool(self._faults)

    def message(self, stream: str, message: bytes | Render) -> bytes | Render | None:
        """What the subscribers of `stream` get in place of `message`; None: nothing."""
        target = Target(symbol=stream.partition("@")[0].upper(), stream=stream)
        if stream.endswith(DIFFS):
            if self._faults.take("skip_update_ids", target) is not None:
                return None
            message = self._corrupted(target, message)
        order = self._faults.take("malformed_message", target, sockets="market")
        return message if order is None else _each(message, partial(spoilt, field=order.text("field")))

    def _corrupted(self, target: Target, message: bytes | Render) -> bytes | Render:
        armed = self._faults.find("corrupt_book", target)
        if armed is None or not changeable(_rendered(message)):
            return message
        self._faults.used(armed, target)
        how = armed.order.text("how")
        return _each(message, partial(corrupted, best_ask=self._best_ask(target.symbol), how=how))


def _rendered(message: bytes | Render, unit: int = MILLISECOND) -> bytes:
    return message if isinstance(message, bytes) else message(unit)


def _each(message: bytes | Render, change: Callable[[bytes], bytes]) -> Render:
    """`message` changed, in whatever unit it is rendered."""
    return lambda unit: change(_rendered(message, unit))


class LineFaults:
    """Bytes pass here on their way to the transport where anything is armed: frozen or late."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._frozen: dict[Line, list[bytes]] = {}
        self._late: dict[Line, deque[tuple[float, bytes]]] = {}
        faults.on("freeze", lambda armed: None, self._thaw)

    def __bool__(self) -> bool:
        return bool(self._faults) or bool(self._late)

    def silent(self, line: Line) -> bool:
        """Whether nothing at all may leave on `line`."""
        return self._holding("freeze", line) is not None

    def write(self, line: Line, data: bytes) -> None:
        """Write `data`, or keep it."""
        freeze = self._holding("freeze", line)
        if freeze is not None:
            if freeze.order.text("then") == "deliver":
                self._frozen.setdefault(line, []).append(data)
            return
        slow = self._holding("slow", line)
        if slow is None and line not in self._late:
            line.write(data)
            return
        delay = slow.order.number("delay_s") if slow is not None else 0.0
        self._write_later(line, data, delay)

    def forget(self, line: Line) -> None:
        """The connection is gone."""
        self._frozen.pop(line, None)
        self._late.pop(line, None)

    def _holding(self, hook: str, line: Line) -> Armed | None:
        return self._faults.find(hook, Target(), sockets=line.kind)

    def _write_later(self, line: Line, data: bytes, delay: float) -> None:
        """After `delay`, and never before what was written before it."""
        loop = asyncio.get_running_loop()
        queue = self._late.setdefault(line, deque())
        due = loop.time() + delay
        if queue:
            due = max(due, queue[-1][0])
        queue.append((due, data))
        loop.call_at(due, self._write_due, line)

    def _write_due(self, line: Line) -> None:
        queue = self._late.get(line)
        if not queue:
            return
        now = asyncio.get_running_loop().time()
        while queue and queue[0][0] <= now + GRAIN:
            line.write(queue.popleft()[1])
        if not queue:
            del self._late[line]

    def _thaw(self, armed: Armed) -> None:
        """What was kept leaves; what was lost stays lost."""
        frozen, self._frozen = self._frozen, {}
        for line, kept in frozen.items():
            for data in kept:
                self.write(line, data)
