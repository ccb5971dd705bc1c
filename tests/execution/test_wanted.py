"""What people type, and what they are told where no venue would take it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midas.domain.order import OrderType, Side
from midas.errors import OrderInvalid
from midas.execution import wanted
from tests.fakes.desk import BTC

NOT_NUMBERS = [
    "", " ", "nan", "inf", "-1", "+1", "1e5", "0x1", "1_000", "0,25", "1.2.3", ".", "0", "0.000", "١",
    "9" * 40, "1" * 14, "0." + "1" * 13, "0.25 BTC", "None", "\x00", "1\n2",
]  # fmt: skip


@pytest.mark.parametrize("text", NOT_NUMBERS)
def test_what_is_no_amount_is_refused_in_one_short_sentence(text: str) -> None:
    with pytest.raises(OrderInvalid) as refused:
        wanted.quantity(text, BTC)
    sentence = str(refused.value)
    assert sentence.startswith("expected a quantity above 0 such as 0.25, got ")
    assert len(sentence) < 100
    assert "\n" not in sentence


@pytest.mark.parametrize(
    ("text", "value"), [("0.25", "0.25"), (" .5 ", "0.5"), ("5.", "5"), ("0.00001", "0.00001")]
)
def test_amounts_are_exact(text: str, value: str) -> None:
    assert wanted.quantity(text, BTC) == Decimal(value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("0.123456", "0.123456 BTC isn't a multiple of 0.00001: the nearest are 0.12345 and 0.12346"),
        ("0.000001", "0.000001 BTC isn't a multiple of 0.00001: the nearest is 0.00001"),
        ("9000.1", "9000.1 BTC is too much: at most 9000"),
    ],
)
def test_a_quantity_that_the_venue_refuses_comes_with_one_that_it_takes(text: str, sentence: str) -> None:
    with pytest.raises(OrderInvalid) as refused:
        wanted.quantity(text, BTC)
    assert str(refused.value) == sentence


def test_a_price_off_the_grid_comes_with_its_neighbours() -> None:
    with pytest.raises(OrderInvalid, match=r"65003\.005 USDT isn't .* 65003 and 65003\.01"):
        wanted.price("65003.005", BTC)


@given(st.decimals("0.01", "99999", places=2), st.integers(1, 1_000))
def test_the_least_quantity_that_is_named_is_the_least_that_is_taken(price: Decimal, lots: int) -> None:
    size = BTC.quantity(lots)
    try:
        wanted.check_value(size, price, BTC)
    except OrderInvalid as refused:
        least = Decimal(str(refused).split()[-2])
        wanted.check_value(least, price, BTC)
        with pytest.raises(OrderInvalid):
            wanted.check_value(least - BTC.lot_size, price, BTC)
    else:
        assert size * price >= BTC.notional_min


@given(st.text(max_size=60))
def test_any_text_is_either_taken_or_refused_in_one_sentence(text: str) -> None:
    for parse in (
        lambda: wanted.quantity(text, BTC),
        lambda: wanted.price(text, BTC),
        lambda: wanted.word(text, Side),
        lambda: wanted.instrument_named(text, [BTC]),
    ):
        said = ""
        try:
            taken = parse()
        except OrderInvalid as refused:
            taken, said = None, str(refused)
        assert said.isprintable()
        assert (taken is None) == bool(said)


@pytest.mark.parametrize("text", ["BTC-USDT", "btcusdt", " btc-usdt.binance "])
def test_an_instrument_is_found_by_any_of_its_names(text: str) -> None:
    assert wanted.instrument_named(text, [BTC]) is BTC


def test_an_instrument_that_is_not_traded_is_answered_with_those_that_are() -> None:
    with pytest.raises(OrderInvalid, match="'DOGE' isn't traded here; there are BTC-USDT"):
        wanted.instrument_named("DOGE", [BTC])


def test_words_are_read_in_any_case() -> None:
    assert wanted.word("buy", Side) is Side.BUY
    assert wanted.word("limit_maker", OrderType) is OrderType.LIMIT_MAKER
    with pytest.raises(OrderInvalid, match="'hold' is none of BUY, SELL"):
        wanted.word("hold", Side)
