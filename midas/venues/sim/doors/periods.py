"""Spans of time as clients write them: a clock's distance from UTC, a rolling window."""

from __future__ import annotations

import re

from midas.domain.time import HOUR, MINUTE
from midas.venues.sim.doors.params import Params
from midas.venues.sim.floor.refusal import Refusal, illegal

CLOCK = r"^[+-]?[0-9]{1,2}(:[0-9]{2})?$"
WINDOW = r"^[0-9]{1,2}[mhd]$"
OFFSET_MIN, OFFSET_MAX = -12 * HOUR, 14 * HOUR
_LONGEST = {"m": 59, "h": 23, "d": 7}
_MINUTES = {"m": 1, "h": 60, "d": 1_440}


def clock_offset(params: Params) -> int:
    """Nanoseconds that the clock of `timeZone` shows more than UTC: "8", "-1:00", "05:45"."""
    text = params.optional("timeZone")
    if text is None:
        return 0
    if re.fullmatch(CLOCK, text) is None:
        raise illegal("timeZone", CLOCK)
    hours, _, minutes = text.lstrip("+-").partition(":")
    offset = int(hours) * HOUR + int(minutes or 0) * MINUTE
    offset = -offset if text.startswith("-") else offset
    if int(minutes or 0) > 59 or not OFFSET_MIN <= offset <= OFFSET_MAX:
        raise Refusal(-1130, "Data sent for parameter 'timeZone' is not valid.")
    return offset


def window_minutes(params: Params) -> int:
    """Minutes in `windowSize`: 1m to 59m, 1h to 23h, 1d to 7d; a day where none is named."""
    text = params.optional("windowSize", WINDOW) or "1d"
    count, unit = int(text[:-1]), text[-1]
    if not 1 <= count <= _LONGEST[unit]:
        raise Refusal(-1130, "Data sent for parameter 'windowSize' is not valid.")
    return count * _MINUTES[unit]
