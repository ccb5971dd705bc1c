"""A limit as a horizontal gauge out of two shades, and all of them in three words."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from midas.state.views.risk import LimitView
from tui.present.lines import Line, Piece

NOTHING = 0.0005  # a fraction below it is next to nothing, ...
HARDLY = 0.05  # ... where it is so little of its limit, too: there are limits of 0.02 %


def gauge(used: float, width: int) -> str:
    """`▓▓▓▓░░░░░░`: at least one dark cell for anything above zero, full only when used up."""
    if not isfinite(used) or used <= 0:
        return "░" * width
    full = width if used >= 1 else min(width - 1, max(1, round(used * width)))
    return "▓" * full + "░" * (width - full)


def shown_used(limit: LimitView) -> float:
    """How full to draw a limit: not at all where its value is next to nothing."""
    return limit.used if limit.unit != "%" or limit.floor else drawn(limit.value, limit.used)


def drawn(share: float, used: float) -> float:
    """How full to draw what uses so much of its limit: not at all where it is next to nothing."""
    return 0.0 if abs(share) < NOTHING and used < HARDLY else used


def shade_of(used: float) -> str:
    """The ink of a gauge: quiet, amber from 80 % on, alarm when the limit is reached."""
    return "alarm" if used >= 1 else "warn" if used >= 0.8 else "gauge"


def binding(limits: Sequence[LimitView]) -> Line:
    """`8 of 8 ok`, or how many bind."""
    broken = sum(limit.binding for limit in limits)
    if broken:
        return [Piece(f"{broken} of {len(limits)} BIND", "alarm")]
    return [Piece(f"{len(limits)} of {len(limits)} ok", "dim")]
