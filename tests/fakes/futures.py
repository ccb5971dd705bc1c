"""The venue's other markets as far as ccxt asks for them: one perpetual with the same id as a spot symbol."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

_PERPETUAL = {
    "symbol": "BTCUSDT",
    "pair": "BTCUSDT",
    "contractType": "PERPETUAL",
    "deliveryDate": 4_133_404_800_000,
    "onboardDate": 1_569_398_400_000,
    "status": "TRADING",
    "baseAsset": "BTC",
    "quoteAsset": "USDT",
    "marginAsset": "USDT",
    "pricePrecision": 2,
    "quantityPrecision": 3,
    "underlyingType": "COIN",
    "filters": [
        {"filterType": "PRICE_FILTER", "minPrice": "1", "maxPrice": "900000", "tickSize": "0.10"},
        {"filterType": "LOT_SIZE", "minQty": "0.001", "maxQty": "1000", "stepSize": "0.001"},
        {"filterType": "MIN_NOTIONAL", "notional": "5"},
    ],
    "orderTypes": ["LIMIT", "MARKET"],
    "timeInForce": ["GTC", "IOC", "FOK"],
}


class Futures:
    """Where it listens and what it was asked."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[str] = []

    async def linear(self, request: web.Request) -> web.Response:
        """Contracts settled in the quote asset."""
        self.asked.append(request.path)
        return web.json_response({"symbols": [_PERPETUAL]})

    async def inverse(self, request: web.Request) -> web.Response:
        """Contracts settled in the base asset: none."""
        self.asked.append(request.path)
        return web.json_response({"symbols": []})


@asynccontextmanager
async def futures_venue() -> AsyncIterator[Futures]:
    """A futures venue until the end of the block."""
    futures, app = Futures(), web.Application()
    app.router.add_get("/fapi/v1/exchangeInfo", futures.linear)
    app.router.add_get("/dapi/v1/exchangeInfo", futures.inverse)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        futures.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield futures
    finally:
        await runner.cleanup()
