"""Where in the queue an order of ours stands, where only a level's total is displayed.

All before us trades first. Of other lots that leave the level nobody knows whether they stood before us or
behind. `risk-averse` lets only trades move us up (and a level that shows less than stood before us). The
others give the part that left behind us as f(behind) / (f(before) + f(behind)), f a power or a logarithm, or,
`log-all`, f(behind) / f(before + behind): the family of models that hftbacktest documents.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import ceil, log1p

from midas.backtest.assumptions import RISK_AVERSE
from midas.errors import UsageError
from midas.venues.sim.floor.matcher import Matcher
from midas.venues.sim.floor.queues import Queues, Resting
from midas.venues.sim.floor.taking import Outcome, Taking
from midas.venues.sim.levels.outside import Level, OutsideSide

POWER, LOG, LOG_ALL = "power", "log", "log-all"
MODELS = (RISK_AVERSE, POWER, LOG, LOG_ALL)
EXPONENT = 3.0

Behind = Callable[[float, float], float]  # lots before and behind us -> the part of a decrease behind us


def behind(model: str, exponent: float = EXPONENT) -> Behind | None:
    """The model of that name; None: risk-averse. Raises UsageError for a name that nobody knows."""
    if model == RISK_AVERSE:
        return None
    if model == POWER:
        return lambda before, after: _part(after**exponent, before**exponent)
    if model == LOG:
        return lambda before, after: _part(log1p(after), log1p(before))
    if model == LOG_ALL:
        return lambda before, after: log1p(after) / log1p(before + after) if before + after > 0.0 else 1.0
    raise UsageError(f"no queue model {model!r}: expected one of {', '.join(MODELS)}")


def _part(after: float, before: float) -> float:
    return after / (before + after) if before + after > 0.0 else 1.0


class QueueMatcher(Matcher):
    """The exchange's own matcher on displayed totals, with a guess of who left a level.

    An order at a price that nothing is displayed at (only the touch is known) stands behind everything that
    shows up there first, in the touch or in a print.
    """

    def __init__(self, model: Behind | None, *, touch_only: bool) -> None:
        super().__init__()
        self._behind = model
        self._touch_only = touch_only
        self._shown: dict[int, int] = {}  # by order: lots displayed at its price, less what traded since
        self._unseen: set[int] = set()  # orders whose price has never been displayed

    def depth(
        self, last_id: int, bids: Iterable[Level], asks: Iterable[Level], *, crosses: bool = True
    ) -> list[Outcome]:
        """As the matcher; but what moved us up may still be explained by a print until the next change.

        A print should come before the change that it makes. Where a recording has it after, counting both
        would move us up twice.
        """
        if not self.book.change(last_id, bids, asks):
            return []
        self._forget()
        return self._settle_book(crosses)

    def quote(self, last_id: int, bid: Level, ask: Level, *, crosses: bool = True) -> list[Outcome]:
        """As the matcher; where quotes are all there is, each is the next change."""
        if self._touch_only:
            self._forget()
        return super().quote(last_id, bid, ask, crosses=crosses)

    def _forget(self) -> None:
        """No print explains any more what moved us up before."""
        for order in self._credited:
            order.credit = 0
        self._credited.clear()

    def rest(self, taking: Taking, lots: int, slice: int = 0) -> Resting:
        """As the matcher; remembers what is displayed there."""
        order = super().rest(taking, lots, slice)
        self._shown[order.order_id] = order.ahead
        if self._touch_only and not order.ahead and not self._inside(order):
            self._unseen.add(order.order_id)
        return order

    def cancel(self, order_id: int) -> int:
        """As the matcher."""
        self._shown.pop(order_id, None)
        self._unseen.discard(order_id)
        return super().cancel(order_id)

    def _inside(self, order: Resting) -> bool:
        """Whether it is better than what is displayed: then nobody stands before it."""
        own = self._own(order)
        best = own.best()
        return best is None or order.tick * own.sign < best[0] * own.sign

    def _own(self, order: Resting) -> OutsideSide:
        return self.book.bids if self._queues(order.side) is self._bids else self.book.asks

    def _print(self, queues: Queues, key: int, lots: int, outcomes: list[Outcome]) -> None:
        for order in queues.at(key):
            if order.order_id in self._unseen:
                order.ahead = lots  # whoever stood there traded, before us
        super()._print(queues, key, lots, outcomes)
        for order in queues.at(key):
            self._shown[order.order_id] = max(0, self._shown.get(order.order_id, 0) - lots)

    def _advance(self, queues: Queues, own: OutsideSide) -> None:
        for key in queues.among(own.moved, own.moved_to):
            displayed, shown = own.displayed(key), own.available(key)
            for order in queues.at(key):
                if order.order_id in self._unseen and displayed:
                    self._unseen.discard(order.order_id)
                    order.ahead = shown
                elif displayed or not self._touch_only or self._inside(order):
                    self._move_up(order, shown)  # a level that the touch has left may stand as it did
                self._shown[order.order_id] = shown if displayed else self._shown.get(order.order_id, 0)
        own.seen()

    def _move_up(self, order: Resting, shown: int) -> None:
        """Lots have left its level, and not by trades that were printed."""
        ahead, left = order.ahead, self._shown.get(order.order_id, order.ahead) - shown
        if left > 0 and self._behind is not None:
            part = self._behind(float(ahead), float(max(0, shown + left - ahead)))
            ahead = max(0, ceil(ahead - (1.0 - part) * left))
        ahead = min(ahead, shown)
        if ahead < order.ahead:
            order.credit += order.ahead - ahead
            order.ahead = ahead
            self._credited.append(order)
