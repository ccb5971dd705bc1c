"""All fifteen limits of R7.1 in one scene: a lot below the edge, at it, a lot beyond it."""

from __future__ import annotations

from decimal import Decimal
from math import nextafter

import msgspec
import pytest

from midas.domain.instrument import Instrument
from midas.domain.limits import Limits
from midas.risk.correlation import Correlations
from midas.settings.risk import LimitProfile
from tests.fakes.desk import LIMITS
from tests.scenarios.mixed import ABROAD, APPLE, ASSETS, BOND, COIN, EQUITY, EURO, GOLD, INDEX, LOT, Mixed

OPEN = msgspec.structs.replace(
    LIMITS, position_max=1.0, sector_max=1.0, correlation_max=1.0, cluster_max=1.0, usd_max=1.0,
    crypto_max=1.0, share_max=1.0, etf_max=1.0, forex_max=1.0, bond_max=1.0, commodity_max=1.0,
    currency_max=1.0, venue_max=1.0, strategy_max=1.0, cash_min=0.0, order_notional_max=1e9,
    order_rate_max=1000, assets=ASSETS,
)  # fmt: skip

# The limit, its value, what is bought, and how much of that is exactly as much as it allows. Of the 100,000
# there are 60,000 cash, 10,000 each of AAPL and euros, 8,000 bonds, 5,000 each of SPY and gold, 2,000 coins.
EDGES: list[tuple[str, float, Instrument, str]] = [
    ("position_max", 0.20, APPLE, "200"),
    ("sector_max", 0.40, APPLE, "600"),
    ("cluster_max", 0.25, APPLE, "200"),
    ("usd_max", 0.90, ABROAD, "112"),  # of the 83,000 that are dollars; 5,600 euros become them
    ("crypto_max", 0.15, COIN, "260"),
    ("share_max", 0.30, APPLE, "400"),
    ("etf_max", 0.20, INDEX, "300"),
    ("forex_max", 0.25, EURO, "12000"),
    ("bond_max", 0.20, BOND, "240"),
    ("commodity_max", 0.15, GOLD, "200"),
    ("currency_max", 0.25, EURO, "12000"),
    ("venue_max", 0.60, APPLE, "400"),
    ("strategy_max", 0.10, INDEX, "200"),
    ("cash_min", 0.30, APPLE, "600"),
]
NAMES = {"cluster_max": "correlation"}


def scene(field: str, value: float) -> Mixed:
    """Nothing binds but one limit; AAPL and SPY move together where that is what it is about."""
    cluster = {"correlation_max": 0.7} if field == "cluster_max" else {}
    mixed = Mixed(msgspec.structs.replace(OPEN, **{**cluster, field: value}))
    if field == "cluster_max":
        mixed.pulse(APPLE, INDEX)
    assert mixed.state.equity() == pytest.approx(float(EQUITY), abs=1e-6)
    return mixed


def name_of(field: str) -> str:
    return NAMES.get(field, field.removesuffix("_max").removesuffix("_min"))


@pytest.mark.parametrize(("lots", "refused"), [(-1, False), (0, False), (1, True)])
@pytest.mark.parametrize(("field", "value", "instrument", "edge"), EDGES, ids=[e[0] for e in EDGES])
def test_a_limit_passes_up_to_its_edge_and_refuses_one_lot_beyond(
    field: str, value: float, instrument: Instrument, edge: str, lots: int, refused: bool
) -> None:
    mixed, quantity = scene(field, value), Decimal(edge) + lots * LOT
    assert mixed.objections(instrument, quantity) == ([name_of(field)] if refused else [])
    answer = mixed.order(instrument, quantity, confirmed=True)
    assert answer.accepted is not refused
    assert bool(mixed.state.orders.open) is not refused
    if refused:
        assert f"at most {edge} {instrument.base} fits" in answer.message


@pytest.mark.parametrize(("field", "value", "instrument", "edge"), EDGES, ids=[e[0] for e in EDGES])
def test_what_rests_counts_as_if_it_were_held(
    field: str, value: float, instrument: Instrument, edge: str
) -> None:
    mixed = scene(field, value)
    assert mixed.order(instrument, Decimal(edge) / 2, confirmed=True).accepted
    assert mixed.objections(instrument, Decimal(edge) / 2) == []
    assert mixed.objections(instrument, Decimal(edge) / 2 + LOT) == [name_of(field)]


def test_two_positions_are_one_from_just_above_the_correlation_that_is_allowed() -> None:
    mixed = scene("cluster_max", 0.25)
    found = Correlations().between(mixed.state, APPLE.id, INDEX.id)
    assert 0.7 < found < 1.0
    for most, together in ((nextafter(found, 1.0), False), (found, False), (nextafter(found, 0.0), True)):
        limits: Limits = msgspec.structs.replace(OPEN, cluster_max=0.25, correlation_max=most)
        mixed.desk.engine.orchestrator.risk.limits = limits
        assert (mixed.objections(APPLE, Decimal("200.001")) == ["correlation"]) is together


def test_every_limit_of_a_profile_is_tried() -> None:
    assert {field for field, *_ in EDGES} | {"correlation_max"} == set(LimitProfile.model_fields)
