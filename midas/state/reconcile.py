"""Folding a full pass over the account: fills first, then status, then a comparison to the last digit."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Protocol

from midas.domain.decision import Anomaly, Decision, Reconciled
from midas.domain.event import AccountReported, OrderFilled, Source
from midas.domain.instrument import Instrument
from midas.domain.money import ZERO, plain
from midas.domain.order import GUARDS, Fill, OrderReport, Phase, Side, TradeReport
from midas.state.breaks import ACCOUNT, Breaks, Difference, Kind
from midas.state.inference import inferred_fill
from midas.state.ledger import Ledger
from midas.state.order import Order
from midas.state.orders import SETTLING, Orders

OURS = "md-"  # how our orders are known on the venue
SKIPS_MAX = 10  # audits in a row that leave a moving asset alone; then it is compared all the same
SHORT = 4  # of a client id, for a person
# Stands for "nothing traded here before us": later lists begin there, not at the first fill that the stream
# told, before which somebody else may have traded.
NEVER = 0


class Account(Protocol):
    """The part of the state that a pass over the account touches."""

    orders: Orders
    ledger: Ledger
    breaks: Breaks
    instruments: dict[str, Instrument]
    quote: str
    reconciled: bool
    reconciled_at: int
    clean_at: int
    clean_as_of: int
    passes: int
    differences: tuple[str, ...]
    undecided: tuple[str, ...]
    adjusted_at: dict[str, int]

    def book_fill(self, event: OrderFilled) -> list[Decision]:
        """Book a fill of one of our orders, once."""

    def book_inferred(self, order: Order, fill: Fill, at: int) -> list[Decision]:
        """Book what only a balance tells; the real fill will replace it."""

    def replace_inferred(self, client_id: str, real: Fill) -> list[Decision]:
        """Take back what was inferred of an order, now that the venue tells it."""

    def book_guards(self, instrument: Instrument, side: Side, fill: Fill) -> list[Decision]:
        """Book what the guard sold instead of us."""

    def book_late(self, client_id: str, instrument: Instrument, side: Side, fill: Fill) -> list[Decision]:
        """Book a fill of an order that is known by its owner alone."""

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
    for instrument in sorted(new - {trade.instrument for trade in report.trades}):
        state.ledger.remember(instrument, NEVER)
    moving = _moving(state, report)  # before its own evidence touches any order
    by_venue_id = _client_ids(state, report)
    touched = _touched(state, moving | _moved(state, report, by_venue_id)) | _moved_assets(state, report)
    for order_report in (*report.open_orders, *report.queried):
        known = state.orders.get(order_report.client_id)
        if known is not None:
            known.venue_id = known.venue_id or order_report.venue_id
    for trade in report.trades:
        if trade.instrument not in new:
            decisions += _trade(state, trade, by_venue_id, report.at)
    for order_report in (*report.open_orders, *report.queried):
        if order_report.client_id not in moving:
            decisions += _status(state, order_report, report)
    decisions += state.orders.found_foreign(report.open_orders)
    decisions += _absences(state, report)
    found = {d.name: d for d in _differences(state, report, moving)}
    skipped = frozenset(n for n in found.keys() & touched if state.breaks.skip(n, SKIPS_MAX))
    state.breaks.fold((d for n, d in found.items() if n not in skipped), skipped, report.purpose, report.at)
    differences = tuple(d.text for d in state.breaks.open() if d.name not in skipped)
    state.reconciled, state.reconciled_at, state.differences = not differences, report.at, differences
    # An audit comes again by itself; of any other pass somebody waits for what it found.
    undecided = () if report.purpose == "audit" else tuple(found[n].text for n in sorted(skipped))
    state.undecided = undecided
    state.passes += 1
    # What is left alone while it moves isn't equal by that.
    moves = any(d.name.partition(":")[2] in moving for d in _order_differences(state, report, set()))
    if not (differences or skipped or moves):
        state.clean_at, state.clean_as_of = report.at, report.as_of
    changed = len(decisions)
    equal = not differences and not undecided
    return [*decisions, Reconciled(report.purpose, equal, changed, differences, undecided)]


def _client_ids(state: Account, report: AccountReported) -> dict[tuple[str, str], str]:
    known = {(o.intent.instrument, o.venue_id): i for i, o in state.orders.closed.items() if o.venue_id}
    known |= {(o.intent.instrument, o.venue_id): i for i, o in state.orders.open.items() if o.venue_id}
    known |= {(r.instrument, r.venue_id): r.client_id for r in (*report.open_orders, *report.queried)}
    return known


def _trade(
    state: Account, trade: TradeReport, by_venue_id: dict[tuple[str, str], str], at: int
) -> list[Decision]:
    client_id = trade.client_id or by_venue_id.get((trade.instrument, trade.venue_id), "")
    if state.ledger.knows(trade.instrument, trade.fill.trade_id):
        return [*state.orders.repeated(client_id, trade.fill, trade.side)]
    if state.orders.get(client_id) is None:
        return _stray(state, client_id, trade)
    fill = OrderFilled(client_id, trade.venue_id, trade.instrument, trade.fill, at, Source.QUERY)
    return [*state.book_fill(fill), *state.orders.repeated(client_id, trade.fill, trade.side)]


def _stray(state: Account, client_id: str, trade: TradeReport) -> list[Decision]:
    """A trade of an order that isn't known here."""
    if late := state.replace_inferred(client_id, trade.fill):
        return late
    instrument = state.instruments[trade.instrument]
    if client_id.startswith(GUARDS):
        return state.book_guards(instrument, trade.side, trade.fill)
    if client_id in state.orders.owners:
        return state.book_late(client_id, instrument, trade.side, trade.fill)
    return state.book_external(instrument, trade.side, trade.fill)


