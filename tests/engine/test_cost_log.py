"""What orders cost, told beside what was expected of them."""

from __future__ import annotations

from decimal import Decimal

from midas.costs import CostModel
from midas.domain.decision import Decision, FillBooked, OrderMoved, OrderPlanned
from midas.domain.order import Purpose, Side
from midas.engine.alarms import Alarms
from midas.engine.audit import Audit
from midas.engine.cost_log import CostLog
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


def bought(log: CostLog, scene: Scene, name: str, spreads: float, maker: bool = False) -> None:
    """An order that paid so many quoted spreads beyond the mid."""
    market = scene.desk.engine.state.markets[BTC.id]
    heard(log, OrderPlanned(intent(client_id=name, instrument=BTC.id)))
    spread = market.ask_price - market.bid_price
    heard(log, fill(name, round(market.mid + spreads * spread, 6), maker), OrderMoved(name, "OPEN", "FILLED"))


def test_an_order_that_took_is_compared_with_what_was_expected(scene: Scene) -> None:
    log = CostLog(scene.desk.engine.state, CostModel())
    assert log.view.orders == 0
    bought(log, scene, "a", 1.5)
    bought(log, scene, "b", 0.0, maker=True)  # it waited: another question
    view = log.view
    assert view.orders == 1 and round(view.realised / view.expected, 1) == 2.0  # 1.5 spreads for 0.75 of one


def test_orders_that_consistently_cost_too_much_are_an_alarm_that_ends_with_cheaper_ones(
    scene: Scene,
) -> None:
    engine, health = scene.desk.engine, scene.desk.health
    log = CostLog(engine.state, CostModel())
    alarms = Alarms(engine.state, engine.orchestrator.strategies, False, log)
    for n in range(12):
        bought(log, scene, f"dear{n}", 3.0)
    (alarm,) = [each for each in alarms.update(1, health) if each.name == "costs"]
    assert "orders cost 4.0 times what is expected" in alarm.text and log.view.alert
    for n in range(14):
        bought(log, scene, f"fair{n}", 0.75)
    assert "costs" not in {each.name for each in alarms.update(2, health)}
