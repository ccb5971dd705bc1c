from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midas.domain.time import DAY, HOUR, MILLISECOND, MINUTE, SECOND, clock_text, iso


@given(st.integers(0, 4 * 10**18))
def test_text_names_the_instant_to_the_millisecond(instant: int) -> None:
    read = datetime.fromisoformat(iso(instant))
    assert read.tzinfo == UTC
    assert round(read.timestamp() * 1_000) == instant // MILLISECOND


@pytest.mark.parametrize(
    ("instant", "text"),
    [(0, "1970-01-01T00:00:00.000Z"), (1_795_254_360_123_999_999, "2026-11-21T09:46:00.123Z")],
)
def test_text_is_iso_in_utc_and_never_rounds_up(instant: int, text: str) -> None:
    assert iso(instant) == text
    assert clock_text(instant) == text[11:19]


def test_units_are_nanoseconds() -> None:
    assert (SECOND, MINUTE, HOUR, DAY) == (10**9, 60 * 10**9, 3_600 * 10**9, 86_400 * 10**9)
