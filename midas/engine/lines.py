"""One line of text for each decision that a person should see: the same words on screen and in reports.

Who, what and how much come first, so that a narrow pane cuts only the details.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from midas.domain.decision import (
    Adjusted,
    Anomaly,
    BreakerMoved,
    DayClosed,
    Decision,
    FillBooked,
    GateMoved,
    LimitsChanged,
    LossesAccepted,
    ModeChanged,
    Noted,
    OrderBlocked,
    OrderMoved,
    OrderPlanned,
    Reconciled,
    RegimeChanged,
    StopMoved,
    TargetRefused,
    TriggerMoved,
    TrustMoved,
)
from midas.domain.money import plain
from midas.domain.order import OrderIntent
from midas.domain.verdict import once
from midas.state.state import State

Line = tuple[str, str, str]  # kind, severity, text


def lines(decision: Decision, state: State) -> Line | None:
    """(kind, severity, text), or None for what has a pane of its own."""
    writer = _WRITERS.get(type(decision))
    return writer(decision, state) if writer else None


def _planned(d: OrderPlanned, state: State) -> Line:
    i = d.intent
    price = f" @ {plain(i.price)}" if i.price is not None else ""
    price += f" once at {plain(i.stop_price)}" if i.stop_price is not None else ""
    name = state.instruments[i.instrument].name
    replaces = f", replaces {i.replaces[-4:]}" if i.replaces else ""
    what = f"{i.side.value} {plain(i.quantity)} {name}{price} {i.type.value} {i.strategy}"
    return (
        "ORDER",
        "info",
        f"{i.client_id[-4:]} {what}{replaces}",
    )


def _fill(d: FillBooked, state: State) -> Line:
    how = "maker" if d.maker else "taker"
    name = state.instruments[d.instrument].name
    text = (
        f"{d.client_id[-4:]} {d.side.value} {plain(d.quantity)} {name} @ {plain(d.price)} {how} {d.strategy}"
    )
    return "FILL", "info", text


def _moved(d: OrderMoved, state: State) -> Line:
    detail, order = f": {d.detail}" if d.detail else "", state.orders.get(d.client_id)
    if d.after not in ("UNKNOWN", "REJECTED") or order is None:
        return "ORDER", "info", f"{d.client_id[-4:]} {d.before} -> {d.after}{detail}"
    return "ORDER", "warn", f"{d.client_id[-4:]} {d.after} {_what(order.intent, state)}{detail}"


def _refused(d: TargetRefused, state: State) -> Line:
    target, limits = d.target, ", ".join(b.limit for b in d.breaches)
    what = f"{target.strategy} {state.instruments[target.instrument].name} to {plain(target.quantity)}"
    return "RISK", "info", f"{what} refused ({limits}): {'; '.join(once(b.sentence for b in d.breaches))}"


def _blocked(d: OrderBlocked, state: State) -> Line:
    what = f"{d.intent.strategy} {_what(d.intent, state)}"
    return "RISK", "info", f"{what} blocked ({d.breach.limit}): {d.breach.sentence}"


def _anomaly(d: Anomaly, state: State) -> Line:
    return "ANOMALY", "warn", f"{d.kind.replace('_', ' ')} {d.subject[-4:]}: {d.detail}"


def _mode(d: ModeChanged, state: State) -> Line:
    if d.before == d.after:
        return "MODE", "warn", f"{d.after} kept by {d.by}: only a person ends it"
    return "MODE", "warn", f"{d.before} -> {d.after} by {d.by}: {d.cause}"


def _trigger(d: TriggerMoved, state: State) -> Line:
    if d.ends:
        return "TRIGGER", "warn", f"{d.cause}; ends with {d.ends}"
    return "TRIGGER", "info", f"ended: {d.cause}"


def _losses(d: LossesAccepted, state: State) -> Line:
    what = ", ".join(name.removesuffix("_stop") for name in d.names)
    return "RISK", "warn", f"losses accepted by {d.by}: {what} measured from {d.equity:,.2f} {state.quote}"


def _day(d: DayClosed, state: State) -> Line:
    of = "the day" if d.made.days == 1 else f"{d.made.days} days"
    return "DAY", "info", f"{of} closed with {d.made.value:+.2%}"


def _stop(d: StopMoved, state: State) -> Line:
    return "STOP", "info", f"{d.strategy} {state.instruments[d.instrument].name} {d.why}"


def _breaker(d: BreakerMoved, state: State) -> Line:
    severity = "warn" if d.after == "open" else "info"
    return "BREAKER", severity, f"{d.component} {d.before} -> {d.after}: {d.reason} ({d.effect})"


def _trust(d: TrustMoved, state: State) -> Line | None:
    monitor, whose = d.monitor, d.strategy or "the desk"
    if monitor.degraded and monitor.calm_days:
        return None  # a day nearer to its end: the panel counts them
    word = "don't come true" if monitor.degraded else "are trusted again"
    return "CALIBRATION", "warn" if monitor.degraded else "info", f"chances of {whose} {word}: {d.cause}"


def _regime(d: RegimeChanged, state: State) -> Line:
    name = state.instruments[d.instrument].name
    return (
        "REGIME",
        "info",
        f"{name} {d.before} -> {d.regime.label.value} (ADX {d.regime.adx:.0f}, stress {d.regime.stress:.0f})",
    )


def _gate(d: GateMoved, state: State) -> Line:
    by = f" by {d.by}" if d.by else ""
    if d.closed:
        return "GATE", "warn", f"{d.scope} closed{by}: {d.reason}"
    return "GATE", "info", f"{d.scope} open again{by}; it was closed: {d.reason}"


def _limits(d: LimitsChanged, state: State) -> Line:
    return "RISK", "warn" if d.looser else "info", f"limits changed by {d.by}: {', '.join(d.changes)}"


def _note(d: Noted, state: State) -> Line:
    return d.kind, d.severity, d.text


def _reconciled(d: Reconciled, state: State) -> Line | None:
    if d.equal and d.purpose == "audit":
        return None
    told = [*d.differences, *(f"{text}, which moved meanwhile: looked at again" for text in d.undecided)]
    text = "; ".join(told) or "orders, balances and trades equal"
    return "ACCOUNT", "warn" if d.differences else "info", f"{d.purpose} pass: {text}"


def _adjusted(d: Adjusted, state: State) -> Line:
    by = f" by {d.by}" if d.by else ""
    if d.strategy:
        return (
            "ACCOUNT",
            "warn",
            f"{plain(d.position)} of {d.name} taken out of its book at {plain(d.price)}{by}",
        )
    price = f" at {plain(d.price)} ({d.price_source})" if d.price else ""
    sign = "+" if d.amount > 0 else ""
    booked = f"{sign}{plain(d.amount)} {d.asset}{price}" if d.amount else d.name
    was = f": {d.here} here, {d.venue} at the venue" if d.here else ""
    return "ACCOUNT", "warn", f"{d.kind.replace('_', ' ')} {booked}{by}{was}"


def _what(intent: OrderIntent, state: State) -> str:
    return f"{intent.side.value} {plain(intent.quantity)} {state.instruments[intent.instrument].name}"


_WRITERS: dict[type, Callable[[Any, State], Line | None]] = {
    OrderPlanned: _planned,
    FillBooked: _fill,
    OrderMoved: _moved,
    TargetRefused: _refused,
    OrderBlocked: _blocked,
    Anomaly: _anomaly,
    ModeChanged: _mode,
    TriggerMoved: _trigger,
    LossesAccepted: _losses,
    DayClosed: _day,
    StopMoved: _stop,
    BreakerMoved: _breaker,
    TrustMoved: _trust,
    RegimeChanged: _regime,
    GateMoved: _gate,
    LimitsChanged: _limits,
    Noted: _note,
    Reconciled: _reconciled,
    Adjusted: _adjusted,
}
