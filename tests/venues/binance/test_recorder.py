from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from decimal import Decimal
from pathlib import Path
from time import time_ns

import msgspec
import pytest
from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server

from midas.domain.instrument import Instrument
from midas.domain.time import HOUR
from midas.errors import RateLimited, StoreFull
from midas.venues.binance.recorder import Recorder, RecorderPlan
from midas.venues.recording import RecordedLine, read_recording
from midas.venues.recording_writer import RecordingWriter, Rotation
from tests.fakes.binance_stub import until


def listed(symbol: str) -> Instrument:
    lot = Decimal("0.001")
    return Instrument(
        "binance", symbol, symbol[:3], "USDT", Decimal("0.01"), lot, lot, Decimal(9), Decimal(5)
    )


class Street(WSListener):
    """A loopback market: one server, its newest connection, and its answers to GET depth."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.transports: list[WSTransport] = []
        self.last_ids: dict[str, int] = {}
        self.asked: list[Mapping[str, str]] = []
        self.failures: list[Exception] = []
        self.lag = 0  # update ids by which the next answer is older than the stream
        self.url = ""

    async def open(self) -> asyncio.Server:
        def accept(request: WSUpgradeRequest) -> WSListener:
            self.paths.append(request.path.decode())
            return self

        server = await ws_create_server(accept, "127.0.0.1", 0)
        self.url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        return server

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transports.append(transport)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.CLOSE:
            transport.disconnect()

    def say(self, stream: str, data: object) -> bytes:
        message = msgspec.json.encode({"stream": stream, "data": data})
        self.transports[-1].send(WSMsgType.TEXT, message)
        return message

    def depth(self, symbol: str = "BTCUSDT", skip: int = 0) -> bytes:
        first = self.last_ids.get(symbol, 100) + 1 + skip
        self.last_ids[symbol] = first
        data = {"e": "depthUpdate", "E": 1_000 + first, "s": symbol, "U": first, "u": first, "b": [], "a": []}
        return self.say(f"{symbol.lower()}@depth@100ms", data)

    def trade(self, note: str = "") -> bytes:
        return self.say("btcusdt@trade", {"e": "trade", "s": "BTCUSDT", "p": "1.00", "note": note})

    async def fetch(self, path: str, parameters: Mapping[str, str]) -> bytes:
        assert path == "depth"
        self.asked.append(parameters)
        if self.failures:
            raise self.failures.pop(0)
        lag, self.lag = self.lag, 0
        last_id = self.last_ids[parameters["symbol"]] - lag
        return b'{"lastUpdateId":%d,"bids":[],"asks":[]}' % last_id


class Desk:
    """A recorder on the street and what it has written."""

    def __init__(self, street: Street, folder: Path) -> None:
        self.street = street
        self.folder = folder
        self.now = time_ns
        self._tasks: list[asyncio.Task[None]] = []
        self.begin()

    def begin(self, rotation: Rotation | None = None, symbols: tuple[str, ...] = ("BTCUSDT",)) -> None:
        plan = RecorderPlan(
            streams_url=self.street.url,
            instruments=tuple(map(listed, symbols)),
            wait_first=0.01,
            wait_last=0.02,
            silence_max=5.0,
        )
        self.writer = RecordingWriter(self.folder, "test", rotation or Rotation(period=10**9 * HOUR))
        self.recorder = Recorder(plan, self.writer, self.street.fetch, lambda: self.now(), lambda: 0.5)

    async def record(self) -> None:
        self._tasks.append(asyncio.create_task(self.recorder.run()))
        await self.until(lambda: self.recorder.connected)

    async def until(self, condition: Callable[[], bool]) -> None:
        await until(condition)

    async def stop(self) -> list[RecordedLine]:
        self.recorder.stop()
        await asyncio.gather(*self._tasks)
        return self.lines()

    def lines(self) -> list[RecordedLine]:
        return [line for file in self.writer.files for line in read_recording(file, lambda cut: None)]

    def kinds(self) -> list[str]:
        """Every line of every file as the name of its stream, without its symbol."""
        return [line.payload.partition(b'"stream":"')[2].split(b'"')[0].partition(b"@")[2].decode()
                for line in self.lines()]  # fmt: skip


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    street = Street()
    server = await street.open()
    desk = Desk(street, tmp_path / "out")
    yield desk
    await desk.stop()
    server.close()


async def test_every_message_stands_in_the_file_as_it_came(desk: Desk) -> None:
    desk.begin(symbols=("BTCUSDT", "ETHUSDT"))
    await desk.record()
    assert desk.street.paths == [
        "/stream?streams=btcusdt@depth@100ms/btcusdt@bookTicker/btcusdt@trade/"
        "ethusdt@depth@100ms/ethusdt@bookTicker/ethusdt@trade"
    ]
    before = time_ns()
    sent = [desk.street.trade("ä"), desk.street.depth(), desk.street.depth("ETHUSDT"), desk.street.trade("z")]
    await desk.until(lambda: desk.recorder.snapshots == 2 and desk.writer.messages == 8)
    lines = await desk.stop()
    assert [line.payload for line in lines if line.payload in sent] == sent
    assert all(before <= line.ns <= time_ns() for line in lines)
    ours = [msgspec.json.decode(line.payload) for line in lines if line.payload not in sent]
    assert [message["stream"] for message in ours[:2]] == ["btcusdt@instrument", "ethusdt@instrument"]
    assert msgspec.convert(ours[0]["data"], Instrument) == listed("BTCUSDT")
    snapshots = {message["stream"]: message["data"]["lastUpdateId"] for message in ours[2:]}
    assert snapshots == {"btcusdt@depth_snapshot": 101, "ethusdt@depth_snapshot": 101}


async def test_a_snapshot_older_than_the_diffs_is_asked_for_again(desk: Desk) -> None:
    desk.street.lag = 5
    desk.street.failures = [RateLimited("slow down", 0)]
    await desk.record()
    desk.street.depth()
    await desk.until(lambda: desk.recorder.snapshots == 1)
    assert len(desk.street.asked) == 3
    await desk.stop()
    assert desk.kinds() == ["depth@100ms", "instrument", "depth_snapshot"]


async def test_a_gap_is_counted_and_followed_by_a_new_snapshot(desk: Desk) -> None:
    await desk.record()
    desk.street.depth()
    await desk.until(lambda: desk.recorder.snapshots == 1)
    desk.street.depth()
    desk.street.depth(skip=3)
    await desk.until(lambda: desk.recorder.snapshots == 2)
    assert desk.recorder.gaps == 1
    await desk.stop()
    assert desk.kinds()[3:] == ["depth@100ms", "depth@100ms", "depth_snapshot"]


async def test_a_lost_connection_is_opened_again_and_its_diffs_get_a_snapshot(desk: Desk) -> None:
    await desk.record()
    desk.street.depth()
    await desk.until(lambda: desk.recorder.snapshots == 1)
    desk.street.transports[-1].disconnect()
    await desk.until(lambda: desk.recorder.connections == 2 and desk.recorder.connected)
    desk.street.depth()
    await desk.until(lambda: desk.recorder.snapshots == 2)
    assert desk.recorder.gaps == 0
    assert "closed" in desk.recorder.problem


async def test_each_new_file_tells_its_instruments_and_its_own_snapshot(desk: Desk) -> None:
    desk.begin(Rotation(period=HOUR))
    base = time_ns() // HOUR * HOUR
    desk.now = lambda: base + 1
    await desk.record()
    desk.street.depth()
    await desk.until(lambda: desk.recorder.snapshots == 1)
    desk.now = lambda: base + HOUR
    desk.street.trade()
    desk.street.depth()
    await desk.until(lambda: desk.recorder.snapshots == 2)
    await desk.stop()
    assert len(desk.writer.files) == 2
    one = ["depth@100ms", "instrument", "depth_snapshot"]
    assert desk.kinds() == [*one, "trade", "instrument", "depth@100ms", "depth_snapshot"]


async def test_what_was_recorded_can_be_read_a_second_later(desk: Desk) -> None:
    await desk.record()
    desk.street.trade()
    sent = [desk.street.trade(str(number)) for number in range(5)]
    said: list[str] = []

    def readable() -> bool:
        if not desk.writer.files:
            return False
        return [line.payload for line in read_recording(desk.writer.files[0], said.append)][-5:] == sent

    await desk.until(readable)
    assert "the end of the file is missing" in said[-1]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
async def test_a_full_disk_ends_the_recording_with_one_sentence(desk: Desk) -> None:
    await desk.record()
    desk.street.trade()
    await desk.until(lambda: desk.writer.messages == 2)
    assert desk.writer._file is not None
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, desk.writer._file.fileno())
    os.close(full)
    desk.street.trade()
    with pytest.raises(StoreFull, match="No space left on device"):
        await asyncio.wait_for(desk._tasks.pop(), 30)


async def test_bytes_that_are_no_text_are_told_and_not_written(desk: Desk) -> None:
    await desk.record()
    message = b'{"stream":"btcusdt@depth@100ms","data":{"s":"\xff","U":1,"u":2}}'
    desk.street.transports[-1].send(WSMsgType.TEXT, message)
    last = desk.street.trade("after it")
    await desk.until(lambda: desk.writer.messages > 0 and "no UTF-8" in desk.recorder.problem)
    assert [line.payload for line in await desk.stop() if b"@trade" in line.payload] == [last]
    assert not any(b"\xff" in line.payload for line in desk.lines())
