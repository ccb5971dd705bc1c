"""What this session realised and paid: the ledger's own sums run on over every restart."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from midas.domain.event import Event, SessionOpened
from midas.state.ledger import Sleeve


class Result(msgspec.Struct, frozen=True):
    """Of one sleeve or of several; quote currency."""

    realised: float = 0.0  # this session, fees included
    fees: float = 0.0  # this session
    fills: int = 0  # this session
    ever: float = 0.0  # realised since the account's first session


class Results:
    """Remembers what every sleeve had realised before."""

    def __init__(self) -> None:
        self._before: dict[tuple[str, str], Result] = {}

    def observe(self, event: Event) -> None:
        """A session begins with what the last one left."""
        if isinstance(event, SessionOpened):
            self._before = {
                (s.strategy, s.instrument): Result(float(s.realised), float(s.fees), s.fills)
                for s in event.carried.sleeves
            }

    def of(self, sleeves: Iterable[Sleeve]) -> Result:
        """The sum of these: of all sleeves it is the session's, also of those that hold only dust now."""
        realised = fees = ever = 0.0
        fills = 0
        for sleeve in sleeves:
            before = self._before.get((sleeve.strategy, sleeve.instrument), Result())
            ever += float(sleeve.realised)
            realised += float(sleeve.realised) - before.realised
            fees += float(sleeve.fees) - before.fees
            fills += sleeve.fills - before.fills
        return Result(realised, fees, fills, ever)
