"""What a desk and its venue don't agree on at one moment: once nothing goes wrong any more, nothing."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from midas.domain.instrument import Instrument
from midas.domain.mode import KillLevel
from midas.domain.money import ZERO
from midas.domain.order import Phase, Purpose
from midas.simulation.invariants import unprotected
from midas.simulation.venue import Venue
from midas.state.state import State

MONEY = "I1: "


def differences(state: State, venue: Venue, over: bool, busy: bool) -> Iterator[str]:
    """I1 and I9. `over`: it was stopped; `busy`: hands were at it, and what they moved is looked at, too."""
    for order in state.orders.open.values():
        if order.unknown:
            yield f"{order.intent.client_id} is UNKNOWN"
    here = {i for i, o in state.orders.open.items() if o.phase is Phase.WORKING}
    there = {venue.name(o) for o in venue.open_orders}
    for client_id in sorted(there - here):
        if client_id.startswith("md-"):
            yield f"{client_id} is open at the venue alone"
    for client_id in sorted(here - there):
        yield f"{client_id} is open here alone"
    if not over:
        yield from unprotected(state)
    for pair in venue.pairs:
        held = sum((s.quantity for s in state.sleeves() if s.instrument == pair.id), ZERO)
        held -= state.adjustments.get(pair.id, ZERO)
        bought = _bought(venue, pair)
        if held != bought:
            yield f"{MONEY}{pair.name} {held} here, {bought} by the venue's trades"
    if busy and not over:
        yield from _moved(state, venue)
        yield from _spared(state)


def _bought(venue: Venue, pair: Instrument) -> Decimal:
    deals = (d for d in venue.deals if d.symbol == pair.symbol)
    return sum(
        (d.side.sign * d.quantity - (d.fee if d.fee_asset == pair.base else ZERO) for d in deals), ZERO
    )


def _moved(state: State, venue: Venue) -> Iterator[str]:
    """Balances to the last digit, and nothing that still differs."""
    for found in state.breaks.open():
        yield f"it still differs: {found.text}"
    for asset, balance in venue.account.balances.items():
        known, there = state.ledger.balances.get(asset, ZERO), balance.free + balance.locked
        if known != there:
            yield f"{MONEY}{known} {asset} here, {there} at the venue"


def _spared(state: State) -> Iterator[str]:
    """What stands under the kill of a scope above `halt`."""
    closed = {g.scope: g.level for g in state.control.gates.values() if g.level}
    for order in state.orders.open.values():
        intent = order.intent
        for scope in state.scopes(intent.strategy, intent.instrument) if closed else ():
            level = closed.get(scope, KillLevel.HALT.value)
            if level != KillLevel.HALT.value and intent.purpose is not Purpose.FLATTEN:
                yield f"{intent.client_id} stands under a kill of {scope} at level {level}"
