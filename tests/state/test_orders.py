from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midas.domain.decision import Anomaly, FillBusted, OrderMoved
from midas.domain.event import OrderAccepted, OrderFilled, SessionOpened, Source, TradeBusted
from midas.domain.money import ZERO
from midas.domain.order import CloseReason, Phase, Replacement, Side
from midas.domain.time import SECOND
from midas.state.order import Order
from midas.state.orders import CLOSED_KEPT, REQUEST_LIFE, SETTLING, Change, Orders
from midas.state.state import State
from tests.fakes.nouns import BTC, START, account, canceled, desk, fill, intent, report, selling, trade

AT = START + SECOND
ONE = Decimal(1)
TWO = Decimal(2)
DEAD = START + 14 * SECOND


def queued() -> tuple[Orders, Order]:
    orders = Orders()
    return orders, orders.plan(intent())


def inflight() -> tuple[Orders, Order]:
    orders, order = queued()
    orders.sent("md-1", START, DEAD)
    return orders, order


def working() -> tuple[Orders, Order]:
    orders, order = inflight()
    orders.accepted("md-1", "v-md-1", START)
    return orders, order


def closed(reason: CloseReason) -> tuple[Orders, Order]:
    orders, order = working()
    orders.closed_by_venue("md-1", reason, Decimal(0), AT)
    return orders, order


def anomalies(changes: list[Change]) -> list[str]:
    return [c.kind for c in changes if isinstance(c, Anomaly)]


def moves(changes: list[Change]) -> list[tuple[str, str]]:
    return [(c.before, c.after) for c in changes if isinstance(c, OrderMoved)]


def test_a_new_intent_is_queued_and_reserved() -> None:
    orders, order = queued()
    assert order.status == "QUEUED"
    assert orders.leaves(BTC.id, Side.BUY) == 1


def test_an_intent_that_was_not_sent_closes_and_frees_its_exposure() -> None:
    orders, order = queued()
    assert moves(orders.never_sent("md-1", AT, "halt")) == [("QUEUED", "NEVER_SENT")]
    assert order.phase is Phase.CLOSED
    assert orders.leaves(BTC.id, Side.BUY) == 0


def test_what_has_left_can_no_longer_be_called_unsent() -> None:
    orders, order = inflight()
    assert anomalies(orders.never_sent("md-1", AT, "halt")) == ["late_not_sent"]
    assert order.status == "INFLIGHT"


def test_sending_remembers_when_and_until_when_it_may_become_an_order() -> None:
    _, order = inflight()
    assert (order.status, order.sent_at, order.dead_at) == ("INFLIGHT", START, DEAD)


def test_a_second_send_of_one_intent_is_an_anomaly() -> None:
    orders, order = inflight()
    assert anomalies(orders.sent("md-1", AT, DEAD)) == ["sent_twice"]
    assert order.sent_at == START


def test_a_send_reported_after_the_close_changes_nothing() -> None:
    orders, order = queued()
    orders.filled("md-1", fill(), AT)
    assert orders.sent("md-1", START, DEAD) == []
    assert order.status == "FILLED"


def test_an_ack_makes_it_work() -> None:
    orders, order = inflight()
    assert moves(orders.accepted("md-1", "v-1", AT)) == [("INFLIGHT", "OPEN")]
    assert order.venue_id == "v-1"


def test_a_definite_no_closes_what_has_no_other_evidence() -> None:
    orders, order = inflight()
    assert moves(orders.rejected("md-1", "-2010 no money", AT)) == [("INFLIGHT", "REJECTED")]
    assert order.leaves == 0


def test_a_reject_after_an_ack_or_a_fill_is_an_anomaly() -> None:
    orders, order = working()
    assert anomalies(orders.rejected("md-1", "late", AT)) == ["reject_after_accept"]
    assert order.status == "OPEN"


def test_silence_keeps_the_exposure_reserved() -> None:
    orders, order = inflight()
    assert moves(orders.uncertain("md-1", "timeout", AT)) == [("INFLIGHT", "UNKNOWN")]
    assert (order.phase, orders.leaves(BTC.id, Side.BUY)) == (Phase.INFLIGHT, ONE)
    assert orders.unknown == [order]


def test_silence_after_an_ack_says_nothing() -> None:
    orders, order = working()
    assert orders.uncertain("md-1", "timeout", AT) == []
    assert not order.unknown


