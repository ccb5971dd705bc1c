"""The order controls as the doors see them."""

from __future__ import annotations

import msgspec

from midas.engine.controls import controls
from midas.engine.throttle import BY
from tests.fakes.desk import LIMITS
from tests.fakes.nouns import START, desk


def test_they_tell_the_numbers_that_an_order_is_compared_with() -> None:
    view = controls(desk(), LIMITS)
    assert (view.rate, view.rate_max) == (0, LIMITS.order_rate_max)
    assert view.notional_max == LIMITS.order_notional_max
    assert view.collar_bps == LIMITS.price_collar_bps
    assert view.quantity_max == tuple(sorted(LIMITS.order_quantity_max.items()))
    assert (view.repeats_max, view.repeats_ns) == (LIMITS.repeats_max, LIMITS.repeats_window)


def test_a_check_that_is_off_is_zero() -> None:
    view = controls(desk(), msgspec.structs.replace(LIMITS, repeats_max=1_000_000))
    assert view.repeats_max == view.repeats_ns == 0
    assert view.large_share == view.large_multiple == 0.0


def test_only_what_the_throttle_stopped_is_named() -> None:
    state = desk()
    state.control.close_gate("churner", "stopped by the throttle: 31 times BUY", START, BY)
    state.control.close_gate("other", "paused by a person", START, "operator")
    assert controls(state, LIMITS).stopped == ("churner",)
