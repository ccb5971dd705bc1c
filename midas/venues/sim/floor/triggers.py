"""Stop orders that wait for a price. Pure and integer: prices are ticks, times are handed in."""

from __future__ import annotations

import msgspec

BASIS_POINTS = 10_000


class Stop(msgspec.Struct):
    """What one order waits for: its stop price, or a move back from the best price since it was reached.

    A trailing stop without a stop price follows the market at once.
    """

    order_id: int
    buys: bool
    rises: bool  # the stop price is reached from below
    tick: int | None = None
    delta: int = 0  # basis points; 0: no trailing
    since: int = 0  # when it began to follow the market; 0: not yet
    best: int = 0  # lowest price since then for a buyer, highest for a seller

    def reached(self, tick: int) -> bool:
        """Whether a trade at `tick` is at the stop price or past it."""
        return self.tick is None or (tick >= self.tick if self.rises else tick <= self.tick)

    def follow(self, tick: int, now: int) -> bool:
        """A trade at `tick`: whether the order is triggered."""
        if self.delta == 0:
            return self.reached(tick)
        if self.since == 0:
            if self.reached(tick):
                self.since, self.best = now, tick
            return False
        if self.buys:
            self.best = min(self.best, tick)
            return tick * BASIS_POINTS >= self.best * (BASIS_POINTS + self.delta)
        self.best = max(self.best, tick)
        return tick * BASIS_POINTS <= self.best * (BASIS_POINTS - self.delta)


class Triggers:
    """The waiting stops of one symbol, and the last price that they saw."""

    def __init__(self, last: int) -> None:
        self.last = last
        self._stops: dict[int, Stop] = {}

    @property
    def stops(self) -> list[Stop]:
        """Everything that waits, longest waiting first."""
        return list(self._stops.values())

    def watch(self, stop: Stop, now: int) -> None:
        """Wait for `stop`."""
        if stop.delta and stop.tick is None and stop.since == 0:
            stop.since, stop.best = now, self.last
        self._stops[stop.order_id] = stop

    def drop(self, order_id: int) -> None:
        """Wait no longer."""
        self._stops.pop(order_id, None)

    def traded(self, tick: int, now: int) -> list[int]:
        """A trade at `tick`: the orders that it triggers, longest waiting first."""
        self.last = tick
        due = [stop.order_id for stop in self._stops.values() if stop.follow(tick, now)]
        for order_id in due:
            del self._stops[order_id]
        return due