def _status(state: Account, line: OrderReport, report: AccountReported) -> list[Decision]:
    """The venue's word on one order, unless the same word was taken twice and didn't last."""
    order, name = state.orders.get(line.client_id), f"order:{line.client_id}"
    if order is None or (state.breaks.exhausted(name) and _contradicts(order, line)):
        return []
    changes: list[Decision] = [*state.orders.reported(line, report.asked, report.at, report.as_of)]
    if any(isinstance(c, Anomaly) and c.kind in ("resurrected", "order_differs") for c in changes):
        state.breaks.corrected(name)
    return changes


def _contradicts(order: Order, line: OrderReport) -> bool:
    intent = order.intent
    if not line.open:
        return False
    return order.phase is Phase.CLOSED or line.quantity != intent.quantity or intent.price not in (
        None, line.price,
    )  # fmt: skip


def _absences(state: Account, report: AccountReported) -> list[Decision]:
    """What the venue no longer knows. Of an order that stood there, a balance may tell what became of it."""
    decisions: list[Decision] = []
    standing = [
        o for i in report.absent
        if (o := state.orders.open.get(i)) is not None and o.phase is Phase.WORKING
    ]  # fmt: skip
    leaves = {o.intent.client_id: o.leaves for o in standing}
    # By our wall clock, set by an hour meanwhile, the second proof would have to wait for an hour.
    took = report.took or (report.at - report.asked_at if report.asked_at else 0)
    for client_id in report.absent:
        until = report.as_of + took
        decisions += state.orders.absent(client_id, report.as_of, report.at, until)
    vanished = [o for o in standing if o.phase is Phase.CLOSED]
    if len(vanished) == 1:  # of two, nobody could tell which one has filled
        order = vanished[0]
        instrument = state.instruments[order.intent.instrument]
        gaps = {asset: _gap(state, report, asset) for asset in (instrument.base, instrument.quote)}
        fill = inferred_fill(order, leaves[order.intent.client_id], instrument, gaps, report.at)
        if fill is not None:
            decisions += state.book_inferred(order, fill, report.at)
    return decisions


def _gap(state: Account, report: AccountReported, asset: str) -> Decimal:
    """How much more of it the venue counts than we do."""
    there = next((b.total for b in report.balances if b.asset == asset), ZERO)
    return there - state.ledger.balances.get(asset, ZERO)


def _moving(state: Account, report: AccountReported) -> set[str]:
    """In a running audit, orders that changed a moment ago are left to the stream."""
    if report.purpose != "audit":
        return set()
    orders = (*state.orders.open.items(), *state.orders.closed.items())
    since, at = report.asked - SETTLING, report.at
    # Later than now was before our clock was set back: no order would rest until it has caught up.
    return {i for i, order in orders if since < order.touched_at <= at}


def _moved(state: Account, report: AccountReported, by_venue_id: dict[tuple[str, str], str]) -> set[str]:
    """Orders that changed, here or by the trades of this pass, after it was asked for.

    Its lists were read one after the other, so that they may contradict each other and us there.
    """
    orders = (*state.orders.open.items(), *state.orders.closed.items())
    asked, at = report.asked, report.at
    here = {i for i, order in orders if asked < order.touched_at <= at}
    late = (t for t in report.trades if t.fill.time >= report.as_of)
    return here | {t.client_id or by_venue_id.get((t.instrument, t.venue_id), "") for t in late}


