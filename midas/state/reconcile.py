"""Folding a full pass over the account: fills first, then status, then a comparison to the last digit."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Protocol

from midas.domain.decision import Decision, Reconciled
from midas.domain.event import AccountReported, OrderFilled, Source
from midas.domain.instrument import Instrument
from midas.domain.money import ZERO
from midas.domain.order import Fill, Phase, Side, TradeReport
from midas.state.ledger import Ledger
from midas.state.orders import SETTLING, Orders


class Account(Protocol):
    """The part of the state that a pass over the account touches."""

    orders: Orders
    ledger: Ledger
    instruments: dict[str, Instrument]
    reconciled: bool
    reconciled_at: int
    differences: tuple[str, ...]

    def book_fill(self, event: OrderFilled) -> list[Decision]:
        """Book a fill of one of our orders, once."""

    def book_external(self, instrument: Instrument, side: Side, fill: Fill) -> list[Decision]:
        """Book a trade that no order of ours explains."""


def fold(state: Account, report: AccountReported) -> list[Decision]:
    """Apply the evidence of one pass and say whether both sides are now equal."""
    decisions: list[Decision] = []
    if not state.ledger.opened:
        state.ledger.open(report.balances)
    # The opening balances contain what an instrument's first list tells: it is history, not a fill.
    new = state.ledger.first_sight(state.instruments)
    for trade in report.trades:
        if trade.instrument in new:
            state.ledger.remember(trade.instrument, trade.fill.trade_id)
    moving = _moving(state, report)  # before its own evidence touches any order
    for order_report in (*report.open_orders, *report.queried):
        known = state.orders.get(order_report.client_id)
        if known is not None:
            known.venue_id = known.venue_id or order_report.venue_id
    by_venue_id = _client_ids(state, report)
    for trade in report.trades:
        if trade.instrument not in new:
            decisions += _trade(state, trade, by_venue_id, report.at)
    for order_report in (*report.open_orders, *report.queried):
        if order_report.client_id not in moving:
            decisions += state.orders.reported(order_report, report.as_of, report.at)
    decisions += state.orders.found_foreign(report.open_orders)
    for client_id in report.absent:
        decisions += state.orders.absent(client_id, report.as_of, report.at)
    differences = tuple(_differences(state, report, moving))
    state.reconciled, state.reconciled_at, state.differences = not differences, report.at, differences
    changed = len(decisions)
    return [*decisions, Reconciled(report.purpose, not differences, changed, differences)]


def _client_ids(state: Account, report: AccountReported) -> dict[tuple[str, str], str]:
    known = {(o.intent.instrument, o.venue_id): i for i, o in state.orders.closed.items() if o.venue_id}
    known |= {(o.intent.instrument, o.venue_id): i for i, o in state.orders.open.items() if o.venue_id}
    known |= {(r.instrument, r.venue_id): r.client_id for r in (*report.open_orders, *report.queried)}
    return known


def _trade(
    state: Account, trade: TradeReport, by_venue_id: dict[tuple[str, str], str], at: int
) -> list[Decision]:
    if state.ledger.knows(trade.instrument, trade.fill.trade_id):
        return []
    client_id = trade.client_id or by_venue_id.get((trade.instrument, trade.venue_id), "")
    if state.orders.get(client_id) is None:
        return state.book_external(state.instruments[trade.instrument], trade.side, trade.fill)
    fill = OrderFilled(client_id, trade.venue_id, trade.instrument, trade.fill, at, Source.QUERY)
    return state.book_fill(fill)


def _moving(state: Account, report: AccountReported) -> set[str]:
    """In a running audit, orders that changed a moment ago are left to the stream."""
    if report.purpose != "audit":
        return set()
    orders = (*state.orders.open.items(), *state.orders.closed.items())
    return {i for i, order in orders if report.at - order.touched_at < SETTLING}


def _differences(state: Account, report: AccountReported, moving: set[str]) -> Iterator[str]:
    ours = {i for i, o in state.orders.open.items() if o.phase is Phase.WORKING or o.unknown} - moving
    theirs = {r.client_id for r in report.open_orders} - moving
    yield from (f"order {i} is open here, not at the venue" for i in sorted(ours - theirs))
    yield from (f"order {i} is open at the venue, not here" for i in sorted(theirs - ours))
    for line in report.open_orders:
        order = state.orders.get(line.client_id)
        if order is not None and order.filled != line.filled and line.client_id in theirs:
            yield f"order {line.client_id}: {order.filled} filled here, {line.filled} at the venue"
    totals: dict[str, Decimal] = {b.asset: b.total for b in report.balances}
    for asset in sorted(totals.keys() | state.ledger.balances.keys()):
        here, there = state.ledger.balances.get(asset, ZERO), totals.get(asset, ZERO)
        if here != there:
            yield f"{asset}: {here} here, {there} at the venue"
    for instrument in state.instruments:
        known = {t.fill.trade_id for t in report.trades if t.instrument == instrument}
        if report.purpose == "stop" and (extra := set(state.ledger.trades(instrument)) - known):
            yield f"{len(extra)} trades in {instrument} are known here, not at the venue"
