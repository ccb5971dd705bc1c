"""What a difference leads to: gates, acceptance, adjustments; and what silence of the streams does."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import msgspec
import pytest

from midas.domain.carry import Carried
from midas.domain.command import AcceptBreak, PlaceOrder, Reconcile
from midas.domain.decision import Adjusted, Anomaly, OrderPlanned, Reconciled, TargetRefused
from midas.domain.event import (
    AccountDoubted,
    AccountReported,
    FlowSeen,
    Remarked,
    SessionClosing,
    SessionOpened,
    Ticked,
)
from midas.domain.market import FeedStatus
from midas.domain.mode import Mode
from midas.domain.order import OrderType
from midas.domain.time import MILLISECOND, SECOND
from midas.engine.effect import TakeAccount, WithdrawOrder
from midas.engine.flat_check import FlatCheck
from midas.state.breaks import STANDS_AFTER, Difference, Kind
from midas.state.state import EXTERNAL
from tests.engine.scene import Scene, of
from tests.fakes.desk import BTC, Desk, config
from tests.fakes.nouns import intent, selling
from tests.fakes.strategy import Puppet, flat, long


def gates(scene: Scene) -> set[str]:
    return set(scene.desk.state.control.gates)


def passes(scene: Scene, count: int = 1) -> None:
    """Audits on their rhythm."""
    for _ in range(count):
        scene.tick(31)


def withdrawn(scene: Scene) -> list[str]:
    return [e.client_id for a in scene.desk.audits for e in a.effects if isinstance(e, WithdrawOrder)]


# gates


def test_a_coin_that_differs_closes_the_gate_of_its_instrument_alone(scene: Scene) -> None:
    scene.desk.venue.balances["BTC"] = Decimal("0.5")
    passes(scene)
    assert gates(scene) == set()
    passes(scene)
    assert gates(scene) == {BTC.id}
    assert "BTC: 0 here, 0.5 at the venue" in scene.desk.state.control.gates[BTC.id].reason
    assert of(TargetRefused, scene.say(long()))
    del scene.desk.venue.balances["BTC"]
    passes(scene)
    assert gates(scene) == set()


def test_a_coin_that_nothing_here_trades_closes_nothing(scene: Scene) -> None:
    scene.desk.venue.balances["DOGE"] = Decimal(7)
    passes(scene, 2)
    assert gates(scene) == set()
    assert not scene.desk.state.reconciled
    assert [d.name for d in scene.desk.picture().reconciliation.differences] == ["DOGE"]


def test_no_difference_stops_a_start() -> None:
    first = Scene()
    venue, carried = first.desk.venue, first.desk.state.carried()
    venue.balances["BTC"] = Decimal("0.5")
    later = Desk([Puppet()], venue=venue).open(first.market.now, carried)
    assert not later.state.recovering
    assert set(later.state.control.gates) == {BTC.id}
    assert later.picture().reconciliation.state == "BREAK"


def test_an_equal_account_is_shown_as_clean(scene: Scene) -> None:
    passes(scene)
    view = scene.desk.picture().reconciliation
    assert (view.state, view.differences, view.unknown) == ("CLEAN", (), 0)
    assert view.clean_at == view.pass_at > 0
    assert view.next_at == view.pass_at - 1_000_000 + 30 * SECOND
    assert [(v.name, v.state, v.dead_man) for v in view.venues] == [("fake", "CLEAN", "NO DMS")]


def test_the_picture_tells_what_differs_since_when_and_how_often(scene: Scene) -> None:
    scene.desk.venue.balances["USDT"] -= 1
    passes(scene)
    view = scene.desk.picture().reconciliation
    assert (view.state, view.differences[0].state) == ("DIFFERS", "watching")
    passes(scene)
    view = scene.desk.picture().reconciliation
    found = view.differences[0]
    assert (view.state, found.state, found.seen, found.here, found.venue, found.closes) == (
        "BREAK", "standing", 3, "10000", "9999", ("account",),
    )  # fmt: skip
    assert found.since_at < view.pass_at
    assert view.clean_at < found.since_at


def test_a_pass_can_be_asked_for(scene: Scene) -> None:
    known = scene.desk.state.passes
    assert scene.desk.command(Reconcile()).accepted
    assert scene.desk.state.passes == known + 1


# a person accepts


def test_accepting_takes_two_steps_and_books_what_the_venue_has(scene: Scene) -> None:
    scene.desk.venue.balances["BTC"] = Decimal("0.5")
    passes(scene, 2)
    review = scene.desk.command(AcceptBreak("BTC"))
    assert review.accepted
    assert "BTC: 0 here, 0.5 at the venue" in review.message
    assert "books +0.5 BTC at" in review.message
    assert "mark of BTC-USDT" in review.message
    assert scene.desk.state.ledger.balances.get("BTC") is None
    peak = scene.desk.state.drawdown
    done = scene.desk.command(AcceptBreak("BTC", "moved by hand", confirmed=True))
    assert done.accepted
    state = scene.desk.state
    assert state.ledger.balances["BTC"] == Decimal("0.5")
    assert state.ledger.sleeve(EXTERNAL, BTC.id).quantity == Decimal("0.5")
    assert state.ledger.position(BTC.id) == state.adjustments[BTC.id]  # and no fill
    assert state.drawdown == pytest.approx(peak, abs=1e-12)
    assert gates(scene) == set()
    made = of(Adjusted, scene.desk.audits)[-1]
    assert (made.kind, made.amount, made.price_source) == ("accepted", Decimal("0.5"), "mark of BTC-USDT")
    assert made.price > 0
    assert made.by == "test: moved by hand"
    passes(scene)
    assert state.reconciled


def test_what_was_not_reviewed_is_not_accepted(scene: Scene) -> None:
    scene.desk.venue.balances["USDT"] -= 1
    passes(scene, 2)
    assert not scene.desk.command(AcceptBreak("USDT", "by hand", confirmed=True)).accepted
    assert scene.desk.state.ledger.balances["USDT"] == 10_000
    scene.desk.venue.balances["USDT"] -= 1
    passes(scene)
    moved = scene.desk.command(AcceptBreak("USDT", "by hand", confirmed=True))
    assert not moved.accepted
    assert "isn't what was reviewed" in moved.message
    assert scene.desk.command(AcceptBreak("USDT", "by hand", confirmed=True)).accepted
    assert scene.desk.state.ledger.balances["USDT"] == 9_998


def test_nothing_is_accepted_without_a_reason(scene: Scene) -> None:
    scene.desk.venue.balances["USDT"] -= 1
    passes(scene, 2)
    assert scene.desk.command(AcceptBreak("USDT")).accepted
    hasty = scene.desk.command(AcceptBreak("USDT", " a ", confirmed=True))
    assert not hasty.accepted
    assert "a reason of at least 3 letters" in hasty.message
    assert scene.desk.state.ledger.balances["USDT"] == 10_000


def test_an_order_without_an_answer_is_not_accepted_away_while_it_may_still_come_to_work(
    scene: Scene,
) -> None:
    state, name = scene.desk.state, "order:md-lost"
    state.plan(intent("md-lost"))
    state.orders.sent("md-lost", state.now, state.now + 13 * SECOND)
    state.orders.uncertain("md-lost", "timeout", state.now)
    differs = Difference(
        name=name, kind=Kind.ORDER_HERE, subject="md-lost", here="open", venue="not open", closes=(BTC.id,),
        text="order md-lost is open here, not at the venue",
    )  # fmt: skip
    for _ in range(STANDS_AFTER):
        state.breaks.fold([differs], frozenset(), "audit", state.now)
    early = scene.desk.command(AcceptBreak(name))
    assert not early.accepted
    assert "no answer came to it, and it may come to work until" in early.message
    state.orders.open["md-lost"].dead_at -= 16 * SECOND
    assert "takes the order as cancelled" in scene.desk.command(AcceptBreak(name)).message


def test_only_what_stands_can_be_accepted(scene: Scene) -> None:
    assert "both sides are equal" in scene.desk.command(AcceptBreak("BTC")).message
    scene.desk.venue.balances["USDT"] -= 1
    passes(scene)
    seen_once = scene.desk.command(AcceptBreak("USDT"))
    assert not seen_once.accepted
    assert "the next pass" in seen_once.message
    assert "there is USDT" in scene.desk.command(AcceptBreak("BTC")).message


def test_what_was_sold_elsewhere_is_no_loss_and_takes_the_position_along() -> None:
    scene = Scene().hold()
    held, state = scene.position, scene.desk.state
    scene.desk.venue.balances["BTC"] -= Decimal("0.01")
    passes(scene, 2)
    drawdown = state.drawdown
    scene.desk.command(AcceptBreak("BTC"))
    assert scene.desk.command(AcceptBreak("BTC", "by hand", confirmed=True)).accepted
    assert state.ledger.position(BTC.id) == held - Decimal("0.01")
    assert state.ledger.position(BTC.id) <= state.ledger.balances["BTC"]
    assert state.drawdown == pytest.approx(drawdown, abs=1e-12)
    assert state.control.mode is Mode.NORMAL


def test_what_a_person_asks_for_while_an_audit_is_on_its_way_comes_after_it(scene: Scene) -> None:
    venue = scene.desk.venue
    venue.deaf = True
    scene.tick(31)
    audit = venue.account("audit", [], scene.desk.now + 1)  # the runner takes one pass at a time
    assert scene.desk.command(Reconcile()).accepted
    venue.deaf = False
    scene.desk.feed(audit)
    assert of(Reconciled, scene.desk.audits)[-1].purpose == "asked"


def test_an_acceptance_survives_a_restart(scene: Scene) -> None:
    scene.desk.venue.balances["BTC"] = Decimal("0.5")
    passes(scene, 2)
    scene.desk.command(AcceptBreak("BTC"))
    scene.desk.command(AcceptBreak("BTC", "by hand", confirmed=True))
    carried = scene.desk.state.carried()
    later = Desk([Puppet()], venue=scene.desk.venue).open(scene.market.now, carried)
    assert later.state.reconciled
    assert later.state.control.gates == {}
    assert later.state.adjustments == {BTC.id: Decimal("0.5")}


# dust and flows


def test_less_than_a_lot_is_booked_as_dust(scene: Scene) -> None:
    scene.desk.venue.balances["BTC"] = Decimal("0.000009")
    passes(scene, 2)
    made = of(Adjusted, scene.desk.audits)
    assert [(m.kind, m.amount) for m in made] == [("dust", Decimal("0.000009"))]
    assert gates(scene) == set()
    passes(scene)
    assert scene.desk.state.reconciled


def test_dust_that_comes_back_is_booked_twice_and_then_shown(scene: Scene) -> None:
    for _ in range(3):
        amount = scene.desk.venue.balances.get("BTC", Decimal(0))
        scene.desk.venue.balances["BTC"] = amount + Decimal("0.000009")
        passes(scene, 3)
    assert len(of(Adjusted, scene.desk.audits)) == 2
    assert gates(scene) == {BTC.id}
    assert "came back" in scene.desk.picture().reconciliation.differences[0].evidence


def flow(scene: Scene, asset: str, amount: str) -> FlowSeen:
    scene.desk.venue.balances[asset] = scene.desk.venue.balances.get(asset, Decimal(0)) + Decimal(amount)
    return FlowSeen(asset, Decimal(amount), 1_700_000_000 * SECOND, scene.desk.now)


@pytest.mark.parametrize(("asset", "amount"), [("USDT", "5000"), ("USDT", "-4000"), ("BTC", "0.05")])
def test_a_flow_changes_the_balance_and_neither_profit_nor_drawdown(asset: str, amount: str) -> None:
    scene = Scene().hold()
    scene.tick(2)
    state = scene.desk.state
    for event in scene.market.move(-40):
        scene.desk.feed(event)
    before, equity = scene.desk.picture().money, state.equity()
    assert before.drawdown > 0
    event = flow(scene, asset, amount)
    scene.desk.feed(event)
    after = scene.desk.picture().money
    assert state.equity() != equity
    assert after.drawdown == pytest.approx(before.drawdown)
    assert after.pnl == pytest.approx(before.pnl)
    assert of(Adjusted, scene.desk.audits)[-1].kind == "external_flow"
    passes(scene, 2)
    assert state.reconciled
    assert state.control.mode is Mode.NORMAL


def test_a_flow_that_is_told_twice_is_booked_once(scene: Scene) -> None:
    event = flow(scene, "USDT", "100")
    scene.desk.feed(event)
    scene.desk.feed(event)
    assert scene.desk.state.ledger.balances["USDT"] == 10_100


@pytest.mark.parametrize(("sign", "listed_at"), [("", 1_700_000_000_123), ("-", 1_700_000_000_000)])
def test_a_flow_is_booked_once_though_stream_and_list_write_it_in_two_ways(
    scene: Scene, sign: str, listed_at: int
) -> None:
    streamed = msgspec.structs.replace(
        flow(scene, "USDT", f"{sign}430.00000000"), time=1_700_000_000_123 * MILLISECOND
    )
    listed = msgspec.structs.replace(streamed, amount=Decimal(f"{sign}430"), time=listed_at * MILLISECOND)
    scene.desk.feed(listed)
    scene.desk.feed(streamed)
    assert scene.desk.state.ledger.balances["USDT"] == 10_000 + Decimal(f"{sign}430")


def test_a_withdrawal_of_what_strategies_hold_takes_the_position_along() -> None:
    scene = Scene().hold()
    held = scene.position
    scene.desk.feed(flow(scene, "BTC", str(-held)))
    assert scene.desk.state.ledger.position(BTC.id) == 0
    assert scene.desk.state.ledger.sleeve(EXTERNAL, BTC.id).quantity == -held


def test_a_deposit_first_gives_back_what_a_withdrawal_took() -> None:
    scene = Scene().hold()
    held, state = scene.position, scene.desk.state
    scene.desk.feed(flow(scene, "BTC", str(-held)))
    scene.desk.feed(flow(scene, "BTC", str(held / 2)))
    assert state.ledger.sleeve(EXTERNAL, BTC.id).quantity == -held / 2
    scene.desk.feed(flow(scene, "BTC", "0.5"))
    assert state.ledger.sleeve(EXTERNAL, BTC.id).quantity == 0
    assert state.ledger.position(BTC.id) == held
    passes(scene, 2)
    assert state.reconciled


# foreign orders and such as return


def test_an_order_that_we_cancelled_and_that_stands_again_is_cancelled_again(scene: Scene) -> None:
    scene.say(long())
    client_id = next(iter(scene.desk.state.orders.open))
    scene.say(flat())  # withdrawn
    assert scene.desk.state.orders.closed[client_id].status == "CANCELED"
    scene.desk.venue.orders[client_id].reason = None  # the venue thinks otherwise
    scene.tick(3)
    known = len(withdrawn(scene))
    passes(scene)
    assert [d.kind for d in of(Anomaly, scene.desk.audits)] == ["resurrected"]
    assert withdrawn(scene)[known:] == [client_id]


# doubts


def lost(scene: Scene) -> str:
    """An order whose answer never came."""
    scene.desk.venue.losing = scene.desk.venue.deaf = True
    scene.say(long())
    return next(iter(scene.desk.state.orders.open))


def test_an_order_in_doubt_is_told_with_its_age(scene: Scene) -> None:
    lost(scene)
    scene.tick(5)
    view = scene.desk.picture().reconciliation
    assert view.unknown == 1
    assert scene.desk.now - view.unknown_since >= 5 * SECOND


def arrived(scene: Scene, client_id: str) -> None:
    """The order that nobody answered for stands at the venue after all."""
    venue = scene.desk.venue
    venue.losing = venue.deaf = False
    venue.submit(scene.desk.state.orders.open[client_id].intent, scene.desk.now)


def test_an_order_that_exists_after_all_and_is_no_longer_wanted_is_cancelled(scene: Scene) -> None:
    client_id = lost(scene)
    scene.say(flat())
    assert withdrawn(scene) == []  # what may not exist isn't asked to be cancelled
    arrived(scene, client_id)
    scene.tick(12)
    assert client_id in withdrawn(scene)
    assert scene.desk.state.orders.closed[client_id].status == "CANCELED"


def test_nothing_new_is_opened_beside_a_doubt_and_what_reduces_counts_its_worst_case() -> None:
    scene = Scene().hold()
    held = scene.position
    scene.desk.venue.losing = scene.desk.venue.deaf = True
    scene.say(flat())
    doubt = next(iter(scene.desk.state.orders.open.values()))
    scene.tick(1)
    assert doubt.unknown
    scene.desk.venue.losing = False
    more = PlaceOrder("t1", BTC.id, "BUY", "MARKET", "0.001", strategy="manual", confirmed=True)
    assert "may or may not exist" in scene.desk.command(more).message
    # The sale in doubt may have sold all of it: another one could only open a short.
    again = selling("md-again", strategy="puppet", quantity=Decimal("0.001"), price=None)
    breach = scene.desk.engine.orchestrator.risk.admit(again, scene.desk.state)
    assert breach is not None
    assert breach.limit == "holding"
    assert held - doubt.leaves < BTC.lot_size


def test_four_doubts_at_once_defend(scene: Scene) -> None:
    scene.desk.venue.losing = scene.desk.venue.deaf = True
    state = scene.desk.state
    for number in range(4):
        state.plan(intent(f"md-{number}", instrument=BTC.id, created_at=scene.desk.now))
        state.orders.sent(f"md-{number}", scene.desk.now, scene.desk.now + 14 * SECOND)
        state.orders.uncertain(f"md-{number}", "no answer", scene.desk.now)
        scene.tick(1)
        assert state.control.mode is (Mode.DEFENSIVE if number == 3 else Mode.NORMAL)


def test_a_doubt_of_a_minute_defends_and_one_of_five_pauses_with_an_alarm(scene: Scene) -> None:
    lost(scene)
    scene.tick(61)
    modes = [scene.desk.state.control.mode]
    scene.tick(240)
    modes.append(scene.desk.state.control.mode)
    assert modes == [Mode.DEFENSIVE, Mode.PAUSE]
    names = [alarm.name for alarm in scene.desk.picture().alarms]
    assert "unknown" in names
    assert "unknown" not in [a.name for a in Scene().desk.picture().alarms]


# streams


def test_the_lost_user_stream_gates_at_once_and_passes_run_every_two_seconds(scene: Scene) -> None:
    scene.tick(1)
    audits = scene.desk.feed(FeedStatus("binance", "user", scene.desk.now, False, "cut"))
    assert "venue" in gates(scene)
    assert [e.purpose for a in audits for e in a.effects if isinstance(e, TakeAccount)] == ["stream"]
    known = scene.desk.state.passes
    scene.tick(10)
    assert scene.desk.state.passes - known == 5
    assert "venue" in gates(scene)
    assert scene.desk.picture().reconciliation.state == "STREAM_RECONCILING"


def test_the_gate_of_a_lost_stream_opens_after_a_clean_pass_that_began_since(scene: Scene) -> None:
    scene.desk.feed(FeedStatus("binance", "user", scene.desk.now, False, "cut"))
    scene.desk.venue.deaf = True
    scene.tick(2)
    scene.desk.feed(FeedStatus("binance", "user", scene.desk.now, True))
    scene.tick(30)
    assert "lost" in scene.desk.state.control.gates["venue"].reason
    scene.desk.venue.deaf = False
    scene.tick(12)
    assert gates(scene) == set()
    assert scene.desk.picture().reconciliation.state == "CLEAN"


def test_a_stream_lost_during_recovery_leaves_no_moment_to_enter() -> None:
    desk = Desk([Puppet()])
    desk.feed(SessionOpened("session-1", desk.now, "account-1", "SIM", "", Carried()))
    desk.feed(FeedStatus("binance", "user", desk.now, True))
    desk.feed(FeedStatus("binance", "user", desk.now, False, "cut"))
    while desk.state.recovering:
        desk.feed(Remarked(desk.now + SECOND, "info", "time passes"))
    assert desk.state.control.gates["venue"].reason == "the user stream is down"


def test_what_a_pass_on_its_way_may_have_missed_is_looked_for_soon_after_it(scene: Scene) -> None:
    scene.tick(2)
    scene.desk.venue.deaf = True
    for what in ("a trade", "another trade"):
        scene.desk.feed(AccountDoubted(scene.desk.now, what))
    scene.desk.venue.deaf = False
    known = scene.desk.state.passes
    scene.desk.feed(scene.desk.venue.account("stream", [], scene.desk.now))
    scene.tick(2)
    assert scene.desk.state.passes - known == 2


def test_what_moves_under_passes_that_somebody_asked_for_closes_no_gate_and_is_looked_at_again(
    scene: Scene,
) -> None:
    scene.say(long())
    (order,) = scene.desk.state.orders.open.values()
    for _ in range(3):
        begun = scene.desk.now
        seen = scene.desk.venue.account("asked", [], begun + 2)
        order.touched_at = begun + 1  # as the stream does, while the lists are on their way
        scene.desk.feed(msgspec.structs.replace(seen, asked_at=begun, as_of=begun, balances=()))
        done = [d for d in of(Reconciled, scene.desk.audits) if d.purpose == "asked"][-1]
        assert (done.equal, done.differences, len(done.undecided)) == (False, (), 1)
    assert gates(scene) == set()
    known = scene.desk.state.passes
    scene.tick(3)
    assert scene.desk.state.passes > known
    assert scene.desk.picture().reconciliation.state == "CLEAN"


def test_a_flatten_is_not_proven_by_a_pass_that_something_moved_under(scene: Scene) -> None:
    state, now = scene.desk.state, scene.desk.now
    check = FlatCheck(state)
    state.control.trip("flatten", "a person", "", now)
    state.control.set_mode(Mode.EMERGENCY, "a person", "", "", now)
    assert check.pending
    state.reconciled_at, state.clean_at = now + 1, now  # the newest pass left something alone
    assert [check.read(), check.read()] == [False, False]
    state.clean_at = now + 1
    assert [check.read(), check.read()] == [False, True]


def test_an_audit_that_was_on_its_way_ends_no_session(scene: Scene) -> None:
    scene.tick(1)
    scene.desk.feed(SessionClosing(scene.desk.now, "asked"))
    scene.desk.feed(scene.desk.venue.account("audit", [], scene.desk.now + 1))
    assert scene.desk.stopped == ""
    scene.tick(3)
    assert scene.desk.stopped == "reconciled"


def test_a_break_of_before_does_not_keep_the_venue_closed(scene: Scene) -> None:
    scene.desk.venue.balances["BTC"] = Decimal("0.5")
    passes(scene, 2)
    for up in (False, True):
        scene.desk.feed(FeedStatus("binance", "user", scene.desk.now, up))
    scene.tick(3)
    assert gates(scene) == {BTC.id}


def silent(scene: Scene, seconds: float, age: float, stream: str = "btcusdt@depth@100ms") -> None:
    """The stream's age as it stands for a while."""
    for _ in range(int(seconds)):
        scene.market.now += SECOND
        scene.desk.feed(Ticked(scene.market.now, 0, {stream: int(age * SECOND)}))


