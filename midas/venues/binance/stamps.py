"""Time stamps on the wire."""

from __future__ import annotations

from midas.domain.time import MICROSECOND, MILLISECOND
from midas.errors import MalformedMessage

_FIRST = 10**11  # 1973 in milliseconds
_MICROSECONDS = 10**14  # 5138 in milliseconds, 1973 in microseconds
_END = 10**17


def instant(stamp: int) -> int:
    """`stamp` in nanoseconds; it counts milliseconds or, with `timeUnit=MICROSECOND`, microseconds.

    Raises MalformedMessage for what is neither.
    """
    if _FIRST <= stamp < _MICROSECONDS:
        return stamp * MILLISECOND
    if _MICROSECONDS <= stamp < _END:
        return stamp * MICROSECOND
    raise MalformedMessage(f"expected a time in milliseconds or microseconds, got {stamp}")