def test_a_cancel_without_an_answer_is_a_doubt() -> None:
    orders, order = working()
    orders.cancel_sent("md-1", AT)
    orders.uncertain("md-1", "no answer to a cancel", AT)
    assert (order.phase, order.status) == (Phase.WORKING, "UNKNOWN")


@pytest.mark.parametrize(
    "evidence",
    [
        lambda orders: orders.accepted("md-1", "v-1", AT),
        lambda orders: orders.filled("md-1", fill(quantity="0.5"), AT),
        lambda orders: orders.reported(report(), AT, AT),
        lambda orders: orders.closed_by_venue("md-1", CloseReason.CANCELED, Decimal(0), AT),
    ],
    ids=["ack", "fill", "open order list", "terminal"],
)
def test_any_word_of_the_venue_ends_an_unanswered_submission(evidence: Callable[[Orders], object]) -> None:
    orders, order = inflight()
    orders.uncertain("md-1", "timeout", AT)
    evidence(orders)
    assert not order.unknown


def test_a_fill_may_come_before_the_ack() -> None:
    orders, order = inflight()
    assert moves(orders.filled("md-1", fill(quantity="0.4"), AT)) == [("INFLIGHT", "PARTIAL")]
    assert order.leaves == Decimal("0.6")
    assert orders.accepted("md-1", "v-1", AT) == []
    assert (order.status, order.venue_id) == ("PARTIAL", "v-1")


def test_the_last_fill_closes_it() -> None:
    orders, order = working()
    orders.filled("md-1", fill(1, "0.4"), AT)
    assert moves(orders.filled("md-1", fill(2, "0.6"), AT)) == [("PARTIAL", "FILLED")]
    assert "md-1" not in orders.open
    assert order.cost == 100


def test_a_terminal_report_waits_for_the_fills_that_it_counts() -> None:
    orders, order = working()
    changes = orders.closed_by_venue("md-1", CloseReason.CANCELED, Decimal("0.4"), AT)
    assert anomalies(changes) == ["fills_missing"]
    assert (order.phase, order.leaves, order.unknown) == (Phase.WORKING, ONE, True)
    orders.filled("md-1", fill(1, "0.1"), AT)
    assert order.unknown
    assert moves(orders.filled("md-1", fill(2, "0.3"), AT)) == [("UNKNOWN", "CANCELED")]
    assert not order.unknown


def test_a_cancel_changes_no_phase_until_the_venue_confirms_it() -> None:
    orders, order = working()
    assert moves(orders.cancel_sent("md-1", AT)) == [("OPEN", "PENDING_CANCEL")]
    assert (order.phase, order.leaves) == (Phase.WORKING, ONE)
    moved = orders.closed_by_venue("md-1", CloseReason.CANCELED, Decimal(0), AT)
    assert moves(moved) == [("PENDING_CANCEL", "CANCELED")]


def test_a_refused_cancel_is_never_read_as_cancelled() -> None:
    orders, order = working()
    orders.cancel_sent("md-1", AT)
    moved = orders.cancel_rejected("md-1", "-2011 unknown order", AT)
    assert moves(moved) == [("PENDING_CANCEL", "UNKNOWN")]
    assert (order.phase, order.leaves, order.pending_cancel) == (Phase.WORKING, ONE, False)


def test_a_late_ack_does_not_settle_the_doubt_of_a_refused_cancel() -> None:
    orders, order = working()
    orders.cancel_sent("md-1", AT)
    orders.cancel_rejected("md-1", "-2011 unknown order", AT)
    orders.accepted("md-1", "v-md-1", AT)
    assert order.status == "UNKNOWN"


def test_an_older_list_does_not_settle_a_younger_doubt() -> None:
    orders, order = working()
    orders.cancel_sent("md-1", AT)
    orders.cancel_rejected("md-1", "-2011 unknown order", AT)
    orders.reported(report(), AT - SECOND, AT)
    assert order.unknown
    orders.reported(report(), AT + SECOND, AT + SECOND)
    assert order.status == "OPEN"


def test_a_second_cancel_after_a_refused_one_is_pending_again() -> None:
    orders, order = working()
    orders.cancel_sent("md-1", AT)
    orders.cancel_rejected("md-1", "busy", AT)
    orders.reported(report(), AT + SECOND, AT + SECOND)
    assert moves(orders.cancel_sent("md-1", AT + SECOND)) == [("OPEN", "PENDING_CANCEL")]
    assert order.cancels == 2


