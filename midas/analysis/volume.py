"""Volume indicators: VWAP of a session and on-balance volume."""

from __future__ import annotations

from math import isfinite, nan

from midas.analysis.rolling import Rolling
from midas.domain.time import DAY


class VWAP(Rolling):
    """Volume-weighted average of the typical price (H + L + C) / 3 since the session began, in price units.

    A session is `session` nanoseconds long, counted from the epoch: by default a UTC day.
    """

    __slots__ = ("_money", "_session", "_volume", "session")

    def __init__(self, session: int = DAY) -> None:
        assert session > 0, f"expected a positive session length, got {session}"
        super().__init__()
        self.session = session
        self._session = -1
        self._money = 0.0
        self._volume = 0.0

    def update(self, time: int, typical: float, volume: float) -> None:
        """Take one bar by its close time (the first instant after it), typical price and volume."""
        assert isfinite(typical), f"expected a finite price, got {typical}"
        assert 0.0 <= volume < float("inf"), f"expected a volume, got {volume}"
        session = (time - 1) // self.session  # a bar that closes at midnight belongs to the day before
        if session != self._session:
            self._session, self._money, self._volume, self.value = session, 0.0, 0.0, nan
        self._money += typical * volume
        self._volume += volume
        if self._volume > 0.0:
            self.value = self._money / self._volume


class OBV(Rolling):
    """On-balance volume (Granville 1963): the running sum of volume signed by the close's change.

    In base units, from the first bar's volume on; only its changes mean anything.
    """

    __slots__ = ("_close",)

    def __init__(self) -> None:
        super().__init__()
        self._close = nan

    def update(self, close: float, volume: float) -> None:
        """Take one bar."""
        assert isfinite(close), f"expected a finite close, got {close}"
        assert 0.0 <= volume < float("inf"), f"expected a volume, got {volume}"
        if not self.ready:
            self.value = volume
        elif close > self._close:
            self.value += volume
        elif close < self._close:
            self.value -= volume
        self._close = close
