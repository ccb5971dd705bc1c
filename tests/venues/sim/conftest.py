from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.exchange import PAYLOAD, Opens, Venue, opening, running
from tests.fakes.floor import Floor

__all__ = ["PAYLOAD", "Opens", "Venue", "running"]


@pytest.fixture
async def open_venue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Opens]:
    """Opens an exchange on our own recording, or on whatever the test asks for."""
    async with opening(tmp_path, monkeypatch) as opened:
        yield opened


@pytest.fixture
async def venue(open_venue: Opens) -> Venue:
    """An exchange on our own recording, five times as fast."""
    return await open_venue()


@pytest.fixture
def floor() -> Floor:
    """A small exchange without sockets."""
    return Floor()
