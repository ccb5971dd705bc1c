"""Numbers as a person reads them. NaN is always `-`; nothing is ever shown as minus zero."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal
from math import isfinite

from midas.domain.time import HOUR, MINUTE, SECOND

ABSENT = "-"
STORED = 1e-7  # of a percent: less is how numbers are stored
FINEST = 8  # decimals of the finest lot
SUMMED = 12  # decimals to which a sum of floats is still exact


def fixed(value: float, decimals: int) -> str:
    """`61804.23`: a price, at the instrument's own precision."""
    if not isfinite(value):
        return ABSENT
    return f"{_settled(value, decimals):.{decimals}f}"


def money(value: float, decimals: int = 2) -> str:
    """`10,312.40`."""
    return f"{_settled(value, decimals):,.{decimals}f}" if isfinite(value) else ABSENT


def telling(value: float, decimals: int = 2) -> str:
    """`900.00`, `0.004`, `~0`: as `money`, with the decimals that tell it from nothing, eight at most."""
    if not isfinite(value) or not value:
        return money(value, decimals)
    digits = next((d for d in range(decimals, FINEST) if round(value, d)), FINEST)
    return money(value, digits) if round(value, digits) else "~0"


def stated(value: float) -> str:
    """`25,000`, `0.005`: of the settings, with the digits that they have, eight decimals at most."""
    text = money(value, FINEST)
    return text.rstrip("0").rstrip(".") if "." in text else text


def signed(value: float, decimals: int = 2) -> str:
    """`+312.40`, `-0.05`, `0.00`."""
    if not isfinite(value):
        return ABSENT
    settled = _settled(value, decimals)
    return f"{settled:+,.{decimals}f}" if settled else f"{0:.{decimals}f}"


def fitted(value: float, decimals: int, width: int) -> str:
    """A quantity with as many of its decimals as `width` has room for."""
    for places in range(decimals, -1, -1):
        text = fixed(value, places)
        if len(text) <= width:
            return text
    return brief(value)


def held(value: float, decimals: int, width: int) -> str:
    """A quantity of ours: cut, never rounded up, and with all its digits where the step would hide it."""
    if not isfinite(value):
        return ABSENT
    exact = round(Decimal(repr(value)), SUMMED)
    for places in range(decimals, -1, -1):
        cut = exact.quantize(Decimal(1).scaleb(-places), ROUND_DOWN)
        if not cut and places == decimals:
            return _crumb(exact, decimals, width) if exact else fixed(0.0, decimals)
        if len(f"{cut:f}") <= width:
            return f"{cut:f}"
    return brief(value)


def _crumb(exact: Decimal, decimals: int, width: int) -> str:
    """Less than a lot: the digits that fit, else `<0.00001`."""
    digits = exact.quantize(Decimal(1).scaleb(2 - width), ROUND_DOWN).normalize()
    return f"{digits:f}" if digits else f"<{Decimal(1).scaleb(-decimals):f}"


def percent(fraction: float, decimals: int = 2) -> str:
    """`+0.42%` of a signed fraction."""
    return f"{signed(fraction * 100, decimals)}%" if isfinite(fraction) else ABSENT


def share(fraction: float, decimals: int = 0) -> str:
    """`48%` of an unsigned fraction."""
    return f"{fixed(fraction * 100, decimals)}%" if isfinite(fraction) else ABSENT


def exact(fraction: float, least: int = 1) -> str:
    """`20.0%`, `0.25%`, `0.01%`: of the settings, with up to four decimals where it has them."""
    if not isfinite(fraction):
        return ABSENT
    percent = fraction * 100
    digits = next((d for d in range(least, 4) if abs(round(percent, d) - percent) < STORED), 4)
    return f"{fixed(percent, digits)}%"


def near(fraction: float, least: int = 1) -> str:
    """`12.1%`, `0.04%`, `~0%`: measured, with the decimals that tell it from nothing, three at most."""
    if not isfinite(fraction):
        return ABSENT
    percent = fraction * 100
    if abs(percent) < STORED:
        return f"{fixed(0.0, least)}%"
    digits = max(least, 1 if abs(percent) >= 0.0995 else 2 if abs(percent) >= 0.00995 else 3)
    return f"{fixed(percent, digits)}%" if round(percent, digits) else "~0%"


def brief(value: float) -> str:
    """`950`, `1.2k`, `3.4M`."""
    if not isfinite(value):
        return ABSENT
    for limit, suffix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= limit:
            return f"{value / limit:.1f}{suffix}"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def probability(value: float) -> str:
    """`.74`; certainty is `1.0`."""
    if not isfinite(value):
        return ABSENT
    return "1.0" if value >= 0.995 else f"{value:.2f}"[1:]


def duration(nanoseconds: float) -> str:
    """`0.2s`, `12s`, `4m`, `3h04`, `2d`: how old or how long, in at most five cells."""
    if not isfinite(nanoseconds):
        return ABSENT
    span = max(0.0, nanoseconds)
    if span < 10 * SECOND:
        return f"{span / SECOND:.1f}s"
    if span < 100 * SECOND:
        return f"{span // SECOND:.0f}s"
    if span < HOUR:
        return f"{span // MINUTE:.0f}m"
    if span < 24 * HOUR:
        return f"{span // HOUR:.0f}h{span % HOUR // MINUTE:02.0f}"
    return f"{span // (24 * HOUR):.0f}d{span % (24 * HOUR) // HOUR:02.0f}h"


def span(nanoseconds: float) -> str:
    """`35s`, `4m`, `3h04`: as `duration`, but never faster than a second."""
    if not isfinite(nanoseconds):
        return ABSENT
    seconds = max(0.0, nanoseconds) // SECOND
    return f"{seconds:.0f}s" if seconds < 10 else duration(seconds * SECOND)


def milliseconds(value: float) -> str:
    """`12ms`, `1.4s`; under ten with one decimal."""
    if not isfinite(value):
        return ABSENT
    if abs(value) >= 1000:
        return f"{value / 1000:.1f}s"
    return f"{_settled(value, 0 if abs(value) >= 10 else 1):g}ms"


def whole_milliseconds(value: float) -> str:
    """`12ms`, `1.4s`: for what is read at a glance."""
    return milliseconds(float(round(value))) if isfinite(value) else ABSENT


def arrow(value: float) -> str:
    """▲ up, ▼ down, · neither: direction never hangs on a colour."""
    return "▲" if value > 0 else "▼" if value < 0 else "·"


def trend_ink(value: float) -> str:
    """The ink of a number that went up or down."""
    return "up" if value > 0 else "down" if value < 0 else "text"


def period(nanoseconds: int) -> str:
    """`1s`, `5m`, `4h`: the length of a bar."""
    for unit, suffix in ((HOUR, "h"), (MINUTE, "m")):
        if nanoseconds and nanoseconds % unit == 0:
            return f"{nanoseconds // unit}{suffix}"
    return f"{nanoseconds / SECOND:g}s"


def _settled(value: float, decimals: int) -> float:
    rounded = round(value, decimals)
    return rounded if rounded else 0.0
