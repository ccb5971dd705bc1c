"""A stub venue and a broker on it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.fakes.binance_bench import Stand
from tests.fakes.binance_stub import StubVenue


@pytest.fixture
async def venue() -> AsyncIterator[StubVenue]:
    stub = StubVenue()
    await stub.start()
    yield stub
    await stub.stop()


@pytest.fixture
async def bench(venue: StubVenue) -> AsyncIterator[Stand]:
    bench = Stand(venue)
    yield bench
    await bench.broker.close()
