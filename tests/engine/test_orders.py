"""What risk lets through, what an order reserves, and orders whose fate is not known."""

from __future__ import annotations

from midas.domain.command import CancelOrder
from midas.domain.decision import (
    FillBooked,
    Noted,
    OrderBlocked,
    OrderMoved,
    OrderPlanned,
    SignalMade,
    TargetRefused,
)
from midas.domain.event import CancelRejected, LatchTripped, OrderFilled, Source, TradeBusted
from midas.domain.mode import Mode
from midas.domain.money import ZERO
from midas.domain.opinion import Urgency
from midas.domain.order import Fill, OrderType, Phase, Purpose, Side
from midas.domain.time import SECOND
from midas.engine.audit import Audit
from midas.engine.effect import SubmitOrder, TakeAccount, WithdrawOrder
from tests.engine.scene import Scene, of
from tests.fakes.desk import BTC, decisions
from tests.fakes.strategy import flat, long


def test_an_order_intent_reserves_its_exposure_in_the_same_step(scene: Scene) -> None:
    scene.puppet.opinion = long()
    audit = scene.desk.engine.step(10_000, scene.market.bar())
    assert audit is not None
    intent = next(e.intent for e in audit.effects if isinstance(e, SubmitOrder))
    assert scene.desk.state.orders.open[intent.client_id].phase is Phase.QUEUED
    assert scene.desk.state.orders.leaves(BTC.id, Side.BUY) == intent.quantity


def test_a_refusal_is_recorded_with_its_sentence() -> None:
    scene = Scene(position_max=0.01)
    audits = scene.say(long())
    refused = of(TargetRefused, audits)
    made = of(SignalMade, audits)
    assert "at most 1%" in refused[0].breaches[0].sentence
    assert made[0].outcome == "refused"
    assert made[0].detail == refused[0].breaches[0].sentence
    assert scene.desk.state.orders.open == {}


def test_an_order_that_fails_the_last_check_is_blocked_and_not_sent() -> None:
    scene = Scene(order_notional_max=100.0)
    audits = scene.say(long())
    blocked = of(OrderBlocked, audits)
    assert blocked[0].breach.limit == "order notional"
    assert not [e for a in audits for e in a.effects if isinstance(e, SubmitOrder)]
    assert scene.desk.state.orders.open == {}


def test_a_refused_opinion_is_offered_again_only_after_a_while() -> None:
    scene = Scene(position_max=0.01)
    assert of(TargetRefused, scene.say(long()))
    soon = [d for _ in range(8) for d in of(TargetRefused, scene.bar())]
    later = [d for _ in range(4) for d in of(TargetRefused, scene.bar())]
    assert soon == []
    assert len(later) == 1


def test_an_entry_waits_at_the_touch_and_an_aggressive_exit_takes(scene: Scene) -> None:
    scene.hold()
    entry = next(d.intent for d in decisions(scene.desk.audits) if isinstance(d, OrderPlanned))
    assert (entry.type, entry.purpose, entry.side) == (OrderType.LIMIT_MAKER, Purpose.ENTRY, Side.BUY)
    audits = scene.say(flat(Urgency.AGGRESSIVE))
    leaving = of(OrderPlanned, audits)[0]
    assert (leaving.intent.type, leaving.intent.purpose) == (OrderType.LIMIT, Purpose.EXIT)
    assert scene.position == 0
    assert scene.desk.state.orders.open == {}


def test_an_exit_said_between_two_tries_of_a_refused_entry_ends_the_entry(scene: Scene) -> None:
    scene.desk.venue.refusing = "Account has insufficient balance for requested action."
    scene.say(long())
    (made,) = of(SignalMade, scene.say(flat()))
    scene.desk.venue.refusing = ""
    assert of(OrderPlanned, scene.tick(300)) == []
    assert made.outcome == "held"
    assert scene.position == 0


def test_a_fill_is_booked_once_however_often_it_is_reported(scene: Scene) -> None:
    scene.hold()
    held, fills = scene.position, of(FillBooked, scene.desk.audits)
    scene.tick(40)  # audits of the account list the same trades again
    assert scene.position == held
    assert of(FillBooked, scene.desk.audits) == fills
    assert scene.desk.state.reconciled


def test_an_unknown_order_blocks_more_risk_on_its_instrument(scene: Scene) -> None:
    scene.desk.venue.losing = True
    scene.say(long(0.5))
    order = next(iter(scene.desk.state.orders.open.values()))
    assert order.status == "UNKNOWN"
    reserved = scene.desk.state.orders.leaves(BTC.id, Side.BUY)
    assert reserved == order.intent.quantity
    audits = scene.say(long(1.0))
    refused = of(TargetRefused, audits)[0]
    assert refused.breaches[0].limit == "unknown order"
    assert order.intent.client_id in refused.breaches[0].sentence


