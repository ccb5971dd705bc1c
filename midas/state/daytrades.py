"""Day trades as they happen: bought and sold again within one day of the market's home."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from midas.domain.instrument import Instrument
from midas.domain.order import Side
from midas.domain.regulation import SHARES, DayTrade, RegulationRules
from midas.domain.time import SECOND

KEPT = 100  # far more than a window of days may hold before entries are refused


class DayTrades:
    """Counts where the rules want it; of a fill it is the first sale after a purchase that makes one."""

    def __init__(self) -> None:
        self.made: deque[DayTrade] = deque(maxlen=KEPT)
        self.bought: dict[str, int] = {}  # instrument -> the day on which it was bought and not sold since
        self._zone: ZoneInfo | None = None
        self._counted: frozenset[str] = frozenset()

    def begin(self, rules: RegulationRules, instruments: Mapping[str, Instrument]) -> None:
        """Under these rules. Raises ZoneInfoNotFoundError for a zone that nobody knows."""
        if rules.counts_day_trades:
            self._zone = ZoneInfo(rules.zone)
            self._counted = frozenset(
                name for name, one in instruments.items() if rules.classes.get(one.base) in SHARES
            )

    def day(self, at: int) -> int:
        """The ordinal of the date at `at`, nanoseconds."""
        return datetime.fromtimestamp(at // SECOND, UTC).astimezone(self._zone).date().toordinal()

    def counts(self, instrument: str) -> bool:
        """Whether trades in it are counted."""
        return instrument in self._counted

    def fill(self, instrument: str, side: Side, at: int) -> None:
        """One execution, when the venue made it."""
        if instrument not in self._counted:
            return
        day = self.day(at)
        if side is Side.BUY:
            self.bought[instrument] = day
        elif self.bought.pop(instrument, 0) == day:
            self.made.append(DayTrade(day, instrument))
