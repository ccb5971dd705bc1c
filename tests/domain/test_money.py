from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midas.domain.money import decimals, exact, floor_to, from_float, plain, units
from midas.errors import MalformedMessage

STEPS = st.sampled_from([Decimal(s) for s in ("1", "0.5", "0.01", "0.00001", "1E-8", "0.01000000")])
COUNTS = st.integers(0, 10**12)
AMOUNTS = st.decimals(min_value=0, max_value=10**9, places=8)


@given(COUNTS, STEPS)
def test_steps_and_values_go_round(count: int, step: Decimal) -> None:
    assert units(step * count, step) == count


@given(st.integers(0, 10**9), STEPS)
def test_what_went_to_float_comes_back_on_its_step(count: int, step: Decimal) -> None:
    assert from_float(float(step * count), step) == step * count


@given(AMOUNTS, STEPS)
def test_the_floor_is_the_last_step_that_is_not_above_a_value(value: Decimal, step: Decimal) -> None:
    low = floor_to(value, step)
    assert low <= value < low + step
    assert low % step == 0


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=10))
def test_plain_text_has_no_exponent_and_reads_back(value: Decimal) -> None:
    text = plain(value)
    assert "E" not in text.upper()
    assert exact(text) == value


@pytest.mark.parametrize(
    ("value", "text"), [("1E-5", "0.00001"), ("100", "100"), ("1.500", "1.5"), ("1E+3", "1000")]
)
def test_venues_get_no_exponent_and_no_needless_zero(value: str, text: str) -> None:
    assert plain(Decimal(value)) == text


@pytest.mark.parametrize("text", ["NaN", "sNaN", "Infinity", "-inf", "", "abc", "1,5", "--1"])
def test_what_is_no_finite_number_is_refused(text: str) -> None:
    with pytest.raises(MalformedMessage, match="expected a"):
        exact(text)


@given(AMOUNTS, STEPS)
def test_a_value_off_its_step_is_refused(value: Decimal, step: Decimal) -> None:
    if value % step:
        with pytest.raises(MalformedMessage, match="not a multiple"):
            units(value, step)
    else:
        assert units(value, step) * step == value


@pytest.mark.parametrize(
    ("step", "digits"), [("0.01000000", 2), ("1E-8", 8), ("1", 0), ("10", 0), ("0.5", 1)]
)
def test_a_step_needs_so_many_digits(step: str, digits: int) -> None:
    assert decimals(Decimal(step)) == digits