def test_nothing_is_decided_on_an_instrument_whose_book_is_stale(scene: Scene) -> None:
    silent(scene, 1, 2.9)
    assert scene.desk.state.stale == {}
    silent(scene, 1, 3.1)
    assert scene.desk.state.stale == {BTC.id: "no book for 3 s"}
    audits = scene.say(long())
    assert not of(OrderPlanned, audits)
    assert of(TargetRefused, audits)
    silent(scene, 1, 0.1)
    scene.say(flat())
    assert of(OrderPlanned, scene.say(long()))


def test_what_rests_on_a_stale_instrument_is_withdrawn_after_ten_seconds(scene: Scene) -> None:
    scene.say(long())
    client_id = next(iter(scene.desk.state.orders.open))
    assert scene.desk.state.orders.open[client_id].intent.type is OrderType.LIMIT_MAKER
    silent(scene, 2, 4)
    assert client_id in scene.desk.state.orders.open
    silent(scene, 10, 9)
    assert scene.desk.state.orders.closed[client_id].status == "CANCELED"
    assert gates(scene) == {BTC.id}
    silent(scene, 1, 0)
    assert gates(scene) == set()


def test_a_stream_of_another_market_closes_nothing(scene: Scene) -> None:
    silent(scene, 15, 60, "dogeusdt@depth@100ms")
    assert scene.desk.state.stale == {}


