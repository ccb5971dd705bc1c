"""Instants and durations: integer nanoseconds, UTC.

Two clocks never mix. *Market time* stamps bars, quotes and trades; it runs fast in an accelerated
simulation and is historical in a replay. *Wall time* stamps orders, signatures and everything a
person waits for.
"""

from __future__ import annotations

from datetime import UTC, datetime

Instant = int  # nanoseconds since 1970-01-01T00:00:00Z

MICROSECOND = 1_000
MILLISECOND = 1_000_000
SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def iso(instant: Instant) -> str:
    """`2026-11-21T09:46:00.123Z`: ISO 8601 in UTC with milliseconds."""
    seconds, rest = divmod(instant, SECOND)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest // MILLISECOND:03d}Z"


def clock_text(instant: Instant) -> str:
    """`09:46:00`: the time of day in UTC."""
    return f"{datetime.fromtimestamp(instant // SECOND, UTC):%H:%M:%S}"
