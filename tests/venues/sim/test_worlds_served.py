from __future__ import annotations

import asyncio
import json
import resource
from pathlib import Path

import pytest

from midas.errors import AlreadyRunning, ConfigInvalid, StoreFull
from midas.venues.sim.server import ExchangeConfig, serve
from midas.venues.sim.world.truth import TruePrice, TruthHeader, read_truth
from tests.fakes.binance_stub import until
from tests.venues.sim.conftest import Opens, Venue

WORLD = """
preset = "easy"
[[assets]]
symbol = "SOLUSDT"
base = "SOL"
tick_size = "0.01"
lot_size = "0.001"
price = "150"
order_size = "12"
daily_volatility = 0.035
"""


async def messages(venue: Venue, stream: str, count: int) -> list[dict[str, object]]:
    async with venue.session.ws_connect(f"{venue.ws}/ws/{stream}") as socket:
        return [json.loads((await socket.receive(timeout=30)).data) for _ in range(count)]


async def test_the_truth_is_written_while_the_market_runs(open_venue: Opens, tmp_path: Path) -> None:
    path = tmp_path / "truth.jsonl"
    venue = await open_venue(market="synthetic", preset="easy", seed=3, speed=50.0, truth=path)
    assert (await venue.status())["started"], "nobody has to come for the truth"
    await messages(venue, "xrpusdt@depth@100ms", 40)
    header, *facts = read_truth(path)
    assert isinstance(header, TruthHeader)
    assert (header.preset, header.seed, len(header.symbols)) == ("easy", 3, 5)
    prices = [fact for fact in facts if isinstance(fact, TruePrice)]
    assert len(prices) >= 3
    assert 1.5 < prices[-1].fundamental[header.symbols.index("XRPUSDT")] < 2.5
    assert str(path) not in json.dumps(await venue.status())


async def test_a_made_market_begins_with_the_first_request(open_venue: Opens) -> None:
    venue = await open_venue(market="synthetic", speed=50.0)
    assert not (await venue.status())["started"]
    client = await venue.client()
    before = await client.get_orderbook_ticker(symbol="BTCUSDT")
    async with asyncio.timeout(30):
        while await client.get_orderbook_ticker(symbol="BTCUSDT") == before:
            await asyncio.sleep(0.02)


async def test_a_recording_waits_for_the_first_stream(open_venue: Opens) -> None:
    venue = await open_venue()
    await (await venue.client()).get_orderbook_ticker(symbol="BTCUSDT")
    assert not (await venue.status())["started"]
    await messages(venue, "btcusdt@depth@100ms", 1)
    assert (await venue.status())["started"]


async def test_a_world_of_ones_own_is_served(open_venue: Opens, tmp_path: Path) -> None:
    path = tmp_path / "my-world.toml"
    path.write_text(WORLD)
    venue = await open_venue(market=str(path), speed=20.0)
    client = await venue.client()
    listed = (await client.get_exchange_info())["symbols"]
    assert [row["symbol"] for row in listed] == ["SOLUSDT"]
    [price] = [row for row in listed[0]["filters"] if row["filterType"] == "PRICE_FILTER"]
    assert float(price["tickSize"]) == 0.01
    assert (await venue.status())["market"] == str(path)


async def test_our_market_order_is_felt_by_the_market(open_venue: Opens) -> None:
    venue = await open_venue(market="synthetic", speed=5.0, balances={"USDT": 10**9})
    await messages(venue, "btcusdt@depth@100ms", 3)
    client = await venue.client()
    before = await client.get_orderbook_ticker(symbol="BTCUSDT")
    filled = await client.order_market_buy(symbol="BTCUSDT", quantity="20")
    assert filled["status"] == "FILLED"
    best = max(float(fill["price"]) for fill in filled["fills"])
    assert best > float(before["askPrice"])
    await messages(venue, "btcusdt@depth@100ms", 4)
    book = await client.get_order_book(symbol="BTCUSDT", limit=5)
    assert float(book["asks"][0][0]) > float(before["askPrice"])


async def test_an_unknown_preset_is_refused() -> None:
    with pytest.raises(ConfigInvalid, match="expected one of easy, medium, hard, got 'soft'"):
        await serve(ExchangeConfig(preset="soft"))


async def test_a_full_disk_under_the_truth_ends_the_exchange_cleanly(tmp_path: Path) -> None:
    path, before = tmp_path / "truth.jsonl", resource.getrlimit(resource.RLIMIT_FSIZE)
    config = ExchangeConfig(
        market="synthetic", preset="easy", speed=50.0, truth=path, run_file=tmp_path / "exchange.json"
    )
    ended = asyncio.create_task(serve(config))
    try:
        await until(lambda: path.exists() and path.stat().st_size > 1_000, 30)
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size, before[1]))
        with pytest.raises(StoreFull, match=r"truth.jsonl: the truth can't be written"):
            await asyncio.wait_for(ended, 30)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not (tmp_path / "exchange.json").exists()


async def test_a_start_that_fails_leaves_no_truth_in_the_way_of_the_next(
    open_venue: Opens, tmp_path: Path
) -> None:
    path = tmp_path / "truth.jsonl"
    taken = int((await open_venue(control=0)).run.control.rpartition(":")[2])
    with pytest.raises(AlreadyRunning):
        await serve(ExchangeConfig(truth=path, control=taken))
    assert not path.exists()


async def test_the_status_keeps_the_seed_to_itself(open_venue: Opens) -> None:
    venue = await open_venue(market="synthetic", seed=3)
    status = await venue.status()
    assert status["market"] == "synthetic"
    assert "seed" not in status
