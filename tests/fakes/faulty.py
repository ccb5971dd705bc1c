"""Fixtures of the tests of fault hooks: an exchange with a control port, and unmodified clients on it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
from binance import AsyncClient

from midas.venues.sim.floor.accounts import AccountSpec
from tests.fakes.ccxt_exchange import streaming
from tests.fakes.exchange import Opens, Venue
from tests.fakes.faults import Faults

__all__ = ["client", "faults", "pro", "venue"]

SYMBOL = "BTCUSDT"


@pytest.fixture
async def venue(open_venue: Opens) -> Venue:
    """An exchange with a control port and two accounts."""
    second = AccountSpec(name="second", api_key="second-key", api_secret="second-secret")
    return await open_venue(control=0, accounts=(AccountSpec(), second))


@pytest.fixture
def faults(venue: Venue) -> Faults:
    """Its control port."""
    return Faults(venue.session, venue.run.control)


@pytest.fixture
async def client(venue: Venue) -> AsyncClient:
    """python-binance."""
    return await venue.client()


@pytest.fixture
async def pro(venue: Venue) -> AsyncIterator[Any]:
    """ccxt.pro."""
    exchange = streaming(venue.run)
    await exchange.load_markets()
    yield exchange
    await exchange.close()


async def low(client: AsyncClient) -> str:
    """A price at which nobody sells for now."""
    book = await client.get_orderbook_ticker(symbol=SYMBOL)
    return f"{Decimal(book['bidPrice']) - 50:.2f}"


async def place(client: AsyncClient, client_id: str, **changes: Any) -> Any:
    """A limit order to buy, below the market."""
    price = changes.pop("price", None) or await low(client)
    return await client.order_limit_buy(
        symbol=SYMBOL, quantity="0.00100", price=price, newClientOrderId=client_id, **changes
    )


async def buy(client: AsyncClient, client_id: str, quantity: str = "0.00100") -> Any:
    """An order that takes."""
    return await client.order_market_buy(symbol=SYMBOL, quantity=quantity, newClientOrderId=client_id)
