"""The tape of one instrument as drawn: each print is turned into a view once."""

from __future__ import annotations

from collections import deque

from midas.domain.market import Trade
from midas.domain.order import Side
from midas.state.market import InstrumentMarket
from midas.state.views.market import TradeView

PRINTS_SHOWN = 50
BOUGHT, SOLD = Side.BUY.value, Side.SELL.value


class TapePainter:
    """Follows the prints of one market."""

    def __init__(self, market: InstrumentMarket) -> None:
        self._market = market
        self._last: Trade | None = None
        self._shown: deque[TradeView] = deque(maxlen=PRINTS_SHOWN)
        self._views: tuple[TradeView, ...] = ()

    def prints(self) -> tuple[TradeView, ...]:
        """The last ones, newest first; the same tuple as before where nobody traded since."""
        prints = self._market.prints
        if not prints or prints[-1] is self._last:
            return self._views
        fresh: list[Trade] = []
        for trade in reversed(prints):
            if trade is self._last or len(fresh) == PRINTS_SHOWN:
                break
            fresh.append(trade)
        self._shown.extendleft(map(self._view, reversed(fresh)))
        self._last, self._views = prints[-1], tuple(self._shown)
        return self._views

    def _view(self, trade: Trade) -> TradeView:
        instrument = self._market.instrument
        side = SOLD if trade.buyer_is_maker else BOUGHT
        return TradeView(trade.time, trade.price * instrument.tick, trade.lots * instrument.lot, side)
