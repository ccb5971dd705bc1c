"""Looks at tail risk once a minute and after trades; forecasts at multiples of a horizon, and settles it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from math import fsum

from midas.domain.decision import Decision, TailMoved
from midas.domain.limits import Assets
from midas.domain.market import Bar
from midas.domain.tail import TailForecast, TailOutcome
from midas.domain.time import SECOND
from midas.risk.tail import Held, TailDesk, TailFigures
from midas.state.state import State
from midas.statistics.stress import Stressed

TRADED = 5 * SECOND  # wall time between two computations while positions change
NOTHING: tuple[Decision, ...] = ()
LATE = 20  # a forecast counts only within this part of its horizon: later its outcome is half known


class TailWatch:
    """Decides nothing: its forecasts are evidence of what its figures are worth."""

    def __init__(self, desk: TailDesk) -> None:
        self.desk = desk
        self._held: Held | None = None  # what the figures are about, worked out where somebody looks
        self._figures: dict[int, TailFigures] | None = {}
        self._looked_at = 0
        self._balances: dict[str, Decimal] = {}  # what was held then
        self._seen: dict[int, int] = {}
        self._looked = (-1, -1)  # closes and record of the last look

    @property
    def figures(self) -> dict[int, TailFigures]:
        """By horizon, of what was held when it was last looked; another object after every look."""
        if self._figures is None:
            held = self._held
            assert held is not None
            self._figures = {h: self.desk.figures(h, held) for h in self.desk.rules.horizons}
        return self._figures

    def stress(self, state: State) -> tuple[Stressed, ...]:
        """The same holdings in every scenario."""
        return self.desk.stress(self._held, state) if self._held is not None else ()

    def bar(self, bar: Bar, state: State, assets: Assets) -> Sequence[Decision]:
        """At a multiple of a horizon, once every instrument's bar is in: a fast market waits for no tick."""
        if bar.synthetic:
            return NOTHING
        closes, time = state.closes, bar.time
        for horizon in self.desk.rules.horizons:
            if not time % horizon and closes.has(state.instruments, horizon, time):
                return self.tick(bar.at, state, assets)
        return NOTHING

    def tick(self, at: int, state: State, assets: Assets) -> Sequence[Decision]:
        """Once a second of wall time."""
        due = self._due(at, state)
        if not due and self._looked == (state.closes.version, state.tail.version):
            return NOTHING  # no price has come, and no forecast is another one
        if state.recovering or not state.ledger.opened:
            return NOTHING
        held = self.desk.held(state, assets)
        if not held.equity > 0.0:
            return NOTHING
        pending, made, newest = state.tail.pending, list[Decision](), state.closes.newest
        fresh = self._fresh(state)
        if fresh or due:
            self._look(at, state, held)
        for horizon in self.desk.rules.horizons:
            expected, outcome = pending.get(horizon), None
            if expected is not None:
                outcome = _outcome(expected, horizon, state)
                if outcome is None and newest.get(horizon, 0) <= expected.due:
                    continue  # it waits
            elif horizon not in fresh:
                continue
            forecast = self._forecast(horizon, state) if horizon in fresh else None
            if outcome is None and forecast is None and expected is None:
                continue
            moved = TailMoved(horizon, outcome, forecast)
            state.tail.moved(moved)
            made.append(moved)
        self._looked = state.closes.version, state.tail.version
        return made

    def _due(self, at: int, state: State) -> bool:
        """Whether the figures are too old for what is held; the clock may have been set back."""
        age, every = at - self._looked_at, self.desk.rules.every
        if 0 <= age < min(TRADED, every):
            return False
        return not 0 <= age < (TRADED if self._balances != state.ledger.balances else every)

    def _look(self, at: int, state: State, held: Held) -> None:
        self._looked_at, self._balances = at, dict(state.ledger.balances)
        self._held, self._figures = held, None

    def _fresh(self, state: State) -> Sequence[int]:
        """The horizons at a multiple of which a bar of ours has just closed."""
        newest, seen = state.closes.newest, self._seen
        if newest == seen:
            return ()
        self._seen, now = newest.copy(), max([market.time for market in state.markets.values()])
        return [h for h, time in newest.items() if time != seen.get(h, 0) and now - time <= h // LATE]

    def _forecast(self, horizon: int, state: State) -> TailForecast | None:
        """Of what is held now until the next multiple; a flat account forecasts nothing."""
        held = self._held
        if held is None or not held.weights:
            return None
        risk = self.desk.risk(horizon, held)
        if not risk.known:
            return None
        prices = {name: state.markets[name].mark for name in held.weights}
        due = state.closes.newest[horizon] + horizon
        return TailForecast(due, dict(held.weights), prices, risk.value_at_risk, risk.expected_shortfall)


def _outcome(pending: TailForecast, horizon: int, state: State) -> TailOutcome | None:
    """What became of a forecast; None where a price of its day is missing."""
    parts = list[float]()
    for name, weight in pending.weights.items():
        close = state.closes.at(name, horizon, pending.due)
        if close is None:
            return None
        parts.append(weight * (close / pending.prices[name] - 1.0))
    return TailOutcome(pending.due, -fsum(parts), pending.value_at_risk, pending.expected_shortfall)
