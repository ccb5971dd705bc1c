"""Candles as drawn: the last base bars, and slow ones that reach further back."""

from __future__ import annotations

from collections import deque

import msgspec

from midas.state.market import InstrumentMarket
from midas.state.views.market import BarView

BARS_SHOWN = 200
SLOW = 15  # base bars to a slow one
SLOW_SHOWN = 160


class CandlePainter:
    """Folds each bar once; the last slow candle is the running one."""

    def __init__(self) -> None:
        self._base: dict[str, deque[BarView]] = {}
        self._slow: dict[str, deque[BarView]] = {}
        self._views: dict[str, tuple[tuple[BarView, ...], tuple[BarView, ...]]] = {}

    def bars(self, market: InstrumentMarket, period: int) -> tuple[tuple[BarView, ...], tuple[BarView, ...]]:
        """Base and slow candles, oldest first; the same tuples as before where no bar came since."""
        name = market.instrument.id
        base = self._base.setdefault(name, deque(maxlen=BARS_SHOWN))
        slow = self._slow.setdefault(name, deque(maxlen=SLOW_SHOWN))
        known = base[-1].time if base else 0
        fresh = []
        for bar in reversed(market.bars):
            if bar.time <= known:
                break
            fresh.append(bar)
        for b in reversed(fresh):
            view = BarView(b.time, b.open, b.high, b.low, b.close, b.volume, b.synthetic)
            base.append(view)
            _fold(slow, view, period * SLOW)
        if fresh or name not in self._views:
            self._views[name] = tuple(base), tuple(slow)
        return self._views[name]


def _fold(slow: deque[BarView], bar: BarView, span: int) -> None:
    """Into the candle that closes at the next multiple of `span`; a bar's time is its close."""
    close = -(-bar.time // span) * span
    last = slow[-1] if slow else None
    if last is None or last.time != close:
        slow.append(msgspec.structs.replace(bar, time=close))
        return
    slow[-1] = BarView(
        close, last.open, max(last.high, bar.high), min(last.low, bar.low), bar.close,
        last.volume + bar.volume, last.synthetic and bar.synthetic,
    )  # fmt: skip