def test_absence_needs_two_answers_after_the_request_is_dead() -> None:
    orders, order = inflight()
    orders.uncertain("md-1", "timeout", AT)
    assert orders.absent("md-1", DEAD - SECOND, AT) == []
    assert orders.absent("md-1", DEAD, AT) == []
    assert orders.absent("md-1", DEAD + SECOND, AT) == []
    assert orders.absent("md-1", DEAD + 3 * SECOND - 1, AT) == []
    assert order.status == "UNKNOWN"
    assert moves(orders.absent("md-1", DEAD + 3 * SECOND, AT)) == [("UNKNOWN", "REJECTED")]


def test_two_answers_of_one_moment_prove_nothing_however_slow_the_first_pass_was() -> None:
    orders, order = inflight()
    orders.uncertain("md-1", "timeout", AT)
    slow = DEAD + 6 * SECOND  # asked at DEAD + 1 s, the last of its answers came then
    assert orders.absent("md-1", DEAD + SECOND, AT, slow) == []
    assert orders.absent("md-1", slow + SECOND, AT) == []
    assert order.status == "UNKNOWN"
    assert moves(orders.absent("md-1", slow + 2 * SECOND, AT)) == [("UNKNOWN", "REJECTED")]


def test_one_replacement_told_twice_with_other_terms_changes_nothing() -> None:
    orders, order = working()
    orders.replace_sent("md-1", Replacement("s", Decimal("0.25")), AT, DEAD)
    most = order.most
    assert anomalies(orders.replace_sent("md-1", Replacement("s", Decimal("0.1")), AT, DEAD)) == [
        "replace_sent_twice"
    ]
    assert order.most == most


def test_any_sign_of_life_makes_the_proof_of_absence_start_again() -> None:
    orders, order = inflight()
    orders.uncertain("md-1", "timeout", AT)
    orders.absent("md-1", DEAD + SECOND, AT)
    orders.reported(report(), DEAD + 2 * SECOND, AT)
    orders.absent("md-1", DEAD + 4 * SECOND, AT)
    assert order.status == "OPEN"


def test_failed_queries_are_no_evidence_however_many() -> None:
    state = desk()
    state.plan(intent())
    state.orders.sent("md-1", START, DEAD)
    state.orders.uncertain("md-1", "timeout", AT)
    for n in range(1_000):  # a pass that didn't look the order up says nothing about it
        state.apply(account(DEAD + n * SECOND, {"USDT": "10000"}))
    assert state.orders.open["md-1"].status == "UNKNOWN"


def test_a_request_whose_end_is_not_known_gets_one_by_the_venues_clock() -> None:
    orders, order = queued()
    orders.uncertain("md-1", "the loop was stuck", AT)
    asked = AT + 3_600 * SECOND  # the venue's clock is an hour ahead of ours
    orders.absent("md-1", asked, AT)
    assert (order.phase, order.dead_at) == (Phase.INFLIGHT, asked + REQUEST_LIFE)
    orders.absent("md-1", asked + REQUEST_LIFE, AT)
    orders.absent("md-1", asked + REQUEST_LIFE + 1, AT)
    assert order.unknown
    orders.absent("md-1", asked + REQUEST_LIFE + 2 * SECOND + 1, AT)
    assert order.status == "REJECTED"


def test_a_clock_that_was_set_back_does_not_keep_an_order_in_doubt() -> None:
    orders, order = working()
    orders.cancel_sent("md-1", AT)
    orders.cancel_rejected("md-1", "unknown order", AT)
    back = AT - 600 * SECOND
    orders.reported(report(), back, back)
    assert order.unknown  # it may have been asked before the refusal
    orders.reported(report(), back + SECOND, back + SECOND)
    assert order.status == "OPEN"


def test_an_order_that_once_stood_is_not_called_rejected_when_it_vanishes() -> None:
    orders, order = working()
    orders.absent("md-1", DEAD + SECOND, AT)
    assert anomalies(orders.absent("md-1", DEAD + 4 * SECOND, AT)) == ["vanished"]
    assert order.status == "CANCELED"


@pytest.mark.parametrize("reason", [CloseReason.CANCELED, CloseReason.EXPIRED])
def test_a_late_fill_counts_and_may_complete_the_order(reason: CloseReason) -> None:
    orders, order = closed(reason)
    assert anomalies(orders.filled("md-1", fill(1, "0.4"), AT)) == ["late_fill"]
    assert (order.status, order.filled) == (reason.value, Decimal("0.4"))
    orders.filled("md-1", fill(2, "0.6"), AT)
    assert order.status == "FILLED"
    assert order.leaves == 0


