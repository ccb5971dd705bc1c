from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from midas.agents.portfolio_manager import PortfolioManager
from midas.agents.risk_manager import RiskManager
from midas.costs import CostModel
from midas.domain.mode import Mode
from midas.domain.opinion import Regime, RegimeLabel, Signal
from midas.domain.sizing import Stage
from midas.domain.time import DAY, SECOND
from midas.domain.verdict import Approved
from midas.portfolio.sizing import Sizing
from midas.state.state import State
from midas.statistics.sizing import SizingPolicy
from tests.fakes.desk import LIMITS
from tests.fakes.nouns import BTC, ETH, START, desk, hold, intent, pair, quote

QUIET = 1e-9  # one bar's volatility, so low that the cap of the scale decides


@pytest.fixture
def manager() -> PortfolioManager:
    return PortfolioManager(Sizing(SizingPolicy(), CostModel()), SECOND)


def signal(direction: float, confidence: float = 1.0) -> Signal:
    return Signal(
        strategy="s", instrument=BTC.id, direction=direction, confidence=confidence, time=START, sequence=1
    )


def calm(state: State) -> State:
    state.regimes[BTC.id] = Regime(label=RegimeLabel.TREND_UP, source="rule", since=START)
    return state


def test_a_signal_becomes_the_position_that_its_share_of_equity_allows(manager: PortfolioManager) -> None:
    wanted, *_ = manager.target(signal(1.0), 0.5, QUIET, calm(desk()))
    assert wanted is not None
    assert wanted.quantity == Decimal(50)
    assert wanted.reference_price == pytest.approx(100.0)


def test_volatility_is_of_a_year_as_the_instrument_trades_it() -> None:
    told = {}
    for days, years in ((365, None), (252, {BTC.id: 252 * DAY})):
        manager = PortfolioManager(Sizing(SizingPolicy(), CostModel()), DAY, years)
        *_, steps = manager.target(signal(1.0), 0.5, 0.4 / days**0.5, calm(desk()))
        told[days] = [step.why for step in steps if step.stage is Stage.VOLATILITY]
    assert told[365] == told[252] == ["volatility 40%, target 20%"]


def test_defensive_halves_it(manager: PortfolioManager) -> None:
    state = calm(desk())
    state.control.set_mode(Mode.DEFENSIVE, "test", "", "", START)
    wanted, *_ = manager.target(signal(1.0), 0.5, QUIET, state)
    assert wanted is not None
    assert wanted.quantity == Decimal(25)


def test_what_is_within_the_band_is_left_alone(manager: PortfolioManager) -> None:
    state = calm(desk(cash="10500"))
    hold(state, "49")
    assert manager.target(signal(1.0), 0.5, QUIET, state)[0] is None


def test_dust_is_nothing_to_leave(manager: PortfolioManager) -> None:
    state = desk()
    hold(state, "0.000001")
    wanted, reason, _ = manager.target(signal(0.0), 0.5, QUIET, state)
    assert (wanted, reason) == (None, "flat already")


@pytest.mark.parametrize("direction", [0.0, -1.0])
def test_no_position_is_asked_for_twice(manager: PortfolioManager, direction: float) -> None:
    state = desk()
    assert manager.target(signal(direction), 0.5, QUIET, state)[0] is None
    state.plan(intent())
    closing, *_ = manager.target(signal(direction), 0.5, QUIET, state)
    assert closing is not None
    assert closing.quantity == 0


def test_leaving_needs_no_price_and_no_equity(manager: PortfolioManager) -> None:
    state = desk(BTC, ETH, ETH="1")
    hold(state, "1")
    state.on_quote(quote("0", "100"))
    leaving, *_ = manager.target(signal(0.0), 0.5, QUIET, state)
    assert leaving is not None
    assert (leaving.quantity, leaving.reference_price) == (Decimal(0), 0.0)


def test_equity_that_is_not_known_sizes_nothing(manager: PortfolioManager) -> None:
    wanted, reason, _ = manager.target(signal(1.0), 0.5, QUIET, calm(desk(BTC, ETH, ETH="1")))
    assert wanted is None
    assert "equity" in reason


def test_volatility_that_is_not_known_sizes_nothing(manager: PortfolioManager) -> None:
    assert manager.target(signal(1.0), 0.5, float("nan"), calm(desk()))[0] is None


def test_a_size_counts_equity_in_what_its_instrument_is_quoted_in(manager: PortfolioManager) -> None:
    share, euro = pair("SHARE", "EUR"), pair("EUR")
    state = calm(desk(share, euro))
    state.regimes[share.id] = state.regimes[BTC.id]
    state.on_quote(quote("1.9999", "2.0001", euro))
    state.on_quote(quote("1.99", "2.01", euro))
    asked = msgspec.structs.replace(signal(1.0), instrument=share.id)
    wanted, *_ = manager.target(asked, 0.5, QUIET, state)
    assert wanted is not None
    assert wanted.quantity == Decimal(25)  # half of 10,000 dollars, at 100 euros of two dollars each
    state.on_quote(quote("0", "2.01", euro))
    assert "equity" in manager.target(asked, 0.5, QUIET, calm(desk(share, euro)))[1]


lots = st.integers(0, 3_000_000).map(lambda count: count * BTC.lot_size)


@given(
    held=lots, others=lots, working=lots, ether=lots, cash=st.integers(0, 20_000), share=st.floats(0.0, 1.0)
)
def test_a_bet_is_made_to_fit_whatever_is_held_and_ordered(
    held: Decimal, others: Decimal, working: Decimal, ether: Decimal, cash: int, share: float
) -> None:
    state = calm(desk(BTC, ETH, cash="100000"))
    state.on_quote(quote("99.98", "100.03", ETH))
    for quantity, strategy, instrument in ((held, "s", BTC), (others, "other", BTC), (ether, "other", ETH)):
        if quantity:
            hold(state, str(quantity), strategy=strategy, instrument=instrument)
    state.ledger.adjust("USDT", Decimal(cash - 100_000))
    if working:
        state.plan(intent("w", quantity=working))
    risk = RiskManager(LIMITS)
    bet = msgspec.structs.replace(signal(1.0), probability=0.9, gain=0.05, loss=0.02, horizon_ns=SECOND)
    room = risk.room("s", BTC.id, state)
    manager = PortfolioManager(Sizing(SizingPolicy(), CostModel()), SECOND)
    wish = manager.target(bet, share, QUIET, state, room)
    if wish.target is not None:
        assert wish.target.quantity <= room
        verdict = risk.review(wish.target, state)
        assert isinstance(verdict, Approved)
        assert verdict.target == wish.target


def test_fixed_units_are_held_whatever_confidence_and_market_say(manager: PortfolioManager) -> None:
    state, units = desk(), Decimal("2.5")
    wanted, *_ = manager.target(signal(1.0, 0.01), 0.0, float("nan"), state, units=units)
    assert wanted is not None and wanted.quantity == units
    hold(state, "2.5")
    assert manager.target(signal(1.0), 0.0, float("nan"), state, units=units)[:2] == (None, "held already")


def test_defensive_halves_fixed_units_too(manager: PortfolioManager) -> None:
    state = desk()
    state.control.set_mode(Mode.DEFENSIVE, "test", "", "", START)
    wanted, _, steps = manager.target(signal(1.0), 0.0, float("nan"), state, units=Decimal(3))
    assert wanted is not None and wanted.quantity == Decimal("1.5")
    assert [step.factor for step in steps] == [0.5]
