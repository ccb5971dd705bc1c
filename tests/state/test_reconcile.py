from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings, strategies

from midas.domain.carry import Carried
from midas.domain.decision import Adjusted, Anomaly, Decision, FillBooked, OrderMoved, Reconciled
from midas.domain.event import AccountReported, SessionOpened
from midas.domain.instrument import Instrument
from midas.domain.money import ZERO
from midas.domain.order import CloseReason, OrderReport, Phase, Purpose, Side, TradeReport
from midas.domain.time import DAY, SECOND
from midas.state.ledger import TRADES_KEPT
from midas.state.lives import OWNERS_KEPT
from midas.state.reconcile import SKIPS_MAX
from midas.state.state import EXTERNAL, State
from tests.fakes.nouns import BTC, ETH, START, account, canceled, desk, fill, intent, report, trade

AT = START + 60 * SECOND
DEAD = START + 14 * SECOND


def standing(client_id: str = "md-1") -> State:
    """One order of ours that the venue has confirmed a minute ago."""
    state = desk()
    state.plan(intent(client_id))
    state.orders.sent(client_id, START, DEAD)
    state.orders.accepted(client_id, f"v-{client_id}", START)
    return state


def verdict(decisions: list[Decision]) -> Reconciled:
    assert isinstance(decisions[-1], Reconciled)
    return decisions[-1]


def kinds(decisions: list[Decision]) -> list[str]:
    return [d.kind for d in decisions if isinstance(d, Anomaly)]


def test_a_working_order_that_is_open_there_is_confirmed() -> None:
    state = standing()
    done = verdict(state.apply(account(AT, {"USDT": "10000"}, open_orders=(report(),))))
    assert (done.equal, done.changed, done.differences) == (True, 0, ())
    assert state.reconciled


def test_a_working_order_that_is_not_listed_differs_until_it_is_looked_up() -> None:
    state = standing()
    done = verdict(state.apply(account(AT, {"USDT": "10000"})))
    assert done.differences == ("order md-1 is open here, not at the venue",)
    done = verdict(state.apply(account(AT, {"USDT": "10000"}, queried=(canceled(),))))
    assert done.equal
    assert state.orders.closed["md-1"].status == "CANCELED"


def test_a_missed_fill_is_booked_before_the_status_that_counts_it() -> None:
    state = standing()
    missed = fill(5, "0.4")
    balances = {"USDT": "9960", "BTC": "0.4"}
    decisions = state.apply(account(AT, balances, queried=(canceled(filled="0.4"),), trades=(trade(missed),)))
    assert [type(d) for d in decisions] == [FillBooked, OrderMoved, OrderMoved, Reconciled]
    assert verdict(decisions).equal
    assert state.ledger.sleeve("s", BTC.id).quantity == Decimal("0.4")


def test_a_trade_without_client_id_is_found_by_the_venues_order_id() -> None:
    state = standing()
    line = trade(fill(5, "1"))
    anonymous = type(line)(instrument=BTC.id, venue_id="v-md-1", client_id="", side=Side.BUY, fill=line.fill)
    decisions = state.apply(account(AT, {"USDT": "9900", "BTC": "1"}, trades=(anonymous,)))
    assert verdict(decisions).equal
    assert state.orders.closed["md-1"].status == "FILLED"


def test_what_may_have_been_sent_is_doubted_until_absence_is_proven() -> None:
    state = desk()
    state.plan(intent())
    state.orders.uncertain("md-1", "engine restarted", START)
    for seconds in (20, 36, 37):
        state.apply(account(START + seconds * SECOND, {"USDT": "10000"}, absent=("md-1",), purpose="start"))
    assert state.orders.open["md-1"].status == "UNKNOWN"
    state.apply(account(START + 38 * SECOND, {"USDT": "10000"}, absent=("md-1",), purpose="start"))
    assert state.orders.closed["md-1"].status == "REJECTED"


def test_a_clock_that_is_set_by_an_hour_during_a_pass_makes_no_proof_wait_for_an_hour() -> None:
    state = desk()
    state.plan(intent())
    state.orders.uncertain("md-1", "engine restarted", START)
    for seconds in (20, 36, 39):
        venue, ours = START + seconds * SECOND, START + (3600 + seconds) * SECOND
        seen = account(
            ours,
            {"USDT": "10000"},
            as_of=venue,
            asked_at=venue,
            took=SECOND,
            absent=("md-1",),
            purpose="start",
        )
        state.apply(seen)
    assert state.orders.closed["md-1"].status == "REJECTED"


