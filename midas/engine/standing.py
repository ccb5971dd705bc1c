"""How the account stands: what is held by whom, and how far the losses are from where the engine acts."""

from __future__ import annotations

from midas.domain.limits import Limits
from midas.domain.order import Side
from midas.risk.exposure import worst_case
from midas.state.snapshot import ExposureView, TriggerView
from midas.state.state import State

NAN = float("nan")


def exposures(state: State, limits: Limits) -> tuple[ExposureView, ...]:
    """Every instrument and every strategy that holds or asks for something; NaN while equity has no price."""
    equity = state.equity()
    shares = worst_case(state, limits.assets).by_instrument
    held: dict[tuple[str, str], float] = {}
    asked: dict[tuple[str, str], float] = {}
    for sleeve in state.sleeves():
        value = float(sleeve.quantity) * state.markets[sleeve.instrument].mark if sleeve.quantity else 0.0
        for key in (("instrument", sleeve.instrument), ("strategy", sleeve.strategy)):
            held[key] = held.get(key, 0.0) + value
    for order in state.orders.open.values():
        intent = order.intent
        if intent.side is Side.BUY:
            value = float(order.leaves) * state.markets[intent.instrument].mark
            for key in (("instrument", intent.instrument), ("strategy", intent.strategy)):
                asked[key] = asked.get(key, 0.0) + value
    instruments = [("instrument", i) for i in state.instruments]
    strategies = sorted(key for key in held.keys() | asked.keys() if key[0] == "strategy")
    rows = []
    for scope, name in [*instruments, *strategies]:
        value, working = held.get((scope, name), 0.0), asked.get((scope, name), 0.0)
        worst = shares.get(name, NAN) if scope == "instrument" else _share(value + working, equity)
        maximum = limits.position_max if scope == "instrument" else NAN
        rows.append(ExposureView(scope, name, value, _share(value, equity), working, worst, maximum))
    return tuple(rows)


def triggers(state: State, limits: Limits) -> tuple[TriggerView, ...]:
    """The losses at which the guardian acts, as levels of equity, the first to fire on top."""
    equity, day = state.equity(), state.day_equity
    day_loss = max(1.0 - equity / day, 0.0) if day > 0.0 else NAN
    peak = state.equity_peak
    rows = (
        ("drawdown_defensive", "drawdown", state.drawdown, limits.drawdown_defensive, peak, "DEFENSIVE mode"),
        ("drawdown_stop", "drawdown", state.drawdown, limits.drawdown_stop, peak, "closes every position"),
        ("day_stop", "day's loss", day_loss, limits.daily_loss_stop, day, "closes every position"),
    )
    views = [
        TriggerView(name, title, value, maximum, base * (1 - maximum), equity - base * (1 - maximum), action)
        for name, title, value, maximum, base, action in rows
        if base > 0.0
    ]
    return tuple(sorted(views, key=lambda view: -view.equity))


def _share(value: float, equity: float) -> float:
    return value / equity if equity > 0.0 else NAN
