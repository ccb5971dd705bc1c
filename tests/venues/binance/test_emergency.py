"""The kill thread's own connection: blocking, signed, and mended once when it has gone stale."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time

import pytest

from midas.domain.time import MILLISECOND
from midas.errors import ConfigInvalid, OutcomeUnknown, Unreachable
from midas.venues.binance.emergency import EmergencyCanceller
from tests.fakes.binance_bench import KEY, SECRET
from tests.fakes.binance_stub import StubVenue, ok, refused


def canceller(venue: StubVenue, offset_ms: float = 0.0) -> EmergencyCanceller:
    return EmergencyCanceller(venue.endpoints.rest, KEY, SECRET, time.time_ns, lambda: offset_ms, 1.0)


async def test_a_cancel_is_signed_and_answered(venue: StubVenue) -> None:
    venue.on("DELETE", "order", lambda _: ok({"status": "CANCELED"}))
    emergency = canceller(venue)
    assert await asyncio.to_thread(emergency.cancel, "BTCUSDT", "md-1") == (200, 0)
    (sent,) = venue.sent("DELETE", "order")
    assert (sent["symbol"], sent["origClientOrderId"]) == ("BTCUSDT", "md-1")
    text = "&".join(f"{name}={value}" for name, value in sent.items() if name != "signature")
    assert sent["signature"] == hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()
    assert venue.keys == [KEY]
    emergency.close()


async def test_it_signs_in_the_venues_time(venue: StubVenue) -> None:
    venue.on("DELETE", "openOrders", lambda _: ok([]))
    emergency = canceller(venue, offset_ms=3_600_000.0)
    assert await asyncio.to_thread(emergency.cancel_all, "BTCUSDT") == (200, 0)
    stamp = int(venue.sent("DELETE", "openOrders")[0]["timestamp"])
    assert abs(stamp - 3_600_000 - time.time_ns() // MILLISECOND) < 60_000
    emergency.close()


async def test_a_refusal_gives_the_venues_code(venue: StubVenue) -> None:
    venue.on("DELETE", "order", lambda _: refused(400, -2011, "Unknown order sent."))
    emergency = canceller(venue)
    assert await asyncio.to_thread(emergency.cancel, "BTCUSDT", "md-1") == (400, -2011)
    emergency.close()


async def test_one_connection_serves_all_requests(venue: StubVenue) -> None:
    venue.on("DELETE", "order", lambda _: ok({}))
    emergency = canceller(venue)
    assert await asyncio.to_thread(emergency.ping)
    socket = emergency._connection.sock
    for number in range(5):
        await asyncio.to_thread(emergency.cancel, "BTCUSDT", f"md-{number}")
    assert emergency._connection.sock is socket
    assert len(venue.sent("DELETE", "order")) == 5
    emergency.close()


async def test_a_connection_that_went_stale_is_made_anew_once(venue: StubVenue) -> None:
    answers = [None, ok({})]
    venue.on("DELETE", "order", lambda _: answers.pop(0))
    emergency = canceller(venue)
    assert await asyncio.to_thread(emergency.ping)
    assert await asyncio.to_thread(emergency.cancel, "BTCUSDT", "md-1") == (200, 0)
    assert len(venue.sent("DELETE", "order")) == 2
    emergency.close()


async def test_a_venue_that_gives_no_answer_at_all_is_unknown(venue: StubVenue) -> None:
    venue.on("DELETE", "order", lambda _: None)
    emergency = canceller(venue)
    await asyncio.to_thread(emergency.ping)
    with pytest.raises(OutcomeUnknown) as caught:
        await asyncio.to_thread(emergency.cancel, "BTCUSDT", "md-1")
    assert len(venue.sent("DELETE", "order")) == 2
    assert SECRET not in repr((caught.value, emergency))
    assert KEY not in repr((caught.value, emergency))
    emergency.close()


async def test_a_venue_that_is_away_is_unreachable(venue: StubVenue) -> None:
    emergency = canceller(venue)
    await venue.stop()
    assert not await asyncio.to_thread(emergency.ping)
    with pytest.raises(Unreachable):
        await asyncio.to_thread(emergency.cancel, "BTCUSDT", "md-1")
    emergency.close()


@pytest.mark.parametrize("url", ["ws://127.0.0.1", "127.0.0.1", ""])
def test_an_address_that_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigInvalid):
        EmergencyCanceller(url, KEY, SECRET, time.time_ns, lambda: 0.0)