def test_a_candle_has_a_budget_of_its_own() -> None:
    puppet = Puppet()
    settings = msgspec.structs.replace(config([puppet]), bar_stale=5 * SECOND)
    desk = Desk([puppet], settings=settings)
    desk.feed(Ticked(SECOND, 0, {"btcusdt@kline_1s": 4 * SECOND}))
    assert desk.state.stale == {}
    desk.feed(Ticked(2 * SECOND, 0, {"btcusdt@kline_1s": 6 * SECOND}))
    assert desk.state.stale == {BTC.id: "no candle for 6 s"}


# flows that nobody was there to hear of


def listing(scene: Scene, *told: FlowSeen) -> None:
    """From now on the venue lists these with a pass that asks for them."""
    venue = scene.desk.venue
    account = venue.account

    def with_flows(purpose: str, unsettled: Iterable[str], now: int) -> AccountReported:
        seen = account(purpose, unsettled, now)
        return msgspec.structs.replace(seen, flows=told if purpose == "flows" else None)

    venue.account = with_flows  # type: ignore[method-assign]


def test_a_deposit_that_nobody_heard_of_is_found_in_the_venues_list(scene: Scene) -> None:
    passes(scene)
    deposits = [FlowSeen("BTC", Decimal(a), scene.desk.now + n, 0) for n, a in enumerate(("0.2", "0.3", "9"))]
    listing(scene, *deposits)
    scene.desk.venue.balances["BTC"] = Decimal("0.5")
    passes(scene, 2)
    assert [m.amount for m in of(Adjusted, scene.desk.audits)] == [Decimal("0.3"), Decimal("0.2")]
    assert scene.desk.state.reconciled
    assert gates(scene) == set()


