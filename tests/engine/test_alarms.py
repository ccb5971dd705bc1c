"""Alarms: there while their cause is, unseen until somebody says so, new when they return."""

from __future__ import annotations

import msgspec
import pytest

from midas.domain.command import Acknowledge, AddAlert, Kill, Reload, Resume, SetMode
from midas.domain.event import OrderUncertain
from midas.domain.market import BookLost, FeedStatus
from midas.domain.mode import Mode
from midas.domain.stops import StopRules
from midas.domain.time import SECOND
from midas.engine.snapshot import Assembly, Painter
from midas.state.views.health import HistogramView, ProcessView, StreamView
from midas.state.views.log import AlarmView
from tests.engine.scene import Scene
from tests.fakes.desk import BTC, LIMITS
from tests.fakes.strategy import long


def alarms(scene: Scene, later: int = 0) -> dict[str, AlarmView]:
    """What holds `later` seconds from now, by name."""
    scene.desk.painter.tick(scene.desk.now, scene.desk.health)
    scene.desk.now += later * SECOND
    return {alarm.name: alarm for alarm in scene.desk.picture().alarms}


def test_a_desk_that_is_well_has_none(scene: Scene) -> None:
    assert alarms(scene, 60) == {}


def test_a_lost_feed_is_an_alarm_until_it_is_back_and_a_new_one_when_it_goes_again(scene: Scene) -> None:
    scene.desk.feed(FeedStatus("binance", "market", scene.desk.now, False, "reset"))
    assert "feed" not in alarms(scene)  # a hiccup isn't one
    first = alarms(scene, 3)["feed"]
    assert not first.acknowledged
    assert first.advice
    scene.desk.command(Acknowledge("feed"))
    assert alarms(scene)["feed"].acknowledged
    scene.desk.feed(FeedStatus("binance", "market", scene.desk.now, True))
    assert alarms(scene) == {}
    scene.desk.feed(FeedStatus("binance", "market", scene.desk.now, False))
    again = alarms(scene, 3)["feed"]
    assert not again.acknowledged
    assert again.since_at > first.since_at


def test_a_supervised_engine_without_a_guard_says_so_after_a_minute(scene: Scene) -> None:
    def with_processes(*names: str) -> None:
        found = tuple(ProcessView(name, 1, 0.0, 0.0, 0) for name in names)
        scene.desk.health = msgspec.structs.replace(scene.desk.health, processes=found)

    with_processes("engine", "supervisor")
    assert alarms(scene, 90) == {}  # its configuration wants none
    scene.desk.painter = Painter(scene.desk.engine, Assembly("sim", "0", "test", 1.0, 1, guarded=True))
    with_processes("engine", "exchange")
    assert alarms(scene, 90) == {}
    with_processes("engine", "supervisor")
    assert alarms(scene, 30) == {}
    assert "nobody acts" in alarms(scene, 40)["guard"].text
    with_processes("engine", "supervisor", "guard")
    assert alarms(scene) == {}


def test_silence_of_the_feed_is_one_alarm_not_two(scene: Scene) -> None:
    scene.desk.tick(scene.desk.now + SECOND, feed_age=60 * SECOND)
    assert list(alarms(scene)) == ["feed"]


def test_the_latch_goes_first(scene: Scene) -> None:
    scene.desk.feed(FeedStatus("binance", "user", scene.desk.now, False))
    scene.desk.feed(BookLost(BTC.id, scene.desk.now, "gap"))
    scene.desk.command(Kill("halt", "enough"))
    found = alarms(scene, 3)
    assert next(iter(found)) == "latch"
    assert {"latch", "user", f"book:{BTC.id}"} <= set(found)
    assert list(found)[-1] == f"book:{BTC.id}"  # what only warns comes last
    assert found["latch"].text == "HALT latched by test: enough"


def test_a_mode_that_a_person_chose_is_no_alarm_one_of_a_trigger_is(scene: Scene) -> None:
    scene.desk.command(SetMode("DEFENSIVE", "careful"))
    assert alarms(scene) == {}
    control = scene.desk.state.control
    control.set_mode(Mode.PAUSE, "trigger", "an order has been UNKNOWN for 300 s", "a person", scene.desk.now)
    assert "UNKNOWN for 300 s" in alarms(scene)["mode"].text


def test_a_closed_gate_names_its_scope_and_one_that_a_person_closed_is_no_alarm(scene: Scene) -> None:
    control, now = scene.desk.state.control, scene.desk.now
    control.close_gate("account", "account differs: BTC", now)
    control.close_gate("puppet", "paused", now, by="ops")
    assert set(alarms(scene)) == {"gate:account"}
    assert alarms(scene)["gate:account"].severity == "error"


def test_an_order_in_doubt_is_named(scene: Scene) -> None:
    scene.desk.venue.losing = True
    scene.say(long())
    client_id = next(iter(scene.desk.state.orders.open))
    scene.desk.feed(OrderUncertain(client_id, "no answer", scene.desk.now))
    assert alarms(scene, 3)["orders"].text == f"1 order UNKNOWN ({client_id[-4:]}): no answer"


def test_one_pass_that_fails_is_a_hiccup(scene: Scene) -> None:
    scene.desk.health = msgspec.structs.replace(scene.desk.health, passes_failed=1, pass_trouble="HTTP 503")
    assert alarms(scene, 3) == {}


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"clock_offset_ms": -900.0}, "clock"),
        ({"troubles": {"journal": "the disk is full"}}, "store:journal"),
        ({"loop_p99_ms": 900.0}, "lag"),
        ({"passes_failed": 2, "pass_trouble": "HTTP 503"}, "passes"),
        ({"streams": (StreamView("btcusdt@depth", True, 40_000.0, 30_000.0),)}, "stream:btcusdt@depth"),
    ],
)
def test_what_the_shell_measures_becomes_an_alarm(scene: Scene, change: dict[str, object], name: str) -> None:
    scene.desk.health = msgspec.structs.replace(scene.desk.health, **change)
    assert list(alarms(scene, 3)) == [name]


