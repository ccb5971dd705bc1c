"""The stops of open positions as the journal tells them; changed only while the engine steps."""

from __future__ import annotations

from collections.abc import Iterable

from midas.domain.decision import StopMoved
from midas.domain.stops import StopKept

Key = tuple[str, str]  # strategy, instrument


class Stops:
    """One stop a position, over restarts too; what it is at the venue is an order like any other."""

    def __init__(self) -> None:
        self.kept: dict[Key, StopKept] = {}
        self.troubles: dict[Key, str] = {}  # why one isn't where it should be; of this session

    def moved(self, change: StopMoved) -> None:
        """A stop was set, rose or ended."""
        key = change.strategy, change.instrument
        if change.stop is not None:
            self.kept[key] = change.stop
        else:
            self.kept.pop(key, None)
            self.troubles.pop(key, None)

    def restore(self, stops: Iterable[StopKept]) -> None:
        """As the last session left them."""
        self.kept = {stop.key: stop for stop in stops}
