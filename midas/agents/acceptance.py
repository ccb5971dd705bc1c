"""What a person who goes on after a stop at a loss accepts: what fires now, and nothing else.

Were more than that measured anew, the stops of single days would never add up to a week's or a month's.
"""

from __future__ import annotations

from midas.domain.decision import LossesAccepted
from midas.domain.triggers import TriggerRules
from midas.risk.triggers import STOP, Reading, losses
from midas.state.state import State


def firing(state: State, rules: TriggerRules) -> tuple[Reading, ...]:
    """The loss stops that would stop the desk again at once."""
    return tuple(reading for reading in _stops(state, rules) if reading.fires)


def names(readings: tuple[Reading, ...]) -> tuple[str, ...]:
    """What a decision calls them."""
    return tuple(reading.name for reading in readings)


def accept(readings: tuple[Reading, ...], by: str, state: State) -> LossesAccepted:
    """Measure these from now on; the state has moved when this returns."""
    made = LossesAccepted(names(readings), state.equity(), by)
    state.accept_losses(made)
    return made


def sentence(readings: tuple[Reading, ...], state: State, rules: TriggerRules) -> str:
    """Which stops fire, what begins anew with a resume, and how much of the others is used up."""
    causes = ", ".join(reading.cause for reading in readings)
    others = ", ".join(
        f"{_span(r)} {r.value:.1%} of {r.threshold:.1%}"
        for r in _stops(state, rules)
        if r.name not in names(readings) and r.value == r.value
    )
    alone = f" alone ({others} go on)" if others else ""
    return f"{causes}: losses count from here on for {spans(readings)}{alone}"


def spans(readings: tuple[Reading, ...]) -> str:
    """In a person's words: "drawdown and day"."""
    *first, last = (_span(reading) for reading in readings)
    return f"{', '.join(first)} and {last}" if first else last


def _stops(state: State, rules: TriggerRules) -> tuple[Reading, ...]:
    return tuple(reading for reading in losses(state, rules) if reading.acts == STOP)


def _span(reading: Reading) -> str:
    return reading.title.removesuffix("'s loss")