def test_a_fill_beyond_the_quantity_counts_and_is_an_overfill() -> None:
    orders, order = working()
    orders.filled("md-1", fill(1), AT)
    assert anomalies(orders.filled("md-1", fill(2, "0.5"), AT)) == ["overfill"]
    assert (order.filled, orders.overfills, order.status) == (Decimal("1.5"), 1, "FILLED")


def test_two_tellings_of_one_trade_that_differ_are_a_conflict() -> None:
    orders, _ = working()
    orders.filled("md-1", fill(1, "0.4"), AT)
    assert orders.repeated("md-1", fill(1, "0.4", maker=False)) == []
    assert anomalies(orders.repeated("md-1", fill(1, "0.5"))) == ["fill_conflict"]
    assert orders.repeated("md-1", fill(1, "0.5")) == []  # told once


def test_a_list_that_has_a_trade_on_the_other_side_is_a_conflict() -> None:
    state = desk()
    state.plan(intent())
    state.apply(OrderFilled("md-1", "v", BTC.id, fill(1, "0.4"), AT, Source.STREAM))
    balances = {"USDT": "9960", "BTC": "0.4"}
    for side, kinds in ((Side.BUY, []), (Side.SELL, ["fill_conflict"]), (Side.SELL, [])):
        listed = account(AT, balances, trades=(trade(fill(1, "0.4"), side=side),), purpose="start")
        assert [d.kind for d in state.apply(listed) if isinstance(d, Anomaly)] == kinds
    assert state.ledger.position(BTC.id) == Decimal("0.4")


def replacing(quantity: str = "2", request: str = "r1") -> tuple[Orders, Order]:
    orders, order = working()
    orders.replace_wanted("md-1", Replacement(request, Decimal(quantity)), AT)
    orders.replace_sent("md-1", Replacement(request, Decimal(quantity)), AT, DEAD)
    return orders, order


def test_a_replacement_that_is_out_reserves_the_larger_quantity() -> None:
    orders, order = replacing("3")
    assert (order.status, order.leaves, order.reserved) == ("PENDING_REPLACE", ONE, Decimal(3))
    assert orders.leaves(BTC.id, Side.BUY) == 3
    assert replacing("0.5")[0].leaves(BTC.id, Side.BUY) == 1


def test_a_replaced_order_has_the_venues_quantity_and_price() -> None:
    orders, order = replacing()
    moved = orders.replaced("md-1", "r1", Decimal(2), Decimal(99), AT)
    assert moves(moved) == [("PENDING_REPLACE", "OPEN")]
    assert (order.intent.quantity, order.intent.price, order.pending) == (TWO, Decimal(99), [])


def test_a_refused_replacement_leaves_the_order_as_it_was() -> None:
    orders, order = replacing()
    assert moves(orders.replace_rejected("md-1", "r1", "no", AT)) == [("PENDING_REPLACE", "OPEN")]
    assert (order.intent.quantity, orders.leaves(BTC.id, Side.BUY)) == (ONE, ONE)


def test_a_replacement_refused_as_too_late_is_looked_up() -> None:
    orders, order = replacing()
    orders.replace_rejected("md-1", "r1", "unknown order", AT, gone=True)
    assert (order.status, order.phase) == ("UNKNOWN", Phase.WORKING)


def test_one_replacement_at_a_time_and_the_last_wish_waits() -> None:
    orders, order = replacing("2", "r1")
    orders.replace_wanted("md-1", Replacement("r2", Decimal(3)), AT)
    orders.replace_wanted("md-1", Replacement("r3", Decimal(4)), AT)
    assert [(p.request, p.sent_at > 0) for p in order.pending] == [("r1", True), ("r3", False)]
    orders.replaced("md-1", "r1", Decimal(2), None, AT)
    assert [(p.request, p.sent_at > 0) for p in order.pending] == [("r3", True)]
    assert order.status == "PENDING_REPLACE"


def test_a_second_replacement_that_left_all_the_same_is_reserved_and_told() -> None:
    orders, order = replacing("2", "r1")
    told = orders.replace_sent("md-1", Replacement("r2", Decimal(3)), AT, DEAD)
    assert anomalies(told) == ["second_replace"]
    assert order.reserved == 3


