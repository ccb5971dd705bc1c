"""Amending: cancel first, then a new order for what is left, and never more than was asked for."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from midas.domain.command import CancelOrder, ClosePosition, Kill, SetMode
from midas.domain.decision import Noted, OrderPlanned
from midas.domain.event import (
    AccountDoubted,
    CancelRejected,
    LatchTripped,
    OrderClosed,
    OrderFilled,
    OrderUncertain,
    SessionOpened,
    Source,
)
from midas.domain.order import CloseReason, Fill, TradeReport
from midas.domain.time import SECOND
from midas.state.order import Order
from midas.state.state import State
from tests.engine.hands import Hands, review
from tests.engine.scene import of
from tests.fakes.desk import BTC
from tests.fakes.strategy import long


@pytest.fixture
def hands() -> Hands:
    """A person at a warm desk that holds nothing."""
    return Hands()


def slow(hands: Hands) -> Hands:
    """From now on the venue hears of everything two seconds later."""
    hands.desk.latency = 2 * SECOND
    return hands


def fill(hands: Hands, order: Order, quantity: str, trade_id: int = 900) -> None:
    """The venue's stream tells an execution."""
    intent = order.intent
    done = Fill(
        trade_id=trade_id, price=intent.price or Decimal(1), quantity=Decimal(quantity), fee=Decimal(0),
        fee_asset="BTC", maker=True, time=hands.desk.now,
    )  # fmt: skip
    hands.desk.feed(OrderFilled(intent.client_id, "1", BTC.id, done, hands.desk.now, Source.STREAM))


def closed(hands: Hands, order: Order, filled: str, reason: CloseReason = CloseReason.CANCELED) -> None:
    """The venue's stream tells an end."""
    client_id = order.intent.client_id
    hands.desk.feed(OrderClosed(client_id, reason, Decimal(filled), hands.desk.now, Source.STREAM))


def heir(hands: Hands, order: Order) -> Order | None:
    """The order that stands in the place of `order`."""
    return next((o for o in hands.open if o.intent.replaces == order.intent.client_id), None)


def test_the_first_call_reviews_what_would_stand_there(hands: Hands) -> None:
    order = hands.resting("0.03")
    answer = hands.amend(order, price="59990.00", confirmed=False)
    short = order.intent.client_id[-4:]
    assert answer.accepted
    assert answer.message.startswith(f"BUY 0.03 BTC-USDT at 59990.00 in place of {short}: confirm")
    # Only one of both counts: together they would be 36 % of equity.
    assert review(answer).equity_share == pytest.approx(0.18, rel=1e-3)
    assert order.status == "OPEN"


def test_confirmed_it_is_cancelled_and_replaced(hands: Hands) -> None:
    order = hands.resting("0.01")
    assert hands.amend(order, "0.02", "59990.00").accepted
    assert order.status == "CANCELED"
    [new] = hands.open
    assert (new.intent.quantity, new.intent.price) == (Decimal("0.02"), Decimal("59990.00"))
    assert new.intent.replaces == order.intent.client_id
    assert new.intent.strategy == "manual"


def test_an_empty_word_leaves_what_is(hands: Hands) -> None:
    hands.amend(hands.resting("0.01"), price="59990.00")
    hands.amend(hands.open[0], quantity="0.02")
    [new] = hands.open
    assert (new.intent.quantity, new.intent.price) == (Decimal("0.02"), Decimal("59990.00"))


def test_both_never_stand_at_once(hands: Hands) -> None:
    order = slow(hands).resting("0.01")
    hands.scene.tick(3)
    assert hands.amend(order, price="59990.00").accepted
    assert hands.open == [order]
    assert order.status == "PENDING_CANCEL"
    hands.scene.tick(1)
    assert hands.open == [order]
    hands.scene.tick(2)
    assert heir(hands, order) is not None
    assert len(hands.open) == 1


def test_what_filled_meanwhile_counts_towards_the_amended_quantity(hands: Hands) -> None:
    order = slow(hands).resting("0.01")
    hands.scene.tick(3)
    hands.amend(order, "0.02", "59990.00")
    fill(hands, order, "0.004")
    closed(hands, order, "0.004")
    [new] = hands.open
    assert new.intent.quantity == Decimal("0.016")


def test_where_it_filled_meanwhile_nothing_is_sent(hands: Hands) -> None:
    order = slow(hands).resting("0.01")
    hands.scene.tick(3)
    hands.amend(order, "0.02", "59990.00")
    fill(hands, order, "0.01")
    hands.scene.tick(3)
    assert hands.open == []
    assert hands.scene.notes("has filled 0.01: nothing is sent in its place")


def test_an_end_whose_fills_are_missing_is_waited_for(hands: Hands) -> None:
    order = slow(hands).resting("0.01")
    hands.scene.tick(3)
    hands.amend(order, price="59990.00")
    hands.desk.venue.deaf = True
    closed(hands, order, "0.004")
    assert hands.open == [order]
    assert order.status == "UNKNOWN"
    fill(hands, order, "0.004")
    [new] = hands.open
    assert new.intent.quantity == Decimal("0.006")


