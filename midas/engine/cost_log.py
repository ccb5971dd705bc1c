"""What orders cost against what the cost model expects of them, and whether that is a reason to look.

Only orders that take count, each against the mid at which it was decided, without fees: those are known to
the digit. It is kept for a person and decides nothing; a start begins anew, since twenty orders are enough.
"""

from __future__ import annotations

from collections import deque
from math import isfinite

import msgspec

from midas.costs import BPS, Conditions, CostModel, of_day
from midas.domain.decision import FillBooked, OrderMoved, OrderPlanned
from midas.domain.order import OrderIntent, Purpose
from midas.engine.audit import Audit
from midas.state.state import State
from midas.state.views.calibration import CostsView
from midas.statistics.cost_calibration import Coefficients, Observed, calibrated
from midas.statistics.cost_watch import CostWatch

HALF_TICK = 0.5
BARS = 20  # before anything is said of a day's volatility and volume
KEPT = 1_000  # orders that a calibration looks at


class _Open(msgspec.Struct):
    """An order on its way: the market at which it was decided, and what it got."""

    mid: float
    conditions: Conditions
    floor_bps: float
    quantity: float = 0.0
    paid: float = 0.0  # beyond the mid, in the account's currency
    took: bool = True  # all of it


class CostLog:
    """Follows the audits, order by order."""

    def __init__(self, state: State, costs: CostModel) -> None:
        self._state = state
        self._costs = costs
        self._open: dict[str, _Open] = {}
        self._observed: deque[Observed] = deque(maxlen=KEPT)
        self.watch = CostWatch()

    @property
    def calibration(self) -> Coefficients | None:
        """The cost model's coefficients as these orders have them; None where they are too few."""
        return calibrated(list(self._observed))

    @property
    def view(self) -> CostsView:
        """As a person sees it."""
        watch = self.watch
        if not watch.orders:
            return CostsView()
        expected, realised = watch.expected / watch.orders, watch.realised / watch.orders
        return CostsView(watch.orders, expected, realised, watch.middle, watch.alert)

    def observe(self, audit: Audit) -> None:
        """What this step did to orders."""
        for decision in audit.decisions:
            match decision:
                case OrderPlanned():
                    self._planned(decision.intent)
                case FillBooked():
                    self._filled(decision)
                case OrderMoved() if decision.client_id not in self._state.orders.open:
                    self._closed(decision.client_id)

    def _planned(self, intent: OrderIntent) -> None:
        market = self._state.markets[intent.instrument]
        mid, spread = market.mid, market.ask_price - market.bid_price
        # A stop is decided long before it trades: its price is the fall's, not the order's.
        if intent.purpose is Purpose.STOP or not (isfinite(spread) and mid > 0.0):
            return
        bars = [bar for bar in market.bars if not bar.synthetic]
        volatility, volume = of_day(bars) if len(bars) >= BARS else (None, None)
        now = Conditions(spread_bps=spread / mid * BPS, volatility_day=volatility, volume_day=volume)
        self._open[intent.client_id] = _Open(mid, now, HALF_TICK * market.instrument.tick / mid * BPS)

    def _filled(self, fill: FillBooked) -> None:
        order = self._open.get(fill.client_id)
        if order is not None:
            quantity = float(fill.quantity)
            order.quantity += quantity
            order.paid += fill.side.sign * (float(fill.price) - order.mid) * quantity
            order.took = order.took and not fill.maker
            if fill.client_id not in self._state.orders.open:
                self._closed(fill.client_id)

    def _closed(self, client_id: str) -> None:
        order = self._open.pop(client_id, None)
        if order is None or not order.quantity or not order.took:
            return
        now, realised = order.conditions, order.paid / (order.mid * order.quantity) * BPS
        cost = self._costs.expected(order.quantity, False, now)
        self.watch = self.watch.add(realised, cost.spread_bps + cost.impact_bps, order.floor_bps)
        if now.volume_day and now.volatility_day is not None:
            share = order.quantity / now.volume_day
            self._observed.append(
                Observed(now.spread_bps, now.volatility_ratio, now.volatility_day, share, realised)
            )
