"""The contract: python-binance's threaded managers, which reach an exchange through `testnet=True` only."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

import pytest

from tests.fakes.exchange import Opens, Venue

WAIT = 30  # seconds until a process is given up

# The managers' own threads sometimes never end on a full machine; midas uses none of them.
pytestmark = pytest.mark.long


async def ran(venue: Venue, kind: str) -> dict[str, list[Any]]:
    """What a process with one manager heard. One a process: the library's event loop is the process's."""
    arguments = ("-m", "tests.fakes.threaded_client", kind, venue.http, venue.ws)
    keys = (venue.run.api_key, venue.run.api_secret)
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, *keys, env=dict(os.environ),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(WAIT):
            out, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, errors.decode()
    heard: dict[str, list[Any]] = json.loads(out)
    return heard


async def test_a_threaded_websocket_manager_hears_market_and_account(open_venue: Opens) -> None:
    heard = await ran(await open_venue(speed=20.0), "websockets")
    assert set(heard["trade"]) == {"trade"}
    assert set(heard["multiplex"]) == {"btcusdt@bookTicker", "btcusdt@depth20@100ms"}
    first = heard["user"].index("NEW")
    assert heard["user"][first : first + 4] == [
        "NEW", "outboundAccountPosition", "TRADE", "outboundAccountPosition",
    ]  # fmt: skip


async def test_a_threaded_depth_cache_keeps_a_book(open_venue: Opens) -> None:
    heard = await ran(await open_venue(speed=20.0), "depth")
    assert len(heard["book"]) >= 20
    assert all(heard["book"]), "best bid below best ask, always"