@pytest.mark.parametrize("what", ["queued", "unknown", "leaving", "closed"])
def test_what_does_not_rest_for_sure_is_not_replaced(what: str) -> None:
    orders, order = queued() if what == "queued" else working()
    if what == "unknown":
        order.unknown_since = AT
    elif what == "leaving":
        orders.cancel_sent("md-1", AT)
    elif what == "closed":
        orders.closed_by_venue("md-1", CloseReason.CANCELED, ZERO, AT)
    assert anomalies(orders.replace_wanted("md-1", Replacement("r", ONE), AT)) == ["replace_refused"]
    assert not order.waiting
    assert not order.replacing


def test_a_replacement_without_an_answer_is_found_by_its_quantity() -> None:
    orders, order = replacing("2")
    orders.uncertain("md-1", "time-out", AT)
    assert (order.status, order.reserved) == ("UNKNOWN", TWO)
    assert orders.reported(report(quantity=Decimal(2)), AT + 1, AT + 1) != []
    assert (order.status, order.intent.quantity, order.pending) == ("OPEN", TWO, [])
    assert not orders.anomalies


def test_a_replacement_without_an_answer_may_arrive_until_it_is_dead() -> None:
    orders, order = replacing("2")
    orders.uncertain("md-1", "time-out", AT)
    orders.reported(report(), DEAD, DEAD)
    assert (order.status, order.reserved) == ("UNKNOWN", TWO)
    orders.reported(report(), DEAD + 1, DEAD + 1)
    assert (order.status, order.reserved) == ("OPEN", ONE)


def test_a_fill_does_not_tell_what_became_of_a_replacement() -> None:
    orders, order = replacing("2")
    orders.uncertain("md-1", "time-out", AT)
    orders.filled("md-1", fill(1, "0.4"), AT)
    assert (order.status, order.reserved) == ("UNKNOWN", Decimal("1.6"))


def test_an_order_changed_by_somebody_else_is_told() -> None:
    orders, order = working()
    assert anomalies(orders.replaced("md-1", "", Decimal("0.5"), None, AT)) == ["replaced_unasked"]
    assert order.leaves == Decimal("0.5")


def test_an_older_word_about_quantity_changes_nothing() -> None:
    orders, order = working()
    orders.replaced("md-1", "", Decimal(3), None, AT, sequence=20)
    assert orders.replaced("md-1", "", Decimal(2), None, AT, sequence=10) == []
    orders.reported(report(quantity=Decimal(2), time=10), AT + SECOND, AT)
    assert order.intent.quantity == 3


def test_a_list_that_the_venue_overtook_itself_resurrects_nothing() -> None:
    orders, order = closed(CloseReason.CANCELED)
    order.heard(Source.STREAM, AT, sequence=20)
    later = AT + SETTLING + 1
    assert orders.reported(report(time=10), later, later) == []
    assert order.phase is Phase.CLOSED


def test_a_stop_waits_until_it_is_triggered() -> None:
    orders, order = inflight()
    orders.accepted("md-1", "v-1", AT, untriggered=True)
    assert (order.untriggered, order.status) == (True, "OPEN")
    assert orders.triggered("md-1", AT) == []
    assert (order.untriggered, order.status) == (False, "OPEN")


def test_a_fill_or_a_list_tells_a_trigger_too() -> None:
    orders, order = inflight()
    orders.accepted("md-1", "v-1", AT, untriggered=True)
    orders.reported(report(untriggered=True), AT, AT)
    assert order.untriggered
    orders.reported(report(), AT, AT)
    assert not order.untriggered


def test_a_busted_trade_lets_what_is_filled_fall_and_the_position_with_it() -> None:
    state = desk()
    order = state.plan(intent())
    taken = fill(1, "0.4", fee=Decimal("0.02"))
    state.apply(OrderFilled("md-1", "v", BTC.id, taken, AT, Source.STREAM))
    decisions = state.apply(TradeBusted("md-1", BTC.id, Side.BUY, taken, AT, Source.STREAM))
    assert [type(d) for d in decisions] == [FillBusted, Anomaly, OrderMoved]
    assert (order.filled, order.cost, order.leaves) == (ZERO, ZERO, ONE)
    assert state.ledger.balances == {"USDT": Decimal(10_000), "BTC": ZERO}
    sleeve = state.ledger.sleeve("s", BTC.id)
    assert {sleeve.quantity, sleeve.cost, sleeve.realised, sleeve.fees} == {ZERO}
    assert sleeve.fills == 0


