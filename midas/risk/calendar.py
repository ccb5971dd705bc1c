"""Days, weeks and months of an account, where it lives."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from midas.domain.time import SECOND

_EPOCH = date(1970, 1, 1).toordinal()
_FIRST_MONDAY = date(1970, 1, 5).toordinal()


class Calendar:
    """Counts the periods of one time zone from 1970; weeks begin on Monday (ISO 8601)."""

    def __init__(self, zone: str) -> None:
        """Raises ZoneInfoNotFoundError for a zone that the IANA database doesn't know."""
        self._zone = ZoneInfo(zone)
        self._asked = self._ends = 0  # of one day: a moment that was asked for, and its end
        self._known = (0, 0, 0)

    def periods(self, at: int) -> tuple[int, int, int]:
        """Day, week and month of the wall time `at`, nanoseconds."""
        if not self._asked <= at < self._ends:
            today = datetime.fromtimestamp(at // SECOND, UTC).astimezone(self._zone).date()
            ordinal = today.toordinal()
            month = (today.year - 1970) * 12 + today.month - 1
            tomorrow = datetime.combine(today + timedelta(days=1), time(), self._zone)
            self._asked, self._ends = at, int(tomorrow.timestamp()) * SECOND
            self._known = ordinal - _EPOCH, (ordinal - _FIRST_MONDAY) // 7, month
        return self._known
