"""Which instruments' market data are too old to decide on, from what the shell measures once a second."""

from __future__ import annotations

from midas.domain.event import Ticked
from midas.domain.time import SECOND
from midas.state.state import State

PULL_AFTER = 10 * SECOND  # of silence: what rests there is withdrawn, but for a person's own orders
BOOK_STALE = 3 * SECOND


class Freshness:
    """Compares the age of each instrument's streams with its budget; wall nanoseconds, 0 is no budget."""

    def __init__(self, state: State, book: int, bar: int) -> None:
        self._state = state
        self._book = book
        self._bar = bar
        self._names = {i.symbol.lower(): i.id for i in state.instruments.values()}

    def look(self, event: Ticked) -> None:
        """As of this second."""
        state, stale = self._state, dict[str, str]()
        if not (event.stream_ages or state.stale or state.stale_since):
            return
        for stream, age in event.stream_ages.items():
            symbol, _, kind = stream.partition("@")
            instrument = self._names.get(symbol)
            budget = self._bar if kind.startswith("kline") else self._book
            if instrument is not None and age > budget > 0 and not state.closing:
                what = "candle" if kind.startswith("kline") else "book"
                stale.setdefault(instrument, f"no {what} for {age / SECOND:.0f} s")
        state.stale = stale
        state.stale_since = {i: min(state.stale_since.get(i, event.at), event.at) for i in stale}


def pulled(state: State, instrument: str) -> str:
    """Why what rests in this instrument is withdrawn; empty where it isn't."""
    since = state.stale_since.get(instrument)
    long = since is not None and state.now - since >= PULL_AFTER
    return state.stale[instrument] if long else ""
