"""What lies between desk and venue: delays, losses, repetitions, resets, connections that only look alive.

A request and its answer travel each for themselves. A stream keeps its order within one connection. Whatever
is on the way belongs to nobody: a crash of the desk doesn't call it back.
"""

from __future__ import annotations

import asyncio
import contextvars
import random
from collections import Counter, deque
from collections.abc import Callable
from math import log
from typing import Any

import msgspec

from midas.simulation.loop import Process, SimLoop
from midas.simulation.plan import REQUESTS
from midas.venues.binance.client import TIMEOUT_S, Reply

DELAY_S = 0.012  # mean of one way
TAIL = 0.01  # of the messages take much longer
QUESTIONS, ACTS = 0.5, 3.0  # shares of a window's rate
SLOW = 60  # times that, while the network is slow
SLOW_S = DELAY_S * SLOW
RETRY_AFTER_S = {429: 5, 418: 30}


class Asked(msgspec.Struct):
    """One signed request as it travels."""

    place: str  # "POST order"
    parameters: dict[str, str]
    key: str
    sent_at: float = 0.0


class Weather:
    """Which faults are in force now; the world opens and closes the windows."""

    def __init__(self) -> None:
        self.requests: dict[str, float] = {}  # kind -> share of the requests
        self.slow = self.cut = self.deaf = self.mute = self.lagging = False
        self.race = 0.0  # share of the cancels that a fill beats
        self.hits: Counter[str] = Counter()  # how often each kind really did something

    def clear(self) -> None:
        """Nothing is wrong any more."""
        self.requests.clear()
        self.slow = self.cut = self.deaf = self.mute = self.lagging = False
        self.race = 0.0