def test_an_order_proven_absent_frees_what_it_reserved(scene: Scene) -> None:
    scene.desk.venue.losing = True
    scene.say(long())
    client_id = next(iter(scene.desk.state.orders.open))
    scene.puppet.opinion = None
    scene.desk.venue.losing = False
    audits = scene.tick(12)
    moved = [d for d in decisions(audits) if isinstance(d, OrderMoved) and d.client_id == client_id]
    assert moved[-1].after == "REJECTED"
    assert moved[-1].detail == "proven never to have arrived"
    assert client_id not in scene.desk.state.orders.open


def test_a_refused_order_is_tried_again_only_a_few_times(scene: Scene) -> None:
    scene.desk.venue.refusing = "Account has insufficient balance for requested action."
    scene.say(long())
    audits = [*scene.desk.audits, *scene.tick(20)]
    planned = of(OrderPlanned, audits)
    gave_up = [d for d in of(Noted, audits) if isinstance(d, Noted) and "gives up" in d.text]
    assert len(planned) == 6
    assert len(gave_up) == 1
    assert scene.desk.state.orders.open == {}


def cancels(audits: list[Audit]) -> int:
    return sum(isinstance(e, WithdrawOrder) for a in audits for e in a.effects)


def test_a_cancel_that_is_refused_is_asked_again_and_not_at_once(scene: Scene) -> None:
    scene.say(long())
    [order] = scene.desk.state.orders.open.values()
    client_id = order.intent.client_id
    scene.desk.latency = 60 * SECOND  # the venue's own answer never comes
    scene.desk.command(CancelOrder(client_id))
    asked = cancels(scene.desk.audits)
    refusal = CancelRejected(client_id, -1022, "signature", scene.desk.now, gone=False)
    for _ in range(5):  # each event is a chance to ask again
        scene.desk.feed(refusal)
    assert cancels(scene.desk.audits) == asked
    assert order.status == "OPEN"
    scene.tick(20)
    assert cancels(scene.desk.audits) > asked


def test_a_kill_does_not_wait_for_refusals_of_before(scene: Scene) -> None:
    scene.say(long())
    [order] = scene.desk.state.orders.open.values()
    scene.desk.latency = 60 * SECOND
    scene.desk.command(CancelOrder(order.intent.client_id))
    for _ in range(6):
        refusal = CancelRejected(order.intent.client_id, -1022, "signature", scene.desk.now, gone=False)
        scene.desk.feed(refusal)
    before = cancels(scene.desk.audits)
    scene.desk.feed(LatchTripped("halt", "test", "", scene.desk.now))
    assert cancels(scene.desk.audits) == before + 1


def test_more_than_an_order_asked_for_moves_the_position_and_makes_defensive(scene: Scene) -> None:
    scene.say(long())
    [order] = scene.desk.state.orders.open.values()
    intent, state = order.intent, scene.desk.state
    assert intent.price is not None
    for trade_id in (900, 901):
        done = Fill(
            trade_id=trade_id, price=intent.price, quantity=intent.quantity, fee=ZERO, fee_asset="USDT",
            maker=True, time=scene.desk.now,
        )  # fmt: skip
        scene.desk.feed(OrderFilled(intent.client_id, "1", BTC.id, done, scene.desk.now, Source.STREAM))
    assert state.ledger.position(BTC.id) == 2 * intent.quantity
    scene.tick(1)
    assert (state.control.mode, state.orders.anomalies["overfill"]) == (Mode.DEFENSIVE, 1)


def test_a_trade_that_the_venue_takes_back_leaves_the_position_and_asks_the_venue(scene: Scene) -> None:
    scene.say(long())
    [order] = scene.desk.state.orders.open.values()
    intent, state = order.intent, scene.desk.state
    assert intent.price is not None
    done = Fill(
        trade_id=900, price=intent.price, quantity=intent.quantity, fee=ZERO, fee_asset="USDT",
        maker=True, time=scene.desk.now,
    )  # fmt: skip
    scene.desk.feed(OrderFilled(intent.client_id, "1", BTC.id, done, scene.desk.now, Source.STREAM))
    before = len(scene.desk.audits)
    bust = TradeBusted(intent.client_id, BTC.id, intent.side, done, scene.desk.now, Source.STREAM)
    scene.desk.feed(bust)
    assert state.ledger.position(BTC.id) == 0
    assert [e.purpose for a in scene.desk.audits[before:] for e in a.effects if isinstance(e, TakeAccount)]
