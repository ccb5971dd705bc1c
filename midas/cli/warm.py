"""Calls each numeric kernel once with the types of real use, so that its machine code lies on disk."""

from __future__ import annotations

import time
from decimal import Decimal
from itertools import islice

import msgspec
import numpy as np

from midas.analysis.features import BarFeatures
from midas.domain.instrument import Instrument
from midas.domain.market import Bar, BookDelta, BookSnapshot
from midas.domain.order import Side
from midas.domain.time import SECOND
from midas.runtime.workers import pool_of
from midas.state.book import OrderBook
from midas.venues.binance.codec import MarketCodec
from midas.venues.binance.prices import Grid

_INSTRUMENT = Instrument(
    venue="binance",
    symbol="BTCUSDT",
    base="BTC",
    quote="USDT",
    tick_size=Decimal("0.01"),
    lot_size=Decimal("0.00001"),
    quantity_min=Decimal("0.00001"),
    quantity_max=Decimal("9000"),
    notional_min=Decimal("5"),
)
_DEPTH = (
    b'{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1700000000000,"s":"BTCUSDT","U":2,"u":2,'
    b'"b":[["100.01000000","1.50000000"]],"a":[["100.02000000","2.50000000"]]}}'
)


def warm_kernels() -> float:
    """Compile what isn't compiled yet, half of it in a process of its own; returns the seconds that took."""
    began = time.perf_counter()
    with pool_of(1) as beside:
        exchange = beside.apply_async(_synthetic_market)
        warm_engine()
        _compiled_path()
        exchange.get()
    return time.perf_counter() - began


def warm_engine() -> None:
    """Those that an engine steps with: the first use must not stop its loop for seconds."""
    _book(*_prices())
    _features()
    _filter()


def _prices() -> tuple[int, bytes]:
    MarketCodec([_INSTRUMENT]).decode(_DEPTH, 0)
    bids, asks = msgspec.Raw(b'[["100.01","1.5"]]'), msgspec.Raw(b'[["100.02","2.5"]]')
    return Grid(_INSTRUMENT).levels(bids, asks)


def _book(bids: int, levels: bytes) -> None:
    book = OrderBook()
    book.apply_snapshot(BookSnapshot(_INSTRUMENT.symbol, 0, 0, 1, bids, levels))
    book.apply_delta(BookDelta(_INSTRUMENT.symbol, 0, 0, 2, 2, bids, levels))
    book.trace(np.array([[0, 10_001, 5], [1, 90_000, 1]], np.int64), np.zeros((2, 2), np.int64))
    book.top(5)
    book.imbalance(5)
    book.depth(10)
    far = [[10_001, 0], [3_000_000, 5], [10_002, 0], [90_000, 0], [3_000_001, 5]]  # the window moves after it
    book.apply(np.array(far, np.int64), 2)


def _features() -> None:
    features = BarFeatures(SECOND)
    for number in range(features.bars_needed + 1):
        price = 100.0 + number % 7
        features.update(
            Bar(_INSTRUMENT.symbol, number * SECOND, 0, SECOND, price, price + 1, price - 1, price, 1.0, 1)
        )


def _filter() -> None:
    from midas.risk.residuals import residuals

    changes = np.full(3, 0.01)
    residuals(changes, changes**2, 1e-4, 1, 0.9, 1e-24, np.zeros(2))


def _synthetic_market() -> None:
    from midas.venues.sim.source.synthetic import standard  # of the exchange alone

    market = standard(seed=1)
    for event in islice(market.events(), 100):
        market.taken(event.symbol, Side.BUY, 1, 1)


def _compiled_path() -> None:
    from midas.backtest.compiled.warm import warm  # of back-tests alone

    warm()
