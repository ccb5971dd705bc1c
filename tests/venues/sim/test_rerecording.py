"""What is recorded replays as it was: recording the replay gives the same market again."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from time import time_ns

import msgspec
import pytest

from midas.venues.binance.client import BinanceClient
from midas.venues.binance.endpoints import Endpoints
from midas.venues.binance.instruments import load
from midas.venues.binance.recorder import Recorder, RecorderPlan
from midas.venues.binance.rest import Rest
from midas.venues.binance.verify import verify_book
from midas.venues.recording import read_recording, recording_files
from midas.venues.recording_writer import RecordingWriter, Rotation
from midas.venues.sim.server import ExchangeConfig
from midas.venues.sim.source.market import BestQuote, DepthChange, Print
from midas.venues.sim.source.recording import Recording
from midas.venues.sim.source.synthetic import standard
from tests.venues.sim.conftest import PAYLOAD, Opens, Venue, running


class Message(msgspec.Struct):
    stream: str
    data: msgspec.Raw


def market(folder: Path) -> list[tuple[str, bytes]]:
    """Every message of the public streams, in order; our own lines and the local stamps left out."""
    decode = msgspec.json.Decoder(Message).decode
    messages = [decode(line.payload) for file in recording_files(folder) for line in read_recording(file)]
    return [
        (message.stream, bytes(message.data))
        for message in messages
        if not message.stream.endswith(("@depth_snapshot", "@instrument"))
    ]


def told(message: tuple[str, bytes]) -> tuple[str, int]:
    """A message's stream, and the number that the exchange gave to what it tells."""
    stream, data = message
    found = msgspec.json.decode(data)
    return stream, found["t"] if stream.endswith("@trade") else found["u"]


def happened(seed: int, symbols: list[str], until: tuple[str, int]) -> list[tuple[str, int]]:
    """The same of the source itself, which never heard of a recorder, up to and with one message."""
    found: list[tuple[str, int]] = []
    for event in standard(seed).events():
        name = {Print: "trade", BestQuote: "bookTicker", DepthChange: "depth@100ms"}[type(event)]
        if event.symbol in symbols:
            number = event.trade_id if isinstance(event, Print) else event.last_id
            found.append((f"{event.symbol.lower()}@{name}", number))
            if found[-1] == until:
                break
    return found


@pytest.mark.parametrize("symbols", [["BTCUSDT"], ["SOLUSDT", "ETHUSDT"]])
async def test_a_recording_misses_nothing_of_what_the_market_did(
    open_venue: Opens, tmp_path: Path, symbols: list[str]
) -> None:
    venue = await open_venue(market="synthetic", speed=20.0, seed=7)
    await record(venue, tmp_path / "out", symbols, 2_000)
    recorded = [told(message) for message in market(tmp_path / "out")]
    whole = happened(7, symbols, recorded[-1])
    assert recorded == whole[whole.index(recorded[0]) :]
    assert len({stream for stream, _ in recorded}) == 3 * len(symbols)
    assert len(recorded) > 1_900


async def record(
    venue: Venue, folder: Path, symbols: list[str], messages: int, size: int = 64_000_000
) -> Recorder:
    """Record until so many messages came or the market has ended."""
    client = BinanceClient(Endpoints.at(venue.http, venue.ws), "", "")
    try:
        rest = Rest(client, time_ns)
        instruments = tuple(await load(rest, symbols))
        writer = RecordingWriter(folder, "test", Rotation(bytes_max=size))
        plan = RecorderPlan(streams_url=venue.ws, instruments=instruments)
        recorder = Recorder(plan, writer, rest.public, time_ns, lambda: 0.5)
        task = asyncio.create_task(recorder.run())
        while writer.messages < messages and not (await venue.status())["ended"]:
            await asyncio.sleep(0.05)
        before = -1
        while before < writer.messages < messages:  # what was sent before the end may still be on its way
            before = writer.messages
            await asyncio.sleep(0.5)
        recorder.stop()
        await task
        return recorder
    finally:
        await client.close_connection()


@pytest.mark.parametrize("symbols", [["BTCUSDT"], ["BTCUSDT", "ETHUSDT"]])
async def test_the_recording_of_a_replay_equals_the_recording(
    open_venue: Opens, tmp_path: Path, symbols: list[str]
) -> None:
    one, two, run = tmp_path / "one", tmp_path / "two", tmp_path / "run"
    run.mkdir()
    first = await open_venue(market="synthetic", speed=60.0)
    await record(first, one, symbols, 2_000)
    async with running(run, ExchangeConfig(market=str(one), speed=60.0)) as second:
        await record(second, two, symbols, 10**9)
    made, again = market(one), market(two)
    assert len(made) > 1_900
    assert again == made
    kinds = Counter(stream for stream, _ in made)
    assert len(kinds) == 3 * len(symbols)
    for folder in (one, two):
        assert verify_book(folder).good, verify_book(folder).sentence


async def test_our_recorded_payload_replays_to_the_same_messages(open_venue: Opens, tmp_path: Path) -> None:
    venue = await open_venue(market=str(PAYLOAD), speed=60.0)
    await record(venue, tmp_path / "again", ["BTCUSDT"], 10**9)
    decode = msgspec.json.Decoder(Message).decode
    payloads = [line.payload for line in read_recording(PAYLOAD)]
    made = [decode(payload) for payload in payloads if payload.startswith(b'{"stream"')]
    assert market(tmp_path / "again") == [(message.stream, bytes(message.data)) for message in made]


async def test_every_rotated_file_replays_by_itself(open_venue: Opens, tmp_path: Path) -> None:
    venue = await open_venue(market="synthetic", speed=20.0)  # a file outlasts its snapshots' way
    recorder = await record(venue, tmp_path / "out", ["BTCUSDT", "ETHUSDT"], 4_000, size=20_000)
    files = recording_files(tmp_path / "out")
    assert len(files) > 2
    assert recorder.gaps == 0
    for file in files[:-1]:
        recording = Recording(file)
        assert [listing.instrument.symbol for listing in recording.listings()] == ["BTCUSDT", "ETHUSDT"]
        assert verify_book(file).good, verify_book(file).sentence
    assert verify_book(tmp_path / "out").good


@pytest.mark.long
async def test_a_gap_between_two_sessions_is_replayed_as_a_gap(open_venue: Opens, tmp_path: Path) -> None:
    one, two, run = tmp_path / "one", tmp_path / "two", tmp_path / "run"
    run.mkdir()
    venue = await open_venue(market="synthetic", speed=20.0)  # each session must outlast its snapshot's way
    for _ in range(2):
        await record(venue, one, ["BTCUSDT"], 1_500)
        await asyncio.sleep(0.3)
    assert len(recording_files(one)) == 2
    async with running(run, ExchangeConfig(market=str(one), speed=60.0)) as replay:
        recorder = await record(replay, two, ["BTCUSDT"], 10**9)
    assert market(two) == market(one)
    assert (recorder.gaps, recorder.snapshots) == (1, 2)
    for folder in (one, two):
        report = verify_book(folder)
        assert (report.gaps, report.crossed) == (1, 0)
        assert report.compared == report.equal > 20
