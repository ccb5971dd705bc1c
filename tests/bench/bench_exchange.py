"""What the exchange process costs: percent of one core, while a client hears all that an engine asks for.

`make bench-exchange`: five instruments at the market's own pace, then two at twenty times that. The client
subscribes to depth@100ms, bookTicker, trade and kline_1s of each; the time is the exchange's own, of user and
system, as the kernel counts it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

import aiohttp
import msgspec

from midas.cli.exchange import RUN_FILE
from midas.venues.sim.runfile import RunFile

FIVE = ("btcusdt", "ethusdt", "solusdt", "bnbusdt", "xrpusdt")
STREAMS = ("depth@100ms", "bookTicker", "trade", "kline_1s")
WARM_UP = 3.0
START_TIMEOUT = 60.0  # the first start may compile


@contextmanager
def exchange(speed: float) -> Iterator[RunFile]:
    """An exchange of its own home, on the synthetic market."""
    with tempfile.TemporaryDirectory(prefix="midas-bench-") as home:
        command = [sys.executable, "-m", "midas", "sim", "--market", "synthetic", "--speed", f"{speed:g}"]
        environ = os.environ | {"MIDAS_HOME": home}
        process = subprocess.Popen([*command, "--port", "0"], env=environ, stdout=subprocess.DEVNULL)
        try:
            yield _run_file(Path(home) / RUN_FILE, process)
        finally:
            process.terminate()
            process.wait()


def _run_file(path: Path, process: subprocess.Popen[bytes]) -> RunFile:
    end = monotonic() + START_TIMEOUT
    while not path.exists():
        if process.poll() is not None or monotonic() > end:
            raise SystemExit("the exchange didn't start; try `midas sim`")
        sleep(0.02)
    return msgspec.json.decode(path.read_bytes(), type=RunFile)


def spent(pid: int) -> float:
    """Processor seconds of a process, all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def listen(run: RunFile, symbols: tuple[str, ...], seconds: float) -> tuple[float, float]:
    """Percent of a core and messages a second while one client listens."""
    names = "/".join(f"{symbol}@{stream}" for symbol in symbols for stream in STREAMS)
    messages = 0

    async def count(socket: aiohttp.ClientWebSocketResponse) -> None:
        nonlocal messages
        async for _ in socket:
            messages += 1

    async with (
        aiohttp.ClientSession(trust_env=False) as session,
        session.ws_connect(f"{run.ws}/stream?streams={names}") as socket,
    ):
        counting = asyncio.create_task(count(socket))
        await asyncio.sleep(WARM_UP)
        before, heard, began = spent(run.pid), messages, monotonic()
        await asyncio.sleep(seconds)
        elapsed = monotonic() - began
        result = 100.0 * (spent(run.pid) - before) / elapsed, (messages - heard) / elapsed
        counting.cancel()
    return result


def measure(symbols: tuple[str, ...], speed: float, seconds: float) -> dict[str, float]:
    """One exchange, one client."""
    with exchange(speed) as run:
        percent, messages = asyncio.run(listen(run, symbols, seconds))
    return {
        "percent": round(percent, 2),
        "messages_per_s": round(messages, 1),
        "speed": speed,
        "subscribed": len(symbols),
    }


def main() -> None:
    """Print both figures as one line of JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60.0, help="of listening, each time")
    seconds = parser.parse_args().seconds
    pace, fast = measure(FIVE, 1.0, seconds), measure(FIVE[:2], 20.0, seconds)
    report = {
        "bench": "exchange",
        "value": pace["percent"],
        "unit": "% of a core",
        "check": pace | {"fast": fast},
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
