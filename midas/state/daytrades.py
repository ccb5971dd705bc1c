"""Day trades as they happen: bought and sold again within one day of the market's home."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from midas.domain.order import Side
from midas.domain.regulation import DayTrade, RegulationRules
from midas.domain.time import SECOND

KEPT = 100  # of one instrument: far more than a window of days may hold before entries are refused


class DayTrades:
    """Notes them of every instrument, where the rules want it: which of them are shares is asked later.

    Of a fill it is the first sale after a purchase that makes one.
    """

    def __init__(self) -> None:
        self.made: list[DayTrade] = []
        self.bought: dict[str, int] = {}  # instrument -> the day on which it was bought and not sold since
        self._zone: ZoneInfo | None = None

    def begin(self, rules: RegulationRules) -> None:
        """Under these rules. Raises ZoneInfoNotFoundError for a zone that nobody knows."""
        if rules.counts_day_trades:
            self._zone = ZoneInfo(rules.zone)

    def day(self, at: int) -> int:
        """The ordinal of the date at `at`, nanoseconds."""
        return datetime.fromtimestamp(at // SECOND, UTC).astimezone(self._zone).date().toordinal()

    def fill(self, instrument: str, side: Side, at: int) -> None:
        """One execution, when the venue made it."""
        if self._zone is None:
            return
        day = self.day(at)
        if side is Side.BUY:
            self.bought[instrument] = day
        elif self.bought.pop(instrument, 0) == day:
            self.made.append(DayTrade(day, instrument))
            alike = [made for made in self.made if made.instrument == instrument]
            if len(alike) > KEPT:
                self.made.remove(alike[0])