def test_a_flow_from_before_both_sides_were_equal_explains_nothing(scene: Scene) -> None:
    scene.tick(120)
    listing(scene, FlowSeen("BTC", Decimal("0.5"), scene.desk.now - 100 * SECOND, 0))
    scene.desk.venue.balances["BTC"] = Decimal("0.5")
    passes(scene, 2)
    assert of(Adjusted, scene.desk.audits) == []
    evidence = scene.desk.picture().reconciliation.differences[0].evidence
    assert "no deposit or withdrawal that the venue lists explains it" in evidence


def test_a_list_that_is_not_told_is_said_and_asked_for_once(scene: Scene) -> None:
    scene.desk.venue.balances["BTC"] = Decimal("0.5")
    passes(scene, 4)
    asked = [e for a in scene.desk.audits for e in a.effects if e == TakeAccount("flows")]
    assert len(asked) == 1
    assert "doesn't list" in scene.desk.picture().reconciliation.differences[0].evidence


def test_what_a_failed_pass_was_to_find_is_looked_for_again(scene: Scene) -> None:
    scene.tick(3)
    scene.desk.venue.deaf = True
    scene.desk.feed(AccountDoubted(scene.desk.now, "user stream"))
    scene.desk.venue.deaf = False
    known = scene.desk.state.passes
    scene.tick(8)
    assert scene.desk.state.passes == known
    scene.tick(4)
    assert scene.desk.state.passes == known + 1
