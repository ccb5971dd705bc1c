"""A broker and a feed whose only way to the exchange leads through a proxy that hurts what passes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest

from midas.venues.binance.endpoints import Endpoints
from midas.venues.binance.instruments import load
from tests.fakes.binance_bench import Bench
from tests.fakes.binance_desk import Desk
from tests.fakes.exchange import Opens, Venue, opening
from tests.fakes.faults import Faults
from tests.fakes.proxy import FaultProxy, proxied


@pytest.fixture
async def open_venue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Opens]:
    """Opens an exchange on our own recording, or on whatever the test asks for."""
    async with opening(tmp_path, monkeypatch) as opened:
        yield opened


@pytest.fixture
async def venue(open_venue: Opens) -> Venue:
    """An exchange with a control port."""
    return await open_venue(control=0)


@pytest.fixture
def faults(venue: Venue) -> Faults:
    """The exchange's own hooks."""
    return Faults(venue.session, venue.run.control)


@pytest.fixture
async def proxy(venue: Venue) -> AsyncIterator[FaultProxy]:
    """Between our client and the exchange."""
    async with proxied(urlsplit(venue.http).port or 0) as between:
        yield between


@pytest.fixture
async def desk(venue: Venue, proxy: FaultProxy) -> AsyncIterator[Desk]:
    """Broker and feed behind the proxy, not started."""
    address = f"127.0.0.1:{proxy.port}"
    behind = msgspec.structs.replace(venue.run, http=f"http://{address}", ws=f"ws://{address}")
    first = Bench(Endpoints.at(behind.http, behind.ws), behind.api_key, behind.api_secret)
    instruments = await load(first.rest, ["BTCUSDT"])
    await first.broker.close()
    desk = Desk(behind, instruments)
    yield desk
    await desk.feed.close()
    await desk.broker.close()


@pytest.fixture
async def trader(desk: Desk) -> Desk:
    """With a user stream that is open."""
    await desk.broker.start()
    return desk