def test_an_order_closed_here_and_open_there_stands_again() -> None:
    state = standing()
    state.orders.closed_by_venue("md-1", CloseReason.CANCELED, ZERO, START)
    decisions = state.apply(account(AT, {"USDT": "10000"}, open_orders=(report(),)))
    assert kinds(decisions) == ["resurrected"]
    assert state.orders.open["md-1"].phase is Phase.WORKING


def test_a_list_that_was_taken_before_a_close_does_not_take_it_back() -> None:
    state = standing()
    state.orders.closed_by_venue("md-1", CloseReason.CANCELED, ZERO, AT)
    state.apply(
        account(AT + SECOND, {"USDT": "10000"}, as_of=AT - SECOND, open_orders=(report(),), purpose="stream")
    )
    assert "md-1" in state.orders.closed


def test_an_order_of_somebody_else_is_told_once_counts_as_exposure_and_is_no_difference() -> None:
    state = desk()
    stranger = account(AT, {"USDT": "10000"}, open_orders=(report("web-1"),))
    assert kinds(state.apply(stranger)) == ["foreign_order"]
    again = state.apply(stranger)
    assert kinds(again) == []
    assert verdict(again).equal
    assert state.orders.leaves(BTC.id, Side.BUY) == Decimal(1)


def test_an_order_with_our_mark_that_nobody_here_planned_differs() -> None:
    done = verdict(desk().apply(account(AT, {"USDT": "10000"}, open_orders=(report("md-lost"),))))
    assert done.differences == ("order md-lost is open at the venue, not here",)


def test_an_external_trade_moves_balances_and_is_reported() -> None:
    state = desk()
    bought = trade(fill(5, "2"), "web-1")
    decisions = state.apply(account(AT, {"USDT": "9800", "BTC": "2"}, trades=(bought,)))
    assert kinds(decisions) == ["external_trade"]
    assert verdict(decisions).equal
    assert state.ledger.sleeve(EXTERNAL, BTC.id).quantity == Decimal(2)


def test_a_known_trade_is_skipped() -> None:
    state = standing()
    made = trade(fill(5, "0.4"))
    pass_ = account(
        AT, {"USDT": "9960", "BTC": "0.4"}, open_orders=(report(filled=Decimal("0.4")),), trades=(made,)
    )
    state.apply(pass_)
    assert verdict(state.apply(pass_)).changed == 0
    assert state.ledger.sleeve("s", BTC.id).fills == 1


@pytest.mark.parametrize(
    "evidence",
    [
        account(AT, {"USDT": "10000"}, open_orders=(report(),)),
        account(AT, {"USDT": "10000"}, queried=(canceled(),)),
        account(AT, {"USDT": "9960", "BTC": "0.4"}, trades=(trade(fill(5, "0.4")),)),
        account(AT, {"USDT": "10000"}, absent=("md-1",)),
        account(AT, {"USDT": "9800", "BTC": "2"}, trades=(trade(fill(5, "2"), "web-1"),)),
        account(AT, {"USDT": "9"}, open_orders=(report("web-1"),)),
    ],
    ids=["confirmed", "cancelled", "filled", "absent", "external", "different"],
)
def test_reconciling_twice_equals_once(evidence: AccountReported) -> None:
    state = standing()
    evidence = msgspec.structs.replace(evidence, purpose="stream")
    state.apply(evidence)
    once = (state.carried(), {i: o.status for i, o in state.orders.closed.items()}, state.differences)
    second = verdict(state.apply(evidence))
    assert second.changed == 0
    assert (state.carried(), {i: o.status for i, o in state.orders.closed.items()}, state.differences) == once


def test_the_first_sight_of_an_account_is_its_opening() -> None:
    state = State((BTC,), "USDT")
    decisions = state.apply(account(AT, {"USDT": "500", "BTC": "1"}, trades=(trade(fill(5), "old"),)))
    assert verdict(decisions).equal
    assert (state.ledger.balances["BTC"], state.ledger.position(BTC.id)) == (Decimal(1), ZERO)
    assert state.ledger.knows(BTC.id, 5)


@pytest.mark.parametrize(
    ("evidence", "difference"),
    [
        (account(AT, {"USDT": "9999"}, open_orders=(report(),)), "USDT: 10000 here, 9999 at the venue"),
        (account(AT, {"USDT": "10000", "BNB": "1"}, open_orders=(report(),)), "BNB: 0 here, 1 at the venue"),
        (
            account(AT, {"USDT": "10000"}, open_orders=(report(filled=Decimal("0.1")),)),
            "order md-1: 0 filled here, 0.1 at the venue",
        ),
    ],
)
def test_one_digit_apart_is_not_equal(evidence: AccountReported, difference: str) -> None:
    state = standing()
    assert verdict(state.apply(evidence)).differences == (difference,)
    assert not state.reconciled


