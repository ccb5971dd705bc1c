"""The steps of sizing: what each takes, what none may do, and that each says why."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from math import inf, isfinite, nan
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from midas.domain.instrument import Instrument
from midas.domain.money import ZERO
from midas.statistics.sizing import (
    Bet,
    Portion,
    Sized,
    SizingPolicy,
    Stage,
    drawdown_throttle,
    full_kelly,
    outside_band,
    regime_factor,
    size,
    tradable,
    volatility_weight,
    whole_lots,
)
from midas.statistics.track import TrackRecord

BTC = Instrument(
    venue="test",
    symbol="BTCUSDT",
    base="BTC",
    quote="USDT",
    tick_size=Decimal("0.01"),
    lot_size=Decimal("0.00001"),
    quantity_min=Decimal("0.00001"),
    quantity_max=Decimal("9000"),
    notional_min=Decimal("5"),
)
POLICY = SizingPolicy()
PLAIN = Bet(
    direction=1,
    probability=0.55,
    gain=0.021,
    loss=0.019,
    cost=0.001,
    volatility=0.20,
    room=Decimal("0.4"),
    equity=Decimal(100_000),
    price=Decimal(50_000),
)

shares = st.floats(0.0, 1.0)
bets = st.builds(
    Bet,
    direction=st.sampled_from([1, -1]),
    probability=shares,
    gain=st.floats(0.0, 0.2),
    loss=st.floats(0.0, 0.2),
    cost=st.floats(0.0, 0.01),
    outcomes=st.floats(0.0, 1e5) | st.just(inf),
    sharpe=st.floats(-3.0, 3.0) | st.just(nan),
    years=st.floats(0.0, 20.0) | st.just(inf),
    volatility=st.floats(0.0, 3.0) | st.just(nan),
    regimes=st.tuples(shares, shares).map(lambda it: ((it[0], it[1]), (1.0 - it[0], 1.0))),
    calibrated=st.booleans(),
    drawdown=st.floats(0.0, 0.3) | st.just(nan),
    room=st.integers(-1, 10**9).map(lambda lots: lots * BTC.lot_size),
    equity=st.integers(-100, 10**9).map(lambda cents: Decimal(cents) / 100),
    price=st.integers(1, 10**8).map(lambda cents: Decimal(cents) / 100),
)


def changed(bet: Bet = PLAIN, **changes: object) -> Bet:
    """A bet with some of its inputs changed."""
    return msgspec.structs.replace(bet, **changes)


def factor(sized: Sized, stage: Stage) -> float:
    """What one step did."""
    return next(step.factor for step in sized.steps if step.stage is stage)


def weight(bet: Bet, policy: SizingPolicy = POLICY) -> float:
    """The share of equity that the hard limits are asked for, before any rounding."""
    return size(bet, policy, BTC).steps[8].weight


def held(bet: Bet, policy: SizingPolicy = POLICY) -> float:
    """The share of equity after the hard limits."""
    return size(bet, policy, BTC).steps[9].weight


def test_the_steps_come_in_the_order_of_the_reference() -> None:
    others = (Stage.SHARE, Stage.CONFIDENCE, Stage.TRADES)
    wanted = [stage for stage in Stage if stage not in others]
    assert [step.stage for step in size(PLAIN, POLICY, BTC).steps] == wanted[:-1]


def test_a_quarter_of_kelly_stops_at_the_hard_limit() -> None:
    # Kelly risks 10 % at even money; a stop 2 % away makes that five times the equity, a quarter of it 1.25.
    found = size(PLAIN, POLICY, BTC)
    assert found.full == pytest.approx(5.0)
    assert found.steps[8].weight == pytest.approx(1.25)
    assert factor(found, Stage.LIMITS) == pytest.approx(0.16)
    assert found.quantity == Decimal("0.4")
    assert found.binding.stage is Stage.LIMITS
    assert found.binding.why == "the limits leave 20.00% of equity"


def test_a_sale_mirrors_a_purchase() -> None:
    assert size(changed(direction=-1), POLICY, BTC).quantity == Decimal("-0.4")


@pytest.mark.parametrize(
    ("changes", "stage", "left"),
    [
        pytest.param({"probability": 0.49}, Stage.EDGE, 0.0, id="no edge"),
        pytest.param({"gain": 0.0181}, Stage.EDGE, 0.0, id="an edge below the margin"),
        pytest.param({"probability": nan}, Stage.EDGE, 0.0, id="a chance that isn't known"),
        pytest.param({"sharpe": 1.0, "years": 3.0}, Stage.RECORD, 0.75, id="a record of three years"),
        pytest.param({"sharpe": nan, "years": 3.0}, Stage.RECORD, 0.0, id="a record that isn't known"),
        pytest.param({"sharpe": -1.0, "years": 3.0}, Stage.RECORD, 0.0, id="a record of losses"),
        pytest.param({"sharpe": 1.0, "years": 0.0}, Stage.RECORD, 0.0, id="no record"),
        pytest.param({"volatility": 0.40}, Stage.VOLATILITY, 0.5, id="twice the volatility"),
        pytest.param({"volatility": nan}, Stage.VOLATILITY, 0.0, id="a volatility that isn't known"),
        pytest.param({"volatility": 0.01}, Stage.VOLATILITY, 1.0, id="a quiet market, never levered up"),
        pytest.param({"regimes": ((0.6, 1.0), (0.4, 0.5))}, Stage.REGIME, 0.8, id="a regime in doubt"),
        pytest.param({"regimes": ((nan, 1.0),)}, Stage.REGIME, 0.0, id="a regime that isn't known"),
        pytest.param({"calibrated": False}, Stage.CALIBRATION, 0.5, id="chances in doubt"),
        pytest.param({"drawdown": 0.05}, Stage.DRAWDOWN, 2 / 3, id="a third of the drawdown"),
        pytest.param({"drawdown": 0.15}, Stage.DRAWDOWN, 0.0, id="all of the drawdown"),
        pytest.param({"drawdown": nan}, Stage.DRAWDOWN, 0.0, id="a drawdown that isn't known"),
        pytest.param({"room": ZERO}, Stage.LIMITS, 0.0, id="no room"),
        pytest.param({"equity": Decimal(3)}, Stage.MINIMUM, 0.0, id="an account too small to trade"),
    ],
)
def test_a_step_leaves_what_it_says(changes: dict[str, Any], stage: Stage, left: float) -> None:
    found = size(changed(**changes), POLICY, BTC)
    assert factor(found, stage) == pytest.approx(left)
    assert (found.quantity == ZERO) is (left == 0.0)
    if left == 0.0:
        assert found.binding.stage is stage


@pytest.mark.parametrize(("edge", "passes"), [(0.00049, 0.0), (0.0005, 0.0), (0.00051, 1.0)])
def test_an_edge_must_be_larger_than_the_margin(edge: float, passes: float) -> None:
    bet = changed(probability=1.0, gain=edge, cost=0.0)  # a sure gain: the edge is the gain, to the bit
    assert factor(size(bet, POLICY, BTC), Stage.EDGE) == passes


def test_a_chance_of_few_outcomes_counts_as_less() -> None:
    found = size(changed(outcomes=400.0), POLICY, BTC)
    step = found.steps[2]
    assert 0.0 < step.factor < 1.0
    assert step.why == "chance 55.0% counts as 53.3%"
    assert size(changed(outcomes=10.0), POLICY, BTC).binding.stage is Stage.CHANCE


def test_rounding_to_lots_is_a_step_too() -> None:
    coarse = msgspec.structs.replace(BTC, lot_size=Decimal("0.3"), quantity_min=Decimal("0.3"))
    found = size(PLAIN, POLICY, coarse)
    assert found.quantity == Decimal("0.3")
    assert factor(found, Stage.LOTS) == pytest.approx(0.75)


def test_a_size_stops_at_the_largest_order_of_the_venue() -> None:
    small = msgspec.structs.replace(BTC, quantity_max=Decimal("0.123456"))
    assert size(PLAIN, POLICY, small).quantity == Decimal("0.12345")


def test_lots_never_round_up_through_the_budget() -> None:
    assert whole_lots(Decimal("19999.99"), Decimal(50_000), BTC) == Decimal("0.39999")
    assert whole_lots(Decimal("-1"), Decimal(50_000), BTC) == ZERO
    # 1 / 3 * 3 isn't 1, nor is 2 / 3 rounded up at its last digit.
    thirds = msgspec.structs.replace(BTC, lot_size=Decimal("1e-28"), quantity_min=Decimal("1e-28"))
    assert whole_lots(Decimal(2), Decimal(3), thirds) * 3 <= 2


@pytest.mark.parametrize(("quantity", "taken"), [("0.00009", False), ("0.0001", True), ("0.00011", True)])
def test_the_smallest_notional_is_still_taken(quantity: str, taken: bool) -> None:
    assert tradable(Decimal(quantity), Decimal(50_000), BTC) is taken


@given(bet=bets)
def test_no_step_ever_adds_and_no_size_passes_a_limit(bet: Bet) -> None:
    found = size(bet, POLICY, BTC)
    before = found.full
    for step in found.steps:
        assert 0.0 <= step.factor <= 1.0
        assert 0.0 <= step.weight <= before
        assert step.why
        before = step.weight
    assert found.quantity % BTC.lot_size == ZERO
    assert found.quantity * bet.direction >= ZERO
    if found.quantity:
        amount = abs(found.quantity) * bet.price
        assert bet.room is not None and abs(found.quantity) <= bet.room
        assert amount <= bet.equity * Decimal(found.full) * Decimal("1.000000000001")
        assert amount >= BTC.notional_min


@given(bet=bets)
def test_a_size_of_zero_always_has_a_step_that_left_nothing(bet: Bet) -> None:
    found = size(bet, POLICY, BTC)
    assert (found.quantity == ZERO) is (found.binding.factor == 0.0)


def test_a_stop_at_the_price_itself_is_no_stop() -> None:
    found = size(changed(loss=5e-324, cost=0.0), POLICY, BTC)
    assert (found.full, found.quantity, found.binding.stage) == (0.0, ZERO, Stage.EDGE)


def test_without_equity_nothing_is_held() -> None:
    assert size(changed(equity=ZERO), POLICY, BTC).binding.why == "there is no equity"


@given(bet=bets)
def test_without_an_edge_there_is_no_position(bet: Bet) -> None:
    if not bet.edge > 0.0 or full_kelly(bet) == 0.0:
        assert size(bet, POLICY, BTC).quantity == ZERO


@given(bet=bets, other=shares)
def test_a_better_chance_never_buys_less(bet: Bet, other: float) -> None:
    low, high = sorted((bet.probability, other))
    smaller, larger = (weight(changed(bet, probability=each)) for each in (low, high))
    assert smaller <= larger * (1 + 1e-9) + 1e-12


@given(bet=bets, calmer=shares)
def test_more_volatility_never_buys_more(bet: Bet, calmer: float) -> None:
    if isfinite(bet.volatility):
        assert weight(bet) <= weight(changed(bet, volatility=bet.volatility * calmer))


@given(bet=bets, less=shares)
def test_less_room_never_buys_more(bet: Bet, less: float) -> None:
    assert bet.room is not None
    tighter = size(changed(bet, room=bet.room * Decimal(less)), POLICY, BTC).quantity
    assert abs(tighter) <= abs(size(bet, POLICY, BTC).quantity)


@pytest.mark.parametrize(
    ("room", "held"),
    [("0.12344999", "0.12344"), ("0.12345", "0.12345"), ("0.12345001", "0.12345"), ("0.12346", "0.12346")],
)
def test_the_limits_count_in_lots_never_rounded_up(room: str, held: str) -> None:
    assert size(changed(room=Decimal(room)), POLICY, BTC).quantity == Decimal(held)


@given(bet=bets, cents=st.integers(1, 10_000))
def test_another_currency_buys_the_same(bet: Bet, cents: int) -> None:
    rate = Decimal(cents) / 100
    abroad = changed(bet, equity=bet.equity * rate, price=bet.price * rate)
    there = msgspec.structs.replace(BTC, notional_min=BTC.notional_min * rate)
    assert held(abroad) == held(bet)
    assert size(abroad, POLICY, there).quantity == size(bet, POLICY, BTC).quantity


@pytest.mark.parametrize(
    ("volatility", "scale"),
    [(0.4, 0.5), (0.2, 1.0), (0.1, 1.0), (0.0, 1.0), (nan, 0.0), (inf, 0.0), (-1.0, 0.0)],
)
def test_a_volatility_target_never_levers_up_by_itself(volatility: float, scale: float) -> None:
    assert volatility_weight(volatility, 0.2, 0.05) == pytest.approx(scale)


def test_a_volatility_target_may_lever_up_to_its_cap_and_to_its_floor() -> None:
    assert volatility_weight(0.1, 0.2, 0.05, cap=1.5) == 1.5
    assert volatility_weight(0.001, 0.2, 0.05, cap=10.0) == pytest.approx(4.0)


@pytest.mark.parametrize(
    ("held", "wanted", "trades"),
    [
        (1.0, 1.05, False),
        (0.75, 1.0, True),
        (1.0, 1.25, True),
        (0.90, 1.0, False),
        (0.89, 1.0, True),
        (0.001, 0.0, True),
        (0.0, 0.001, True),
        (0.01, -0.01, True),
        (0.0, 0.0, False),
    ],
)
def test_only_a_change_outside_the_band_is_worth_its_cost(held: float, wanted: float, trades: bool) -> None:
    assert outside_band(held, wanted, POLICY.band) is trades


def test_regimes_are_weighted_not_chosen() -> None:
    assert regime_factor([]) == 1.0
    assert regime_factor([(0.51, 1.0), (0.49, 0.0)]) == pytest.approx(0.51)
    assert regime_factor([(1.0, 3.0)]) == 1.0  # a multiplier only reduces
    with pytest.raises(AssertionError, match="probabilities above 1"):
        regime_factor([(0.9, 1.0), (0.9, 1.0)])


def test_the_throttle_closes_as_the_drawdown_deepens() -> None:
    assert [drawdown_throttle(each, 0.15) for each in (0.0, 0.15, 0.5, nan)] == [1.0, 0.0, 0.0, 0.0]
    with pytest.raises(AssertionError, match="expected a positive largest drawdown"):
        drawdown_throttle(0.1, 0.0)


def test_a_direction_is_long_or_short() -> None:
    with pytest.raises(AssertionError, match="expected a direction"):
        size(changed(direction=0), POLICY, BTC)


# A size that starts with a strategy's share of equity.

SHARE = Portion(
    direction=1, share=0.5, confidence=0.8, volatility=0.4, equity=Decimal(100_000), price=Decimal(50_000)
)
portions = st.builds(
    Portion,
    direction=st.sampled_from([1, -1]),
    share=shares,
    confidence=shares | st.just(nan),
    volatility=st.floats(0.0, 3.0) | st.just(nan),
    regimes=shares.map(lambda it: ((1.0, it),)),
    calibrated=st.booleans(),
    mode=shares,
    drawdown=st.floats(0.0, 0.3) | st.just(nan),
    equity=st.integers(-100, 10**9).map(lambda cents: Decimal(cents) / 100),
    price=st.integers(1, 10**8).map(lambda cents: Decimal(cents) / 100),
)


def portion(**changes: object) -> Portion:
    return msgspec.structs.replace(SHARE, **changes)


def of_record(count: int, full: float) -> TrackRecord:
    return TrackRecord(
        count=count, effective=float(count), wins=count // 2, cautious=0.5, gain=0.01, loss=0.01, full=full
    )


def test_a_share_meets_its_steps_in_their_order() -> None:
    wanted = list(Stage)[list(Stage).index(Stage.SHARE) :]
    wanted = [stage for stage in wanted if stage not in (Stage.LIMITS, Stage.MINIMUM)]
    assert [step.stage for step in size(SHARE, POLICY, BTC).steps] == wanted


def test_a_volatility_twice_the_target_halves_a_share() -> None:
    # 100,000 x 0.5 x 0.2 / 0.4 x 0.8 = 20,000 USDT at 50,000
    found = size(SHARE, POLICY, BTC)
    assert found.quantity == Decimal("0.4")
    assert found.why == "50.0% of equity x confidence 0.80 x volatility 0.50"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"volatility": nan}, "volatility is not known yet"),
        ({"confidence": 0.0}, "confidence 0.00"),
        ({"share": 0.0}, "its share is 0.0% of equity"),
        ({"regimes": ((1.0, 0.0),)}, "the regime allows no position"),
        ({"mode": 0.0}, "mode and breakers leave 0%"),
        ({"drawdown": 0.15}, "drawdown 15.0% of 15%"),
        ({"equity": Decimal(20)}, "the venue takes no order below 5 USDT"),
    ],
)
def test_a_share_of_which_nothing_is_left_says_why(changes: dict[str, Any], why: str) -> None:
    found = size(portion(**changes), POLICY, BTC)
    assert (found.quantity, found.binding.why) == (ZERO, why)


def test_an_account_without_equity_holds_nothing() -> None:
    assert size(portion(equity=Decimal(-5)), POLICY, BTC).quantity == ZERO


@pytest.mark.parametrize(("count", "left"), [(0, 1.0), (29, 1.0), (30, 0.25), (31, 0.25)])
def test_own_trades_count_from_thirty_on(count: int, left: float) -> None:
    found = size(portion(record=of_record(count, 0.0)), POLICY, BTC)
    step = next(step for step in found.steps if step.stage is Stage.TRADES)
    assert step.factor == left
    assert step.why.startswith("insufficient data") is (count < 30)


@pytest.mark.parametrize(("full", "left"), [(0.4, 0.25), (0.6, 0.3), (1.0, 0.5), (2.0, 1.0), (9.0, 1.0)])
def test_kelly_of_own_trades_reduces_a_share_and_never_raises_it(full: float, left: float) -> None:
    # A quarter of Kelly against a share of one half; no less than the floor, which lets it show better.
    found = size(portion(record=of_record(40, full)), POLICY, BTC)
    assert factor(found, Stage.TRADES) == pytest.approx(left)


def test_own_trades_may_end_a_strategy() -> None:
    none = msgspec.structs.replace(POLICY, trades_floor=0.0)
    assert size(portion(record=of_record(40, 0.0)), none, BTC).quantity == ZERO


@pytest.mark.parametrize(("mode", "left"), [(1.0, 0.5), (0.8, 0.625), (0.5, 1.0), (0.25, 1.0)])
def test_chances_in_doubt_halve_once_not_on_top_of_the_mode(mode: float, left: float) -> None:
    found = size(portion(calibrated=False, mode=mode), POLICY, BTC)
    assert factor(found, Stage.CALIBRATION) == pytest.approx(left)
    assert factor(found, Stage.MODE) == mode


def test_a_bet_never_holds_more_than_its_strategy_may() -> None:
    found = size(changed(share=0.1), POLICY, BTC)
    assert factor(found, Stage.SHARE) == pytest.approx(0.08)  # of 1.25
    assert found.quantity == Decimal("0.2")


@given(it=portions)
def test_a_share_ends_in_whole_lots_within_it_and_every_step_only_reduces(it: Portion) -> None:
    found = size(it, POLICY, BTC)
    assert found.quantity % BTC.lot_size == 0
    assert abs(found.quantity) * it.price <= max(it.equity, ZERO) * Decimal(repr(it.share))
    assert found.quantity * it.direction >= 0
    assert all(0.0 <= step.factor <= 1.0 and step.why for step in found.steps)
    weights = [found.full, *(step.weight for step in found.steps)]
    assert all(after <= before for before, after in pairwise(weights))
    assert all(isfinite(step.weight) for step in found.steps)  # the journal knows no NaN


@given(it=portions, part=shares)
def test_a_share_falls_with_volatility_and_rises_with_confidence(it: Portion, part: float) -> None:
    calm = msgspec.structs.replace(it, volatility=it.volatility * part)
    shy = msgspec.structs.replace(it, confidence=it.confidence * part)
    held = abs(size(it, POLICY, BTC).quantity)
    assert held <= abs(size(calm, POLICY, BTC).quantity)
    assert abs(size(shy, POLICY, BTC).quantity) <= held
