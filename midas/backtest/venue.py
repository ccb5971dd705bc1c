"""The venue of a back-test: in this process, synchronous, and told nothing but what it could have known.

An order trades with the first bar that is open when it arrives, never with the one that it was decided on.
What takes pays the opening price of that bar (later in it, a price on the line from open to close), half the
spread and its own impact; what rests trades once the market goes through its price. A stop wakes where the
bar touches it and sells at its price, or at an opening below. At most a share of a bar's volume is ours.

Nobody knows when in a bar its extremes were. What they fill is told as of the bar's end: nothing that is done
about it may meet a price of the same bar. What rested is heard of after the bar itself, since the engine
would otherwise set a stop, or another price, by a close that is one bar old. The answer's own way comes on
top: what is still on it when the bar is heard is told with the next one.

For the same reason an order may fill in the bar in which its cancel arrives: the extreme may have been
before. Such a fill is dated no later than the cancel.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from heapq import heappop, heappush
from math import ceil, floor, inf
from typing import NamedTuple

from midas.backtest.assumptions import Assumptions
from midas.backtest.conditions import conditions
from midas.backtest.orders import Resting, resting
from midas.costs import BPS
from midas.domain.event import (
    AccountReported,
    CancelRejected,
    Event,
    OrderAccepted,
    OrderClosed,
    OrderFilled,
    OrderRejected,
    OrderSent,
    OrderTriggered,
    Source,
)
from midas.domain.instrument import Instrument
from midas.domain.market import Bar
from midas.domain.money import ZERO
from midas.domain.order import BalanceReport, CloseReason, OrderIntent, OrderType
from midas.domain.time import MICROSECOND, MINUTE

INSUFFICIENT = -2010  # the codes are Binance's: the engine knows no others
UNKNOWN_ORDER = -2011
NEARLY = 1e-6  # of a tick: what floats make of a price that lies on the grid
DEAD_AFTER = MINUTE  # nothing gets lost here
EARLY = 100  # what comes or goes in the first of so many parts of a bar does so at its opening

When = tuple[int, int]  # something happens, and the engine hears of it


class Unheard(NamedTuple):
    """What a fill changed, of which the engine hasn't been told."""

    time: int
    strategy: str
    instrument: str
    quantity: Decimal  # base units, negative where it sold


