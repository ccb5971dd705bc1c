from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from midas.domain.carry import Carried
from midas.domain.event import SessionOpened
from midas.domain.money import ZERO
from midas.domain.order import BalanceReport, Fill, Side
from midas.state.ledger import TRADES_KEPT, Ledger
from midas.state.state import State
from tests.fakes.nouns import BTC, ETH, START, desk, fill, hold

ONE = Decimal(1)
OPENING = {"USDT": Decimal(1_000_000), "BTC": Decimal(50), "ETH": Decimal(50), "BNB": Decimal(5)}
PAIRS = {i.id: i for i in (BTC, ETH)}

Booking = tuple[str, str, Side, Fill]  # strategy, instrument, side, fill


@st.composite
def bookings(draw: st.DrawFn, fee_assets: tuple[str, ...] = ("USDT", "base", "BNB")) -> list[Booking]:
    """Any trades of two strategies in two pairs, with fees in the quote, the base or a third asset."""
    made: list[Booking] = []
    for trade_id in range(draw(st.integers(1, 12))):
        instrument = draw(st.sampled_from((BTC, ETH)))
        asset = draw(st.sampled_from(fee_assets))
        quantity = instrument.quantity(draw(st.integers(1, 300_000)))
        execution = fill(
            trade_id,
            quantity,
            instrument.price(draw(st.integers(1, 10_000_000))),
            fee=quantity * Decimal(draw(st.integers(0, 10))) / 10_000,
            fee_asset=instrument.base if asset == "base" else asset,
        )
        side = draw(st.sampled_from(Side))
        made.append((draw(st.sampled_from(("trend", "scalp"))), instrument.id, side, execution))
    return made


def opened() -> Ledger:
    ledger = Ledger()
    ledger.open(tuple(BalanceReport(a, v, ZERO) for a, v in OPENING.items()))
    return ledger


def booked(made: list[Booking]) -> Ledger:
    ledger = opened()
    for strategy, instrument, side, execution in made:
        ledger.book(strategy, side, execution, PAIRS[instrument])
    return ledger


@given(bookings())
def test_balances_are_the_opening_plus_signed_fills_less_fees(made: list[Booking]) -> None:
    expected = dict(OPENING)
    for _, instrument, side, execution in made:
        pair = PAIRS[instrument]
        expected[pair.base] += execution.quantity * side.sign
        expected[pair.quote] -= execution.quantity * execution.price * side.sign
        expected[execution.fee_asset] -= execution.fee
    assert booked(made).balances == expected


@given(bookings())
def test_sleeves_sum_to_what_the_account_gained(made: list[Booking]) -> None:
    ledger = booked(made)
    for pair in PAIRS.values():
        assert ledger.position(pair.id) == ledger.balances[pair.base] - OPENING[pair.base]


@given(bookings(("USDT", "base")))
def test_results_less_what_positions_cost_are_the_cash_that_moved(made: list[Booking]) -> None:
    ledger = booked(made)
    sleeves = ledger.sleeves.values()
    moved = ledger.balances["USDT"] - OPENING["USDT"]
    assert sum(s.realised for s in sleeves) - sum(s.cost for s in sleeves) == moved


@given(bookings(("USDT", "base")))
def test_once_flat_the_result_is_the_cash_flow(made: list[Booking]) -> None:
    ledger = booked(made)
    for n, sleeve in enumerate(list(ledger.sleeves.values())):
        if sleeve.quantity:
            side = Side.SELL if sleeve.quantity > 0 else Side.BUY
            closing = fill(1_000 + n, abs(sleeve.quantity), "123.45")
            ledger.book(sleeve.strategy, side, closing, PAIRS[sleeve.instrument])
        assert (sleeve.quantity, sleeve.cost, sleeve.average_price) == (ZERO, ZERO, ZERO)
    moved = ledger.balances["USDT"] - OPENING["USDT"]
    assert sum(s.realised for s in ledger.sleeves.values()) == moved


