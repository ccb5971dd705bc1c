from __future__ import annotations

from math import isnan

import pytest

from midas.state.state import State
from midas.state.valuation import Valuation, unconverted
from tests.fakes.nouns import BTC, desk, pair, quote

EURO, SAP, DOLLARS = pair("EUR"), pair("SAP", "EUR"), pair("USDT", "USD")


def test_an_asset_is_worth_what_the_pairs_to_the_accounts_currency_say() -> None:
    state = desk(EURO, SAP, cash="100", EUR="10", SAP="2")
    state.on_quote(quote("1.09", "1.11", EURO))
    state.on_quote(quote("99", "101", SAP))
    assert state.valuation.rate("EUR") == pytest.approx(1.10)
    assert state.valuation.rate("SAP") == pytest.approx(110.0)
    assert state.equity() == pytest.approx(100 + 11 + 220)


def test_a_pair_that_quotes_the_other_way_round_converts_too() -> None:
    state = desk(DOLLARS, cash="100", USD="220")
    state.on_quote(quote("1.09", "1.11", DOLLARS))
    assert state.equity() == pytest.approx(100 + 200)
    assert state.valuation.quotes == ("USD",)


def test_the_shortest_way_is_taken_and_what_has_none_is_not_known() -> None:
    coins = pair("ETH", "BTC"), pair("BTC"), pair("ETH")
    state = State(coins, "USDT")
    state.on_quote(quote("1999", "2001", coins[2]))
    assert state.valuation.rate("ETH") == pytest.approx(2000.0)
    assert isnan(state.valuation.rate("BTC"))
    assert isnan(state.valuation.rate("DOGE"))


def test_an_instrument_whose_price_can_not_be_told_is_found_before_the_start() -> None:
    assert unconverted((BTC, EURO, SAP), "USDT") is None
    assert unconverted((BTC, SAP), "USDT") == SAP
    assert Valuation({}, "USDT").value(2.0, "USDT") == 2.0
