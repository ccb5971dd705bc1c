"""What the venue states about its instruments, and what of that changes while a session runs."""

from __future__ import annotations

from typing import Protocol

from midas.domain.decision import Decision, Noted
from midas.domain.event import RulesRead
from midas.domain.instrument import Instrument
from midas.domain.money import plain
from midas.state.alerts import Alerts
from midas.state.market import InstrumentMarket

_RULES = {
    "tick_size": "tick",
    "lot_size": "lot",
    "quantity_min": "least quantity",
    "quantity_max": "greatest quantity",
    "notional_min": "least value",
}


class Listed(Protocol):
    """The part of the state that the venue's rules touch."""

    instruments: dict[str, Instrument]
    markets: dict[str, InstrumentMarket]
    alerts: Alerts
    halted: dict[str, str]
    relisted: dict[str, Instrument]
    derived: dict[str, object]


def relisted(state: Listed, read: RulesRead) -> list[Decision]:
    """New orders follow the rules as they are now; those that stand are left alone."""
    known = state.instruments.get(read.name)
    if known is None:
        return []
    told = _trading(state, known, read.status)
    changes = _changes(known, read.listed) if read.listed is not None else []
    if read.listed is not None and changes:
        state.instruments[read.name] = state.relisted[read.name] = read.listed
        state.markets[read.name].relist(read.listed)
        state.alerts.relist(read.listed)
        state.derived.clear()  # it may know the rules as they were
        text = f"{known.name}: the venue changed its rules: {', '.join(changes)}; new orders follow them"
        told.append(Noted("RULES", "warn", text))
    return told


def _trading(state: Listed, instrument: Instrument, status: str) -> list[Decision]:
    """No new risk where the venue takes no orders."""
    if not status:
        ended = state.halted.pop(instrument.id, "")
        return [Noted("RULES", "info", f"{instrument.name} trades again")] if ended else []
    reason = f"{instrument.name} doesn't trade at the venue ({status})"
    if state.halted.get(instrument.id) == reason:
        return []
    state.halted[instrument.id] = reason
    return [Noted("RULES", "warn", f"{reason}: nothing new is opened there until it does")]


def _changes(old: Instrument, new: Instrument) -> list[str]:
    return [
        f"{word} {plain(getattr(old, field))} -> {plain(getattr(new, field))}"
        for field, word in _RULES.items()
        if getattr(old, field) != getattr(new, field)
    ]
