"""What orders cost, told beside what was expected of them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from midas.costs import BPS, Conditions, CostModel, of_day
from midas.domain.decision import Decision, FillBooked, OrderMoved, OrderPlanned
from midas.domain.order import Purpose, Side
from midas.engine.alarms import Alarms
from midas.engine.audit import Audit
from midas.engine.cost_log import BARS, CostLog
from tests.engine.scene import Scene
from tests.fakes.desk import BTC
from tests.fakes.nouns import intent


def heard(log: CostLog, *decisions: Decision) -> None:
    log.observe(Audit(1, "x", 1, decisions, ()))


def fill(name: str, price: float, maker: bool = False) -> FillBooked:
    return FillBooked(
        client_id=name, strategy="puppet", instrument=BTC.id, side=Side.BUY, purpose=Purpose.ENTRY,
        price=Decimal(str(price)), quantity=Decimal("0.1"), fee=Decimal(0), fee_asset="USDT", maker=maker,
        realised=Decimal(0), position=Decimal("0.1"), trade_id=1, market_time=1,
    )  # fmt: skip


def expected(scene: Scene) -> float:
    """What the model expects a tenth of a bitcoin to cost beyond the mid, in money for one."""
    market = scene.desk.engine.state.markets[BTC.id]
    bars = [bar for bar in market.bars if not bar.synthetic]
    volatility, volume = of_day(bars) if len(bars) >= BARS else (None, None)
    spread = (market.ask_price - market.bid_price) / market.mid * BPS
    now = Conditions(spread_bps=spread, volatility_day=volatility, volume_day=volume)
    cost = CostModel().expected(0.1, False, now)
    return (cost.spread_bps + cost.impact_bps) / BPS * market.mid


def bought(log: CostLog, scene: Scene, name: str, times: float, maker: bool = False) -> None:
    """An order that cost so many times what is expected."""
    heard(log, OrderPlanned(intent(client_id=name, instrument=BTC.id)))
    price = round(scene.desk.engine.state.markets[BTC.id].mid + times * expected(scene), 6)
    heard(log, fill(name, price, maker), OrderMoved(name, "OPEN", "FILLED"))


def test_an_order_that_took_is_compared_with_what_was_expected(scene: Scene) -> None:
    log = CostLog(scene.desk.engine.state, CostModel())
    assert log.view.orders == 0
    bought(log, scene, "a", 2.0)
    bought(log, scene, "b", 0.0, maker=True)  # it waited: another question
    view = log.view
    assert view.orders == 1 and view.realised / view.expected == pytest.approx(2.0, abs=0.01)
    assert log.calibration is None  # of one order


def test_orders_that_consistently_cost_too_much_are_an_alarm_that_ends_with_cheaper_ones(
    scene: Scene,
) -> None:
    engine, health = scene.desk.engine, scene.desk.health
    log = CostLog(engine.state, CostModel())
    desk = engine.orchestrator
    alarms = Alarms(engine.state, desk.strategies, desk.risk, False, log)
    for n in range(12):
        bought(log, scene, f"dear{n}", 4.0)
    (alarm,) = [each for each in alarms.update(1, health, ()) if each.name == "costs"]
    assert "orders cost 4.0 times what is expected" in alarm.text and log.view.alert
    for n in range(14):
        bought(log, scene, f"fair{n}", 1.0)
    assert "costs" not in {each.name for each in alarms.update(2, health, ())}
