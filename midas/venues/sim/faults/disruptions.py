"""Everything that can go wrong here on purpose: one object for each seam of the exchange."""

from __future__ import annotations

from collections.abc import Callable

from midas.venues.sim.faults.clock import ServerClock
from midas.venues.sim.faults.faults import Faults
from midas.venues.sim.faults.fill_faults import FillFaults
from midas.venues.sim.faults.market_faults import LineFaults, MarketFaults
from midas.venues.sim.faults.request_faults import RequestFaults
from midas.venues.sim.faults.user_faults import UserFaults


class Disruptions:
    """The seams of one exchange. Where nothing is armed, each costs one truth test."""

    def __init__(self, wall: Callable[[], int], speed: float, best_ask: Callable[[str], str]) -> None:
        """`best_ask` tells the best price at which a symbol is sold."""
        self.clock = ServerClock(wall)
        self.faults = Faults(wall, speed)
        self.users = UserFaults(self.faults)
        self.requests = RequestFaults(self.faults, self.users, self.clock)
        self.market = MarketFaults(self.faults, best_ask)
        self.lines = LineFaults(self.faults)
        self.fills = FillFaults(self.faults)
