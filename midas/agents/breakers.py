"""The circuit breakers: closed, open, half-open, judged once a second from what the state knows."""

from __future__ import annotations

from collections.abc import Iterator

from midas.domain.breakers import EFFECTS, BreakerRules, Component, Effect, Phase
from midas.domain.decision import BreakerMoved, Decision
from midas.domain.mode import Mode
from midas.domain.time import SECOND
from midas.state.breakers import Breaker
from midas.state.control import BREAKER, JOURNAL, TRIGGER
from midas.state.state import State

SILENT = 10 * SECOND  # of all streams together: no market is so quiet
WATCHED = frozenset({Component.PRICES, Component.BROKER, Component.JOURNAL})  # by what we see ourselves
PROVEN = "the broker has been back for a while"


class BreakerKeeper:
    """Moves the breakers and what hangs on them: one gate, and mode OBSERVATION."""

    def __init__(self, rules: BreakerRules) -> None:
        self.rules = rules
        self._judged: tuple[Component, ...] = ()  # that are watched or have spoken
        self._spoken = -1  # so many had

    def tick(self, at: int, state: State) -> Iterator[Decision]:
        """Once a second."""
        if state.recovering or state.closing:
            return
        breakers, control = state.breakers, state.control
        if len(breakers.words) != self._spoken:  # who never spoke isn't needed here
            self._judged = tuple(c for c in breakers.all if c in WATCHED or c in breakers.words)
            self._spoken = len(breakers.words)
        troubled = False
        for component in self._judged:
            trouble = self._trouble(component, state, at)
            if trouble[0] or breakers.held:
                troubled = True
                yield from self._judge(breakers.all[component], trouble, at)
        holding = breakers.holding() if troubled else []
        breakers.held = bool(holding)
        breakers.factor = self.rules.caution if _of(holding, Effect.CAUTION) else 1.0
        if not holding and BREAKER not in control.gates and control.mode is not Mode.OBSERVATION:
            return  # nothing is closed that could be opened: most seconds
        yield from self._gate(state, holding, at)
        yield from self._escalate(state, _of(holding, Effect.OBSERVATION), at)

    def _trouble(self, component: Component, state: State, at: int) -> tuple[str, int]:
        """(why it fails, since when); an empty reason where it works."""
        match component:
            case Component.PRICES:
                silent = state.feed_age
                if silent <= SILENT:
                    return "", 0
                return f"no market data for {_span(silent)}", at - silent
            case Component.BROKER:
                if state.user_up and not state.stream_doubt:
                    return "", 0
                since = state.user_down_at or state.stream_doubt or at
                return f"no user stream for {_span(at - since)}", since
            case Component.JOURNAL:
                gate = state.control.gates.get(JOURNAL)
                return (gate.reason, gate.since) if gate is not None else ("", 0)
        return self._told(component, state, at)

    def _told(self, component: Component, state: State, at: int) -> tuple[str, int]:
        """Of a component that speaks for itself: it failed, or hasn't spoken for too long."""
        word = state.breakers.words.get(component)
        if word is None:
            return "", 0
        if word.failing_since:
            return word.detail or "it fails", word.failing_since
        silent = at - word.good_at
        patience = self.rules.patience(component)
        return (f"silent for {_span(silent)}", word.good_at) if 0 < patience < silent else ("", 0)

    def _judge(self, breaker: Breaker, trouble: tuple[str, int], at: int) -> Iterator[BreakerMoved]:
        reason, since = trouble
        lasted = bool(reason) and at - since > self.rules.patience(breaker.component)
        match breaker.phase:
            case Phase.CLOSED if lasted:
                yield _move(breaker, Phase.OPEN, reason, at)
            case Phase.OPEN if not reason:
                yield _move(breaker, Phase.HALF_OPEN, f"back after {_span(at - breaker.since)}", at)
            case Phase.OPEN:
                breaker.reason = reason
            case Phase.HALF_OPEN if reason:
                yield _move(breaker, Phase.OPEN, reason, at)
            case Phase.HALF_OPEN if at - breaker.since >= self.rules.probe:
                yield _move(breaker, Phase.CLOSED, f"worked for {_span(self.rules.probe)}", at)

    def _gate(self, state: State, holding: list[Breaker], at: int) -> Iterator[Decision]:
        """One gate for all breakers that let nothing new be opened."""
        closing = _of(holding, Effect.NO_ENTRIES) + _of(holding, Effect.OBSERVATION)
        if closing:
            why = "; ".join(f"breaker {b.component.value} {b.phase.value}: {b.reason}" for b in closing)
            yield from state.control.close_gate(BREAKER, why, at)
        else:
            yield from state.control.open_gate(BREAKER)

    def _escalate(self, state: State, observing: list[Breaker], at: int) -> Iterator[Decision]:
        """R7.10: a part of the system fails for longer: signals go on, nothing is executed."""
        control = state.control
        lasting = [b for b in observing if at - b.opened_at >= self.rules.broker_escalates]
        if lasting and control.mode.safety < Mode.OBSERVATION.safety:
            cause = "; ".join(f"{b.component.value}: {b.reason}" for b in lasting)
            yield from control.set_mode(Mode.OBSERVATION, TRIGGER, cause, PROVEN, at)
            return
        ours = control.mode is Mode.OBSERVATION and control.by == TRIGGER and control.ends_when == PROVEN
        if ours and not observing:
            yield from self._back(state, at)

    def _back(self, state: State, at: int) -> Iterator[Decision]:
        """To what a person last set, or to what the triggers allow of it."""
        control, active = state.control, state.budgets.active
        after, ends = control.floor, "a trigger" if control.floor is Mode.NORMAL else "a person"
        if control.floor is Mode.NORMAL and active:
            after, ends = Mode.DEFENSIVE, " and ".join(trigger.ends for trigger in active.values())
        yield from control.set_mode(after, TRIGGER, "the broker works again", ends, at)


def _of(holding: list[Breaker], effect: Effect) -> list[Breaker]:
    return [b for b in holding if EFFECTS[b.component] is effect]


def _move(breaker: Breaker, phase: Phase, reason: str, at: int) -> BreakerMoved:
    if phase is Phase.OPEN and breaker.phase is Phase.CLOSED:
        breaker.opened += 1
        breaker.opened_at = at
    elif phase is Phase.CLOSED:
        breaker.opened_at = 0
    before, breaker.phase, breaker.since, breaker.reason = breaker.phase, phase, at, reason
    effect = EFFECTS[breaker.component].value
    return BreakerMoved(breaker.component.value, before.value, phase.value, reason, effect)


def _span(nanoseconds: int) -> str:
    seconds = max(0, nanoseconds) // SECOND
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"
