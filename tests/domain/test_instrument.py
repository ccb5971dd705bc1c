from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from midas.domain.instrument import Instrument
from tests.fakes.nouns import BTC, pair


def test_an_instrument_is_named_for_people_and_for_machines() -> None:
    assert (BTC.id, BTC.name, BTC.symbol) == ("BTC-USDT.binance", "BTC-USDT", "BTCUSDT")


def test_ticks_and_lots_are_exact_money() -> None:
    assert BTC.price(12_345_678) == Decimal("123456.78")
    assert BTC.quantity(3) == Decimal("0.00003")


def test_digits_and_floats_follow_the_filters() -> None:
    odd = pair("SHIB", tick_size=Decimal("1E-8"), lot_size=Decimal("1.00"))
    assert (odd.price_decimals, odd.quantity_decimals) == (8, 0)
    assert (odd.tick, odd.lot) == (1e-8, 1.0)


def test_an_instrument_is_a_value_that_travels() -> None:
    assert msgspec.json.decode(msgspec.json.encode(BTC), type=Instrument) == BTC
    with pytest.raises(AttributeError):
        BTC.symbol = "ETHUSDT"  # type: ignore[misc]
