"""An acceptance criterion: what was measured, where it has to lie, and what the best possible would get."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

Values = dict[str, float]


class Band(msgspec.Struct, frozen=True):
    """Where a figure has to lie, both ends included; None is open."""

    low: float | None = None
    high: float | None = None

    def holds(self, value: float) -> bool:
        """Whether it lies there; NaN never does."""
        above = self.low is None or value >= self.low
        below = self.high is None or value <= self.high
        return above and below and value == value

    @property
    def text(self) -> str:
        """For a person."""
        if self.low is None:
            return f"at most {self.high:g}"
        return f"at least {self.low:g}" if self.high is None else f"{self.low:g} .. {self.high:g}"


class Control(msgspec.Struct, frozen=True):
    """A method known to be wrong, judged alike: where it passed, the test would tell nothing."""

    name: str
    value: Values
    passed: bool = msgspec.field(name="pass")


class Criterion(msgspec.Struct, frozen=True):
    """Every figure of `goal` has to lie in its band; what is in `value` besides is only told."""

    title: str
    value: Values
    goal: dict[str, Band]
    oracle: Values  # the same figures of whoever knows the generator's truth
    passed: bool = msgspec.field(name="pass")
    control: Control | None = None


def judged(
    title: str,
    value: Values,
    goal: dict[str, Band],
    oracle: Values,
    control: tuple[str, Values] | None = None,
) -> Criterion:
    """Passed where every figure lies in its band and the control, if there is one, doesn't pass."""
    failing = Control(control[0], control[1], holds(goal, control[1])) if control else None
    told = failing is None or not failing.passed
    return Criterion(title, value, goal, oracle, told and holds(goal, value), failing)


def holds(goal: Mapping[str, Band], value: Mapping[str, float]) -> bool:
    """Whether all of them do."""
    return all(band.holds(value[name]) for name, band in goal.items())