def _moved_assets(state: Account, report: AccountReported) -> frozenset[str]:
    """What was traded, came or went while the pass was on its way."""
    late = {t.instrument for t in report.trades if t.fill.time >= report.as_of}
    pairs = (state.instruments[i] for i in sorted(late) if i in state.instruments)
    booked = {a for a, at in state.adjusted_at.items() if report.asked < at <= report.at}
    return frozenset(booked | {asset for pair in pairs for asset in (pair.base, pair.quote)})


def _touched(state: Account, moving: set[str]) -> frozenset[str]:
    """Names of all that moving orders can make differ: their assets were read at another moment."""
    pairs = {o.intent.instrument for i in moving if (o := state.orders.get(i)) is not None}
    traded = [state.instruments[p] for p in sorted(pairs) if p in state.instruments]
    assets = {asset for pair in traded for asset in (pair.base, pair.quote)}
    return frozenset(assets | {f"order:{i}" for i in moving} | {f"trades:{pair.id}" for pair in traded})


def _differences(state: Account, report: AccountReported, moving: set[str]) -> Iterator[Difference]:
    yield from _order_differences(state, report, moving)
    totals: dict[str, Decimal] = {b.asset: b.total for b in report.balances}
    for asset in sorted(totals.keys() | state.ledger.balances.keys()):
        here, there = state.ledger.balances.get(asset, ZERO), totals.get(asset, ZERO)
        if here != there:
            closes = gates_of(state, asset)
            yield _difference(asset, Kind.ASSET, asset, (plain(here), plain(there)), closes)
    for instrument in state.instruments:
        known = {t.fill.trade_id for t in report.trades if t.instrument == instrument}
        if report.purpose == "stop" and (extra := set(state.ledger.trades(instrument)) - known - {NEVER}):
            text = f"{len(extra)} trades in {instrument} are known here, not at the venue"
            figures = (f"{len(extra)} more", "not listed")
            subject = f"trades in {state.instruments[instrument].name}"
            yield _difference(f"trades:{instrument}", Kind.TRADES, subject, figures, (instrument,), text)


def _order_differences(state: Account, report: AccountReported, moving: set[str]) -> Iterator[Difference]:
    lines = {r.client_id: r for r in report.open_orders if r.client_id not in moving}
    open_here = {i: o for i, o in state.orders.open.items() if o.phase is Phase.WORKING or o.unknown}
    for client_id in sorted(open_here.keys() - lines.keys() - moving):
        where = open_here[client_id].intent.instrument
        text = f"order {client_id} is open here, not at the venue"
        yield _of_order(client_id, Kind.ORDER_HERE, where, ("open", "not open"), text)
    for client_id in sorted(lines.keys() - open_here.keys()):
        line, known = lines[client_id], state.orders.get(client_id)
        if known is None and not client_id.startswith(OURS):
            continue  # somebody else's: shown, counted as exposure, none of our business
        if known is None or known.phase is Phase.CLOSED:
            text = f"order {client_id} is open at the venue, not here"
            kind = Kind.ORDER_THERE if known is None else Kind.CORRECTED
            yield _of_order(client_id, kind, line.instrument, ("not open", "open"), text)
    for client_id, line in sorted(lines.items()):
        order = state.orders.open.get(client_id)
        if order is None:
            continue
        if order.filled != line.filled:
            figures = (f"{plain(order.filled)} filled", f"{plain(line.filled)} filled")
            text = f"order {client_id}: {figures[0]} here, {plain(line.filled)} at the venue"
            yield _of_order(client_id, Kind.FILLED, line.instrument, figures, text)
        elif _contradicts(order, line):
            intent = order.intent
            figures = (f"{intent.quantity} @ {intent.price}", f"{line.quantity} @ {line.price}")
            text = f"order {client_id}: {figures[0]} here, {figures[1]} at the venue"
            yield _of_order(client_id, Kind.CORRECTED, line.instrument, figures, text)


def gates_of(state: Account, asset: str) -> tuple[str, ...]:
    """What may not be opened while this asset's balance is in doubt."""
    if asset == state.quote:
        return (ACCOUNT,)
    return tuple(i for i, pair in state.instruments.items() if asset in (pair.base, pair.quote))


def _of_order(client_id: str, kind: Kind, instrument: str, figures: tuple[str, str], text: str) -> Difference:
    subject = f"order {client_id[-SHORT:]}"
    return _difference(f"order:{client_id}", kind, subject, figures, (instrument,), text)


def _difference(
    name: str, kind: Kind, subject: str, figures: tuple[str, str], closes: tuple[str, ...], text: str = ""
) -> Difference:
    here, venue = figures
    text = text or f"{subject}: {here} here, {venue} at the venue"
    return Difference(name=name, kind=kind, subject=subject, here=here, venue=venue, closes=closes, text=text)
