"""What an engine that has ended left at the venue, as the journal of its last session tells it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from midas.cli.absence import span
from midas.domain.carry import Carried, OrderCarried, SleeveCarried
from midas.domain.instrument import Instrument
from midas.domain.money import ZERO, floor_to, plain
from midas.domain.order import Phase, Purpose
from midas.domain.time import iso
from midas.errors import MidasError
from midas.store import sessions
from midas.store.latch import LATCH, KillLatch
from midas.store.survey import Condition, Reading, Survey

SHORT = 4  # characters of a client id that a person reads
TRIED = 3  # sessions from the newest on: one that a start broke off holds nothing yet
EXTERNAL = "external"  # the sleeve of what no order of ours explains


class OrderLeft(msgspec.Struct, frozen=True):
    """An order of ours that was open when the journal ended."""

    id: str
    short_id: str
    instrument: str
    side: str
    quantity: Decimal  # that hasn't filled
    price: Decimal  # its trigger, where it is a stop; 0: none
    strategy: str
    why: str = ""  # nobody has proven what became of it


class PositionLeft(msgspec.Struct, frozen=True):
    """What a strategy held; `naked` is what no stop at the venue sells."""

    instrument: str
    strategy: str
    quantity: Decimal
    naked: Decimal
    stops: tuple[str, ...]  # short ids of those that rest
    level: Decimal = ZERO  # of its stop as the engine knew it, wherever it stood; 0: none
    dust: bool = False  # too little to be sold
    gone: bool = False  # not for its size: it isn't in the account any more


class Leavings(msgspec.Struct, frozen=True):
    """Positions, the stops that rest, and orders whose end nobody has proven.

    Of an engine that was killed the orders that worked, too: nobody withdrew them, and the next start takes
    them over.
    """

    session: str
    positions: tuple[PositionLeft, ...] = ()
    stops: tuple[OrderLeft, ...] = ()
    unproven: tuple[OrderLeft, ...] = ()
    unknown: str = ""  # why the journal can't tell
    working: tuple[OrderLeft, ...] = ()
    last_at: int = 0  # wall time of its last record
    unended: bool = False  # it just stopped: no farewell, no seal
    next: str = ""  # what the next start does with an unended one


def leavings(home: Path) -> Leavings:
    """Of the newest session in this home that took a step; says why where that can't be read."""
    from midas.assembly.inherit import left_by  # all that folds a journal: not for a command that needs none

    name = ""
    try:
        all_ = (home / sessions.SESSIONS / name for name in reversed(sessions.begun(home)))
        for directory in islice((each for each in all_ if Reading(each).begun), TRIED):
            name = directory.name
            found = left_by(directory)
            if found.carried.from_session:
                latched = KillLatch(home / LATCH).is_set
                return left(found.carried, found.instruments, found.found, latched)
    except (MidasError, msgspec.MsgspecError, OSError) as error:
        return Leavings(name, unknown=str(error))
    return Leavings(name)


def left(
    carried: Carried, instruments: tuple[Instrument, ...], found: Survey | None = None, latched: bool = False
) -> Leavings:  # fmt: skip
    """From what the next session would inherit; `found`: how its journal ended, if not by a seal."""
    opens = "stays stopped by the kill latch" if latched else f"opens in mode {carried.mode} once both agree"
    unended = found is not None and not found.sealed
    known = {i.id: i for i in (*instruments, *carried.relisted)}
    resting = [order for order in carried.orders if _rests(order)]
    positions = [
        _position(sleeve, [o for o in resting if _of(o, sleeve)], carried, known.get(sleeve.instrument))
        for sleeve in carried.sleeves if sleeve.quantity
    ]  # fmt: skip
    working = [o for o in carried.orders if unended and _works(o) and o not in resting]
    return Leavings(
        carried.from_session, tuple(positions), tuple(_order(order) for order in resting),
        tuple(_order(o, _doubt(o)) for o in carried.orders if o not in resting and o not in working),
        working=tuple(_order(order) for order in working), last_at=found.at if found is not None else 0,
        unended=unended, next=_next(found, opens) if found is not None and unended else "",
    )  # fmt: skip


def rows(found: Leavings) -> Iterator[tuple[str, str]]:
    """Word and text of each line, for a person."""
    if found.unended and found.last_at:
        ago = span(time.time_ns() - found.last_at)
        yield "ended", f"without a farewell: killed, or the machine stopped; last alive {ago} ago"
        yield "", f"({iso(found.last_at)}, the last record of session {found.session})"
    if found.unknown:
        yield "left", f"not known, the journal can't be read: {found.unknown}"
    elif not found.session:
        return
    elif not (found.positions or found.stops or found.unproven or found.working):
        yield "left", f"session {found.session} left no position, and no order of ours at the venue"
    else:
        yield "left", f"at the end of session {found.session}, as its journal tells it:"
        yield from (("position", _held(each)) for each in found.positions)
        for each in found.stops:
            yield "stop", f"{_shown(each)} rests at the venue, at {plain(each.price)}, and works without us"
        for each in found.working:
            price = f" @ {plain(each.price)}" if each.price else ""
            yield "order", f"{_shown(each)}{price} worked at the venue and nobody withdrew it"
        does = "the next start asks the venue" if found.unended else "look for it at the venue"
        for each in found.unproven:
            yield "UNPROVEN", f"{_shown(each)} isn't proven gone ({each.why}): {does}"
    if found.next:
        yield "next", f"a start {found.next}"