def test_a_bust_told_twice_or_of_an_unknown_trade_changes_nothing() -> None:
    state = desk()
    state.plan(intent())
    bust = TradeBusted("md-1", BTC.id, Side.BUY, fill(1, "0.4"), AT, Source.STREAM)
    assert [d.kind for d in state.apply(bust) if isinstance(d, Anomaly)] == ["unknown_bust"]
    made = OrderFilled("md-1", "v", BTC.id, fill(1, "0.4"), AT, Source.STREAM)
    state.apply(made)
    state.apply(bust)
    assert state.apply(bust) == []
    assert state.apply(made) == []  # a list may go on showing it
    assert state.ledger.position(BTC.id) == 0


def test_a_trade_of_an_earlier_session_is_taken_back_from_whom_it_was_booked_to() -> None:
    before = desk()
    before.plan(intent())
    taken = fill(1, "1")
    before.apply(OrderFilled("md-1", "v", BTC.id, taken, AT, Source.STREAM))
    state = desk()
    state.apply(SessionOpened("session-2", AT, "account-1", "SIM", "", before.carried()))
    assert state.ledger.sleeve("s", BTC.id).quantity == ONE
    state.apply(TradeBusted("md-1", BTC.id, Side.BUY, taken, AT, Source.STREAM))
    assert {s.strategy: s.quantity for s in state.sleeves()} == {"s": ZERO}


def test_a_full_order_that_lost_a_trade_is_asked_about() -> None:
    orders, order = working()
    orders.filled("md-1", fill(1), AT)
    orders.busted("md-1", fill(1), AT)
    assert (order.status, order.leaves) == ("UNKNOWN", ONE)
    orders.reported(report(open=False, filled=ONE, close_reason=CloseReason.FILLED), AT + 1, AT + 1)
    assert order.phase is Phase.CLOSED  # the venue may still count what it took back


def test_a_cancel_refused_for_another_reason_leaves_the_order_working() -> None:
    orders, _ = working()
    orders.cancel_sent("md-1", AT)
    moved = orders.cancel_rejected("md-1", "-1022 signature", AT, gone=False)
    assert moves(moved) == [("PENDING_CANCEL", "OPEN")]


def test_refused_cancels_are_asked_again_ever_more_slowly() -> None:
    orders, order = working()
    waits = []
    for _ in range(7):
        orders.cancel_sent("md-1", AT)
        orders.cancel_rejected("md-1", "busy", AT, gone=False)
        waits.append((order.cancel_after - AT) / SECOND)
    assert waits == [0.5, 1, 2, 4, 8, 8, 8]


def test_a_cancel_sent_again_is_the_same_request() -> None:
    orders, order = working()
    orders.cancel_sent("md-1", AT)
    orders.cancel_sent("md-1", AT + SECOND)
    assert [p.sent_at for p in order.pending] == [AT + SECOND]


def test_what_is_not_in_the_table_is_counted_by_its_kind() -> None:
    orders, _ = working()
    orders.rejected("md-1", "late", AT)
    orders.rejected("md-1", "late", AT)
    orders.sent("x", AT, DEAD)
    assert orders.anomalies == {"reject_after_accept": 2, "unknown_order": 1}


def test_where_the_newest_word_came_from_is_remembered() -> None:
    state = desk()
    order = state.plan(intent())
    state.apply(OrderAccepted("md-1", "v", AT, Source.ANSWER))
    state.apply(OrderFilled("md-1", "v", BTC.id, fill(1, "0.4"), AT + 1, Source.STREAM))
    assert (order.evidence, order.evidence_at) == (Source.STREAM, AT + 1)


def test_a_restart_keeps_every_part_of_an_order() -> None:
    before, order = replacing("2")
    before.filled("md-1", fill(1, "0.4"), AT)
    order.untriggered, order.sequence = True, 7
    orders = Orders()
    orders.restore(order.carried(), AT + SECOND)
    after = orders.open["md-1"]
    assert (after.filled, after.cost) == (Decimal("0.4"), Decimal(40))
    assert (after.untriggered, after.sequence) == (True, 7)
    assert (after.status, after.reserved) == ("UNKNOWN", Decimal("1.6"))


