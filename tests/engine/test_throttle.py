"""A strategy that runs wild is stopped, and only a person lets it go on (RTS 6, article 15)."""

from __future__ import annotations

import itertools

import pytest

from midas.domain.command import SetStrategy
from midas.domain.decision import GateMoved, OrderBlocked, OrderPlanned
from midas.domain.opinion import Urgency
from midas.domain.order import Purpose, Side
from midas.domain.time import SECOND
from midas.state.control import Gate
from tests.engine.hands import Hands
from tests.engine.scene import Scene, of
from tests.fakes.desk import BTC, decisions
from tests.fakes.strategy import BookPuppet, flat, long


def turned(scene: Scene, times: int) -> None:
    """The strategy enters and leaves at once, over and over."""
    for _ in range(times):
        scene.say(long(urgency=Urgency.AGGRESSIVE))
        scene.tick()
        scene.say(flat(Urgency.AGGRESSIVE))
        scene.tick()


def gate(scene: Scene) -> Gate | None:
    return scene.desk.state.control.paused("puppet")


def bought(scene: Scene) -> int:
    planned = of(OrderPlanned, scene.desk.audits)
    return sum(d.intent.side is Side.BUY for d in planned)


@pytest.mark.parametrize(("times", "stopped"), [(2, False), (3, False), (4, True)])
def test_more_executed_orders_than_allowed_close_the_gate_of_the_strategy(times: int, stopped: bool) -> None:
    scene = Scene(repeats_max=3, repeats_window=600 * SECOND)
    turned(scene, times)
    assert bought(scene) == times
    closed = gate(scene)
    assert (closed is not None) is stopped
    if closed is not None:
        assert closed.by == "throttle"
        assert closed.reason == "stopped by the throttle: 4 times BUY BTC-USDT in 600 s, at most 3"
        assert scene.notes("`strategy puppet resume` lets it go on")
        (alarm,) = [a for a in scene.desk.picture().alarms if a.name == "gate:puppet"]
        assert alarm.severity == "error"
        assert "`midas strategy puppet resume`" in alarm.advice


def test_a_stopped_strategy_opens_nothing_more_but_leaves() -> None:
    scene = Scene(repeats_max=3, repeats_window=600 * SECOND)
    turned(scene, 3)
    scene.say(long(urgency=Urgency.AGGRESSIVE))
    assert gate(scene) is not None
    assert scene.position > 0
    scene.tick()
    turned(scene, 3)
    assert bought(scene) == 4
    assert scene.position < BTC.lot_size


def test_only_a_person_opens_it_in_two_steps_and_it_counts_anew() -> None:
    scene = Scene(repeats_max=3, repeats_window=600 * SECOND)
    turned(scene, 4)
    scene.tick(1200)
    assert gate(scene) is not None
    asked = scene.desk.command(SetStrategy("puppet", running=True))
    assert asked.message.startswith("puppet is stopped by the throttle: 4 times")
    assert gate(scene) is not None
    assert scene.desk.command(SetStrategy("puppet", running=True, confirmed=True)).accepted
    assert gate(scene) is None


def test_it_stays_stopped_over_a_restart() -> None:
    scene = Scene(repeats_max=3, repeats_window=600 * SECOND)
    turned(scene, 4)
    (pause,) = scene.desk.state.carried().pauses
    assert (pause.scope, pause.by) == ("puppet", "throttle")
    moved = of(GateMoved, scene.desk.audits)[-1]
    assert (moved.scope, moved.closed, moved.by) == ("puppet", True, "throttle")


def test_what_lies_longer_ago_than_the_window_no_longer_counts() -> None:
    scene = Scene(repeats_max=3, repeats_window=4 * SECOND)
    turned(scene, 12)
    assert bought(scene) == 12
    assert gate(scene) is None


def test_orders_that_the_rate_turns_away_count_too() -> None:
    scene = Scene(repeats_max=3, repeats_window=600 * SECOND, order_rate_max=1)
    scene.say(long())
    for _ in range(12):
        scene.tick()
        for event in scene.market.move(+60):
            scene.desk.feed(event)
        if gate(scene) is not None:
            break
    blocked = [d for d in decisions(scene.desk.audits) if isinstance(d, OrderBlocked)]
    assert {d.breach.limit for d in blocked} == {"order rate"}
    assert gate(scene) is not None


def test_a_persons_own_orders_are_never_throttled() -> None:
    hands = Hands(Scene(repeats_max=1))
    for _ in range(4):
        assert hands.buy("0.001").accepted
        assert hands.sell("0.0009").accepted
    assert not hands.state.control.gates


def test_an_exit_that_would_meet_our_own_entry_has_it_cancelled_first() -> None:
    hands = Hands()
    hands.scene.hold()
    resting = hands.resting("0.001", "59999.95")
    hands.scene.say(flat(Urgency.AGGRESSIVE))
    first = of(OrderBlocked, hands.desk.audits)[-1]
    assert (first.breach.limit, first.intent.purpose) == ("self-trade", Purpose.EXIT)
    assert resting.intent.client_id not in hands.state.orders.open
    hands.scene.tick(2)
    hands.scene.bar()
    assert hands.scene.position == 0
    assert not hands.state.orders.working("manual", BTC.id)


def test_a_strategy_that_wants_a_hundred_orders_a_second_is_slowed_and_then_stopped() -> None:
    scene = Scene(BookPuppet(), repeats_max=5, repeats_window=600 * SECOND)
    scene.market.step = SECOND // 100
    wants = itertools.cycle([long(urgency=Urgency.AGGRESSIVE), flat(Urgency.AGGRESSIVE)])
    for n in range(1_200):
        scene.puppet.opinion = next(wants)
        for event in scene.market.move(n % 2 * 2 - 1):
            scene.desk.feed(event)
        if n % 50 == 49:
            scene.tick()
    planned = [d.intent.created_at for d in of(OrderPlanned, scene.desk.audits) if d.intent.side is Side.BUY]
    busiest = max(sum(at <= later < at + 10 * SECOND for later in planned) for at in planned)
    assert busiest <= 20
    stopped = scene.desk.state.control.paused("book-puppet")
    assert stopped is not None
    assert stopped.by == "throttle"
    assert len(planned) <= 6
    assert scene.position < BTC.lot_size
