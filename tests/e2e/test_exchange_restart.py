"""The exchange dies under a running engine and a busy client; the next one knows all that it had said."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import requests
from binance import Client
from binance.exceptions import BinanceAPIException

from tests.e2e.desk import ProcessDesk, finished, last_line, until

pytestmark = pytest.mark.long

OPENING = {"USDT": Decimal(50_000), "BTC": Decimal(1)}
ACCOUNTS = """
[[accounts]]
name = "engine"
api_key = "engine-key"
api_secret = "engine-secret"
balances = { USDT = "10000" }

[[accounts]]
name = "bob"
api_key = "bob-key"
api_secret = "bob-secret"
balances = { USDT = "50000", BTC = "1" }
tiers = true
"""


class Trader:
    """Places and cancels until it is told to stop, and remembers what the exchange acknowledged."""

    def __init__(self, http: str) -> None:
        class Here(Client):  # type: ignore[misc]
            API_URL = f"{http}/api"

        self._client = Here("bob-key", "bob-secret", ping=False)
        self._client.session.trust_env = False
        self._stop = threading.Event()
        self.acknowledged: dict[int, dict[str, Any]] = {}
        self._thread = threading.Thread(target=self._trade)
        self._thread.start()

    def close(self) -> None:
        """Place no more."""
        self._stop.set()
        self._thread.join(10)

    def _trade(self) -> None:
        side, count = "BUY", 0
        while not self._stop.is_set():
            count += 1
            side = "SELL" if side == "BUY" else "BUY"
            try:
                touch = self._client.get_orderbook_ticker(symbol="BTCUSDT")
                price = touch["bidPrice" if side == "BUY" else "askPrice"]
                kind: dict[str, Any] = {"type": "LIMIT", "timeInForce": "GTC", "price": price}
                if count % 3 == 0:
                    kind = {"type": "MARKET"}
                done = self._client.create_order(symbol="BTCUSDT", side=side, quantity="0.003", **kind)
                self.acknowledged[done["orderId"]] = done
            except BinanceAPIException:
                continue  # too many open, or too little left
            except requests.exceptions.RequestException:
                return  # the exchange died; what was on its way is nobody's


@pytest.fixture
def traded(desk: ProcessDesk) -> Iterator[tuple[ProcessDesk, Any, Trader]]:
    """An exchange with two accounts: an engine trades on one, a client on the other."""
    desk.home.mkdir(parents=True)
    (desk.home / "accounts.toml").write_text(ACCOUNTS)
    _serve(desk)
    engine = desk.start("--no-ui", "--json", "--duration", "25")
    until(lambda: (desk.home / "link.sock").exists(), "the engine's start", 60.0)
    found = desk.exchange()
    assert found is not None
    trader = Trader(found.http)
    yield desk, engine, trader
    trader.close()


def _serve(desk: ProcessDesk) -> None:
    before = desk.exchange()
    desk.start(
        "sim", "--market", "synthetic", "--speed", "10", "--state", str(desk.home / "exchange.db"),
        "--accounts", str(desk.home / "accounts.toml"), "--control", "0",
    )  # fmt: skip

    def up() -> bool:
        found = desk.exchange()
        return found is not None and (before is None or found.pid != before.pid)

    until(up, "the exchange's start", 60.0)


def test_an_exchange_killed_under_an_engine_goes_on_and_the_engine_reconciles(
    traded: tuple[ProcessDesk, Any, Trader],
) -> None:
    desk, engine, trader = traded
    until(lambda: len(trader.acknowledged) > 30, "thirty acknowledged orders")
    until(lambda: desk.market()["orders_open"] > 0, "an order that rests")
    before, run = desk.market(), desk.exchange()
    assert run is not None
    os.kill(run.pid, signal.SIGKILL)
    trader.close()
    _serve(desk)
    after, again = desk.market(), desk.exchange()
    assert again is not None
    assert (again.instance, again.http) == (run.instance, run.http)
    assert after["market_time_ns"] >= before["market_time_ns"]
    _check_acknowledged(again.http, trader)
    done = finished(engine, 90.0)
    outcome = last_line(done.stdout)
    assert done.returncode == 0, done.stderr
    assert outcome["reconciled"] is True
    _check_money(again.http, again.control)


def _check_acknowledged(http: str, trader: Trader) -> None:
    """Every order and every fill that the client was told of is there, as it was told."""

    class Here(Client):  # type: ignore[misc]
        API_URL = f"{http}/api"

    client = Here("bob-key", "bob-secret", ping=False)
    client.session.trust_env = False
    orders = {order["orderId"]: order for order in client.get_all_orders(symbol="BTCUSDT", limit=1000)}
    deals = {deal["id"] for deal in client.get_my_trades(symbol="BTCUSDT", limit=1000)}
    for order_id, told in trader.acknowledged.items():
        assert orders[order_id]["clientOrderId"] == told["clientOrderId"]
        assert Decimal(orders[order_id]["executedQty"]) >= Decimal(told["executedQty"])
        assert {fill["tradeId"] for fill in told["fills"]} <= deals
    ids = [deal["id"] for deal in client.get_my_trades(symbol="BTCUSDT", limit=1000)]
    assert len(ids) == len(set(ids))


def _check_money(http: str, control: str) -> None:
    """What the client holds is what it opened with and what its deals made of it."""

    class Here(Client):  # type: ignore[misc]
        API_URL = f"{http}/api"

    client = Here("bob-key", "bob-secret", ping=False)
    client.session.trust_env = False
    held = dict(OPENING)
    for deal in client.get_my_trades(symbol="BTCUSDT", limit=1000):
        sign = 1 if deal["isBuyer"] else -1
        held["BTC"] += sign * Decimal(deal["qty"])
        held["USDT"] -= sign * Decimal(deal["quoteQty"])
        held[deal["commissionAsset"]] -= Decimal(deal["commission"])
    for balance in client.get_account()["balances"]:
        if balance["asset"] in held:
            assert Decimal(balance["free"]) + Decimal(balance["locked"]) == held[balance["asset"]]
    answer = requests.get(f"{control}/accounts", timeout=5, proxies={"http": ""})
    assert [row["name"] for row in answer.json()["accounts"]] == ["engine", "bob"]


@pytest.mark.long
def test_an_exchange_that_was_stopped_goes_on_and_a_finished_run_begins_anew(desk: ProcessDesk) -> None:
    named = ["--no-ui", "--json", "--market", "synthetic", "--speed", "10", "--duration", "3"]
    first = desk.run(*named)
    assert first.returncode == 0, first.stderr
    instance, time = desk.market()["instance"], desk.market()["market_time_ns"]
    desk.facts("stop", "--exchange")
    again = desk.run("--no-ui", "--json", "--duration", "3")
    assert again.returncode == 0, again.stderr
    assert f"exchange {instance[:8]} goes on" in again.stderr
    assert desk.market()["instance"] == instance
    assert desk.market()["market_time_ns"] > time
    assert last_line(again.stdout)["reconciled"] is True
    desk.facts("stop", "--exchange")
    anew = desk.run(*named)
    assert anew.returncode == 0, anew.stderr
    assert "exchange.1.db now: the run on it was complete" in anew.stderr
    assert desk.market()["instance"] != instance
