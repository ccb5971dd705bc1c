"""What an endpoint is: its REST place, its WebSocket method, its weight, who may call it."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from midas.venues.sim.doors.params import Params
from midas.venues.sim.floor.accounts import Account

Weigh = Callable[[Params], int]
WALLET = "sapi/"


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a client may ask for. Exactly one of `public` and `private` answers."""

    path: str  # "GET depth"; outside of api/v3 with its root: "GET sapi/v1/system/status"
    method: str  # of the WebSocket API; empty where it has none
    weigh: Weigh
    public: Callable[[Params], object] | None = None
    private: Callable[[Account, Params], object] | None = None
    trades: bool = False  # reaches the matching engine: takes its latency
    free: bool = False  # weighs nothing if accepted
    places: bool = False  # counts against the order limits

    @property
    def wallet(self) -> bool:
        """Whether it belongs to the wallet's API, whose weight is counted apart."""
        return self.path.partition(" ")[2].startswith(WALLET)


def fixed(weight: int) -> Weigh:
    """The same for every request."""
    return lambda params: weight


def by_depth(params: Params) -> int:
    """More for a deeper book."""
    limit = params.integer("limit") or 100
    return 5 if limit <= 100 else 25 if limit <= 500 else 50 if limit <= 1_000 else 250


def by_symbol(one: int, all_symbols: int) -> Weigh:
    """Less for one symbol than for all."""
    return lambda params: one if params.optional("symbol") is not None else all_symbols


def by_symbols(one: int, all_symbols: int) -> Weigh:
    """Less for one symbol, or for a list that names one, than for several or all."""
    return lambda params: one if len(params.symbols() or ()) == 1 else all_symbols


def by_count(each: int, most: int) -> Weigh:
    """So much for each symbol that is asked for, up to a cap."""
    return lambda params: min(most, each * len(params.symbols() or ("",)))


def by_order(params: Params) -> int:
    """Less for the trades of one order."""
    return 5 if params.optional("orderId") is not None else 20


def by_test(params: Params) -> int:
    """More for a test order that asks for its commission too."""
    return 20 if params.truth("computeCommissionRates") else 1
