"""Which level of the book the cursor stands on, and which of our orders rest there."""

from __future__ import annotations

from midas.state.snapshot import LevelView, OrderView
from tui.present.grouping import side
from tui.present.picture import Key, Picture


def level_at(picture: Picture, place: Key | None) -> tuple[str, LevelView] | None:
    """The side whose orders rest there, and the level: -n is the nth ask, +n the nth bid."""
    if not isinstance(place, int) or place == 0:
        return None
    levels, _ = _levels(picture, place > 0)
    return ("BUY" if place > 0 else "SELL", levels[abs(place) - 1]) if abs(place) <= len(levels) else None


def own_at(picture: Picture, place: Key | None) -> list[OrderView]:
    """Our working orders at the level, oldest first."""
    view, found = picture.instrument, level_at(picture, place)
    if view is None or found is None:
        return []
    way, level = found
    levels, coarse = _levels(picture, way == "BUY")
    near = view.tick_size / 2
    orders = [o for o in picture.snapshot.orders if (o.instrument, o.side) == (view.id, way)]
    return sorted(
        (o for o in orders if _home(o, levels, near, coarse) == level.price),
        key=lambda order: (order.created_at, order.client_id),
    )


def _home(order: OrderView, levels: tuple[LevelView, ...], near: float, coarse: bool) -> float | None:
    """The price of the level that shows the order; a coarse one holds what lies up to the next better."""
    if not coarse:
        prices = (level.price for level in levels if abs(level.price - order.price) < near)
    elif order.side == "BUY":
        prices = (level.price for level in levels if level.price < order.price + near)
    else:
        prices = (level.price for level in levels if level.price > order.price - near)
    return next(prices, None)


def _levels(picture: Picture, bids: bool) -> tuple[tuple[LevelView, ...], bool]:
    """One side as it is drawn, and whether a level spans several ticks."""
    view = picture.instrument
    drawn = side(view, bids, picture.options) if view is not None else ()
    return drawn, picture.options.group > 1