def facts(found: Leavings) -> dict[str, object]:
    """The same for a program."""
    told: dict[str, object] = _plain(msgspec.to_builtins(found, builtin_types=(Decimal,)))
    return told


def _plain(value: Any) -> Any:
    """No exponent in any figure."""
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


def _next(found: Survey, opens: str) -> str:
    """What a start does with a journal that nobody ended, and how it `opens` then."""
    if found.condition is Condition.DAMAGED:
        return "is refused, for more than its end is damaged: `midas repair` says what"
    asks = f"takes it over, asks the venue what became of the orders, and {opens}"
    if found.condition is Condition.TORN:
        lost = f"; {found.lost} written ones are gone" if found.lost else ""
        return f"cuts its torn end off (record {found.records:,} is the last good one{lost}), {asks}"
    return asks


def _works(order: OrderCarried) -> bool:
    return order.phase == Phase.WORKING.value and not order.unknown_since


def _rests(order: OrderCarried) -> bool:
    return _works(order) and order.intent.purpose is Purpose.STOP


def _of(order: OrderCarried, sleeve: SleeveCarried) -> bool:
    return (order.intent.strategy, order.intent.instrument) == (sleeve.strategy, sleeve.instrument)


def _doubt(order: OrderCarried) -> str:
    if order.unknown_cause:
        return order.unknown_cause
    if order.phase == Phase.WORKING.value:
        return "it was open when the journal ended"
    return "it was on its way when the journal ended"


def _order(order: OrderCarried, why: str = "") -> OrderLeft:
    intent = order.intent
    price = intent.stop_price or intent.price or ZERO
    return OrderLeft(
        intent.client_id, intent.client_id[-SHORT:], _name(intent.instrument), intent.side.value,
        intent.quantity - order.filled, price, intent.strategy, why,
    )  # fmt: skip


def _position(
    sleeve: SleeveCarried, stops: list[OrderCarried], carried: Carried, pair: Instrument | None
) -> PositionLeft:
    resident = sum((o.intent.quantity - o.filled for o in stops), ZERO)
    # What was sold by no order that we know stands against it, and isn't there to be sold again.
    there = sum((each.quantity for each in carried.sleeves if each.instrument == sleeve.instrument), ZERO)
    most = min(sleeve.quantity, there)
    lots = floor_to(most, pair.lot_size) if pair is not None else most
    kept = {(each.strategy, each.instrument): each.level for each in carried.stops}
    least = max(pair.quantity_min, pair.lot_size) if pair is not None else ZERO
    small = _worthless(sleeve, pair)
    dust = lots < least or small
    gone = lots < least <= sleeve.quantity and not small
    return PositionLeft(
        _name(sleeve.instrument), sleeve.strategy, sleeve.quantity,
        ZERO if dust else max(lots - resident, ZERO),
        tuple(o.intent.client_id[-SHORT:] for o in stops),
        kept.get((sleeve.strategy, sleeve.instrument), ZERO), dust, gone,
    )  # fmt: skip


def _worthless(sleeve: SleeveCarried, pair: Instrument | None) -> bool:
    """By what it cost: the journal keeps no price."""
    return pair is not None and ZERO < sleeve.cost < pair.notional_min


def _held(each: PositionLeft) -> str:
    what = f"{each.instrument} {plain(each.quantity)} of {each.strategy}"
    if each.quantity < ZERO:
        return f"{what}: sold by no order that we know, so much less is there of the others'"
    if each.gone:
        return f"{what}: not in the account any more"
    if each.dust:
        return f"{what}: dust, too little to be sold"
    if each.strategy == EXTERNAL:
        return f"{what}: not ours, nothing protects it"
    stops = f"stop {', '.join(each.stops)}" if each.stops else "no stop"
    if not each.naked:
        return f"{what}: {stops} at the venue"
    how_much = f"{plain(each.naked)} of it NAKED" if each.stops else "NAKED"
    memory = f" (the one at {plain(each.level)} was in memory only)" if each.level and not each.stops else ""
    return f"{what}: {how_much}, {stops} at the venue{memory}"


def _shown(order: OrderLeft) -> str:
    whose = f"{order.side} {plain(order.quantity)} {order.instrument} of {order.strategy}"
    return f"{order.short_id} {whose}"


def _name(instrument: str) -> str:
    return instrument.partition(".")[0]
