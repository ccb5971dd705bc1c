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

    @property
    def median(self) -> float:
        """What is judged: the median over the seeds; NaN where one of them is."""
        known = all(value == value for value in self.values)
        return statistics.median(self.values) if known and self.values else float("nan")

    @property
    def passed(self) -> bool:
        """Whether the median lies in the band; NaN never does."""
        above = self.low is None or self.median >= self.low
        below = self.high is None or self.median <= self.high
        return above and below and self.median == self.median
