"""Walking our own copy of the book: what an order would trade at once, and what rests before it."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from midas.domain.order import Side
from midas.state.market import InstrumentMarket

LEVELS = 1_000  # deeper than any collar reaches in a book that one would trade in
BEST = 5  # levels that a large order is compared with


class Taken(msgspec.Struct, frozen=True):
    """What an order would trade at once, base units; `average` is 0.0 where it would trade nothing."""

    quantity: float
    average: float
    share: float  # of the best five levels of the other side; 0.0 where they aren't known


NOTHING_TAKEN = Taken(0.0, 0.0, 0.0)


def take(market: InstrumentMarket, side: Side, quantity: Decimal, limit: Decimal | None = None) -> Taken:
    """What `quantity` would trade at once, at `limit` at worst (None: whatever the book asks).

    Without a valid book everything is taken to stand at the best price.
    """
    instrument = market.instrument
    wanted = int(quantity / instrument.lot_size)
    worst = None if limit is None else int(limit / instrument.tick_size)
    rows = _rows(market, side, wanted)
    left, paid = wanted, 0
    for tick, lots in rows:
        if not left or (worst is not None and (tick - worst) * side.sign > 0):
            break
        part = min(left, lots)
        left -= part
        paid += part * tick
    done = wanted - left
    best = sum(lots for _, lots in rows[:BEST]) if market.book_valid else 0
    average = paid / done * market.tick if done else 0.0
    return Taken(float(instrument.quantity(done)), average, done / best if best else 0.0)


def ahead(market: InstrumentMarket, side: Side, price: Decimal) -> float:
    """What rests at `price` already on the order's own side, base units; 0.0 where that isn't known."""
    if not market.book_valid:
        return 0.0
    wanted = int(price / market.instrument.tick_size)
    rows = market.book.top(LEVELS)[0 if side is Side.BUY else 1]
    return next((lots * market.instrument.lot for tick, lots in rows.tolist() if tick == wanted), 0.0)


def _rows(market: InstrumentMarket, side: Side, wanted: int) -> list[list[int]]:
    """(tick, lots) of the other side, best first."""
    if market.book_valid:
        rows: list[list[int]] = market.book.top(LEVELS)[1 if side is Side.BUY else 0].tolist()
        return rows
    tick, lots = (market.ask, market.ask_lots) if side is Side.BUY else (market.bid, market.bid_lots)
    return [[tick, max(lots, wanted)]] if lots else []