class BarVenue:
    """One account and its orders, matched against bars."""

    def __init__(
        self, instruments: Sequence[Instrument], balances: Mapping[str, Decimal], assumptions: Assumptions,
        history: Callable[[str], Sequence[Bar]],
    ) -> None:  # fmt: skip
        """`history`: the bars of an instrument before the one that is matched, oldest first."""
        self.balances = dict(balances)
        self._instruments = {i.id: i for i in instruments}
        self._assumptions = assumptions
        self._history = history
        self._orders: dict[str, Resting] = {}
        self._told: list[tuple[int, int, Event, Resting | None]] = []  # what the engine hears, and when
        self.busy = False  # whether the next bar could change anything here, or somebody is still to be told
        self._number = self._trade = 0
        self._left: dict[str, tuple[int, int]] = {}  # by instrument: (bar, lots of it that may still be ours)

    def submit(self, intent: OrderIntent, at: int) -> OrderSent:
        """The request leaves."""
        self._number += 1
        arrives_at = at + self._assumptions.order_latency
        order = resting(intent, self._instruments[intent.instrument], self._number, arrives_at)
        self._orders[intent.client_id], self.busy = order, True
        return OrderSent(intent.client_id, at, arrives_at + DEAD_AFTER)

    def cancel(self, client_id: str, at: int) -> None:
        """The request leaves."""
        arrives_at = at + self._assumptions.order_latency
        order = self._orders.get(client_id)
        if order is None:
            self._tell(
                CancelRejected(client_id, UNKNOWN_ORDER, "Unknown order sent.", self._heard(arrives_at))
            )
        elif not order.cancel_at:
            order.cancel_at = arrives_at

    def meet(self, bars: Sequence[Bar]) -> list[Event]:
        """What happens until these bars, of one time, are heard; asked again until nothing more does."""
        for bar in bars:
            for order in [o for o in self._orders.values() if o.intent.instrument == bar.instrument]:
                self._meet(order, bar)
        return self._hear(bars[0].at)

    def settle(self, bars: Sequence[Bar]) -> list[Event]:
        """What rested through these bars, of one time, trades with them; asked once they were heard."""
        for bar in bars:
            for order in [o for o in self._orders.values() if o.seen == bar.time]:
                if order.intent.instrument == bar.instrument:
                    self._settle(order, bar)
        return self._hear(bars[0].at + 1)

    def pay(self, asset: str, amount: Decimal) -> None:
        """Its balance moves, and no trade made it."""
        self.balances[asset] = self.balances.get(asset, ZERO) + amount

    def unheard(self) -> list[Unheard]:
        """Fills whose answers are on their way."""
        return [
            Unheard(
                event.fill.time, order.intent.strategy, event.instrument,
                event.fill.quantity * order.intent.side.sign,
            )
            for _, _, event, order in self._told if type(event) is OrderFilled and order is not None
        ]  # fmt: skip

    def account(self, purpose: str, at: int) -> AccountReported:
        """A full pass, as old as the newest answer: a fill on its way would look like an unexplained one."""
        known, orders, accepted = dict(self.balances), dict(self._orders), set[str]()
        unheard: dict[str, Decimal] = {}
        for _, _, event, order in self._told:
            if order is None:
                continue
            client_id = order.intent.client_id
            orders[client_id] = order
            if type(event) is OrderFilled:
                order.undo(event.fill, known)
                unheard[client_id] = unheard.get(client_id, ZERO) + event.fill.quantity
            elif type(event) is OrderAccepted:
                accepted.add(client_id)
        balances = tuple(BalanceReport(asset, amount, ZERO) for asset, amount in known.items())
        standing = tuple(
            o.report(at, unheard.get(i, ZERO)) for i, o in orders.items() if o.accepted and i not in accepted
        )
        return AccountReported(at, at, purpose, balances, standing, (), (), ())

    # matching

    def _meet(self, order: Resting, bar: Bar) -> None:
        """One order against one bar, once."""
        if order.arrives_at >= bar.time or order.seen == bar.time:
            return
        opens = bar.time - bar.period
        fresh, order.seen = not order.accepted, bar.time
        if fresh and not self._accept(order, bar, opens):
            return
        if 0 < order.cancel_at <= opens:
            self._close(order, CloseReason.CANCELED, max(order.cancel_at, order.arrives_at))
            return
        goes = 0 < order.cancel_at <= opens + bar.period // EARLY
        if order.trigger:
            self._wake(order, bar, opens)
        elif fresh:
            at = max(order.arrives_at, opens)
            self._take(order, bar, self._when(at), _on_the_way(bar, at - opens))
        elif goes:
            self._rest(order, bar, self._when(opens))
        if goes and order.intent.client_id in self._orders:
            heard = self._inside(order, bar)[1] if order.woke == bar.time else 0  # after what it sold
            self._close(order, CloseReason.CANCELED, order.cancel_at, heard)

    def _settle(self, order: Resting, bar: Bar) -> None:
        """One order that was there until this bar's end."""
        woke, opens = order.woke == bar.time, bar.time - bar.period
        at = _end(bar) if woke else _last(order, bar)  # what woke was matched before its cancel was known
        heard = max(self._heard(at), bar.at + 1)
        if not order.trigger and not woke and not 0 < order.cancel_at <= opens:
            self._rest(order, bar, (at, heard))
        if 0 < order.cancel_at < bar.time and order.intent.client_id in self._orders:
            self._close(order, CloseReason.CANCELED, order.cancel_at, heard)

    def _accept(self, order: Resting, bar: Bar, opens: int) -> bool:
        """The venue has it, or says no."""
        at, client_id = order.arrives_at, order.intent.client_id
        reason = self._objection(order, bar, _on_the_way(bar, max(0, at - opens)))
        if reason:
            del self._orders[client_id]
            self._tell(OrderRejected(client_id, INSUFFICIENT, reason, self._heard(at)))
            return False
        order.accepted, waits = True, order.trigger > 0
        self._tell(
            OrderAccepted(client_id, order.venue_id, self._heard(at), Source.ANSWER, untriggered=waits), order
        )
        return True

    def _objection(self, order: Resting, bar: Bar, price: float) -> str:
        """Why the venue doesn't take it."""
        instrument, intent = order.instrument, order.intent
        worst = (
            instrument.price(order.limit) if order.limit else instrument.price(round(price / instrument.tick))
        )
        asset = instrument.quote if order.buying else instrument.base
        needed = intent.quantity * worst if order.buying else intent.quantity
        if needed > self.balances.get(asset, ZERO):
            return "Account has insufficient balance for requested action."
        if intent.type is OrderType.LIMIT_MAKER:
            ask, bid = self._touch(price, instrument.tick)
            if order.limit > ask if order.buying else order.limit < bid:
                return "Order would immediately match and take."
        return ""

    def _touch(self, price: float, tick: float) -> tuple[float, float]:
        """Ask and bid around a price, in ticks."""
        half, ticks = 0.5 * self._assumptions.spread_bps / BPS, price / tick
        return ticks * (1.0 + half), ticks * (1.0 - half)

    def _wake(self, order: Resting, bar: Bar, opens: int) -> None:
        """A stop sells where the bar falls to it, or at an opening below it."""
        trigger, lowest = order.trigger * order.instrument.tick, _reach(order, bar)[0]
        if lowest > trigger + NEARLY * order.instrument.tick:
            return
        at = max(order.arrives_at, opens)
        price = _on_the_way(bar, at - opens)
        when = self._when(at) if price <= trigger else self._inside(order, bar)
        order.trigger, order.woke = 0, bar.time
        self._tell(OrderTriggered(order.intent.client_id, when[1], Source.STREAM))
        self._take(order, bar, when, min(price, trigger))

    def _take(self, order: Resting, bar: Bar, when: When, price: float) -> None:
        """Trade at once what the market and its limit let; what doesn't rest is over."""
        taken = min(order.lots, self._share(bar, order))
        if taken and order.intent.type is not OrderType.LIMIT_MAKER:
            ticks = self._paid(order, taken, price)
            reached = not order.limit or (ticks <= order.limit if order.buying else ticks >= order.limit)
            if ticks and reached:
                self._fill(order, bar, taken, ticks, when, maker=False)
        if order.lots and not order.rests:
            self._close(order, CloseReason.EXPIRED, *when)

    def _rest(self, order: Resting, bar: Bar, when: When) -> None:
        """It trades once the market goes through its price: at the price itself others stand before it."""
        tick, edge = order.instrument.tick, NEARLY * order.instrument.tick
        price, (lowest, highest) = order.limit * tick, _reach(order, bar)
        through = lowest < price - edge if order.buying else highest > price + edge
        taken = min(order.lots, self._share(bar, order)) if through else 0
        if taken:
            self._fill(order, bar, taken, order.limit, when, maker=True)

    def _paid(self, order: Resting, lots: int, price: float) -> int:
        """Ticks that taking costs: the price, half the spread and impact, rounded against us.

        0 where nobody has traded for so long that there is nobody to trade with.
        """
        instrument, given = order.instrument, self._assumptions
        ticks = price / instrument.tick
        if given.spread_bps or given.impact:
            known = conditions(given, self._history(instrument.id))
            cost = given.costs.expected(lots * instrument.lot, False, known)
            beyond = (cost.spread_bps + cost.impact_bps) / BPS
            if beyond == inf:
                return 0
            ticks *= 1.0 + beyond if order.buying else 1.0 - beyond
        return ceil(ticks - NEARLY) if order.buying else max(1, floor(ticks + NEARLY))

    def _share(self, bar: Bar, order: Resting) -> int:
        """Lots of this bar's volume that may still be ours."""
        time, left = self._left.get(bar.instrument, (0, 0))
        if time != bar.time:
            left = int(bar.volume * self._assumptions.volume_share / order.instrument.lot)
            self._left[bar.instrument] = bar.time, left
        return left

    def _fill(self, order: Resting, bar: Bar, lots: int, ticks: int, when: When, *, maker: bool) -> None:
        intent, (at, heard) = order.intent, when
        self._trade += 1
        self._left[bar.instrument] = bar.time, self._left[bar.instrument][1] - lots
        fill = order.fill(
            self._trade, ticks, lots, self._assumptions.costs.fees, self.balances, at=at, maker=maker
        )
        self._tell(
            OrderFilled(intent.client_id, order.venue_id, intent.instrument, fill, heard, Source.STREAM),
            order,
        )
        if not order.lots:
            del self._orders[intent.client_id]

    def _close(self, order: Resting, reason: CloseReason, at: int, heard: int = 0) -> None:
        del self._orders[order.intent.client_id]
        heard = heard or self._heard(at)
        self._tell(OrderClosed(order.intent.client_id, reason, order.filled, heard, Source.STREAM), order)

    def _heard(self, at: int) -> int:
        return at + self._assumptions.answer_latency

    def _when(self, at: int) -> When:
        return at, self._heard(at)

    def _inside(self, order: Resting, bar: Bar) -> When:
        """Nobody knows when: before its cancel came, and heard of no earlier than the bar's end."""
        at = _last(order, bar)
        return at, max(self._heard(at), _end(bar))

    def _hear(self, until: int) -> list[Event]:
        told, heard = self._told, list[Event]()
        while told and told[0][0] <= until:
            heard.append(heappop(told)[2])
        self.busy = bool(self._orders or told)
        return heard

    def _tell(self, event: Event, order: Resting | None = None) -> None:
        """Of one moment, in the order in which it happened."""
        self._number += 1
        heappush(self._told, (event.at, self._number, event, order))
        self.busy = True


def _end(bar: Bar) -> int:
    """Its last moment that a table can show."""
    return bar.time - MICROSECOND


def _last(order: Resting, bar: Bar) -> int:
    """The last moment of a bar at which it can have traded: a cancel ends it."""
    return min(_end(bar), order.cancel_at) if order.cancel_at else _end(bar)


def _reach(order: Resting, bar: Bar) -> tuple[float, float]:
    """The lowest and the highest price that it surely meets: of what is cut off only the ends are known."""
    opens = bar.time - bar.period
    soon = opens + bar.period // EARLY
    if order.arrives_at > soon:
        ends = _on_the_way(bar, order.arrives_at - opens), bar.close
    elif 0 < order.cancel_at <= soon:
        ends = bar.open, _on_the_way(bar, order.cancel_at - opens)
    else:
        return bar.low, bar.high
    return min(ends), max(ends)


def _on_the_way(bar: Bar, after: int) -> float:
    """The price so long after a bar's opening, taken to lie on the line to its close."""
    return bar.open if after <= 0 else bar.open + (bar.close - bar.open) * after / bar.period
