"""One threaded manager of python-binance in a process of its own: KIND HTTP WS KEY SECRET.

The managers make their own clients, so the URLs of the test net are pointed at the exchange and the
live ones stay as they are. What was heard is printed as one JSON object.
"""

from __future__ import annotations

import json
import sys
import threading
from typing import Any

from binance import ThreadedDepthCacheManager, ThreadedWebsocketManager
from binance.base_client import BaseClient
from binance.client import Client
from binance.ws.streams import BinanceSocketManager
from binance.ws.websocket_api import WebsocketAPI

from tests.fakes.guard import stay_on_this_machine

SYMBOL = "BTCUSDT"
WAIT = 30.0  # seconds until a wait is given up


class Heard:
    """What callbacks were told, each name until it has been told often enough."""

    def __init__(self) -> None:
        self.told: dict[str, list[Any]] = {}
        self._changed = threading.Condition()

    def add(self, name: str, what: Any) -> None:
        """A callback was called."""
        with self._changed:
            self.told.setdefault(name, []).append(what)
            self._changed.notify_all()

    def wait(self, name: str, count: int) -> None:
        """Until `name` was told `count` times."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.told.get(name, [])) >= count, WAIT):
                raise SystemExit(f"{name}: {len(self.told.get(name, []))} of {count} messages")


def point_at(http: str, ws: str) -> None:
    """Redirect the test net."""
    BaseClient.API_TESTNET_URL = f"{http}/api"
    BaseClient.WS_API_TESTNET_URL = f"{ws}/ws-api/v3"
    BaseClient.MARGIN_API_URL = f"{http}/sapi"
    BinanceSocketManager.STREAM_TESTNET_URL = f"{ws}/"
    WebsocketAPI.TIMEOUT = 1.5  # a close waits out one read of this many seconds


def websockets(key: str, secret: str, heard: Heard) -> None:
    """Trades, a multiplex and the user's own events through a ThreadedWebsocketManager."""
    manager = ThreadedWebsocketManager(key, secret, testnet=True)
    manager.daemon = True  # it must not outlive a failure here
    manager.start()
    streams = ["btcusdt@bookTicker", "btcusdt@depth20@100ms"]
    sockets = [
        manager.start_trade_socket(lambda event: heard.add("trade", event["e"]), SYMBOL),
        manager.start_multiplex_socket(lambda event: heard.add("multiplex", event["stream"]), streams),
        manager.start_user_socket(lambda event: heard.add("user", event.get("x", event["e"]))),
    ]
    heard.wait("trade", 3)
    heard.wait("multiplex", 20)
    client = Client(key, secret, testnet=True)
    while "user" not in heard.told:  # its subscription takes a while, and nothing tells when it stands
        client.order_market_buy(symbol=SYMBOL, quantity="0.00100")
        threading.Event().wait(0.1)
    heard.wait("user", 4)
    for socket in sockets:
        manager.stop_socket(socket)
    client.order_market_buy(symbol=SYMBOL, quantity="0.00100")  # a socket stops at its next message
    while manager._socket_running:
        threading.Event().wait(0.1)
    manager.stop()
    manager.join(WAIT)


def depth(key: str, secret: str, heard: Heard) -> None:
    """Two books through a ThreadedDepthCacheManager."""
    manager = ThreadedDepthCacheManager(key, secret, testnet=True)
    manager.daemon = True  # it must not outlive a failure here
    manager.start()

    def told(cache: Any) -> None:
        heard.add("book", cache.get_bids()[0][0] < cache.get_asks()[0][0])

    manager.start_depth_cache(told, SYMBOL, limit=1000, ws_interval=100)
    heard.wait("book", 20)
    manager.stop()
    manager.join(WAIT)


def main(kind: str, http: str, ws: str, key: str, secret: str) -> int:
    """Run one kind of manager and say what it heard."""
    stay_on_this_machine()
    point_at(http, ws)
    heard = Heard()
    {"websockets": websockets, "depth": depth}[kind](key, secret, heard)
    print(json.dumps(heard.told))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
