"""Sizes through the whole engine: what a stated bet and a strategy's own trades make of them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from midas.domain.carry import Carried
from midas.domain.decision import SignalMade, TargetApproved
from midas.domain.opinion import Opinion, Urgency
from midas.domain.sizing import Stage
from midas.domain.time import SECOND
from tests.engine.scene import Scene, folded, of
from tests.fakes.desk import BTC, CASH, Desk
from tests.fakes.nouns import trip
from tests.fakes.strategy import Puppet, flat, long

BET = {"probability": 0.6, "gain": 0.02, "loss": 0.015, "horizon_ns": 60 * SECOND}
LOSSES = tuple(trip("-0.1", n, strategy="puppet") for n in range(30))


def bet(**changes: object) -> Opinion:
    fields: dict[str, object] = {**BET, **changes}
    return Opinion(direction=1.0, confidence=0.9, reason="told to", **fields)  # type: ignore[arg-type]


def made(scene: Scene, opinion: Opinion) -> SignalMade:
    return of(SignalMade, scene.say(opinion))[0]


def test_a_signal_tells_every_step_from_its_share_to_whole_lots(scene: Scene) -> None:
    found = made(scene, long(0.8))
    stages = [step.stage for step in found.steps]
    assert stages == [
        Stage.SHARE, Stage.CONFIDENCE, Stage.TRADES, Stage.VOLATILITY, Stage.REGIME, Stage.CALIBRATION,
        Stage.MODE, Stage.DRAWDOWN, Stage.LOTS,
    ]  # fmt: skip
    shown = scene.desk.picture().signals[0].steps
    assert [step.name for step in shown] == [stage.value for stage in stages]
    assert shown[1].why == "confidence 0.80"
    assert shown[2].why == "insufficient data: 0 of 30 trades of its own"
    weight = 0.15
    for step in shown:
        weight *= step.factor
        assert step.weight == pytest.approx(weight)
    target = of(TargetApproved, scene.desk.audits)[0].target
    equity, price = scene.desk.state.equity(), scene.desk.state.markets[target.instrument].mid
    assert float(target.quantity) * price / equity == pytest.approx(shown[-1].weight, rel=1e-6)


def test_a_stated_bet_is_sized_by_kelly_within_the_strategys_share(scene: Scene) -> None:
    found = made(scene, bet())
    assert [step.stage for step in found.steps] == [
        Stage.EDGE, Stage.FRACTION, Stage.CHANCE, Stage.RECORD, Stage.SHARE, Stage.VOLATILITY, Stage.REGIME,
        Stage.CALIBRATION, Stage.MODE, Stage.DRAWDOWN, Stage.LIMITS, Stage.LOTS,
    ]  # fmt: skip
    chance = next(step for step in found.steps if step.stage is Stage.CHANCE)
    assert chance.why.startswith("chance 60.0% counts as 5")  # of as few as thirty outcomes
    share = next(step for step in found.steps if step.stage is Stage.SHARE)
    assert share.weight <= 0.15
    assert found.outcome == "acted"


@pytest.mark.parametrize("chance", [0.3, 0.45, 0.5])
def test_a_bet_without_an_edge_is_held_and_says_so(scene: Scene, chance: float) -> None:
    found = made(scene, bet(probability=chance))
    assert found.outcome == "held"
    assert "edge" in found.detail or "chance" in found.detail


def test_the_hard_limits_leave_a_bet_what_they_leave() -> None:
    scene = Scene(position_max=0.01)
    found = made(scene, bet(probability=0.9))
    limits = next(step for step in found.steps if step.stage is Stage.LIMITS)
    assert found.outcome == "acted"  # made to fit, where a share would be refused
    assert limits.weight <= 0.01
    assert limits.why == "the limits leave 1.00% of equity"


def test_thirty_losing_trades_of_its_own_leave_a_strategy_a_quarter(scene: Scene) -> None:
    whole = of(TargetApproved, scene.say(long()))[0].target.quantity
    fresh = Scene()
    fresh.desk.state.ledger.trips["puppet"] = LOSSES
    found = fresh.say(long())
    quarter = of(TargetApproved, found)[0].target.quantity
    assert float(quarter) == pytest.approx(float(whole) / 4, abs=float(Decimal("0.00001")))
    trades = next(s for s in of(SignalMade, found)[0].steps if s.stage is Stage.TRADES)
    assert trades.why.startswith("0 of 30 won")


@pytest.mark.parametrize(
    ("stated", "fault"),
    [
        ({"probability": 1.2}, "a probability of 1.2"),
        ({"probability": float("nan")}, "a probability of nan"),
        ({"gain": None}, "one of gain and loss"),
        ({"probability": None}, "without the probability"),
        ({"loss": 0.0}, "a loss of 0.0"),
        ({"gain": 1.0}, "a gain of 1.0"),
        ({"horizon_ns": 0}, "without a horizon"),
    ],
)
def test_a_bet_that_makes_no_sense_switches_its_strategy_off(
    scene: Scene, stated: dict[str, object], fault: str
) -> None:
    scene.say(bet(**stated))
    assert scene.notes(fault)


def test_a_restart_keeps_round_trips_and_the_one_that_is_open(scene: Scene) -> None:
    scene.hold()
    scene.say(flat(Urgency.AGGRESSIVE))
    scene.tick(2)
    assert scene.position == 0
    trips = scene.desk.state.ledger.trips["puppet"]
    assert len(trips) == 1
    assert trips[0].result < 0.0  # the spread and the falling market
    scene.hold()
    kept = folded(scene.desk)
    assert kept.trips == trips
    assert kept.sleeves == scene.desk.state.carried().sleeves
    assert kept.sleeves[0].trip.paid > 0
    again = Scene().desk
    again.state.ledger.restore(kept.balances, kept.sleeves, kept.trade_ids)
    assert again.state.ledger.sleeve("puppet", BTC.id).trip == kept.sleeves[0].trip


def test_a_session_begins_with_the_trips_of_the_last_one() -> None:
    desk = Desk([Puppet()])
    desk.open(10**18, Carried(from_session="before", opened=True, balances=CASH, trips=LOSSES))
    assert desk.state.carried().trips == LOSSES
