"""The shipped profiles on the accounts that they are meant for: only what they state can bind."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midas.agents.risk_manager import RiskManager
from midas.assembly.config import limits_of
from midas.domain.instrument import Instrument
from midas.domain.limits import Asset, Assets, Limits
from midas.domain.verdict import Refused
from midas.settings import load_settings
from midas.settings.risk import LimitProfile
from midas.state.state import State
from midas.workspace import template
from tests.fakes.nouns import BTC, ETH, desk, hold, intent, pair, quote, target

APPLE, INDEX, GOLD, COIN = (pair(base, "USD") for base in ("AAPL", "SPY", "XAU", "BTC"))
EURO, SAP = pair("EUR", "USD"), pair("SAP", "EUR")
MIXED = (APPLE, INDEX, GOLD, COIN, EURO, SAP)
LISTED = {
    "AAPL": Asset("share", "technology"), "SAP": Asset("share", "technology"), "SPY": Asset("etf", "broad"),
    "XAU": Asset("commodity", "metals"), "BTC": Asset("crypto", "coins"),
}  # fmt: skip


def profile(name: str, listed: dict[str, Asset] | None = None) -> Limits:
    """As the shipped configuration states it."""
    limits = limits_of(load_settings(template(), environ={"MIDAS_RISK__LIMITS": name}))
    return limits if listed is None else _with(limits, assets=Assets("cash", listed))


def _with(limits: Limits, **changes: object) -> Limits:

    return msgspec.structs.replace(limits, **changes)


def mixed() -> State:
    """100,000 dollars, of which 9,900 in euros; everything costs 100, a euro 1.10."""
    state = desk(*MIXED, cash="90100", quote_asset="USD", EUR="9000")
    for instrument in MIXED:
        state.on_quote(quote("99.99", "100.01", instrument))
    state.on_quote(quote("1.09", "1.11", EURO))
    return state


def says(state: State, limits: Limits, wanted: str, instrument: Instrument, strategy: str = "s") -> list[str]:
    verdict = RiskManager(limits).review(target(wanted, instrument=instrument.id, strategy=strategy), state)
    return [b.limit for b in verdict.breaches] if isinstance(verdict, Refused) else []


@pytest.mark.parametrize(
    ("instrument", "edge", "limit"),
    [
        (APPLE, "200", "position"),
        (COIN, "150", "crypto"),
        (GOLD, "200", "position"),
        (EURO, "9181.81", "position"),
    ],
)
def test_balanced_holds_the_general_numbers_on_every_class(
    instrument: Instrument, edge: str, limit: str
) -> None:
    state, limits = mixed(), profile("balanced", LISTED)
    assert says(state, limits, edge, instrument) == []
    assert limit in says(state, limits, str(Decimal(edge) * Decimal("1.001")), instrument)


def test_balanced_sums_a_sector_a_strategy_and_a_currency_over_instruments() -> None:
    state, limits = mixed(), profile("balanced", LISTED)
    hold(state, "200", instrument=APPLE)
    state.ledger.adjust("EUR", Decimal(40_000))
    wanted = Decimal("200") * state.equity().__round__() / 100_000  # SAP costs 110 dollars
    assert "position" not in says(state, limits, "150", SAP, "other")
    assert "sector" in says(state, limits, str(wanted * 2), SAP, "other")
    assert "currency" in says(state, limits, "90000", EURO)
    hold(state, "190", instrument=INDEX)
    assert "strategy" in says(state, limits, "200", GOLD)
    assert "strategy" not in says(state, limits, "200", GOLD, "other")


def test_dollars_bought_with_dollars_are_no_new_ones() -> None:
    assert "usd" not in says(mixed(), profile("balanced", LISTED), "10", APPLE)


def test_crypto_only_takes_coins_up_to_its_own_numbers_and_nothing_else() -> None:
    state, limits = desk(BTC, ETH), profile("crypto-only")
    state.on_quote(quote("99.99", "100.01", ETH))
    assert says(state, limits, "20", BTC) == []
    assert says(state, limits, "20.00001", BTC) == ["position"]
    share = profile("crypto-only", {"BTC": Asset("share", "technology")})
    assert says(state, share, "0.1", BTC) == ["share"]


STATED = {name.removesuffix("_max").removesuffix("_min") for name in LimitProfile.model_fields}


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.sampled_from(MIXED), st.integers(1, 300)), max_size=5),
    st.sampled_from(MIXED), st.integers(1, 1000), st.sampled_from(["balanced", "crypto-only"]),
)  # fmt: skip
def test_no_limit_is_reached_that_the_profile_does_not_state(
    held: list[tuple[Instrument, int]], instrument: Instrument, wanted: int, name: str
) -> None:
    state, limits = mixed(), profile(name, LISTED)
    for one, quantity in held:
        hold(state, str(quantity), instrument=one)
    assert set(says(state, limits, str(wanted), instrument)) <= STATED
    order = intent("md-9", instrument=instrument.id, quantity=Decimal(wanted))
    of_one_order = {"order rate", "order notional", "order quantity", "price collar", "funds"}
    found = {b.limit for b in RiskManager(limits).objections(order, state)}
    assert found <= STATED | of_one_order
