"""A horizontal gauge out of two shades."""

from __future__ import annotations

from math import isfinite

from midas.state.snapshot import LimitView

NOTHING = 0.0005  # a fraction below it is printed as 0.0 %


def gauge(used: float, width: int) -> str:
    """`▓▓▓▓░░░░░░`: at least one dark cell for anything above zero, full only when used up."""
    if not isfinite(used) or used <= 0:
        return "░" * width
    full = width if used >= 1 else min(width - 1, max(1, round(used * width)))
    return "▓" * full + "░" * (width - full)


def shown_used(limit: LimitView) -> float:
    """How full to draw a limit: nothing where its value is printed as 0.0 %."""
    nothing = limit.unit == "%" and not limit.floor and abs(limit.value) < NOTHING
    return 0.0 if nothing else limit.used


def shade_of(used: float) -> str:
    """The ink of a gauge: quiet, amber from 80 % on, alarm when the limit is reached."""
    return "alarm" if used >= 1 else "warn" if used >= 0.8 else "gauge"