def test_an_opening_with_a_longer_history_than_is_kept_books_none_of_it() -> None:
    state = State((BTC,), "USDT")
    history = tuple(trade(fill(n), "old") for n in range(TRADES_KEPT + 2))
    done = verdict(state.apply(account(AT, {"USDT": "500"}, trades=history)))
    assert done.equal
    assert done.changed == 0


def continued(carried: Carried, *pairs: Instrument) -> State:
    state = State(pairs, "USDT")
    state.apply(SessionOpened("next", AT, "account", "SIM", "", carried))
    return state


def test_what_an_instrument_traded_before_this_ledger_saw_it_is_history() -> None:
    state = continued(desk(BTC).carried(), BTC, ETH)
    old = trade(fill(7), "old", instrument=ETH.id)
    done = verdict(state.apply(account(AT, {"USDT": "10000"}, trades=(old,), purpose="start")))
    assert (done.equal, done.changed) == (True, 0)
    again = trade(fill(8), "web-1", instrument=ETH.id)
    decisions = state.apply(account(AT, {"USDT": "9900", "ETH": "1"}, trades=(old, again)))
    assert kinds(decisions) == ["external_trade"]
    assert verdict(decisions).equal


def test_a_session_that_ended_before_its_first_pass_has_not_seen_a_new_instrument() -> None:
    between = continued(desk(BTC).carried(), BTC, ETH)
    state = continued(between.carried(), BTC, ETH)
    old = trade(fill(7), "old", instrument=ETH.id)
    assert verdict(state.apply(account(AT, {"USDT": "10000"}, trades=(old,)))).changed == 0


def test_an_instrument_that_rests_for_a_session_is_not_booked_again() -> None:
    first, bought = desk(BTC, ETH), trade(fill(7), "web-1", instrument=ETH.id)
    balances = {"USDT": "9900", "ETH": "1"}
    first.apply(account(AT, balances, trades=(bought,)))
    without = continued(first.carried(), BTC)
    assert verdict(without.apply(account(AT, balances))).equal
    again = continued(without.carried(), BTC, ETH)
    assert verdict(again.apply(account(AT, balances, trades=(bought,)))).changed == 0
    assert again.ledger.sleeve(EXTERNAL, ETH.id).quantity == Decimal(1)


def test_at_the_end_the_venue_must_list_every_trade_that_we_booked() -> None:
    state = desk()
    state.ledger.remember(BTC.id, 5)
    done = verdict(state.apply(account(AT, {"USDT": "10000"}, purpose="stop")))
    assert done.differences == (f"1 trades in {BTC.id} are known here, not at the venue",)
    listed = account(AT, {"USDT": "10000"}, purpose="stop", trades=(trade(fill(5)),))
    assert verdict(state.apply(listed)).equal


def test_an_audit_leaves_orders_alone_that_moved_a_moment_ago() -> None:
    state = desk()
    state.plan(intent())
    state.orders.sent("md-1", AT, AT + 14 * SECOND)
    seen = account(AT + SECOND, {"USDT": "10000"}, open_orders=(report(),))
    done = verdict(state.apply(seen))
    assert done.equal
    assert state.orders.open["md-1"].status == "INFLIGHT"
    state.apply(account(AT + 3 * SECOND, {"USDT": "10000"}, open_orders=(report(),)))
    assert state.orders.open["md-1"].status == "OPEN"


def test_an_order_changed_at_the_venue_takes_its_figures_twice_and_then_differs() -> None:
    state = standing()
    here, there = report(), report(quantity=Decimal(2))
    for number, line in enumerate((there, here, there)):
        at = AT + number * 10 * SECOND
        decisions = state.apply(account(at, {"USDT": "10000"}, open_orders=(line,)))
        assert kinds(decisions) == (["order_differs"] if number < 2 else [])
    assert verdict(decisions).differences == ("order md-1: 1 @ 100 here, 2 @ 100 at the venue",)
    state.apply(account(AT + 60 * SECOND, {"USDT": "10000"}, open_orders=(there,)))
    assert state.breaks.reason(BTC.id)


def test_an_audit_does_not_compare_what_is_moving() -> None:
    state = standing()
    state.apply(account(AT, {"USDT": "10000"}, open_orders=(report(),)))
    state.orders.cancel_sent("md-1", AT)
    state.orders.closed_by_venue("md-1", CloseReason.CANCELED, ZERO, AT)
    seen = account(AT + SECOND, {"USDT": "9990", "BTC": "0.1"})
    assert verdict(state.apply(seen)).equal  # its fill may be on the way
    assert state.breaks.known == {}
    later = account(AT + 5 * SECOND, {"USDT": "9990", "BTC": "0.1"})
    assert not verdict(state.apply(later)).equal


