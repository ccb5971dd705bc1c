"""Round trips out of fills, and what many of them say."""

from __future__ import annotations

from decimal import Decimal
from math import inf, isnan, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midas.domain.money import ZERO
from midas.statistics.conventions import Reason
from midas.statistics.trades import (
    Deal,
    Funding,
    expectancy,
    payoff,
    quality,
    round_trips,
    trade_statistics,
)
from tests.statistics.series import TEN_TRADES


def deal(time: int, quantity: str, price: str, fee: str = "0") -> Deal:
    """A deal, of plain text."""
    return Deal(time, Decimal(quantity), Decimal(price), Decimal(fee))


def test_ten_trades_give_the_reference_values() -> None:
    found = trade_statistics(TEN_TRADES, least=1)
    assert found.profit_factor.value == pytest.approx(1.620689655, rel=1e-6)
    assert found.win_rate.value == pytest.approx(0.6, rel=1e-6)
    assert found.payoff.value == pytest.approx(1.080459770, rel=1e-6)
    assert found.expectancy.value == pytest.approx(18.0, rel=1e-6)
    assert found.quality.value == pytest.approx(0.571885032, rel=1e-6)


def test_ten_trades_are_too_few_to_tell_anything() -> None:
    found = trade_statistics(TEN_TRADES)
    assert {getattr(found, name).reason for name in found.__struct_fields__} == {Reason.TOO_FEW}


def test_a_trade_pays_its_fees_and_funding() -> None:
    found = round_trips(
        [deal(1, "2", "100", "0.2"), Funding(2, Decimal("-0.5")), deal(3, "-2", "110", "0.22")]
    )
    assert found.profits == [pytest.approx(20 - 0.42 - 0.5)]
    trip = found.closed[0]
    assert (trip.opened_at, trip.closed_at, trip.long) == (1, 3, True)
    assert (trip.fees, trip.funding, found.position) == (Decimal("0.42"), Decimal("-0.5"), ZERO)


def test_partial_closes_take_the_oldest_first_and_make_one_trade() -> None:
    found = round_trips(
        [deal(1, "1", "100"), deal(2, "1", "120"), deal(3, "-1.5", "130"), deal(4, "-0.5", "90")]
    )
    assert len(found.closed) == 1
    matches = found.closed[0].matches
    assert [match.entry for match in matches] == [100, 120, 120]
    assert [match.exit for match in matches] == [130, 130, 90]
    assert [match.quantity for match in matches] == [1, Decimal("0.5"), Decimal("0.5")]
    assert [match.profit for match in matches] == [30, 5, -15]


def test_a_part_carries_its_share_of_both_fees() -> None:
    found = round_trips([deal(1, "3", "100", "0.3"), deal(2, "-1", "110", "0.11")])
    assert found.closed == ()
    assert found.realised[0].fees == Decimal("0.21")
    assert found.position == 2


def test_a_deal_through_zero_closes_one_trade_and_opens_the_next() -> None:
    found = round_trips([deal(1, "1", "100"), deal(2, "-3", "110", "0.3"), deal(3, "2", "105")])
    assert [trip.long for trip in found.closed] == [True, False]
    assert [trip.profit for trip in found.closed] == [Decimal("9.9"), Decimal("9.8")]
    assert found.closed[1].opened_at == 2


def test_funding_that_comes_late_belongs_to_the_trade_before() -> None:
    found = round_trips([deal(1, "1", "100"), deal(2, "-1", "101"), Funding(3, Decimal("-0.25"))])
    assert found.profits == [0.75]
    assert found.funding == ZERO


def test_an_open_trade_is_no_trade_yet() -> None:
    found = round_trips([deal(1, "1", "100"), Funding(2, Decimal("0.5"))])
    assert not found.closed
    assert (found.position, found.funding) == (Decimal(1), Decimal("0.5"))


def test_a_deal_over_nothing_is_our_own_mistake() -> None:
    with pytest.raises(AssertionError, match="expected a deal over something"):
        round_trips([deal(1, "0", "100")])


quantities = st.integers(-50, 50).filter(bool).map(lambda lots: Decimal(lots) / 10)
deals = st.builds(
    Deal,
    time=st.just(0),
    quantity=quantities,
    price=st.integers(1, 1000).map(Decimal),
    fee=st.integers(-100, 100).map(lambda cents: Decimal(cents) / 100),
)
funding = st.builds(Funding, time=st.just(0), amount=st.integers(-100, 100).map(Decimal))


@given(st.lists(deals | funding, max_size=25), st.integers(1, 1000).map(Decimal))
def test_all_trades_together_are_the_cash_that_moved(entries: list[Deal | Funding], last: Decimal) -> None:
    held = sum((entry.quantity for entry in entries if isinstance(entry, Deal)), ZERO)
    flat = [*entries, Deal(1, -held, last)] if held else entries
    found = round_trips(flat)
    cash = sum((e.amount if isinstance(e, Funding) else -e.quantity * e.price - e.fee for e in flat), ZERO)
    told = sum((trip.profit for trip in found.closed), found.funding)
    assert found.position == ZERO
    assert found.realised == ()
    assert abs(told - cash) < Decimal("1e-20")


@pytest.mark.parametrize(
    ("profits", "why"),
    [
        ([1.0] * 30, Reason.NO_LOSSES),
        ([-1.0] * 30, Reason.NO_WINS),
        ([1.0] * 29, Reason.TOO_FEW),
        ([1.0, nan] * 15, Reason.MISSING),
    ],
)
def test_a_payoff_that_cannot_be_told_says_why(profits: list[float], why: Reason) -> None:
    assert payoff(profits).reason is why
    assert isnan(payoff(profits).value)


def test_trades_without_spread_have_no_quality_but_an_expectancy() -> None:
    assert quality([5.0] * 30).reason is Reason.NO_SPREAD
    assert expectancy([5.0] * 20).value == 5.0
    assert trade_statistics([5.0] * 30).profit_factor.value == inf
