"""One stylised fact: where it must lie, and where the seeds put it."""

from __future__ import annotations

import statistics

import msgspec


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A statistic with its band, one value a seed. `low` and `high` are inclusive; None is open."""

    suite: str  # "macro" or "micro"
    name: str
    low: float | None
    high: float | None
    values: tuple[float, ...]
    source: str  # the paper that the fact is from
    assets: dict[
        str, tuple[float, ...]
    ] = {}  # of a world whose assets are measured one by one: each one's values

    @property
    def median(self) -> float:
        """What is judged: the median over the seeds; NaN where one of them is."""
        return _median(self.values)

    @property
    def passed(self) -> bool:
        """Whether the median lies in the band; NaN never does."""
        return self.holds(self.median)

    @property
    def outside(self) -> int:
        """Seeds whose own value lies outside of the band."""
        return sum(not self.holds(value) for value in self.values)

    @property
    def failing(self) -> list[str]:
        """The assets whose own medians lie outside of the band."""
        return [name for name, values in self.assets.items() if not self.holds(_median(values))]

    def holds(self, value: float) -> bool:
        """Whether a value lies in the band; NaN never does."""
        above = self.low is None or value >= self.low
        below = self.high is None or value <= self.high
        return above and below and value == value


def _median(values: tuple[float, ...]) -> float:
    known = all(value == value for value in values)
    return statistics.median(values) if known and values else float("nan")