@given(bookings())
def test_what_a_booking_returns_is_what_the_sleeve_realises(made: list[Booking]) -> None:
    ledger = opened()
    results = [ledger.book(s, side, execution, PAIRS[i]) for s, i, side, execution in made]
    assert sum(results) == sum(s.realised for s in ledger.sleeves.values())


def test_a_sale_realises_against_the_average_price() -> None:
    ledger = opened()
    ledger.book("s", Side.BUY, fill(1, "1", "100"), BTC)
    ledger.book("s", Side.BUY, fill(2, "1", "200"), BTC)
    assert ledger.book("s", Side.SELL, fill(3, "1", "180", fee=ONE), BTC) == Decimal(29)
    assert ledger.sleeve("s", BTC.id).average_price == Decimal(150)


def test_a_fee_in_the_base_asset_leaves_less_at_the_traded_price_and_is_a_loss_at_once() -> None:
    ledger = opened()
    lost = ledger.book("s", Side.BUY, fill(1, "1", "100", fee=Decimal("0.2"), fee_asset="BTC"), BTC)
    sleeve = ledger.sleeve("s", BTC.id)
    assert (sleeve.quantity, sleeve.average_price, sleeve.fees) == (Decimal("0.8"), Decimal(100), Decimal(20))
    assert lost == Decimal(-20)
    assert ledger.book("s", Side.SELL, fill(2, "0.8", "150"), BTC) == Decimal(40)
    assert sleeve.realised == Decimal(20)  # 0.8 x 150 received for 100 paid


def test_a_fee_in_a_third_asset_touches_neither_position_nor_result() -> None:
    ledger = opened()
    ledger.book("s", Side.BUY, fill(1, "1", "100", fee=ONE, fee_asset="BNB"), BTC)
    assert ledger.balances["BNB"] == Decimal(4)
    assert (ledger.sleeve("s", BTC.id).quantity, ledger.sleeve("s", BTC.id).realised) == (ONE, ZERO)


def test_a_short_sleeve_realises_when_it_is_bought_back() -> None:
    ledger = opened()
    assert ledger.book("external", Side.SELL, fill(1, "2", "100"), BTC) == ZERO
    assert ledger.book("external", Side.BUY, fill(2, "3", "90"), BTC) == Decimal(20)
    assert ledger.sleeve("external", BTC.id).average_price == Decimal(90)


def test_a_position_begins_with_the_fill_that_opened_it() -> None:
    ledger = opened()
    ledger.book("s", Side.BUY, fill(1, time=5), BTC)
    ledger.book("s", Side.BUY, fill(2, time=6), BTC)
    assert ledger.sleeve("s", BTC.id).opened_at == 5
    ledger.book("s", Side.SELL, fill(3, "2", time=7), BTC)
    ledger.book("s", Side.BUY, fill(4, time=8), BTC)
    assert ledger.sleeve("s", BTC.id).opened_at == 8


def test_a_position_on_top_of_dust_begins_anew() -> None:
    ledger = opened()
    ledger.book("s", Side.BUY, fill(1, "2", time=5), BTC)
    ledger.book("s", Side.SELL, fill(2, "1.99999", time=6), BTC)
    ledger.book("s", Side.BUY, fill(3, time=9), BTC)
    assert ledger.sleeve("s", BTC.id).opened_at == 9


def test_a_trade_is_known_by_instrument_and_id() -> None:
    ledger = opened()
    ledger.book("s", Side.BUY, fill(7), BTC)
    assert ledger.knows(BTC.id, 7)
    assert not ledger.knows(ETH.id, 7)
    assert ledger.trades(BTC.id) == (7,)


def test_memory_of_trades_is_bounded() -> None:
    ledger = opened()
    for trade_id in range(TRADES_KEPT + 5):
        ledger.remember(BTC.id, trade_id)
    assert len(ledger.trades(BTC.id)) == TRADES_KEPT
    assert not ledger.knows(BTC.id, 4)
    assert ledger.knows(BTC.id, 5)


