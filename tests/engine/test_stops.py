"""The stop of a position through the whole engine: set, moved, reached, in the way, lost, carried."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from midas.agents.covers import naked
from midas.domain.command import CancelOrder, ClosePosition, Kill, Resume
from midas.domain.decision import OrderBlocked, OrderPlanned, PositionChecked, StopMoved
from midas.domain.event import LatchTripped, OrderClosed, OrderTriggered, SessionClosing, Source, Ticked
from midas.domain.money import floor_to
from midas.domain.opinion import Urgency
from midas.domain.order import CloseReason, OrderType, Purpose
from midas.domain.stops import BREAK_EVEN, PROTECTIVE, TRAILING, StopRules
from midas.domain.time import MINUTE, SECOND
from midas.state.order import Order
from tests.engine.hands import Hands
from tests.engine.scene import Scene, of
from tests.fakes.desk import BTC, Desk, config
from tests.fakes.strategy import flat, long

RULES = StopRules(percent=0.001, trail_percent=0.0, break_even_r=0.0, collar_bps=20.0)
DUST = BTC.lot_size


def scene(**rules: object) -> Scene:
    """A desk whose strategy holds a position under these rules; the first stop stands 60 USDT below it."""
    return Scene(stops=msgspec.structs.replace(RULES, **rules)).hold()


def stops(scene: Scene) -> list[Order]:
    """The stops that are open."""
    return [o for o in scene.desk.state.orders.open.values() if o.protects]


def the_stop(scene: Scene) -> Order:
    """The only one."""
    [stop] = stops(scene)
    return stop


def fall(scene: Scene, ticks: int, lots: int = 100_000) -> None:
    """The market falls, and somebody trades there."""
    for event in scene.market.move(-ticks, bid_lots=lots):
        scene.desk.feed(event)
    scene.desk.feed(scene.market.trade(sold=True, lots=1))


def rise(scene: Scene, ticks: int) -> None:
    """The market rises, and somebody trades there."""
    for event in scene.market.move(ticks):
        scene.desk.feed(event)
    scene.desk.feed(scene.market.trade(lots=1))


def test_a_position_has_its_stop_at_the_venue_at_once() -> None:
    held = scene()
    stop = the_stop(held)
    intent = stop.intent
    entry = held.desk.state.ledger.sleeve("puppet", BTC.id).average_price
    assert (intent.type, intent.purpose, stop.untriggered) == (OrderType.STOP_LOSS_LIMIT, Purpose.STOP, True)
    assert entry * Decimal("0.999") <= (intent.stop_price or 0) < entry * Decimal("0.999") + BTC.tick_size
    assert intent.price is not None
    assert intent.stop_price is not None
    assert intent.price < intent.stop_price
    assert held.position - DUST < intent.quantity <= held.position
    assert of(StopMoved, held.desk.audits)[-1].why.startswith("protective stop at")


def test_without_a_resident_stop_it_is_held_in_memory_and_sold_when_its_price_comes() -> None:
    held = scene(resident=False)
    assert stops(held) == []
    fall(held, 6_100)
    assert held.position < DUST
    last = of(OrderPlanned, held.desk.audits)[-1].intent
    assert last.purpose is Purpose.EXIT
    assert last.reason.startswith("protective stop at")


def test_a_print_from_before_the_position_sells_nothing_and_the_next_one_brings_its_stop() -> None:
    scene = Scene(stops=RULES)
    fall(scene, 7_000)
    for event in scene.market.move(7_000):
        scene.desk.feed(event)
    scene.tick(60)
    hands = Hands(scene).hold()
    scene.tick(5)
    assert not scene.notes("is sold")
    assert stops(scene) == [], "the venue compares with that print: it would refuse it"
    scene.desk.feed(scene.market.trade(lots=1))
    scene.tick()
    assert the_stop(scene).intent.quantity == hands.held() // DUST * DUST


def silent(held: Scene, seconds: int) -> None:
    """The book's stream says nothing more, and the wall clock goes on."""
    for second in range(seconds):
        held.desk.feed(Ticked(held.desk.now + SECOND, 0, {"btcusdt@depth": (20 + second) * SECOND}))


