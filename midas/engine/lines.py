"""One line of text for each decision that a person should see: the same words on screen and in reports."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from midas.domain.decision import (
    Anomaly,
    Decision,
    FillBooked,
    GateMoved,
    ModeChanged,
    Noted,
    OrderBlocked,
    OrderMoved,
    OrderPlanned,
    Reconciled,
    RegimeChanged,
    TargetRefused,
)
from midas.domain.money import plain
from midas.state.state import State

Line = tuple[str, str, str]  # kind, severity, text


def lines(decision: Decision, state: State) -> Line | None:
    """(kind, severity, text), or None for what has a pane of its own."""
    writer = _WRITERS.get(type(decision))
    return writer(decision, state) if writer else None


def _planned(d: OrderPlanned, state: State) -> Line:
    i = d.intent
    price = f" @ {plain(i.price)}" if i.price is not None else ""
    name = state.instruments[i.instrument].name
    return (
        "ORDER",
        "info",
        f"{i.client_id[-4:]} {i.side.value} {plain(i.quantity)} {name}{price} {i.type.value} {i.strategy}",
    )


def _fill(d: FillBooked, state: State) -> Line:
    how = "maker" if d.maker else "taker"
    name = state.instruments[d.instrument].name
    text = (
        f"{d.client_id[-4:]} {d.side.value} {plain(d.quantity)} {name} @ {plain(d.price)} {how} {d.strategy}"
    )
    return "FILL", "info", text


def _moved(d: OrderMoved, state: State) -> Line:
    severity = "warn" if d.after in ("UNKNOWN", "REJECTED") else "info"
    return (
        "ORDER",
        severity,
        f"{d.client_id[-4:]} {d.before} -> {d.after}" + (f": {d.detail}" if d.detail else ""),
    )


def _refused(d: TargetRefused, state: State) -> Line:
    sentences = "; ".join(b.sentence for b in d.breaches)
    return "RISK", "warn", f"{d.target.strategy} refused: {sentences}"


def _blocked(d: OrderBlocked, state: State) -> Line:
    return "RISK", "warn", f"{d.intent.strategy} order blocked: {d.breach.sentence}"


def _anomaly(d: Anomaly, state: State) -> Line:
    return "ANOMALY", "warn", f"{d.kind} {d.subject[-6:]}: {d.detail}"


def _mode(d: ModeChanged, state: State) -> Line:
    return "MODE", "warn", f"{d.before} -> {d.after} by {d.by}: {d.cause}"


def _regime(d: RegimeChanged, state: State) -> Line:
    name = state.instruments[d.instrument].name
    return (
        "REGIME",
        "info",
        f"{name} {d.before} -> {d.regime.label.value} (ADX {d.regime.adx:.0f}, stress {d.regime.stress:.0f})",
    )


def _gate(d: GateMoved, state: State) -> Line:
    return (
        "GATE",
        "warn" if d.closed else "info",
        f"{d.scope} {'closed' if d.closed else 'open again'}: {d.reason}",
    )


def _note(d: Noted, state: State) -> Line:
    return d.kind, d.severity, d.text


def _reconciled(d: Reconciled, state: State) -> Line | None:
    if d.equal and d.purpose == "audit":
        return None
    text = "orders, balances and trades equal" if d.equal else "; ".join(d.differences)
    return "ACCOUNT", "info" if d.equal else "warn", f"{d.purpose} pass: {text}"


_WRITERS: dict[type, Callable[[Any, State], Line | None]] = {
    OrderPlanned: _planned,
    FillBooked: _fill,
    OrderMoved: _moved,
    TargetRefused: _refused,
    OrderBlocked: _blocked,
    Anomaly: _anomaly,
    ModeChanged: _mode,
    RegimeChanged: _regime,
    GateMoved: _gate,
    Noted: _note,
    Reconciled: _reconciled,
}
