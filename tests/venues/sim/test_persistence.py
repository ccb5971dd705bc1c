"""An exchange that ends and begins again on the same file: clients find what they left."""

from __future__ import annotations

import asyncio
import json
import resource
import sqlite3
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from binance.exceptions import BinanceAPIException
from msgspec.structs import replace

from midas.errors import ConfigInvalid, MidasError, StoreDamaged, StoreFull
from midas.venues.sim.config import ExchangeConfig
from midas.venues.sim.floor.accounts import AccountSpec
from midas.venues.sim.kept.aside import ASIDE_MAX, set_aside
from midas.venues.sim.kept.memory import identity_of, remembered
from midas.venues.sim.server import serve
from tests.fakes.exchange import PAYLOAD, Venue, running

FUNDS = {"USDT": Decimal(100_000), "BTC": Decimal(1)}


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ExchangeConfig:
    """On our own recording, with a file."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    return ExchangeConfig(market=str(PAYLOAD), speed=5.0, balances=FUNDS, state=tmp_path / "exchange.db")


async def _watch(venue: Venue, seconds: float) -> list[dict[str, Any]]:
    """Depth changes of a while, which starts the market."""
    seen: list[dict[str, Any]] = []
    end = asyncio.get_running_loop().time() + seconds
    async with venue.session.ws_connect(f"{venue.ws}/ws/btcusdt@depth@100ms") as socket:
        while asyncio.get_running_loop().time() < end:
            seen.append(json.loads(await socket.receive_str()))
    return seen


async def _private(venue: Venue) -> list[Any]:
    client = await venue.client()
    return [
        await client.get_account(),
        await client.get_open_orders(),
        await client.get_all_orders(symbol="BTCUSDT"),
        await client.get_my_trades(symbol="BTCUSDT"),
        await client.get_withdraw_history(),
        await client.v3_get_all_order_list(),
    ]


async def _candles(venue: Venue) -> dict[str, dict[int, Any]]:
    """Closed candles by interval and start."""
    client = await venue.client()
    found = {
        name: await client.get_klines(symbol="BTCUSDT", interval=name, limit=1000) for name in ("1s", "1m")
    }
    return {name: {row[0]: row for row in rows[:-1]} for name, rows in found.items()}


async def _trade(venue: Venue) -> None:
    """Something of everything: a deal, orders that rest, a stop, a list, a cancel, a withdrawal."""
    client = await venue.client()
    touch = await client.get_orderbook_ticker(symbol="BTCUSDT")
    bid = Decimal(touch["bidPrice"])
    await client.create_order(symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.05")
    resting = {"symbol": "BTCUSDT", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.02"}
    await client.create_order(side="BUY", price=bid - 300, **resting)
    gone = await client.create_order(side="BUY", price=bid - 400, newClientOrderId="gone", **resting)
    await client.cancel_order(symbol="BTCUSDT", orderId=gone["orderId"])
    await client.create_order(
        symbol="BTCUSDT",
        side="SELL",
        type="STOP_LOSS",
        quantity="0.01",
        stopPrice=bid - 2_000,
        trailingDelta=500,
    )
    await client.create_oco_order(
        symbol="BTCUSDT", side="SELL", quantity="0.03", aboveType="LIMIT_MAKER", abovePrice=bid + 3_000,
        belowType="STOP_LOSS", belowStopPrice=bid - 3_000,
    )  # fmt: skip
    await client.withdraw(coin="USDT", address="home", amount="12.5")


async def test_clients_find_what_they_left(tmp_path: Path, config: ExchangeConfig) -> None:
    async with running(tmp_path, config) as venue:
        seen = await _watch(venue, 0.6)
        await _trade(venue)
        left, candles, run = await _private(venue), await _candles(venue), venue.run
        trades = (await (await venue.client()).get_recent_trades(symbol="BTCUSDT"))[-1]["id"]
    async with running(tmp_path, config) as venue:
        assert (venue.run.instance, venue.run.http) == (run.instance, run.http)
        assert await _private(venue) == left
        again = await _candles(venue)
        for name, rows in candles.items():
            both = rows.keys() & again[name].keys()
            assert len(both) > 900
            assert [rows[start] for start in both] == [again[name][start] for start in both]
        later = await _watch(venue, 0.4)
        client = await venue.client()
        assert (await client.get_recent_trades(symbol="BTCUSDT"))[-1]["id"] >= trades
        assert later[0]["U"] > seen[-1]["u"]
        assert all(two["U"] == one["u"] + 1 for one, two in pairwise(later))
        [filled] = [order for order in left[2] if order["type"] == "MARKET"]
        fresh = await client.create_order(symbol="BTCUSDT", side="SELL", type="MARKET", quantity="0.01")
        assert fresh["orderId"] > max(order["orderId"] for order in left[2])
        assert fresh["fills"][0]["tradeId"] > max(deal["id"] for deal in left[3])
        assert filled["orderId"] in {deal["orderId"] for deal in left[3]}
        cancelled = await client.cancel_order(symbol="BTCUSDT", orderId=left[1][0]["orderId"])
        assert cancelled["status"] == "CANCELED"


async def test_a_running_market_goes_on_by_itself(tmp_path: Path, config: ExchangeConfig) -> None:
    async with running(tmp_path, config) as venue:
        await _watch(venue, 0.3)
    async with running(tmp_path, config) as venue:
        before = await venue.status()
        assert before["market_events"] > 0
        async with asyncio.timeout(30):
            while (await venue.status())["market_events"] <= before["market_events"]:
                await asyncio.sleep(0.02)


async def test_a_market_that_nobody_had_started_still_waits(tmp_path: Path, config: ExchangeConfig) -> None:
    async with running(tmp_path, config):
        pass
    async with running(tmp_path, config) as venue:
        await asyncio.sleep(0.1)
        assert (await venue.status())["market_events"] == 0


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"market": "synthetic"}, "it served midas-btcusdt.jsonl.gz, asked for was synthetic"),
        ({"seed": 2}, "it had seed 1, asked for was 2"),
        ({"accounts": (AccountSpec(name="ann"),)}, "it had the accounts default, asked for were ann"),
    ],
)
async def test_a_file_of_another_exchange_is_refused_with_the_way_out(
    tmp_path: Path, config: ExchangeConfig, changes: dict[str, Any], said: str
) -> None:
    async with running(tmp_path, config):
        pass
    with pytest.raises(ConfigInvalid) as refusal:
        await serve(replace(config, **changes), asyncio.Event())
    assert said in str(refusal.value)
    assert "--fresh" in str(refusal.value)
    async with running(tmp_path, config) as venue:
        assert venue.run.instance


async def test_a_file_that_another_exchange_holds_is_refused(tmp_path: Path, config: ExchangeConfig) -> None:
    async with running(tmp_path, config):
        with pytest.raises(MidasError, match="another exchange has these accounts open"):
            await serve(config, asyncio.Event())


async def test_a_full_disk_ends_the_exchange_before_it_tells_what_it_can_t_keep(
    tmp_path: Path, config: ExchangeConfig
) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.02"}
    with pytest.raises(StoreFull, match="make room on the disk"):
        async with running(tmp_path, config) as venue:
            client = await venue.client()
            price = Decimal((await client.get_orderbook_ticker(symbol="BTCUSDT"))["bidPrice"]) - 100
            written = max(file.stat().st_size for file in tmp_path.glob("exchange.db*"))
            try:
                resource.setrlimit(resource.RLIMIT_FSIZE, (written, before[1]))
                with pytest.raises(BinanceAPIException):
                    await client.create_order(price=price, **order)
                await asyncio.sleep(1.2)  # it ends by itself
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, before)
    async with running(tmp_path, config) as venue:
        assert await (await venue.client()).get_all_orders(symbol="BTCUSDT") == []


async def test_a_file_whose_market_is_gone_is_damaged(tmp_path: Path, config: ExchangeConfig) -> None:
    async with running(tmp_path, config):
        pass
    assert config.state is not None
    with sqlite3.connect(config.state) as connection:
        connection.execute("DELETE FROM kept WHERE kind = 'market'")
    connection.close()
    with pytest.raises(StoreDamaged, match="doesn't fit together"):
        await serve(config, asyncio.Event())


async def test_a_file_set_aside_leaves_room_for_a_new_exchange(
    tmp_path: Path, config: ExchangeConfig
) -> None:
    async with running(tmp_path, config) as venue:
        await _watch(venue, 0.1)
        first = venue.run.instance
    assert config.state is not None
    aside = set_aside(config.state)
    assert aside == tmp_path / "exchange.1.db"
    kept = remembered(aside)
    assert kept is not None
    assert kept.instance == first
    async with running(tmp_path, config) as venue:
        assert venue.run.instance != first
        assert (await venue.status())["market_events"] == 0


def test_only_the_newest_few_stay_aside(tmp_path: Path) -> None:
    path = tmp_path / "exchange.db"
    assert set_aside(path) is None
    for _ in range(ASIDE_MAX + 2):
        path.write_bytes(b"")
        set_aside(path)
    kept = sorted(file.name for file in tmp_path.iterdir())
    assert kept == [f"exchange.{number}.db" for number in range(3, ASIDE_MAX + 3)]


def test_a_damaged_file_can_be_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "exchange.db"
    path.write_bytes(b"no database" * 1000)
    assert set_aside(path) == tmp_path / "exchange.1.db"
    assert not path.exists()


def test_a_recording_that_was_written_again_is_another_market(tmp_path: Path) -> None:
    file = tmp_path / "market.jsonl.gz"
    file.write_bytes(b"one")
    before = identity_of(ExchangeConfig(market=str(file)))
    assert before.difference(identity_of(ExchangeConfig(market=str(file), speed=3.0))) == ""
    file.write_bytes(b"another")
    assert "its files" in before.difference(identity_of(ExchangeConfig(market=str(file))))


def test_a_world_with_other_parameters_is_another_market(tmp_path: Path) -> None:
    world = tmp_path / "world.toml"
    world.write_text('preset = "easy"\n')
    before = identity_of(ExchangeConfig(market=str(world)))
    world.write_text('preset = "hard"\n')
    assert "world's parameters" in before.difference(identity_of(ExchangeConfig(market=str(world))))
    assert identity_of(ExchangeConfig(preset="easy")).difference(identity_of(ExchangeConfig(preset="hard")))
