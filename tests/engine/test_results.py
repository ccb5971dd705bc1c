"""What a session realised: the sum of its sleeves, and never what an earlier one did."""

from __future__ import annotations

import pytest

from tests.engine.hands import Hands
from tests.engine.scene import Scene


@pytest.fixture
def hands() -> Hands:
    """A person who bought and sold all but dust."""
    hands = Hands().hold("0.01")
    hands.close()
    return hands


def test_the_rows_make_the_sessions_sum_also_where_only_dust_is_left(hands: Hands) -> None:
    shown = hands.desk.picture()
    (row,) = shown.positions
    assert row.dust
    assert row.realised == shown.money.realised == shown.money.realised_ever != 0.0
    assert row.fees == shown.money.fees > 0.0


def test_dust_is_held_since_no_time_and_is_no_whole_lot(hands: Hands) -> None:
    (row,) = hands.desk.picture().positions
    assert (row.opened_at, row.whole) == (0, 0.0)
    assert hands.buy("0.01").accepted
    (row,) = hands.desk.picture().positions
    assert row.opened_at > 0
    assert row.whole == 0.01
    assert row.quantity > row.whole


def test_a_restart_begins_at_nothing_and_keeps_what_was_ever_realised(hands: Hands) -> None:
    before = hands.desk.picture().money.realised
    successor = Scene()
    successor.desk.open(successor.desk.now, hands.state.carried())
    shown = successor.desk.picture()
    assert (shown.money.realised, shown.money.fees, shown.positions[0].realised) == (0.0, 0.0, 0.0)
    assert shown.money.realised_ever == shown.positions[0].realised_ever == before


def test_the_kill_levels_count_the_orders_of_the_same_moment(hands: Hands) -> None:
    hands.desk.picture()
    hands.buy("0.001", "50000.00")
    shown = hands.desk.picture()
    assert shown.kill.halt_cancels == 1
    assert [choice.cancels for choice in shown.kill.choices] == [len(shown.orders)] * 3