def test_nobody_closes_a_position_in_a_silent_market_and_its_stop_stays() -> None:
    held = scene()
    silent(held, 5)
    answer = Hands(held).close("puppet")
    assert not answer.accepted
    assert answer.message.startswith("puppet BTC-USDT can't be closed now: no book for 24 s, and its stop ")
    silent(held, 5)
    assert the_stop(held).leaves > 0


def test_a_market_that_falls_silent_while_a_position_is_closed_leaves_it_named_as_naked() -> None:
    held = scene()
    held.desk.venue.refusing = "busy"
    assert Hands(held).close("puppet").accepted
    silent(held, 5)
    assert stops(held) == []
    assert list(held.desk.state.stops.troubles) == [("puppet", BTC.id)]
    held.desk.venue.refusing = ""
    held.tick(12)
    assert held.position < DUST
    assert held.desk.state.stops.troubles == {}


def test_the_venue_sells_and_the_strategys_old_target_doesnt_buy_back() -> None:
    held = scene()
    fall(held, 6_100)
    held.tick(3)
    assert held.position < DUST
    assert stops(held) == []
    bought = [d for d in of(OrderPlanned, held.desk.audits) if d.intent.purpose is Purpose.ENTRY]
    assert len(bought) == 1
    assert held.desk.state.stops.kept == {}


def test_a_stop_that_the_market_jumped_over_is_withdrawn_and_sold_at_the_touch() -> None:
    held = scene(chase=2 * SECOND)
    fall(held, 30_000)  # far below the stop's limit
    assert not the_stop(held).untriggered
    held.tick(4)
    assert held.position < DUST
    assert held.notes("is sold: protective stop")


def test_an_exit_takes_the_stop_away_first_and_sells_no_more_than_is_held() -> None:
    held = scene()
    stop, before = the_stop(held), held.position
    held.say(flat(Urgency.AGGRESSIVE))
    held.tick(2)
    assert stop.status == "CANCELED"
    assert held.position < DUST
    sold = [h for h in held.desk.venue.orders.values() if h.intent.side.value == "SELL"]
    assert sum(h.filled for h in sold) <= before
    assert stops(held) == []


def test_what_a_smaller_target_leaves_keeps_a_stop() -> None:
    held = scene()
    held.say(long(confidence=0.4, urgency=Urgency.AGGRESSIVE))
    held.tick(2)
    assert held.position > DUST
    assert held.position - DUST < the_stop(held).leaves <= held.position


def test_the_stop_follows_a_larger_position() -> None:
    scene = Scene(stops=RULES)
    scene.say(long())
    for event in scene.market.move(-5, ask_lots=50):
        scene.desk.feed(event)
    for _ in range(12):
        for event in scene.market.move(-1):
            scene.desk.feed(event)
        scene.tick()
    assert scene.position - DUST < the_stop(scene).leaves <= scene.position


def test_a_trailing_stop_rises_with_the_best_price_and_never_falls() -> None:
    held = scene(trail_percent=0.0005, pace=0)
    first = the_stop(held).intent.stop_price
    rise(held, 6_000)
    held.tick(2)
    higher = the_stop(held).intent.stop_price
    assert first is not None
    assert higher is not None
    assert higher > first
    fall(held, 1_000)
    held.tick(2)
    assert the_stop(held).intent.stop_price == higher
    assert held.desk.state.stops.kept["puppet", BTC.id].kind == TRAILING


def test_a_stop_that_rises_often_is_no_runaway() -> None:
    rules = msgspec.structs.replace(RULES, trail_percent=0.0005, pace=0)
    held = Scene(stops=rules, repeats_max=3, repeats_window=600 * SECOND, order_rate_max=4).hold()
    for _ in range(12):
        rise(held, 6_000)
        held.tick()
    moved = [d for d in of(OrderPlanned, held.desk.audits) if d.intent.purpose is Purpose.STOP]
    assert len(moved) > 10
    assert of(OrderBlocked, held.desk.audits) == []
    assert held.desk.state.control.paused("puppet") is None