def test_only_audits_leave_anything_alone() -> None:
    state = standing()
    state.orders.closed_by_venue("md-1", CloseReason.CANCELED, ZERO, AT)
    seen = account(AT + SECOND, {"USDT": "9990"}, purpose="kill")
    assert not verdict(state.apply(seen)).equal


@pytest.mark.parametrize("purpose", ["asked", "unknown", "stream", "kill", "start", "stop"])
def test_what_moved_while_a_pass_was_on_its_way_is_looked_at_again_and_no_break(purpose: str) -> None:
    state = standing()
    for number in (1, 2, 3):
        at = AT + number * 10 * SECOND
        state.orders.open["md-1"].touched_at = at + SECOND // 2
        seen = account(at + SECOND, {"USDT": "9990"}, purpose=purpose, asked_at=at)
        done = verdict(state.apply(seen))
        assert not done.equal
        assert done.differences == ()
        assert done.undecided == (
            "USDT: 10000 here, 9990 at the venue", "order md-1 is open here, not at the venue",
        )  # fmt: skip
    assert (state.breaks.known, state.clean_at) == ({}, 0)


def test_a_fill_between_the_balances_and_the_trades_of_a_pass_is_no_break() -> None:
    state = standing()
    late = trade(fill(5, "0.4", time=AT))  # after the pass had begun, by the venue's own clock
    line = report()  # read before it
    for at in (AT + SECOND, AT + 2 * SECOND):
        seen = account(at, {"USDT": "10000"}, purpose="asked", as_of=AT, open_orders=(line,), trades=(late,))
        done = verdict(state.apply(seen))
        assert (done.differences, state.breaks.known) == ((), {})
        assert len(done.undecided) == 3
    balances = {"USDT": "9960", "BTC": "0.4"}
    assert verdict(
        state.apply(account(AT + 9 * SECOND, balances, open_orders=(report(filled=Decimal("0.4")),)))
    ).equal


def test_what_moves_in_every_pass_is_compared_in_the_end() -> None:
    state = standing()
    for number in range(SKIPS_MAX + 1):
        at = AT + number * 10 * SECOND
        state.orders.open["md-1"].touched_at = at + SECOND // 2
        seen = account(at + SECOND, {"USDT": "9990"}, purpose="asked", asked_at=at)
        done = verdict(state.apply(seen))
    assert len(done.differences) == 2


def test_money_that_came_while_a_pass_was_on_its_way_is_no_break() -> None:
    state = desk()
    state.book_adjustment(
        Adjusted(
            kind="external_flow", name="USDT", asset="USDT", amount=Decimal(5), here="", venue="",
            at=AT + SECOND // 2,
        )
    )  # fmt: skip
    done = verdict(state.apply(account(AT + SECOND, {"USDT": "10000"}, purpose="asked", asked_at=AT)))
    assert (done.differences, len(done.undecided)) == ((), 1)


def test_a_late_fill_of_an_order_that_an_earlier_session_closed_is_its_strategys() -> None:
    before = standing()
    before.orders.closed_by_venue("md-1", CloseReason.CANCELED, ZERO, AT)
    state = continued(before.carried(), BTC)
    late = trade(fill(5, "0.4"))
    seen = account(AT + SECOND, {"USDT": "9960", "BTC": "0.4"}, trades=(late,))
    decisions = state.apply(seen)
    assert kinds(decisions) == ["late_fill"]
    assert verdict(decisions).equal
    (booked,) = [d for d in decisions if isinstance(d, FillBooked)]
    assert (booked.strategy, booked.purpose, booked.client_id) == ("s", Purpose.ENTRY, "md-1")
    assert state.ledger.sleeve("s", BTC.id).quantity == Decimal("0.4")
    assert state.ledger.sleeve(EXTERNAL, BTC.id).quantity == ZERO
    assert verdict(state.apply(seen)).changed == 0


def test_a_trade_that_nobody_planned_stays_external_and_owners_are_forgotten_after_a_week() -> None:
    before = standing()
    before.orders.closed_by_venue("md-1", CloseReason.CANCELED, ZERO, AT)
    before.now = AT + 8 * DAY
    assert before.carried().owners == {}
    state = continued(before.carried(), BTC)
    decisions = state.apply(
        account(AT + SECOND, {"USDT": "9960", "BTC": "0.4"}, trades=(trade(fill(5, "0.4")),))
    )
    assert kinds(decisions) == ["external_trade"]


