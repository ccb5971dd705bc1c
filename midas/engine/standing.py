"""How the account stands: what is held by whom, and how far the losses are from where the engine acts."""

from __future__ import annotations

from math import inf

from midas.agents.covers import Cover, covers
from midas.domain.breakers import EFFECTS, BreakerRules, Component, Phase
from midas.domain.limits import Assets, Limits
from midas.domain.money import plain
from midas.domain.order import Side
from midas.domain.regulation import RegulationRules
from midas.domain.triggers import TriggerRules
from midas.risk.exposure import worst_case
from midas.risk.regulation import counted, free_of_day_trades, margin, waiting
from midas.risk.tail import held
from midas.risk.triggers import DEFENSIVE, SHARE, STOP, readings
from midas.state.state import State
from midas.state.views.orders import StopView
from midas.state.views.risk import BreakerView, ExposureView, RegulationView, TriggerView

NAN = float("nan")
WATCHED = (Component.PRICES, Component.BROKER, Component.JOURNAL, Component.CLOCK)
PHASES = [Phase.OPEN.value, Phase.HALF_OPEN.value, Phase.CLOSED.value]
ACTIONS = {DEFENSIVE: "DEFENSIVE mode", STOP: "closes every position"}


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


def triggers(state: State, rules: TriggerRules) -> tuple[TriggerView, ...]:
    """Where the guardian acts by itself: losses as levels of equity, the next one on top, then the rest."""
    equity, active = state.equity(), state.budgets.active
    views = []
    for reading in readings(state, rules):
        level = reading.base * (1.0 - reading.threshold) if reading.base > 0.0 else NAN
        if reading.unit == SHARE and level != level:
            continue
        views.append(
            TriggerView(
                reading.name, reading.title, reading.value, reading.threshold, level, equity - level,
                ACTIONS[reading.acts], reading.unit, reading.name in active, reading.ends, reading.below,
            )
        )  # fmt: skip
    return tuple(sorted(views, key=lambda view: -view.equity if view.equity == view.equity else inf))


def breakers(state: State, rules: BreakerRules) -> tuple[BreakerView, ...]:
    """Every circuit breaker, those that aren't closed on top."""
    views = [
        BreakerView(
            component.value, breaker.phase.value, breaker.since, breaker.reason, EFFECTS[component].value,
            component in WATCHED or component in state.breakers.words, breaker.opened,
            rules.patience(component), rules.probe,
            breaker.since + rules.probe if breaker.phase is Phase.HALF_OPEN else 0,
        )
        for component, breaker in state.breakers.all.items()
    ]  # fmt: skip
    return tuple(sorted(views, key=lambda view: PHASES.index(view.phase)))


def stops(state: State) -> tuple[StopView, ...]:
    """What closes every open position, the most naked one on top."""
    views = [_stop(state, cover) for cover in covers(state)]
    return tuple(sorted(views, key=lambda view: -view.naked if view.naked == view.naked else -inf))


def _stop(state: State, cover: Cover) -> StopView:
    kept, sleeve = cover.stop, state.ledger.sleeve(cover.strategy, cover.instrument)
    level = float(cover.level) if cover.level else NAN
    risk = float(cover.quantity) * max(cover.mark - level, 0.0) * cover.rate if cover.level else NAN
    return StopView(
        cover.strategy, cover.instrument, float(cover.quantity), float(sleeve.average_price), level,
        kept.kind if kept is not None else "none", cover.distance, float(cover.resident), cover.naked, risk,
        _trouble(state, cover),
    )  # fmt: skip


def _trouble(state: State, cover: Cover) -> str:
    """Why some of a position has no stop at the venue, also where that is on its way."""
    told = state.stops.troubles.get(cover.key, "")
    if told or not cover.naked > 0.0:
        return told
    if state.recovering:
        return "the account is being compared: stops are placed after it"
    if cover.stop is None:
        return "no rule in [risk.stops] gives it a stop"
    if not cover.level:
        return "its stop waits for a price to stand at"
    if state.orders.exits(*cover.key):
        return "an exit is being worked; its stop makes room and comes back for what is left"
    if cover.resident:
        there = f"{plain(cover.resident)} of {plain(cover.quantity)}"
        return f"its stop covers {there}: it was filled in parts, and a larger one follows within seconds"
    return "it was just filled: its stop is on its way to the venue"


def _share(value: float, equity: float) -> float:
    return value / equity if equity > 0.0 else NAN


def regulation(state: State, rules: RegulationRules, assets: Assets) -> RegulationView:
    """Day trades and margin of a margin account; nothing to count elsewhere."""
    limited = rules.margin and bool(rules.leverage)
    used = margin(rules, held(state, assets, state.equity()), assets, state) if limited else NAN
    table = tuple(rules.leverage.items()) if limited else ()
    if not rules.counts_day_trades:
        return RegulationView(rules.margin, margin_used=used, leverage=table)
    return RegulationView(
        rules.margin, True, counted(rules, assets, state), len(waiting(assets, state)), rules.day_trades_max,
        free_of_day_trades(rules, state), used, table,
    )  # fmt: skip