def test_a_loop_that_was_held_up_is_told_by_what_was_measured_not_by_a_guess(scene: Scene) -> None:
    loop = HistogramView("loop", (), (), 1.0, 9_900.0, 9_900.0)
    scene.desk.health = msgspec.structs.replace(scene.desk.health, loop_p99_ms=9_900.0, histograms=(loop,))
    lag = alarms(scene, 3)["lag"]
    assert lag.text == "the engine's loop was held up for 9.9 s in the last minute"
    assert "the process was stopped" in lag.advice


def test_a_fired_price_alert_stays_until_it_is_dropped(scene: Scene) -> None:
    scene.desk.feed(scene.market.trade())
    last = scene.desk.state.markets[BTC.id].last_price
    scene.desk.command(AddAlert(BTC.id, f"{last - 1:.2f}"))
    assert alarms(scene) == {}
    for event in scene.market.move(-300):
        scene.desk.feed(event)
    scene.desk.feed(scene.market.trade())
    assert "BTC-USDT fell to" in alarms(scene)["alert:1"].text
    scene.desk.command(Acknowledge(""))
    assert alarms(scene)["alert:1"].acknowledged
    assert scene.desk.picture().alerts[0].fired_at > 0


def test_an_unknown_name_seen_changes_nothing(scene: Scene) -> None:
    scene.desk.command(Kill("halt"))
    alarms(scene)
    scene.desk.command(Acknowledge("feed"))
    assert not alarms(scene)["latch"].acknowledged
    scene.desk.command(Acknowledge(""))
    assert alarms(scene)["latch"].acknowledged


def test_a_lost_user_stream_counts_from_its_loss_not_from_when_somebody_looked(scene: Scene) -> None:
    lost_at = scene.desk.now
    scene.desk.feed(FeedStatus("binance", "user", lost_at, False, "reset"))
    alarm = alarms(scene, 3)["user"]
    assert alarm.since_at == scene.desk.state.stream_doubt >= lost_at


def test_a_limit_lowered_below_what_is_held_names_every_one_that_is_exceeded_and_what_is_done(
    scene: Scene,
) -> None:
    scene.hold()
    assert "limits" not in alarms(scene, 5)
    share = round(scene.desk.picture().exposures[0].share * 0.95, 4)
    tight = msgspec.structs.replace(LIMITS, position_max=share, sector_max=share, forced_sale_over=0.2)
    scene.desk.command(Reload(confirmed=True, limits=tight))
    alarm = alarms(scene, 5)["limits"]
    first, second = alarm.text.removeprefix("limits exceeded: ").split("; ")
    assert first.startswith("BTC ")
    assert second.startswith("sector crypto ")
    assert f", at most {share:.1%}: " in first
    assert first.endswith(" over")
    assert (
        "nothing is sold for it (strategies' parts only from 20% past a limit on, yours never)"
        in alarm.advice
    )
    assert "nothing more is opened" in alarm.advice
    scene.desk.command(Reload(confirmed=True, limits=LIMITS))
    assert "limits" not in alarms(scene, 5)


def test_what_is_too_far_past_a_lowered_limit_is_said_to_be_sold(scene: Scene) -> None:
    scene.hold()
    scene.desk.command(Reload(limits=msgspec.structs.replace(LIMITS, position_max=0.05)))
    advice = alarms(scene, 5)["limits"].advice
    assert f"is sold down to it ({scene.puppet.name} BTC-USDT), yours never" in advice


def test_nothing_is_said_to_be_sold_for_a_limit_while_a_kill_keeps_it_from_being_sold(scene: Scene) -> None:
    scene.hold()
    scene.desk.command(Kill("halt", "enough"))
    scene.desk.command(Reload(limits=msgspec.structs.replace(LIMITS, position_max=0.05)))
    advice = alarms(scene, 5)["limits"].advice
    assert scene.desk.state.orders.open == {}
    assert "is sold down" not in advice
    assert "nothing is sold for it until the kill latch is released" in advice
    scene.desk.command(Resume("we have looked"))
    scene.desk.command(Resume("we have looked", confirmed=True))
    assert "is sold down to it" in alarms(scene, 5)["limits"].advice


def test_nor_while_a_kill_of_one_strategy_holds_its_exits_back(scene: Scene) -> None:
    scene.hold()
    scene.desk.command(Kill("all", "enough", "strategy", scene.puppet.name))
    scene.desk.command(Reload(limits=msgspec.structs.replace(LIMITS, position_max=0.05)))
    scene.desk.tick(scene.desk.now + SECOND)
    assert scene.desk.state.orders.open == {}
    assert "is sold down" not in alarms(scene, 5)["limits"].advice


def test_stops_held_in_memory_by_choice_are_one_alarm_that_promises_nothing() -> None:
    held = Scene(stops=StopRules(percent=0.001, trail_percent=0.0, resident=False)).hold()
    held.tick(2)
    found = alarms(held, 5)
    assert [name for name in found if name.startswith("stop")] == ["stops"]
    assert "held in memory by the operator's choice" in found["stops"].text
    assert "as soon as it can" not in found["stops"].text
    held.desk.command(Acknowledge("stops"))
    assert alarms(held)["stops"].acknowledged
