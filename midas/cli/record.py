"""`midas record`: the public streams of the connected venue, written down so that `--market` replays them."""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
import signal
import time
from argparse import Namespace
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import msgspec

from midas.assembly.access import public
from midas.cli.options import settings_from
from midas.cli.processes import exchange_for, market_status
from midas.cli.running import made
from midas.cli.tally import Tally
from midas.domain.instrument import Instrument
from midas.domain.mode import Environment
from midas.domain.time import SECOND
from midas.errors import ConfigInvalid, Unreachable
from midas.settings import Settings
from midas.venues.binance import instruments as listing
from midas.venues.binance.client import BinanceClient
from midas.venues.binance.endpoints import Endpoints, refuse_non_loopback
from midas.venues.binance.recorder import STREAMS, STREAMS_MAX, Recorder, RecorderPlan
from midas.venues.binance.rest import Rest
from midas.venues.recording_writer import MEGABYTE, RecordingWriter, Rotation

POLL_S = 0.25
_MARKET = ("market", "symbol", "preset", "speed", "seed")  # one of them typed: this market, not any that runs


class Reach(msgspec.Struct, frozen=True):
    """The venue, and where its exchange tells that its market has ended (empty: it never does)."""

    endpoints: Endpoints
    status_url: str = ""


def record(args: Namespace) -> int:
    """Record until the duration is over, a recorded market has ended, or a signal."""
    settings = settings_from(args)
    folder = _folder(args.out)
    tally = Tally(args)
    reach = _reach(settings, args, tally)
    rotation = Rotation(bytes_max=int(args.rotate_mb * MEGABYTE), period=int(args.rotate * SECOND))
    prefix = f"{settings.environment.value.lower()}-{settings.venue.name}"
    writer = RecordingWriter(folder, prefix, rotation)
    ended = asyncio.run(_record(args, settings, reach, writer, tally))
    tally.report(ended)
    return 0


def _folder(name: str) -> Path:
    folder = Path(name).expanduser().resolve()
    if not made(folder):
        raise ConfigInvalid(f"--out: {folder} isn't a folder that can be written; name one of yours")
    return folder


def _reach(settings: Settings, args: Namespace, tally: Tally) -> Reach:
    if settings.environment is not Environment.SIM:
        return Reach(public(settings))
    explicit = any(getattr(args, name, None) is not None for name in _MARKET)
    exchange, sentence = exchange_for(settings, explicit)
    tally.say(sentence)
    endpoints = Endpoints.at(exchange.http, exchange.ws)
    refuse_non_loopback(endpoints)
    return Reach(endpoints, exchange.http)


async def _record(
    args: Namespace, settings: Settings, reach: Reach, writer: RecordingWriter, tally: Tally
) -> str:
    """Why it ended."""
    async with _session(reach.endpoints) as rest:
        instruments = await _instruments(rest, args.instruments, settings)
        plan = RecorderPlan(streams_url=reach.endpoints.streams, instruments=tuple(instruments))
        chance = random.Random(secrets.randbits(64)).random
        recorder = Recorder(plan, writer, rest.public, time.time_ns, chance)
        ending = _Ending(recorder.stop)
        with ending.signals(), tally.showing(recorder, writer, args.duration):
            beside = asyncio.create_task(ending.watch(args.duration, reach.status_url, tally.tick))
            try:
                await recorder.run()
            finally:
                beside.cancel()
                await asyncio.gather(beside, return_exceptions=True)
        return ending.why


@contextlib.asynccontextmanager
async def _session(endpoints: Endpoints) -> AsyncIterator[Rest]:
    client = BinanceClient(endpoints, "", "")
    try:
        yield Rest(client, time.time_ns)
    finally:
        await client.close_connection()


async def _instruments(rest: Rest, typed: str | None, settings: Settings) -> list[Instrument]:
    """Those typed; else the configured ones, as far as an embedded exchange lists them."""
    wanted = [name.strip() for name in (typed or "").split(",") if name.strip()]
    if typed is not None and not wanted:
        raise ConfigInvalid(f"--instruments: expected names such as BTCUSDT,ETHUSDT, got {typed!r}")
    if not wanted:
        wanted = list(settings.trading.instruments)
        if settings.environment is Environment.SIM:
            listed = await listing.listed(rest)
            wanted = [name for name in wanted if name in listed] or list(listed)
    found = await listing.load(rest, list(dict.fromkeys(wanted)))
    if len(found) * len(STREAMS) > STREAMS_MAX:
        raise ConfigInvalid(
            f"--instruments: {len(found)} are too many; one connection carries {STREAMS_MAX // len(STREAMS)}"
        )
    return found


class _Ending:
    """Ends the recording for the first of its reasons."""

    def __init__(self, stop: Callable[[], None]) -> None:
        self._stop = stop
        self.why = ""

    def end(self, why: str) -> None:
        """The first reason counts."""
        self.why = self.why or why
        self._stop()

    async def watch(self, duration: float | None, status_url: str, tick: Callable[[], None]) -> None:
        """Runs beside the recorder until cancelled."""
        started = time.monotonic()
        while not self.why:
            tick()
            left = POLL_S if duration is None else min(POLL_S, started + duration - time.monotonic())
            if left <= 0:
                self.end(f"the duration of {duration:g} s is over")
            elif status_url and await _market_ended(status_url):
                await asyncio.sleep(POLL_S)
                self.end("the market has ended")
            else:
                await asyncio.sleep(left)

    @contextlib.contextmanager
    def signals(self) -> Iterator[None]:
        """SIGINT and SIGTERM end with everything written."""
        loop = asyncio.get_running_loop()
        for number, why in ((signal.SIGINT, "interrupted"), (signal.SIGTERM, "asked to end")):
            loop.add_signal_handler(number, self.end, why)
        try:
            yield
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)


async def _market_ended(url: str) -> bool:
    try:
        return (await asyncio.to_thread(market_status, url)).ended
    except Unreachable:
        return False