@given(bookings())
def test_the_next_session_inherits_an_equal_ledger(made: list[Booking]) -> None:
    before = State((BTC, ETH), "USDT")
    before.ledger = booked(made)
    wire = msgspec.json.decode(msgspec.json.encode(before.carried()), type=Carried)
    after = State((BTC, ETH), "USDT")
    after.apply(SessionOpened("next", START, "account", "SIM", "", wire))
    assert after.ledger.balances == before.ledger.balances
    assert [s.carried() for s in after.ledger.sleeves.values()] == [
        s.carried() for s in before.ledger.sleeves.values()
    ]
    assert all(after.ledger.trades(i) == before.ledger.trades(i) for i in PAIRS)


@given(bookings(), st.decimals("0.01", "3", places=4))
def test_what_is_handed_over_moves_no_balance_and_makes_one_gain_what_the_other_forgoes(
    made: list[Booking], quantity: Decimal
) -> None:
    ledger = booked(made)
    ledger.book("s", Side.BUY, fill(10_001, "3"), BTC)
    ledger.book("external", Side.SELL, fill(10_002, "3"), BTC)
    balances, position = dict(ledger.balances), ledger.position(BTC.id)
    giver, taker = (ledger.sleeve(name, BTC.id) for name in ("s", "external"))
    held, short, fills = giver.quantity, taker.quantity, giver.fills
    value = sum(s.realised - s.cost for s in (giver, taker))
    ledger.hand_over("s", "external", quantity, Decimal(61_000), BTC, START)
    assert (ledger.balances, ledger.position(BTC.id)) == (balances, position)
    assert (giver.quantity, taker.quantity) == (held - quantity, short + quantity)
    assert (giver.handed, taker.handed, giver.fills) == (-quantity, quantity, fills)
    assert sum(s.realised - s.cost for s in (giver, taker)) == value
    assert ledger.trades(BTC.id)[-1] == 10_002


def test_a_round_trip_that_a_hand_over_ends_is_counted() -> None:
    ledger = opened()
    ledger.book("s", Side.BUY, fill(7), BTC)
    ledger.hand_over("s", "external", ledger.sleeve("s", BTC.id).quantity, Decimal(61_000), BTC, START)
    assert [trip.strategy for trip in ledger.trips["s"]] == ["s"]


def test_a_sleeve_offers_no_more_than_the_account_has() -> None:
    state = desk()
    hold(state, "1")
    assert state.free_base("s", BTC.id) == ONE
    state.ledger.book("external", Side.SELL, fill(99, "0.7"), BTC)
    assert state.free_base("s", BTC.id) == Decimal("0.3")


@pytest.mark.parametrize("amount", ["0", "0.5"])
def test_equity_is_unknown_only_while_something_held_has_no_price(amount: str) -> None:
    state = desk(BTC, ETH, ETH=amount)
    assert (state.equity() == state.equity()) is (amount == "0")


def test_a_look_at_a_sleeve_makes_none() -> None:
    ledger = opened()
    assert ledger.sleeve("s", BTC.id).quantity == ZERO
    assert ledger.sleeves == {}
    ledger.book("s", Side.BUY, fill(7), BTC)
    assert ledger.sleeve("s", BTC.id) is ledger.sleeves["s", BTC.id]


def test_amounts_with_eighteen_decimals_are_kept_to_the_last_digit() -> None:
    coin = msgspec.structs.replace(BTC, symbol="TOKUSDT", base="TOK", lot_size=Decimal("1e-18"))
    state = desk(coin, cash="1000000000.000000000000000001")
    bought = fill(1, "12345.123456789012345678", "61.12345678")
    state.ledger.book("s", Side.BUY, bought, coin)
    assert state.ledger.balances["USDT"] == Decimal("999245423.37994519260631006534720316")
    state.ledger.unbook("s", Side.BUY, bought, coin)
    assert state.ledger.balances == {"USDT": Decimal("1000000000.000000000000000001"), "TOK": ZERO}