@pytest.mark.parametrize("reason", [r for r in CloseReason if r is not CloseReason.NEVER_SENT])
def test_terminals_absorb_everything_but_fills(reason: CloseReason) -> None:
    orders, order = inflight()
    if reason is CloseReason.FILLED:
        orders.filled("md-1", fill(), AT)
    else:
        orders.closed_by_venue("md-1", reason, Decimal(0), AT)
    before = order.status
    told: list[Change] = [
        *orders.accepted("md-1", "v-1", AT),
        *orders.rejected("md-1", "no", AT),
        *orders.uncertain("md-1", "timeout", AT),
        *orders.closed_by_venue("md-1", CloseReason.EXPIRED, Decimal(1), AT),
        *orders.cancel_sent("md-1", AT),
        *orders.cancel_rejected("md-1", "unknown order", AT),
        *orders.reported(canceled(), AT, AT),
        *orders.reported(report(), AT, AT),
        *orders.absent("md-1", DEAD + 9 * SECOND, AT),
        *orders.triggered("md-1", AT),
        *orders.replace_sent("md-1", Replacement("r", ONE), AT, DEAD),
        *orders.replaced("md-1", "r", Decimal(2), None, AT),
        *orders.replace_rejected("md-1", "r", "no", AT),
    ]
    assert told == []
    assert (order.status, order.phase) == (before, Phase.CLOSED)


def test_an_order_closed_here_and_open_there_is_resurrected() -> None:
    orders, order = closed(CloseReason.CANCELED)
    later = AT + SETTLING + 1
    assert anomalies(orders.reported(report(), later, later)) == ["resurrected"]
    assert (order.status, orders.leaves(BTC.id, Side.BUY)) == ("OPEN", ONE)


