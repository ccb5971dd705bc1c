"""Unmodified ccxt clients of every kind, whose every address is on this machine."""

from __future__ import annotations

import asyncio
from typing import Any, Literal
from urllib.parse import urlsplit

import ccxt
import ccxt.async_support
import ccxt.pro

from tests.fakes.exchange import Venue

Kind = Literal["sync", "async", "pro"]
Place = Literal["api", "test", "demo"]
SPOT_ONLY: dict[str, Any] = {
    "fetchMarkets": {"types": ["spot"]},
    "fetchCurrencies": False,
    "fetchMargins": False,
}
SPOT_SOCKETS = ("spot", "margin")
NOBODY = "http://127.0.0.1:9"
_KINDS: dict[Kind, Any] = {
    "sync": ccxt.binance,
    "async": ccxt.async_support.binance,
    "pro": ccxt.pro.binance,
}


def addresses(venue: Venue, futures: str) -> dict[str, Any]:
    """ccxt's own map of addresses with every host replaced: spot by the exchange, the rest by `futures`."""

    def here(name: str, url: str) -> str:
        if url.startswith("wss://"):
            # ccxt tells spot from contracts by the words "/stream" in the address of a socket.
            return f"{venue.ws}/stream/ws" if name in SPOT_SOCKETS else futures.replace("http", "ws", 1)
        path = urlsplit(url).path
        return (venue.http if path.startswith(("/api", "/sapi")) else futures) + path

    found: dict[str, Any] = ccxt.pro.binance().urls["api"]
    rest = {name: here(name, url) for name, url in found.items() if isinstance(url, str)}
    sockets = {name: here(name, url) for name, url in found["ws"].items() if isinstance(url, str)}
    return rest | {"ws": sockets | {"ws-api": {"spot": f"{venue.ws}/ws-api/v3"}}}


class Clients:
    """Makes clients of one exchange and closes them."""

    def __init__(self, venue: Venue, futures: str = NOBODY) -> None:
        self.venue = venue
        self._futures = futures
        self._made: list[Any] = []

    def open(self, kind: Kind, place: Place = "api", **changes: Any) -> Any:
        """A client with our key; `changes` are ccxt's own constructor fields."""
        config = {
            "apiKey": self.venue.run.api_key,
            "secret": self.venue.run.api_secret,
            "enableRateLimit": False,
            "enableLastJsonResponse": True,
            "urls": {place: addresses(self.venue, self._futures)},
            "options": SPOT_ONLY,
        }
        client = _KINDS[kind](config | changes)
        if place == "test":
            client.set_sandbox_mode(True)
        elif place == "demo":
            client.enable_demo_trading(True)
        self._made.append(client)
        return client

    async def close(self) -> None:
        """Close every connection that the clients hold."""
        for client in self._made:
            if not isinstance(client, ccxt.Exchange):
                await client.close()


async def ask(client: Any, method: str, *values: Any) -> Any:
    """Call a method of any kind of client; the synchronous one waits in a thread."""
    call = getattr(client, method)
    if isinstance(client, ccxt.Exchange):
        return await asyncio.to_thread(call, *values)
    return await call(*values)
