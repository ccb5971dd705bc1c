"""Time stamps on the wire."""

from __future__ import annotations

from midas.domain.time import MICROSECOND, MILLISECOND
from midas.errors import MalformedMessage

_MILLISECONDS = range(10**11, 10**14)  # 1973 to 5138
_MICROSECONDS = range(10**14, 10**17)


def instant(stamp: int) -> int:
    """`stamp` in nanoseconds; it counts milliseconds or, with `timeUnit=MICROSECOND`, microseconds.

    Raises MalformedMessage for what is neither.
    """
    if stamp in _MILLISECONDS:
        return stamp * MILLISECOND
    if stamp in _MICROSECONDS:
        return stamp * MICROSECOND
    raise MalformedMessage(f"expected a time in milliseconds or microseconds, got {stamp}")