def test_after_a_gain_of_one_r_nobody_loses_on_it() -> None:
    held = scene(break_even_r=1.0, pace=0)
    rise(held, 20_000)
    held.tick(2)
    kept = held.desk.state.stops.kept["puppet", BTC.id]
    assert kept.kind == BREAK_EVEN
    fees = Decimal("1.002002")  # 0.1 % each way
    assert kept.level == pytest.approx(kept.entry * fees)


def test_atr_counts_where_it_is_nearer() -> None:
    held = scene(percent=0.5, atr=2.0)
    kept = held.desk.state.stops.kept["puppet", BTC.id]
    assert kept.risk == 2.0 * kept.atr > 0.0
    assert kept.kind == PROTECTIVE


def test_a_position_that_gains_nothing_in_its_time_is_sold() -> None:
    held = scene(time=2 * MINUTE, time_gain=0.01)
    for _ in range(119):
        held.bar()
    assert held.position > DUST
    for _ in range(4):
        held.bar()
    held.tick(2)
    assert held.position < DUST
    assert held.notes("no gain of 1.00% in 2 min")


def test_a_position_that_has_gained_keeps_its_time() -> None:
    held = scene(time=2 * MINUTE, time_gain=0.0005)
    rise(held, 6_000)
    for _ in range(180):
        held.bar()
    assert held.position > DUST


def test_a_refused_stop_is_held_in_memory_and_tried_again() -> None:
    refused = Scene(stops=RULES)
    refused.say(long())
    refused.desk.venue.refusing = "Filter failure: MAX_NUM_ALGO_ORDERS"
    for event in refused.market.move(-5):
        refused.desk.feed(event)
    assert refused.position > 0
    assert stops(refused) == []
    refused.desk.picture()
    refused.tick(3)
    assert any(alarm.name.startswith("stop:") for alarm in refused.desk.picture().alarms)
    assert refused.desk.picture().naked_memory > 0.0
    refused.desk.venue.refusing = ""
    refused.tick(20)
    the_stop(refused)
    refused.tick(1)
    assert not any(alarm.name.startswith("stop:") for alarm in refused.desk.picture().alarms)


def test_a_stop_that_the_venue_lost_is_placed_again() -> None:
    held = scene()
    first = the_stop(held)
    held.desk.venue.lose(first.intent.client_id)
    held.tick(90)
    assert the_stop(held) is not first
    assert held.position - DUST < the_stop(held).leaves <= held.position


@pytest.mark.parametrize("reason", [CloseReason.CANCELED, CloseReason.EXPIRED])
@pytest.mark.parametrize("rested", [False, True])
def test_a_stop_that_ended_by_itself_is_back_or_named_in_the_same_step(
    reason: CloseReason, rested: bool
) -> None:
    held = scene()
    if rested:
        held.tick(3)
    first, state = the_stop(held), held.desk.state
    name = first.intent.client_id
    del held.desk.venue.orders[name]
    ended = OrderClosed(name, reason, Decimal(0), held.market.now, Source.STREAM)
    audit = held.desk.feed(ended)[0]
    placed = [d for d in audit.decisions if isinstance(d, OrderPlanned)]
    assert len(placed) == rested
    assert (("puppet", BTC.id) in state.stops.troubles) is not rested
    assert naked(state)[0] > 0.0 or rested
    held.tick(3)
    assert the_stop(held) is not first
    assert state.stops.troubles == {}