@pytest.mark.parametrize("doubt", ["refused", "silent"])
def test_in_doubt_nothing_is_sent_until_it_is_settled(hands: Hands, doubt: str) -> None:
    order = slow(hands).resting("0.01")
    hands.scene.tick(3)
    hands.desk.venue.deaf = True
    hands.amend(order, price="59990.00")
    client_id, now = order.intent.client_id, hands.desk.now
    refused = CancelRejected(client_id, -2011, "Unknown order sent.", now)
    hands.desk.feed(refused if doubt == "refused" else OrderUncertain(client_id, "no answer", now))
    assert order.status == "UNKNOWN"
    hands.scene.tick(1)
    assert hands.open == [order]
    closed(hands, order, "0")
    assert heir(hands, order) is not None


def test_a_cancel_that_failed_is_asked_for_again(hands: Hands) -> None:
    order = slow(hands).resting("0.01")
    hands.scene.tick(3)
    hands.amend(order, price="59990.00")
    hands.desk.feed(CancelRejected(order.intent.client_id, -2011, "Unknown order sent.", hands.desk.now))
    hands.scene.tick(12)
    assert order.status == "CANCELED"
    assert heir(hands, order) is not None


@pytest.mark.parametrize(
    ("act", "why"),
    [
        (LatchTripped("halt", "test", "", 0), "the kill latch is set by test"),
        (LatchTripped("all", "test", "", 0), "the kill latch is set (all) by test"),
        (SetMode("PAUSE"), "mode PAUSE opens nothing new"),
        (SetMode("OBSERVATION"), "mode OBSERVATION opens nothing new"),
    ],
)
def test_what_closes_meanwhile_drops_the_new_order_and_says_so(
    hands: Hands, act: LatchTripped | SetMode, why: str
) -> None:
    order = hands.resting("0.01")
    slow(hands).amend(order, price="59990.00")
    if isinstance(act, SetMode):
        hands.desk.command(act)
    else:
        hands.desk.feed(msgspec.structs.replace(act, at=hands.desk.now))
    hands.scene.tick(4)
    assert hands.open == []
    assert hands.scene.notes(f"{order.intent.client_id[-4:]} won't be replaced: {why}")


def test_a_closed_gate_drops_it_too(hands: Hands) -> None:
    order = hands.resting("0.01")
    slow(hands).amend(order, price="59990.00")
    hands.desk.tick(hands.desk.now + SECOND, feed_age=12 * SECOND)
    hands.scene.market.now = hands.desk.now
    hands.scene.tick(4)
    assert hands.open == []
    assert hands.scene.notes("won't be replaced: venue is closed: no market data")


def test_a_mode_that_comes_and_goes_meanwhile_still_drops_it(hands: Hands) -> None:
    order = hands.resting("0.01")
    slow(hands).amend(order, price="59990.00")
    hands.desk.command(SetMode("OBSERVATION"))
    hands.desk.command(SetMode("NORMAL", "back", True))
    hands.scene.tick(4)
    assert hands.open == []


def test_a_person_who_cancels_meanwhile_wants_neither(hands: Hands) -> None:
    order = hands.resting("0.01")
    slow(hands).amend(order, price="59990.00")
    assert hands.desk.command(CancelOrder(order.intent.client_id)).accepted
    hands.scene.tick(4)
    assert hands.open == []
    assert hands.scene.notes("won't be replaced: asked for by a person")


def test_closing_the_position_drops_it_too(hands: Hands) -> None:
    hands.hold("0.01")
    hands.sell("0.005", "60100.00")
    [order] = hands.open
    slow(hands).amend(order, price="60200.00")
    assert hands.desk.command(ClosePosition("BTC-USDT", "manual", True)).accepted
    hands.scene.tick(8)
    assert hands.open == []
    assert hands.held() < BTC.lot_size


def test_what_the_limits_refuse_by_then_is_not_sent(hands: Hands) -> None:
    order = hands.resting("0.02", "59999.00")
    slow(hands).amend(order, "0.03", "59990.00")
    hands.desk.latency = 0
    assert hands.buy("0.01", "59995.00").accepted  # together 24 % of equity
    hands.scene.tick(4)
    assert heir(hands, order) is None
    assert hands.scene.notes("is CANCELED and not replaced: BTC-USDT would be 24.0% of equity, at most 20%")


def test_what_would_break_a_limit_is_refused_before_anything_is_cancelled(hands: Hands) -> None:
    order = hands.resting("0.01")
    answer = hands.amend(order, "0.04")
    assert "at most 20%" in answer.message
    assert order.status == "OPEN"


def test_the_same_ticket_amends_once(hands: Hands) -> None:
    order = hands.resting("0.01")
    slow(hands).amend(order, price="59990.00", ticket="again")
    said = hands.amend(order, price="59990.00", ticket="again")
    assert said.accepted
    assert said.message == f"{order.intent.client_id[-4:]} is being amended already"
    assert hands.buy("0.01", "59999.00", ticket="again").message == said.message
    assert not hands.amend(order, price="59980.00").accepted
    hands.scene.tick(5)
    [new] = hands.open
    sent = hands.amend(order, price="59990.00", ticket="again")
    assert sent.message == f"already sent as {new.intent.client_id[-4:]}, which is OPEN"
    assert hands.open == [new]


