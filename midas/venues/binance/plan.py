"""What a feed listens to, where, and how it reaches the venue's public REST data."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import msgspec

from midas.domain.instrument import Instrument
from midas.domain.time import SECOND
from midas.venues.intervals import interval

Fetch = Callable[[str, Mapping[str, str]], Awaitable[bytes]]
"""`fetch("depth", {"symbol": "BTCUSDT", "limit": "1000"})`: the body of a public GET. Raises VenueError."""


class FeedPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Streams, address, and how long silence is believed (seconds of wall time)."""

    streams_url: str  # ws://127.0.0.1:8080
    instruments: tuple[Instrument, ...]
    venue: str = "binance"
    periods: tuple[int, ...] = (SECOND,)
    snapshot_limit: int = 1000
    speed: float = 1.0  # of market time against wall time, in a simulated market
    connection_silence: float = 10.0
    stream_silence: float = 30.0  # of a stream that speaks regularly: depth and klines
    start_timeout: float = 10.0
    wait_first: float = 0.5  # before the second try of anything
    wait_last: float = 30.0

    @property
    def regular(self) -> list[str]:
        """The streams that speak as long as the market is open."""
        kinds = ["depth@100ms", *(f"kline_{interval(period)}" for period in self.periods)]
        return [f"{instrument.symbol.lower()}@{kind}" for instrument in self.instruments for kind in kinds]

    @property
    def url(self) -> str:
        """The address of the one combined connection."""
        names = self.regular
        for instrument in self.instruments:
            names += [f"{instrument.symbol.lower()}@{kind}" for kind in ("bookTicker", "trade")]
        return f"{self.streams_url.rstrip('/')}/stream?streams={'/'.join(names)}"