def test_entries_that_a_stop_would_sell_to_are_withdrawn_once_its_price_has_come() -> None:
    hands = Hands(Scene(stops=RULES).hold())
    price = (the_stop(hands.scene).intent.price or Decimal(0)) + BTC.tick_size
    assert hands.buy("0.002", f"{price}").accepted
    [entry] = [o for o in hands.open if o.increases_risk]
    stop = the_stop(hands.scene)
    hands.desk.feed(OrderTriggered(stop.intent.client_id, hands.desk.now, Source.STREAM))
    assert entry.status == "CANCELED"


def test_a_halt_keeps_it_and_all_takes_it_away() -> None:
    held = scene()
    held.desk.feed(LatchTripped("halt", "test", "", held.market.now))
    held.tick(2)
    the_stop(held)
    held.desk.feed(LatchTripped("all", "test", "", held.market.now))
    held.tick(2)
    assert stops(held) == []
    assert held.position > DUST
    trouble = held.desk.state.stops.troubles["puppet", BTC.id]
    assert trouble == "the kill in force lets none of our orders stand"


def test_a_flatten_takes_it_away_and_sells() -> None:
    held = scene()
    held.desk.command(Kill("flatten", "test"))
    held.tick(2)
    assert held.position < DUST
    assert held.desk.state.orders.open == {}


def test_a_person_closes_a_position_that_has_a_stop() -> None:
    held = scene()
    assert held.desk.command(ClosePosition(BTC.name, "puppet", True)).accepted
    held.tick(2)
    assert held.position < DUST
    assert stops(held) == []


def test_a_person_sells_what_a_stop_has_set_aside() -> None:
    hands = Hands(Scene(stops=RULES)).hold("0.01")
    hands.scene.tick(2)
    stop = the_stop(hands.scene)
    answer = hands.sell("0.004")
    assert answer.accepted
    assert answer.message.endswith(": sent once its stop is off")
    hands.scene.tick(2)
    assert stop.status == "CANCELED"
    assert hands.held() < Decimal("0.006")
    assert hands.held() - DUST < the_stop(hands.scene).leaves <= hands.held()


def test_a_persons_resting_sale_leaves_the_rest_to_the_stop() -> None:
    hands = Hands(Scene(stops=RULES)).hold("0.01")
    hands.scene.tick(2)
    assert hands.sell("0.004", "60500.00", ticket="t").accepted
    assert hands.sell("0.004", "60500.00", ticket="t").accepted
    hands.scene.tick(2)
    resting = [o for o in hands.open if not o.protects]
    assert [o.intent.quantity for o in resting] == [Decimal("0.004")]
    assert the_stop(hands.scene).leaves == Decimal("0.00599")


def test_a_sale_that_waits_for_its_stop_is_dropped_by_a_kill() -> None:
    hands = Hands(Scene(stops=RULES)).hold("0.01")
    hands.scene.tick(2)
    hands.desk.latency = SECOND // 2
    hands.sell("0.004")
    hands.desk.feed(LatchTripped("all", "test", "", hands.scene.market.now))
    hands.scene.tick(3)
    assert hands.held() > Decimal("0.009")
    assert hands.scene.notes("a sale isn't sent")


def test_what_a_person_bought_may_be_left_alone() -> None:
    hands = Hands(Scene(stops=msgspec.structs.replace(RULES, by_hand=False))).hold("0.01")
    hands.scene.tick(2)
    assert stops(hands.scene) == []
    assert hands.desk.picture().naked_bare > 500.0


def test_an_entry_that_the_loss_budget_cant_bear_is_refused_with_what_fits() -> None:
    hands = Hands(Scene(stops=msgspec.structs.replace(RULES, percent=0.5)))
    answer = hands.buy("0.03", confirmed=False)
    assert not answer.accepted
    assert "every stop hit would lose 904." in answer.message
    assert "300.00 are left of the day's loss budget; at most 0.00995 BTC fits" in answer.message


def test_what_several_limits_refuse_fits_all_of_them_or_none() -> None:
    hands = Hands(Scene(stops=msgspec.structs.replace(RULES, percent=0.5)))
    said = hands.buy("10", confirmed=False).message
    assert "every stop hit" in said
    assert "of equity, at most" in said
    assert said.count(" fits") == 1, "the smallest of what they leave, said once"
    assert said.endswith("at most 0.00995 BTC fits")


