"""Candles of a sheet joined to longer ones, for pictures of any width."""

from __future__ import annotations

from collections.abc import Sequence

from midas.reports.sheet import Candle


def folded(candles: Sequence[Candle], most: int) -> tuple[int, list[Candle]]:
    """At most so many candles, and how many of the given ones make one of them."""
    many = max(1, -(-len(candles) // max(1, most)))
    return many, [_joined(candles[first : first + many]) for first in range(0, len(candles), many)]


def _joined(part: Sequence[Candle]) -> Candle:
    return Candle(
        part[-1].time, part[0].open, max(c.high for c in part), min(c.low for c in part), part[-1].close,
        sum(c.volume for c in part),
    )  # fmt: skip