def test_the_owners_of_closed_orders_are_bounded() -> None:
    state = desk()
    for number in range(OWNERS_KEPT + 5):
        client_id = f"md-{number}"
        state.plan(intent(client_id))
        state.orders.sent(client_id, START, DEAD)
        state.orders.rejected(client_id, "no", START)
    assert len(state.orders.owners) == OWNERS_KEPT
    assert "md-4" not in state.orders.owners


def test_each_difference_names_the_gates_that_it_closes() -> None:
    pair = desk(BTC, ETH)
    pair.apply(account(AT, {"USDT": "1", "ETH": "2", "DOGE": "3"}, open_orders=(report("md-lost"),)))
    closes = {name: known.difference.closes for name, known in pair.breaks.known.items()}
    assert closes == {
        "USDT": ("account",), "ETH": (ETH.id,), "DOGE": (), "order:md-lost": (BTC.id,),
    }  # fmt: skip


def test_a_lost_pass_forgets_nothing_that_the_one_before_it_found() -> None:
    state = desk()
    for seconds in (0, 300):
        state.apply(account(AT + seconds * SECOND, {"USDT": "1"}))
    assert state.breaks.standing("USDT")


amounts = strategies.sampled_from(["0", "0.1", "0.4", "1"])
lines = strategies.builds(
    lambda i, filled, quantity, open_: report(
        i, filled=Decimal(filled), quantity=Decimal(quantity), open=open_,
        close_reason=None if open_ else CloseReason.CANCELED,
    ),
    strategies.sampled_from(["md-1", "md-2", "md-lost", "web-1"]),
    amounts, strategies.sampled_from(["1", "2"]), strategies.booleans(),
)  # fmt: skip
deals = strategies.builds(
    lambda number, quantity, i, side: trade(fill(number, quantity), i, side),
    strategies.integers(1, 6), strategies.sampled_from(["0.1", "0.4"]),
    strategies.sampled_from(["md-1", "md-2", "web-1", ""]), strategies.sampled_from(list(Side)),
)  # fmt: skip


def evidence_of(
    purpose: str, usdt: str, btc: str, found: list[OrderReport], absent: set[str], deals: list[TradeReport]
) -> AccountReported:
    """A pass as a broker takes it: an order is listed, or looked up and found, or looked up and absent."""
    listed = {r.client_id: r for r in found}
    return account(
        AT, {"USDT": usdt, "BTC": btc}, purpose=purpose,
        open_orders=tuple(r for r in listed.values() if r.open),
        queried=tuple(r for r in listed.values() if not r.open),
        absent=tuple(sorted(absent - listed.keys())),
        trades=tuple({t.fill.trade_id: t for t in deals}.values()),
    )  # fmt: skip


reports = strategies.builds(
    evidence_of,
    strategies.sampled_from(["start", "audit", "stream", "unknown", "kill", "stop"]),
    strategies.sampled_from(["10000", "9990", "9960"]), amounts, strategies.lists(lines, max_size=4),
    strategies.sets(strategies.sampled_from(["md-1", "md-2"])), strategies.lists(deals, max_size=4),
)  # fmt: skip


@given(reports, strategies.booleans())
@settings(max_examples=200, deadline=None)
def test_any_pass_folded_twice_is_folded_once(evidence: AccountReported, doubted: bool) -> None:
    """I10: what the second folding of the same evidence finds is what the first one left."""
    state = standing()
    state.plan(intent("md-2"))
    state.orders.sent("md-2", START, DEAD)
    if doubted:
        state.orders.uncertain("md-2", "no answer", START)
    state.apply(evidence)
    once = (state.carried(), {i: (o.status, o.filled) for i, o in state.orders.closed.items()})
    second = verdict(state.apply(evidence))
    assert second.changed == 0
    assert (state.carried(), {i: (o.status, o.filled) for i, o in state.orders.closed.items()}) == once


def test_an_order_that_is_left_alone_while_it_moves_makes_no_pass_clean() -> None:
    state = standing()
    state.orders.open["md-1"].touched_at = AT
    assert verdict(state.apply(account(AT, {"USDT": "10000"}))).equal
    assert state.clean_at == 0


def test_two_strangers_of_one_name_in_two_instruments_both_count() -> None:
    state = desk(BTC, ETH)
    lines = (report("web-1"), report("web-1", instrument=ETH.id, venue_id="v-2"))
    state.apply(account(AT, {"USDT": "10000"}, open_orders=lines))
    assert [state.orders.leaves(i.id, Side.BUY) for i in (BTC, ETH)] == [Decimal(1), Decimal(1)]
