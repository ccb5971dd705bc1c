"""A killed exchange goes on as if nothing had happened: the same state, event for event."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest
from msgspec.structs import replace

from midas.domain.order import Side
from midas.venues.sim.config import ExchangeConfig
from midas.venues.sim.floor.accounts import Account, AccountSpec
from midas.venues.sim.floor.lists import ListAsk
from midas.venues.sim.floor.orders import Ask, Kind
from midas.venues.sim.floor.refusal import Refusal
from midas.venues.sim.source.market import Source
from midas.venues.sim.source.recording import Recording
from midas.venues.sim.source.synthetic import Synthetic
from midas.venues.sim.world.parameters import preset_world
from tests.fakes.exchange import PAYLOAD
from tests.fakes.kept import WALL, KeptExchange, limit

FUNDS = {"USDT": Decimal(1_000_000), "BTC": Decimal(10)}
ACCOUNTS = tuple(AccountSpec(name=name, api_key=name, balances=FUNDS) for name in ("ann", "bob"))
RECORDED = ExchangeConfig(market=str(PAYLOAD), accounts=ACCOUNTS, speed=2.0)
MADE = ExchangeConfig(accounts=ACCOUNTS, speed=2.0)


def _synthetic() -> Source:
    return Synthetic(preset_world("medium"), 3)


_MARKETS: list[tuple[ExchangeConfig, Callable[[], Source]]] = [
    (RECORDED, partial(Recording, PAYLOAD)),
    (MADE, _synthetic),
]


def _act(kept: KeptExchange, chance: random.Random) -> None:
    """One thing that a client does, and what the market makes of it."""
    account = kept.exchange.accounts[chance.choice(("ann", "bob"))]
    with suppress(Refusal):
        chance.choice((_limit, _limit, _limit, _market, _stop, _pair, _iceberg, _cancel, _deposit))(
            kept, account, chance
        )
    kept.keeper.commit()
    kept.step(chance.randint(0, 150))
    kept.keeper.commit()


def _limit(kept: KeptExchange, account: Account, chance: random.Random) -> None:
    desk, side = kept.exchange.desks["BTCUSDT"], chance.choice(list(Side))
    book = desk.matcher.book
    best = (book.bids if side is Side.BUY else book.asks).best()
    assert best is not None
    price = desk.instrument.price(best[0] - side.sign * chance.choice((-3, -1, 0, 0, 1, 5)))
    kept.place(account, limit("BTCUSDT", side, f"0.{chance.randint(10, 99)}", price))


def _market(kept: KeptExchange, account: Account, chance: random.Random) -> None:
    quantity = Decimal(chance.randint(10, 900)) / 1_000
    side = chance.choice(list(Side))
    kept.place(account, Ask(symbol="BTCUSDT", side=side, type=Kind.MARKET, quantity=quantity))


def _stop(kept: KeptExchange, account: Account, chance: random.Random) -> None:
    desk, side = kept.exchange.desks["BTCUSDT"], chance.choice(list(Side))
    stop = desk.instrument.price(desk.last_tick + side.sign * 20)
    delta = chance.choice((None, 10))
    ask = Ask(symbol="BTCUSDT", side=side, type=Kind.STOP_LOSS, quantity=Decimal("0.05"), stop_price=stop)
    kept.place(account, replace(ask, trailing_delta=delta))


def _pair(kept: KeptExchange, account: Account, chance: random.Random) -> None:
    desk = kept.exchange.desks["BTCUSDT"]
    gain, loss = (desk.instrument.price(desk.last_tick + ticks) for ticks in (chance.randint(5, 400), -400))
    ask = Ask(symbol="BTCUSDT", side=Side.SELL, type=Kind.LIMIT_MAKER, quantity=Decimal("0.03"), price=gain)
    stop = replace(ask, type=Kind.STOP_LOSS, price=None, stop_price=loss)
    kept.exchange.place_list(account, ListAsk(symbol="BTCUSDT", legs=(ask, stop)), WALL)


def _iceberg(kept: KeptExchange, account: Account, chance: random.Random) -> None:
    desk = kept.exchange.desks["BTCUSDT"]
    price = desk.instrument.price(desk.last_tick - chance.randint(0, 50))
    ask = replace(limit("BTCUSDT", Side.BUY, "0.5", price), iceberg=Decimal("0.1"))
    kept.place(account, ask)


def _cancel(kept: KeptExchange, account: Account, chance: random.Random) -> None:
    for order in list(kept.exchange.open.values())[:1]:
        kept.exchange.cancel(order, WALL, "c")


def _deposit(kept: KeptExchange, account: Account, chance: random.Random) -> None:
    kept.exchange.wallet.deposit(account, "USDT", Decimal(5), WALL)


@pytest.mark.parametrize(("config", "market"), _MARKETS, ids=["recorded", "synthetic"])
@pytest.mark.parametrize("seed", range(2))
def test_a_killed_exchange_goes_on_as_if_nothing_had_happened(
    tmp_path: Path, config: ExchangeConfig, market: Callable[[], Source], seed: int
) -> None:
    chance = random.Random(seed)
    kept = KeptExchange(tmp_path / "exchange.db", config, market)
    kept.step(20)
    for life in range(4):
        for _ in range(chance.randint(1, 12)):
            _act(kept, chance)
        again = KeptExchange(kept.kill(tmp_path / f"life{life}"), config, market)
        assert again.keeper.events >= kept.keeper.events
        kept.step(again.keeper.events - kept.keeper.events)
        kept.level()
        assert again.state() == kept.state()
        kept.stop()
        kept = again
    assert any(kept.exchange.deals.values())


def test_a_clean_stop_loses_nothing_and_skips_nothing(tmp_path: Path) -> None:
    config, market = _MARKETS[0]
    kept = KeptExchange(tmp_path / "exchange.db", config, market)
    chance = random.Random(1)
    for _ in range(10):
        _act(kept, chance)
    before, events = kept.state(), kept.keeper.events
    kept.stop()
    again = KeptExchange(tmp_path / "exchange.db", config, market)
    assert (again.state(), again.keeper.events) == (before, events)
