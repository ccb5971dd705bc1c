"""Which price of the book the cursor stands on, and which of our orders rest there.

The cursor holds a price, not a row: the market moves under it, and what acts on it acts on that price.
"""

from __future__ import annotations

from bisect import bisect_left
from math import ceil, nan
from typing import NamedTuple

from midas.state.views.market import InstrumentView, LevelView
from midas.state.views.orders import OrderView
from tui.options import Options
from tui.present.grouping import side
from tui.present.picture import Key, Picture


class Drawn(NamedTuple):
    """Both sides, best first, the cursor's own price among them even where nothing rests there."""

    bids: tuple[LevelView, ...]
    asks: tuple[LevelView, ...]
    place: int = 0  # of the cursor: -n is the nth ask, +n the nth bid; 0: there is none
    outside: bool = False  # its price lies beyond the last level that is known

    @property
    def level(self) -> LevelView | None:
        """The one under the cursor."""
        if not self.place:
            return None
        return (self.bids if self.place > 0 else self.asks)[abs(self.place) - 1]


def key_of(view: InstrumentView, price: float) -> str:
    """`level:BTC-USDT.binance|60041.50`."""
    return f"level:{view.id}|{price:.{view.price_decimals}f}"


def keys(picture: Picture, _height: int = 0) -> list[str]:
    """Where the cursor can stand, top to bottom: all asks and bids that are known."""
    view = picture.instrument
    if view is None:
        return []
    bids, asks = (side(view, bids, picture.options) for bids in (True, False))
    return [key_of(view, level.price) for level in (*asks[::-1], *bids)]


def walked(picture: Picture, key: Key | None, steps: int) -> Key | None:
    """Where the cursor goes from there, level by level; from nowhere it starts at the touch."""
    view = picture.instrument
    if view is None or not view.book.valid:
        return key
    shown = drawn(view, picture.options, key)
    levels = [*shown.asks[::-1], *shown.bids]
    if not levels:
        return key
    touch = len(shown.asks)
    if not shown.place:
        index = touch if steps > 0 else touch - 1
    else:
        index = touch + shown.place - (shown.place > 0) + steps
    return key_of(view, levels[min(max(index, 0), len(levels) - 1)].price)


def drawn(view: InstrumentView, options: Options, key: Key | None) -> Drawn:
    """The levels of the book, with a level for the cursor."""
    bids, asks = (side(view, bids, options) for bids in (True, False))
    price = _price(view, key)
    if price is None or not view.book.valid:
        return Drawn(bids, asks)
    bid = _is_bid(view, price)
    levels, sign = (bids, -1) if bid else (asks, 1)
    step = view.tick_size * options.group
    price = sign * ceil(sign * round(price / view.tick_size) / options.group) * step
    index = bisect_left(levels, sign * price - view.tick_size / 2, key=lambda level: sign * level.price)
    outside = index == len(levels)
    if outside or abs(levels[index].price - price) > view.tick_size / 2:
        added = _empty(price, levels[index - 1] if index else None, outside)
        levels = (*levels[:index], added, *levels[index:])
    place = -sign * (index + 1)
    return Drawn(levels, asks, place, outside) if bid else Drawn(bids, levels, place, outside)


def level_at(picture: Picture, key: Key | None) -> tuple[str, LevelView] | None:
    """The side whose orders rest there, and the level."""
    view = picture.instrument
    shown = drawn(view, picture.options, key) if view is not None else None
    if shown is None or shown.level is None:
        return None
    return ("BUY" if shown.place > 0 else "SELL", shown.level)


def price_at(picture: Picture, key: Key | None) -> str:
    """The price of the level as one types it; empty where the key names none."""
    view, found = picture.instrument, level_at(picture, key)
    return f"{found[1].price:.{view.price_decimals}f}" if view is not None and found is not None else ""


def own_at(picture: Picture, key: Key | None) -> list[OrderView]:
    """Our working orders at the level, oldest first."""
    view, found = picture.instrument, level_at(picture, key)
    if view is None or found is None:
        return []
    way, level = found
    shown = drawn(view, picture.options, key)
    levels, coarse = (shown.bids if way == "BUY" else shown.asks), picture.options.group > 1
    near = view.tick_size / 2
    orders = [o for o in picture.snapshot.orders if (o.instrument, o.side) == (view.id, way)]
    return sorted(
        (o for o in orders if _home(o, levels, near, coarse) == level.price),
        key=lambda order: (order.created_at, order.client_id),
    )


def doubted(picture: Picture, view: InstrumentView, shown: Drawn) -> set[tuple[str, float]]:
    """Side and price of the levels that hold an order of ours which may or may not exist."""
    unknown = [o for o in picture.snapshot.orders if o.status == "UNKNOWN" and o.instrument == view.id]
    near, coarse = view.tick_size / 2, picture.options.group > 1
    sides = [(o, shown.bids if o.side == "BUY" else shown.asks) for o in unknown]
    homes = [(o.side, _home(o, levels, near, coarse)) for o, levels in sides]
    return {(side, price) for side, price in homes if price is not None}


def _home(order: OrderView, levels: tuple[LevelView, ...], near: float, coarse: bool) -> float | None:
    """The price of the level that shows the order; a coarse one holds what lies up to the next better."""
    if not coarse:
        prices = (level.price for level in levels if abs(level.price - order.price) < near)
    elif order.side == "BUY":
        prices = (level.price for level in levels if level.price < order.price + near)
    else:
        prices = (level.price for level in levels if level.price > order.price - near)
    return next(prices, None)


def _price(view: InstrumentView, key: Key | None) -> float | None:
    """The price of the cursor, where it stands in the book of this instrument."""
    if not isinstance(key, str) or not key.startswith(f"level:{view.id}|"):
        return None
    return float(key.rpartition("|")[2])


def _is_bid(view: InstrumentView, price: float) -> bool:
    """Whether the price belongs to the bids; inside the spread, to the nearer side."""
    bids, asks = view.book.bids, view.book.asks
    if not bids or not asks:
        return bool(bids)
    return price - bids[0].price < asks[0].price - price


def _empty(price: float, better: LevelView | None, outside: bool) -> LevelView:
    """A level where nothing rests, or (outside) of which nothing is known."""
    if outside:
        return LevelView(price, nan, nan)
    if better is None:
        return LevelView(price, 0.0, 0.0)
    return LevelView(price, 0.0, better.cumulative, 0.0, better.average, better.slip_bps)
