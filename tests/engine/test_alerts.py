"""Price alerts through the engine: answered, fired by a print, told once."""

from __future__ import annotations

import pytest

from midas.domain.command import Acknowledge, AddAlert, Kill
from midas.domain.market import Trade
from tests.engine.scene import Scene
from tests.fakes.desk import BTC


def test_a_print_beyond_the_level_is_told_once_with_who_asked(scene: Scene) -> None:
    scene.desk.feed(scene.market.trade())
    last = scene.desk.state.markets[BTC.id].last_price
    level = round(last + 1.0, 2)
    assert scene.desk.command(AddAlert(BTC.name, str(level))).accepted
    ticks = round((last + 2.0) / BTC.tick)
    for number in range(2):
        scene.desk.feed(Trade(BTC.id, scene.market.now, scene.market.now, ticks, 1, False, 900_000 + number))
    assert len(scene.notes("alert 1 at")) == 1
    assert "by test" in scene.notes("alert 1 at")[0]
    assert scene.desk.command(Acknowledge("alert:1")).accepted
    assert scene.desk.state.alerts.all[0].acknowledged


def test_an_alert_says_how_far_the_price_has_to_go(scene: Scene) -> None:
    scene.desk.feed(scene.market.trade())
    last = scene.desk.state.markets[BTC.id].last_price
    assert scene.desk.command(AddAlert(BTC.name, str(round(last * 1.01, 2)))).accepted
    (shown,) = scene.desk.picture().alerts
    assert shown.last == last
    assert abs(shown.distance - 0.01) < 1e-4


def test_an_alarm_that_does_not_stand_is_not_called_seen(scene: Scene) -> None:
    for name in ("nonsense", "gate:account", "book:nothing", "latch"):
        answer = scene.desk.command(Acknowledge(name))
        assert (answer.accepted, answer.message) == (False, f"there is no alarm {name!r} now")
    scene.desk.command(Kill("halt", "test"))
    assert scene.desk.command(Acknowledge("latch")).message == "seen: latch"


@pytest.mark.parametrize("price", ["1e999999", "1e-999999999", "1e-400", "inf", "nan", "-1", "0", "", "6e4"])
def test_what_is_no_plain_price_is_answered_and_stops_nothing(scene: Scene, price: str) -> None:
    scene.desk.feed(scene.market.trade())
    answer = scene.desk.command(AddAlert(BTC.name, price))
    assert not answer.accepted
    assert answer.message.startswith("expected a price above 0")
    assert scene.desk.state.alerts.all == ()