def test_a_strategys_order_is_its_own(hands: Hands) -> None:
    hands.scene.say(long())
    [order] = hands.open
    answer = hands.amend(order, price="59990.00")
    assert answer.message == (
        f"puppet works {order.intent.client_id[-4:]} itself: cancel it, or `strategy puppet pause`"
    )


def test_an_order_is_found_by_the_end_of_its_id(hands: Hands) -> None:
    order = hands.resting("0.01")
    assert hands.amend(order.intent.client_id[-4:], price="59990.00").accepted
    assert "it is CANCELED" in hands.amend(order.intent.client_id[-4:], price="59980.00").message
    assert "there is no order 'zzzz'; open are" in hands.amend("zzzz", price="59980.00").message
    assert "there is no order 'b'" in hands.amend("b", price="59980.00").message


@pytest.mark.parametrize(
    ("quantity", "price", "sentence"),
    [
        ("", "", "is 0.01 at 59999 already"),
        ("0.002", "", "0.003 of"),
        ("0.00305", "", "the venue takes 5 at least"),
        ("0.0123456", "", "isn't a multiple of 0.00001"),
        ("-1", "", "expected a quantity above 0"),
        ("", "1.234", "isn't a multiple of 0.01"),
    ],
)
def test_what_can_not_be_amended_to_is_answered_with_a_sentence(
    hands: Hands, quantity: str, price: str, sentence: str
) -> None:
    order = hands.resting("0.01")
    if quantity:
        fill(hands, order, "0.003")
    answer = hands.amend(order, quantity, price)
    assert not answer.accepted
    assert sentence in answer.message
    assert not order.pending_cancel


def test_a_fill_after_the_end_is_taken_off_what_stands_in_its_place(hands: Hands) -> None:
    order = hands.resting("0.02")
    hands.amend(order, price="59990.00")
    hands.desk.venue.trades.clear()
    fill(hands, order, "0.005")
    [new] = hands.open
    assert new.intent.quantity == Decimal("0.015")
    assert new.intent.ticket
    filled = sum(o.filled for o in hands.state.orders.closed.values())
    assert filled + new.leaves == Decimal("0.02")


def test_several_late_fills_of_one_pass_are_taken_off_once(hands: Hands) -> None:
    order = hands.resting("0.02")
    hands.amend(order, price="59990.00")
    for trade_id in (900, 901):
        done = Fill(
            trade_id=trade_id, price=Decimal("59999"), quantity=Decimal("0.004"), fee=Decimal(0),
            fee_asset="BTC", maker=True, time=hands.desk.now,
        )  # fmt: skip
        intent = order.intent
        hands.desk.venue.trades.append(
            TradeReport(
                instrument=BTC.id,
                venue_id=order.venue_id,
                client_id=intent.client_id,
                side=intent.side,
                fill=done,
            )
        )
    hands.desk.feed(AccountDoubted(hands.desk.now, "the stream"))
    hands.scene.tick(3)
    [new] = hands.open
    assert order.filled + new.leaves == Decimal("0.02")


def test_an_exit_is_amended_under_a_halt(hands: Hands) -> None:
    hands.hold("0.01")
    hands.sell("0.005", "60100.00")
    hands.desk.command(Kill("halt"))
    assert hands.amend(hands.open[0], "0.009", "60200.00").accepted
    [new] = hands.open
    assert (new.intent.quantity, new.status) == (Decimal("0.009"), "OPEN")


def test_the_new_order_waits_for_the_disk_like_any_other(hands: Hands) -> None:
    order = hands.resting("0.01")
    hands.amend(order, price="59990.00")
    planned = of(OrderPlanned, hands.desk.audits)
    assert [p.intent.replaces for p in planned] == ["", order.intent.client_id]


def test_a_crash_drops_it_and_the_next_session_says_so(hands: Hands) -> None:
    order = hands.resting()
    hands.desk.latency = SECOND
    assert hands.amend(order, price="59990.00").accepted
    carried = hands.state.carried()
    assert carried.amending == (order.intent.client_id,)
    after = State(list(hands.state.instruments.values()), "USDT")
    decisions = after.apply(SessionOpened("s2", hands.desk.now, "account", "SIM", "", carried))
    text = f"{order.intent.client_id} was being amended when session {carried.from_session} ended"
    assert [d.text for d in decisions if isinstance(d, Noted) and d.text.startswith(text)]
    assert after.carried().amending == ()


def test_one_that_was_sent_or_dropped_is_no_longer_told(hands: Hands) -> None:
    hands.amend(hands.resting(), price="59990.00")
    assert hands.state.amending == set()
    hands.desk.latency = SECOND
    waiting = hands.open[0]
    hands.amend(waiting, price="59980.00")
    assert hands.state.amending == {waiting.intent.client_id}
    hands.desk.command(CancelOrder(waiting.intent.client_id))
    assert hands.state.amending == set()