def test_a_cancelled_stop_comes_back() -> None:
    held = scene()
    first = the_stop(held)
    held.desk.command(CancelOrder(first.intent.client_id))
    held.tick(3)
    assert the_stop(held) is not first


def test_each_minute_of_market_time_the_journal_says_where_it_is() -> None:
    held = scene()
    for _ in range(130):
        held.bar()
    checks = of(PositionChecked, held.desk.audits)
    assert len(checks) == 3
    assert checks[-1].resident == the_stop(held).leaves
    assert 0.0009 < checks[-1].distance < 0.0012


def test_the_next_session_goes_on_with_the_same_stop() -> None:
    held = scene(trail_percent=0.0005, pace=0)
    rise(held, 6_000)
    held.tick(2)
    kept, stop = held.desk.state.stops.kept, the_stop(held)
    carried = held.desk.state.carried()
    rules = msgspec.structs.replace(RULES, trail_percent=0.0005, pace=0)
    again = Desk(
        [held.puppet], settings=config([held.puppet], weight=0.15, stops=rules), venue=held.desk.venue
    )
    for bar in held.market.history():
        again.feed(bar)
    again.open(held.market.now + SECOND, carried, session="session-2")
    held.market.now = again.now
    again.play(held.market.begin())
    again.tick(again.now + SECOND)
    assert again.state.stops.kept == kept
    [standing] = [o for o in again.state.orders.open.values() if o.protects]
    assert standing.intent.client_id == stop.intent.client_id


def test_a_crash_between_fill_and_stop_is_mended_by_the_next_start() -> None:
    held = scene()
    carried = held.desk.state.carried()
    bare = msgspec.structs.replace(carried, orders=(), stops=())
    held.desk.venue.cancel(the_stop(held).intent.client_id, held.market.now)
    again = Desk(
        [held.puppet], settings=config([held.puppet], weight=0.15, stops=RULES), venue=held.desk.venue
    )
    again.open(held.market.now + SECOND, bare, session="session-2")
    held.market.now = again.now
    again.play(held.market.begin())
    again.tick(again.now + SECOND)
    [stop] = [o for o in again.state.orders.open.values() if o.protects]
    assert stop.untriggered


def test_a_clean_end_leaves_the_stop_with_its_position() -> None:
    held = scene()
    held.desk.feed(SessionClosing(held.market.now, "test"))
    held.tick(20)
    assert held.desk.stopped == "reconciled"
    the_stop(held)


def test_whatever_is_naked_for_a_moment_says_why() -> None:
    held = scene()
    (view,) = held.desk.picture().stops
    assert (view.naked, view.trouble) == (0.0, "")
    stop = the_stop(held)
    half = floor_to(stop.intent.quantity / 2, BTC.lot_size)
    stop.intent = msgspec.structs.replace(stop.intent, quantity=half)
    (view,) = held.desk.picture().stops
    assert view.naked > 0.0
    assert "it was filled in parts, and a larger one follows within seconds" in view.trouble


def test_a_stop_held_in_memory_by_choice_says_so() -> None:
    held = scene(resident=False)
    held.tick()
    (view,) = held.desk.picture().stops
    assert view.trouble == "it is held in memory by the operator's choice ([risk.stops] resident = false)"


def test_a_kill_that_is_over_keeps_no_stop_away_any_more() -> None:
    held = scene(resident=False)
    held.desk.feed(LatchTripped("all", "test", "", held.market.now))
    held.tick()
    (view,) = held.desk.picture().stops
    assert "the kill in force" in view.trouble
    for confirmed in (False, True):
        held.desk.command(Resume("looked at it", confirmed))
    held.tick()
    (view,) = held.desk.picture().stops
    assert "operator's choice" in view.trouble
