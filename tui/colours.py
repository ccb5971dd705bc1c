"""The nearest of a terminal's 256 colours."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

_LEVELS = (0, 95, 135, 175, 215, 255)
_CUBE = [(16 + 36 * r + 6 * g + b, (_LEVELS[r], _LEVELS[g], _LEVELS[b]))
         for r in range(6) for g in range(6) for b in range(6)]  # fmt: skip
_GREYS = [(232 + step, (8 + 10 * step,) * 3) for step in range(24)]
_ALL = [*_CUBE, *_GREYS]


@lru_cache(maxsize=256)
def nearest(colour: str) -> int:
    """The number of the colour (16 to 255: the first sixteen are the person's own) nearest to `#rrggbb`."""
    wanted = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    return min(_ALL, key=lambda one: _distance(wanted, one[1]))[0]


def shown(number: int) -> str:
    """`#rrggbb` of one of those colours."""
    red, green, blue = dict(_ALL)[number]
    return f"#{red:02x}{green:02x}{blue:02x}"


def _distance(one: Sequence[int], other: Sequence[int]) -> int:
    """By the eye's own weights, roughly: green counts most, blue least."""
    return sum(weight * (a - b) ** 2 for weight, a, b in zip((3, 4, 2), one, other, strict=True))
