"""What closes each open position, and what of it would still do so if nobody were left here."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from midas.agents.flattening import sellable
from midas.domain.money import ZERO, floor_to
from midas.domain.order import Phase
from midas.domain.stops import StopKept
from midas.state.state import EXTERNAL, State


class Cover(msgspec.Struct, frozen=True):
    """One open position that could be sold."""

    strategy: str
    instrument: str
    quantity: Decimal  # whole lots
    mark: float  # NaN without a price
    rate: float  # account currency for one unit of its quote; NaN where that isn't known
    stop: StopKept | None
    resident: Decimal  # of the quantity, what a stop known to stand at the venue sells

    @property
    def key(self) -> tuple[str, str]:
        """Its sleeve."""
        return self.strategy, self.instrument

    @property
    def level(self) -> Decimal:
        """Of its stop; 0: none."""
        return self.stop.level if self.stop is not None else ZERO

    @property
    def distance(self) -> float:
        """From the mark down to the stop, as a fraction; NaN without either."""
        return 1.0 - float(self.level) / self.mark if self.level and self.mark > 0.0 else float("nan")

    @property
    def naked(self) -> float:
        """Its value in the account's currency that nothing at the venue protects."""
        return float(self.quantity - self.resident) * self.mark * self.rate


def covers(state: State) -> Iterator[Cover]:
    """Every position that the venue would let us sell, but for what isn't ours."""
    for sleeve in state.sleeves():
        if sleeve.quantity <= ZERO or sleeve.strategy == EXTERNAL:
            continue
        if not sellable(state, sleeve, sleeve.quantity):
            continue
        pair = state.instruments[sleeve.instrument]
        quantity = floor_to(sleeve.quantity, pair.lot_size)
        yield Cover(
            sleeve.strategy, sleeve.instrument, quantity, state.markets[sleeve.instrument].mark,
            state.valuation.rate(pair.quote),
            state.stops.kept.get((sleeve.strategy, sleeve.instrument)),
            min(quantity, resident(state, sleeve.strategy, sleeve.instrument)),
        )  # fmt: skip


def resident(state: State, strategy: str, instrument: str) -> Decimal:
    """What stops that are known to stand at the venue sell of a sleeve."""
    working = state.orders.working(strategy, instrument)
    known = (o for o in working if o.protects and o.phase is Phase.WORKING and not o.unknown)
    return sum((o.leaves for o in known), ZERO)


def naked(state: State) -> tuple[float, float]:
    """Account currency of (positions whose stop is in our memory only, positions without any stop)."""
    memory = bare = 0.0
    for cover in covers(state):
        if cover.level:
            memory += cover.naked
        else:
            bare += cover.naked
    return memory, bare