def test_a_list_from_before_the_close_resurrects_nothing() -> None:
    orders, order = closed(CloseReason.CANCELED)
    assert orders.reported(report(), AT - SECOND // 10, AT + SECOND) == []
    assert order.status == "CANCELED"


def test_the_venue_knows_better_what_price_and_quantity_stand() -> None:
    orders, order = working()
    changes = orders.reported(report(quantity=Decimal(2), price=Decimal(99)), AT, AT)
    assert anomalies(changes) == ["order_differs"]
    assert (order.leaves, order.intent.price) == (Decimal(2), Decimal(99))


def test_orders_of_nobody_are_anomalies_and_change_nothing() -> None:
    orders = Orders()
    told: list[Change] = [
        *orders.sent("x", AT, DEAD),
        *orders.never_sent("x", AT, ""),
        *orders.accepted("x", "v", AT),
        *orders.rejected("x", "no", AT),
        *orders.filled("x", fill(), AT),
        *orders.closed_by_venue("x", CloseReason.CANCELED, Decimal(0), AT),
    ]
    assert len(anomalies(told)) == len(told) == 6
    assert not orders.open
    assert not orders.closed


def test_foreign_orders_are_told_once_and_count_as_exposure_while_they_stand() -> None:
    orders = Orders()
    stranger = report("web-1", quantity=Decimal(3), filled=Decimal(1))
    assert anomalies(orders.found_foreign((stranger,))) == ["foreign_order"]
    assert orders.found_foreign((stranger,)) == []
    assert orders.leaves(BTC.id, Side.BUY) == 2
    orders.found_foreign(())
    assert orders.leaves(BTC.id, Side.BUY) == 0


def test_a_new_session_doubts_every_order_that_it_inherits() -> None:
    before = desk()
    for n, phase in enumerate((Phase.QUEUED, Phase.INFLIGHT, Phase.WORKING)):
        before.plan(intent(f"md-{n}")).phase = phase
    orders = Orders()
    for carried in before.carried().orders:
        orders.restore(carried, AT)
    assert [o.status for o in orders.open.values()] == ["UNKNOWN"] * 3
    assert [o.phase for o in orders.open.values()] == [Phase.INFLIGHT, Phase.INFLIGHT, Phase.WORKING]
    assert [o.dead_at for o in orders.open.values()] == [0, 0, 0]  # until the venue tells its time


def test_the_rate_counts_the_intents_of_the_window() -> None:
    orders = Orders()
    for n in range(5):
        orders.plan(intent(f"md-{n}", created_at=START + n * SECOND))
    assert orders.rate(START + 4 * SECOND, 2 * SECOND) == 2


def test_memory_of_closed_orders_is_bounded() -> None:
    orders = Orders()
    for n in range(CLOSED_KEPT + 50):
        orders.plan(selling(f"md-{n}"))
        orders.never_sent(f"md-{n}", AT, "")
    assert len(orders.closed) == CLOSED_KEPT
    assert not orders.open


# The events of one order's life, in any order and through any source, lead to one end.

Event = Callable[[State], object]


def _fill(trade_id: int, quantity: str) -> Event:
    made = OrderFilled("md-1", "v-md-1", BTC.id, fill(trade_id, quantity), AT, Source.STREAM)
    return lambda state: state.book_fill(made)


LIFE: dict[str, Event] = {
    "ack": lambda s: s.orders.accepted("md-1", "v-md-1", AT),
    "first fill": _fill(1, "0.2"),
    "second fill": _fill(2, "0.3"),
    "repeated fill": _fill(1, "0.2"),
    "cancel ack": lambda s: s.orders.closed_by_venue("md-1", CloseReason.CANCELED, Decimal("0.5"), AT),
    "query": lambda s: s.orders.reported(canceled(filled="0.5"), AT, AT),
    "old list": lambda s: s.orders.reported(report(), AT, AT),
    "timeout": lambda s: s.orders.uncertain("md-1", "timeout", AT),
    "send": lambda s: s.orders.sent("md-1", START, DEAD),
}


@settings(deadline=None)
@given(st.permutations(sorted(LIFE)))
def test_every_order_of_the_events_of_a_life_ends_the_same(names: list[str]) -> None:
    state = desk()
    order = state.plan(intent())
    before = order.filled
    for name in names:
        LIFE[name](state)
        assert before <= order.filled <= order.intent.quantity
        assert order.filled == sum(f.quantity for f in order.fills.values())
        before = order.filled
    assert (order.status, order.filled, order.leaves) == ("CANCELED", Decimal("0.5"), ZERO)
    assert state.ledger.sleeve("s", BTC.id).quantity == Decimal("0.5")
    assert not state.orders.open


@settings(deadline=None)
@given(st.permutations(["ack", "first fill", "rest", "terminal", "timeout", "send"]))
def test_a_filled_order_ends_filled_whatever_came_first(names: list[str]) -> None:
    done = LIFE | {
        "rest": _fill(3, "0.8"),
        "terminal": lambda s: s.orders.closed_by_venue("md-1", CloseReason.FILLED, Decimal(1), AT),
    }
    state = desk()
    order = state.plan(intent())
    for name in names:
        done[name](state)
    assert (order.status, order.filled, order.unknown) == ("FILLED", ONE, False)


def test_the_first_proof_of_absence_outlives_a_crash() -> None:
    orders, order = inflight()
    orders.uncertain("md-1", "no answer", AT)
    assert orders.absent("md-1", DEAD + SECOND, DEAD + SECOND) == []
    heir = Orders()
    heir.restore(order.carried(), DEAD + 2 * SECOND)
    heir.absent("md-1", DEAD + 4 * SECOND, DEAD + 4 * SECOND)
    assert heir.closed["md-1"].close_reason is CloseReason.REJECTED


def test_a_doubt_is_as_old_in_the_next_session_as_it_is() -> None:
    before = desk()
    before.plan(intent())
    before.orders.sent("md-1", START, START + 14 * SECOND)
    before.orders.uncertain("md-1", "no answer", START)
    (carried,) = before.carried().orders
    later, earlier = desk(), desk()
    later.orders.restore(carried, START + 200 * SECOND)
    again = later.orders.open["md-1"].carried()
    later = desk()
    later.orders.restore(again, START + 400 * SECOND)
    doubt = later.orders.open["md-1"]
    assert (doubt.unknown_since, doubt.unknown_cause) == (START, "no answer")
    earlier.orders.restore(carried, START - SECOND)  # the clock was set back
    assert earlier.orders.open["md-1"].unknown_since == START - SECOND


def test_what_was_known_is_doubted_from_the_restart_on() -> None:
    before = desk()
    before.plan(intent())
    before.orders.sent("md-1", START, START + 14 * SECOND)
    before.orders.accepted("md-1", "v-1", START)
    later = desk()
    later.orders.restore(before.carried().orders[0], START + SECOND)
    doubt = later.orders.open["md-1"]
    assert (doubt.unknown_since, doubt.unknown_cause) == (START + SECOND, "engine restarted")