class Network:
    """Carries requests to `serve` and answers back; makes the lines of the streams."""

    def __init__(
        self, loop: SimLoop, chance: random.Random, weather: Weather, serve: Callable[[Asked], Reply]
    ) -> None:
        self._loop = loop
        self._chance = chance
        self._random = chance.random
        self.weather = weather
        self._serve = serve
        self._nobody = contextvars.Context()  # what is on the way belongs to no process
        self._lines: list[Line] = []
        self.left: Counter[str] = Counter()  # orders that left the desk, by client id
        self.asked = self.nth = 0  # requests so far, and the one that meets `nth_kind`
        self.nth_kind = ""
        self.signed: dict[str, int] = {}  # venue milliseconds as an order claims them, by client id
        # Asked as an order's bytes leave, whether they get no further than this machine.
        self.on_left: Callable[[str], bool] = lambda _: False

    def delay(self) -> float:
        """One way, virtual seconds."""
        random = self._random
        way = -(SLOW_S if self.weather.slow else DELAY_S) * log(1.0 - random())
        return way * 40 if random() < TAIL else way

    async def ask(self, asked: Asked, process: Process, leave: Callable[[], None]) -> Reply:
        """The answer. Raises ConnectionError or TimeoutError; `leave` is called as the bytes leave."""
        loop, fate = self._loop, self._fate(asked)
        reaches, outcome = REQUESTS.get(fate, (1, "answer"))
        if outcome == "refused":
            await asyncio.sleep(self.delay())
            raise ConnectionRefusedError("connection refused")
        leave()
        if asked.place == "POST order":
            client_id = asked.parameters["newClientOrderId"]
            self.left[client_id] += 1
            self.signed[client_id] = int(asked.parameters["timestamp"])
            if self.on_left(client_id):
                reaches, outcome = 0, "silence"
        answer: asyncio.Future[Reply] = loop.create_future()
        asked.sent_at = loop.now
        if self.weather.cut:
            reaches, outcome = 0, "silence"
        for _ in range(reaches):
            self.later(self.delay(), self._arrive, asked, process, answer, outcome)
        if not reaches:
            if outcome == "silence":
                self.later(TIMEOUT_S, self._given_up, process, answer)
            else:
                self.later(self.delay() * 2, self._told, process, answer, outcome, None)
        return await answer

    def line(self, process: Process, deliver: Callable[[Any], None], ended: Callable[[], None]) -> Line:
        """One connection of a stream, from the venue to `deliver`."""
        made = Line(self, process, deliver, ended)
        self._lines = [line for line in self._lines if line.open]
        self._lines.append(made)
        return made

    def thaw(self) -> None:
        """The way is free again: a connection that looked alive goes on, or turns out to be dead."""
        for line in self._lines:
            if line.held and self._random() < 0.5:
                line.cut()
            else:
                line.thaw()

    def proceed(self) -> None:
        """A process that stood still takes what has come for it meanwhile."""
        for line in self._lines:
            line.proceed()

    def asleep(self, process: Process) -> bool:
        """Whether it takes nothing now."""
        return self._loop.stopped(process)

    def now(self) -> float:
        """Virtual seconds."""
        return self._loop.now

    def later(self, delay: float, call: Callable[..., None], *arguments: Any) -> None:
        """Run something that belongs to nobody's process."""
        self._loop.later(delay, self._nobody, call, arguments)

    def _fate(self, asked: Asked) -> str:
        """What happens to a request; most of them only ask, so trouble prefers those that act."""
        self.asked += 1
        if self.asked == self.nth:
            return self.nth_kind
        weight = QUESTIONS if asked.place.startswith("GET") else ACTS
        for kind, rate in self.weather.requests.items():
            if self._random() < rate * weight:
                self.weather.hits[kind] += 1
                return kind
        return ""

    def _arrive(self, asked: Asked, process: Process, answer: asyncio.Future[Reply], outcome: str) -> None:
        reply = self._serve(asked)
        patience, way = asked.sent_at + TIMEOUT_S - self._loop.now, self.delay()
        silent = outcome == "silence" or self.weather.deaf or self.weather.cut
        if silent or way > patience:
            self.later(max(0.0, patience), self._given_up, process, answer)
        if not silent:
            self.later(way, self._told, process, answer, outcome, reply)

    def _given_up(self, process: Process, answer: asyncio.Future[Reply]) -> None:
        """The client's patience ends; its timer runs only where nothing else ends the wait."""
        if process.alive and not answer.done():
            answer.set_exception(TimeoutError("no answer"))

    def _told(
        self, process: Process, answer: asyncio.Future[Reply], outcome: str, reply: Reply | None
    ) -> None:
        if not process.alive or answer.done():
            return
        match outcome:
            case "answer":
                assert reply is not None
                answer.set_result(reply)
            case "reset":
                answer.set_exception(ConnectionResetError("connection reset by peer"))
            case "500":
                answer.set_result(Reply(502, {}, b"<html>bad gateway</html>"))
            case "-1007":
                body = b'{"code":-1007,"msg":"Timeout waiting for response from backend server."}'
                answer.set_result(Reply(504, {}, body))
            case "garbled":
                assert reply is not None
                answer.set_result(Reply(reply.status, reply.headers, reply.body[: len(reply.body) // 2]))
            case _:
                status = int(outcome)
                headers = {"Retry-After": str(RETRY_AFTER_S[status])}
                answer.set_result(Reply(status, headers, b'{"code":-1003,"msg":"Too many requests."}'))


class Line:
    """One connection's way from venue to desk: in order, until it is cut.

    While nothing passes, messages wait, as they do in the buffers of a connection that looks alive.
    """

    def __init__(
        self, network: Network, process: Process, deliver: Callable[[Any], None], ended: Callable[[], None]
    ) -> None:
        self._network = network
        self._process = process
        self._deliver = deliver
        self._ended = ended
        self._last = 0.0
        self._way: deque[object] = deque()
        self._due: list[Callable[[], None]] = []  # what has come while the desk's process stood still
        self.held: list[object] = []
        self.open = True
        self.twice = 0  # so many messages come a second time
        self.skips = 0  # so many messages never come
        self.mutes = False  # as the user stream's line does

    def send(self, message: object) -> None:
        """Put one message on its way."""
        if not self.open:
            return
        weather = self._network.weather
        if weather.cut or weather.deaf or (weather.mute and self.mutes and message is not None):
            self.held.append(message)
            return
        if self.skips and message:
            self.skips -= 1
            return
        self._go(message)
        if self.twice:
            self.twice -= 1
            self._go(message)

    def thaw(self) -> None:
        """What waited goes on."""
        held, self.held = self.held, []
        for message in held:
            self.send(message)

    def cut(self) -> None:
        """The connection breaks: what is on the way is lost, the desk is told."""
        if self.open:
            self.open = False
            self._network.later(0.0, self._over)

    def close(self) -> None:
        """The desk hangs up."""
        self.open = False

    def _go(self, message: object) -> None:
        network = self._network
        now, at = network.now(), self._last
        if (soonest := now + network.delay()) > at:
            self._last = at = soonest
        self._way.append(message)  # taken from its front, so that no choice of the loop swaps two
        network.later(at - now, self._arrived)

    def proceed(self) -> None:
        """The desk takes what has come meanwhile."""
        due, self._due = self._due, []
        for arrived in due:
            arrived()

    def _arrived(self) -> None:
        if self._network.asleep(self._process):
            self._due.append(self._arrived)
            return
        message = self._way.popleft()
        if self.open and self._process.alive:
            self._deliver(message)

    def _over(self) -> None:
        if self._network.asleep(self._process):
            self._due.append(self._over)
        elif self._process.alive:
            self._ended()
