"""The simulated network: what each kind of trouble does to a request, and what a stream keeps."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from midas.simulation.loop import ORDERED, Process, SimLoop
from midas.simulation.network import Asked, Network, Weather
from midas.simulation.plan import REQUESTS
from midas.venues.binance.client import Reply

ORDER = {"newClientOrderId": "md-1", "timestamp": "1767960000000"}


class Stage:
    """A network with a venue that counts."""

    def __init__(self) -> None:
        self.loop = SimLoop(random.Random(3), ORDERED)
        self.weather = Weather()
        self.served: list[Asked] = []
        self.process = Process("desk")
        self.network = Network(self.loop, random.Random(5), self.weather, self.serve)
        self.left = 0

    def serve(self, asked: Asked) -> Reply:
        self.served.append(asked)
        return Reply(200, {}, b'{"orderId":1}')

    def leave(self) -> None:
        self.left += 1

    def run(self, work: Callable[[], Awaitable[Any]]) -> Any:
        async def story() -> Any:
            return await work()

        task = self.loop.spawn(self.process, story())
        self.loop.run(task)
        return task.result()

    def order(self) -> Any:
        """The reply to an order, or the error in its place."""

        async def ask() -> Any:
            try:
                return await self.network.ask(
                    Asked("POST order", dict(ORDER), "key"), self.process, self.leave
                )
            except (OSError, TimeoutError) as error:
                return error
            finally:
                await asyncio.sleep(30.0)

        return self.run(ask)


@pytest.mark.parametrize("kind", REQUESTS)
def test_a_request_reaches_the_venue_as_often_as_its_kind_of_trouble_says(kind: str) -> None:
    stage, (reaches, outcome) = Stage(), REQUESTS[kind]
    stage.weather.requests[kind] = 1.0
    answer = stage.order()
    assert len(stage.served) == reaches
    assert stage.left == (outcome != "refused")
    assert stage.weather.hits == {kind: 1}
    assert isinstance(answer, (OSError, TimeoutError)) == (outcome in ("refused", "silence", "reset"))


def test_without_trouble_an_answer_comes_back() -> None:
    stage = Stage()
    assert stage.order().status == 200
    assert stage.network.left == {"md-1": 1}


def test_a_cut_network_is_silent_for_the_whole_patience() -> None:
    stage = Stage()
    stage.weather.cut = True
    assert isinstance(stage.order(), TimeoutError)
    assert not stage.served


def test_a_deaf_network_lets_the_order_through_and_no_answer_back() -> None:
    stage = Stage()
    stage.weather.deaf = True
    assert isinstance(stage.order(), TimeoutError)
    assert len(stage.served) == 1


def test_a_stream_keeps_its_order() -> None:
    stage = Stage()
    got: list[int] = []
    line = stage.network.line(stage.process, got.append, lambda: None)

    async def send() -> None:
        for number in range(200):
            line.send(number)
        await asyncio.sleep(10.0)

    stage.run(send)
    assert got == list(range(200))


def test_a_cut_line_loses_what_is_on_the_way_and_says_so() -> None:
    stage = Stage()
    got: list[int] = []
    ended: list[bool] = []
    line = stage.network.line(stage.process, got.append, lambda: ended.append(True))

    async def send() -> None:
        line.send(1)
        line.cut()
        line.send(2)
        await asyncio.sleep(10.0)

    stage.run(send)
    assert (got, ended) == ([], [True])


def test_a_doubled_message_comes_twice() -> None:
    stage = Stage()
    got: list[int] = []
    line = stage.network.line(stage.process, got.append, lambda: None)
    line.twice = 1

    async def send() -> None:
        line.send(1)
        line.send(2)
        await asyncio.sleep(10.0)

    stage.run(send)
    assert got == [1, 1, 2]


def test_what_is_for_a_dead_process_reaches_nobody() -> None:
    stage = Stage()
    got: list[int] = []
    line = stage.network.line(stage.process, got.append, lambda: None)

    async def send() -> None:
        line.send(1)
        stage.process.alive = False
        await asyncio.sleep(10.0)

    stage.run(send)
    assert got == []
