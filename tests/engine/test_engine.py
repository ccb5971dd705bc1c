"""What one step decides: who speaks, what is refused, what modes and kills do, when an account is known."""

from __future__ import annotations

from decimal import Decimal
from math import nan

import msgspec
import pytest

from midas.domain.carry import Carried
from midas.domain.command import Kill, Resume, SetMode
from midas.domain.decision import (
    Anomaly,
    Decision,
    FillBooked,
    GateMoved,
    ModeChanged,
    Noted,
    OrderBlocked,
    OrderMoved,
    OrderPlanned,
    Reconciled,
    SignalMade,
    TargetApproved,
    TargetRefused,
)
from midas.domain.event import CommandGiven, LatchTripped, SessionClosing, SessionOpened
from midas.domain.mode import Mode
from midas.domain.opinion import Opinion, Urgency
from midas.domain.order import CloseReason, OrderType, Phase, Purpose, Side
from midas.domain.time import SECOND
from midas.engine.audit import Audit
from midas.engine.effect import ReleaseLatch, ResyncBook, SubmitOrder, TakeAccount, TripLatch, WithdrawOrder
from tests.fakes.desk import BTC, LIMITS, Desk, config, decisions
from tests.fakes.scripted_market import ScriptedMarket
from tests.fakes.strategy import BookPuppet, Puppet, flat, long


class Scene:
    """A warm desk with one strategy that does what it is told, and its market."""

    def __init__(self, puppet: Puppet | None = None, **settings: object) -> None:
        self.puppet = puppet or Puppet()
        self.market = ScriptedMarket()
        limits = msgspec.structs.replace(LIMITS, **settings) if settings else LIMITS
        self.desk = Desk([self.puppet], settings=config([self.puppet], limits=limits, weight=0.15))
        for bar in self.market.history():
            self.desk.feed(bar)
        self.desk.open(self.market.now)
        self.market.now = self.desk.now
        self.desk.play(self.market.begin())

    def bar(self) -> list[Audit]:
        """The next candle closes."""
        return self.desk.feed(self.market.bar())

    def say(self, opinion: Opinion) -> list[Audit]:
        """The strategy changes its mind; the next bar asks it."""
        self.puppet.opinion = opinion
        return self.bar()

    def tick(self, seconds: int = 1) -> list[Audit]:
        """Wall time passes while the market stands still."""
        known = len(self.desk.audits)
        for _ in range(seconds):
            self.market.now += SECOND
            self.desk.tick(self.market.now)
        return self.desk.audits[known:]

    def hold(self) -> Scene:
        """Hold a position: a passive entry that a falling market fills."""
        self.say(long())
        for event in self.market.move(-5):
            self.desk.feed(event)
        assert self.position > 0
        return self

    def notes(self, text: str) -> list[str]:
        """The lines of the session so far that hold `text`."""
        return [d.text for d in decisions(self.desk.audits) if isinstance(d, Noted) and text in d.text]

    @property
    def position(self) -> Decimal:
        """What the strategy holds."""
        return self.desk.state.ledger.sleeve(self.puppet.name, BTC.id).quantity


def of(kind: type[Decision], audits: list[Audit]) -> list[Decision]:
    """The decisions of one kind."""
    return [d for d in decisions(audits) if isinstance(d, kind)]


@pytest.fixture
def scene() -> Scene:
    """The usual scene."""
    return Scene()


# the order of speaking


def test_a_bar_makes_analyst_and_strategies_speak(scene: Scene) -> None:
    audits = scene.say(long(0.8))
    made = of(SignalMade, audits)
    assert [type(d) for d in audits[0].decisions] == [SignalMade, TargetApproved, OrderPlanned]
    assert isinstance(made[0], SignalMade)
    assert made[0].signal.confidence == 0.8
    assert made[0].outcome == "acted"
    briefing = scene.puppet.briefing
    assert briefing is not None
    assert briefing.forecast is not None
    assert len(briefing.forecast.contributions) == 4


def test_history_bars_warm_and_never_trade() -> None:
    puppet, market = Puppet(), ScriptedMarket()
    puppet.opinion = long()
    desk = Desk([puppet])
    desk.open(market.now - SECOND * 500)
    for event in market.begin():
        desk.feed(event)
    history = market.history()
    for bar in history:
        desk.feed(bar)
    assert puppet.asked == []
    assert not of(OrderPlanned, desk.audits)
    assert desk.state.regimes[BTC.id].bars_seen == len(history)


def test_a_bar_that_is_known_already_is_not_studied_twice(scene: Scene) -> None:
    bar = scene.market.bar()
    scene.desk.feed(bar)
    asked, seen = len(scene.puppet.asked), scene.desk.state.regimes[BTC.id].bars_seen
    scene.desk.feed(bar)
    assert len(scene.puppet.asked) == asked
    assert scene.desk.state.regimes[BTC.id].bars_seen == seen


def test_quotes_and_trades_alone_decide_nothing(scene: Scene) -> None:
    scene.puppet.opinion = long()
    book, quote = scene.market.move(3)
    del book
    assert scene.desk.feed(quote) == []
    assert scene.desk.feed(scene.market.trade()) == []
    assert scene.desk.state.markets[BTC.id].bid == scene.market.bid


def test_a_gap_hides_the_book_and_nothing_is_decided_on_it() -> None:
    scene = Scene(BookPuppet())
    scene.puppet.opinion = long()
    audits = scene.desk.feed(scene.market.gap())
    assert not scene.desk.state.markets[BTC.id].book_valid
    assert [e for a in audits for e in a.effects] == [ResyncBook(BTC.id)]
    assert of(Noted, audits)
    asked = len(scene.puppet.asked)
    for _ in range(3):
        for event in scene.market.move(1):
            assert not of(SignalMade, scene.desk.feed(event))
    assert len(scene.puppet.asked) == asked
    for event in scene.market.begin():
        scene.desk.feed(event)
    scene.desk.feed(scene.market.move(1)[0])
    assert len(scene.puppet.asked) == asked + 1


def test_a_gap_asks_for_one_snapshot_not_for_one_on_every_diff(scene: Scene) -> None:
    first = scene.desk.feed(scene.market.gap())
    again = scene.desk.feed(scene.market.gap())
    assert len([e for a in first for e in a.effects if isinstance(e, ResyncBook)]) == 1
    assert again == []


# risk


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
    assert isinstance(refused[0], TargetRefused)
    assert "at most 1%" in refused[0].breaches[0].sentence
    assert isinstance(made[0], SignalMade)
    assert made[0].outcome == "refused"
    assert made[0].detail == refused[0].breaches[0].sentence
    assert scene.desk.state.orders.open == {}


def test_an_order_that_fails_the_last_check_is_blocked_and_not_sent() -> None:
    scene = Scene(order_notional_max=100.0)
    audits = scene.say(long())
    blocked = of(OrderBlocked, audits)
    assert isinstance(blocked[0], OrderBlocked)
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
    assert isinstance(leaving, OrderPlanned)
    assert (leaving.intent.type, leaving.intent.purpose) == (OrderType.LIMIT, Purpose.EXIT)
    assert scene.position == 0
    assert scene.desk.state.orders.open == {}


def test_a_fill_is_booked_once_however_often_it_is_reported(scene: Scene) -> None:
    scene.hold()
    held, fills = scene.position, of(FillBooked, scene.desk.audits)
    scene.tick(40)  # audits of the account list the same trades again
    assert scene.position == held
    assert of(FillBooked, scene.desk.audits) == fills
    assert scene.desk.state.reconciled


# strategies that misbehave


@pytest.mark.parametrize(
    "opinion",
    [
        Opinion(direction=nan, confidence=1.0),
        Opinion(direction=1.0, confidence=nan),
        Opinion(direction=2.0, confidence=1.0),
        Opinion(direction=1.0, confidence=-0.1),
    ],
)
def test_an_impossible_answer_switches_the_strategy_off(scene: Scene, opinion: Opinion) -> None:
    audits = scene.say(opinion)
    note = of(Noted, audits)[0]
    assert isinstance(note, Noted)
    assert (note.kind, note.severity) == ("STRATEGY", "error")
    assert "answered direction" in note.text
    asked = len(scene.puppet.asked)
    assert scene.say(long()) == []
    assert len(scene.puppet.asked) == asked


def test_a_strategy_that_raises_is_switched_off_and_the_engine_goes_on() -> None:
    broken, healthy, market = Puppet(), BookPuppet(), ScriptedMarket()
    broken.error = ZeroDivisionError("division by zero")
    healthy.opinion = long()
    desk = Desk([broken, healthy], settings=config([broken, healthy], weight=0.15))
    for event in (*market.history(), *market.begin()):
        desk.feed(event)
    desk.open(market.now)
    market.now = desk.now
    audits = desk.feed(market.bar())
    note = of(Noted, audits)[0]
    assert isinstance(note, Noted)
    assert note.text == "puppet is switched off: ZeroDivisionError: division by zero"
    planned = [d for event in market.move(1) for d in of(OrderPlanned, desk.feed(event))]
    assert isinstance(planned[0], OrderPlanned)
    assert planned[0].intent.strategy == "book-puppet"
    desk.feed(market.bar())
    assert len(broken.asked) == 1


def test_what_a_broken_strategy_holds_can_still_be_flattened() -> None:
    scene = Scene().hold()
    scene.puppet.error = RuntimeError("no")
    scene.bar()
    scene.desk.command(Kill("flatten", "broken"))
    scene.tick(3)
    assert scene.position == 0


# orders in doubt


def test_an_unknown_order_blocks_more_risk_on_its_instrument(scene: Scene) -> None:
    scene.desk.venue.losing = True
    scene.say(long(0.5))
    order = next(iter(scene.desk.state.orders.open.values()))
    assert order.status == "UNKNOWN"
    reserved = scene.desk.state.orders.leaves(BTC.id, Side.BUY)
    assert reserved == order.intent.quantity
    audits = scene.say(long(1.0))
    refused = of(TargetRefused, audits)[0]
    assert isinstance(refused, TargetRefused)
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


# modes


def test_going_riskier_needs_a_reason_and_a_confirmation(scene: Scene) -> None:
    assert scene.desk.command(SetMode("OBSERVATION")).accepted
    unsaid = scene.desk.command(SetMode("NORMAL", confirmed=True))
    unsure = scene.desk.command(SetMode("NORMAL", "all is well"))
    assert not unsaid.accepted
    assert not unsure.accepted
    assert "confirm it and give a reason" in unsaid.message
    assert scene.desk.state.control.mode is Mode.OBSERVATION
    assert scene.desk.command(SetMode("NORMAL", "all is well", confirmed=True)).accepted
    change = of(ModeChanged, scene.desk.audits)[-1]
    assert isinstance(change, ModeChanged)
    assert (change.after, change.by, change.cause) == ("NORMAL", "test", "all is well")


def test_a_mode_that_does_not_exist_is_answered_with_those_that_do(scene: Scene) -> None:
    answer = scene.desk.command(SetMode("TURBO"))
    assert not answer.accepted
    assert "NORMAL, DEFENSIVE, OBSERVATION" in answer.message


def test_defensive_halves_what_is_held_and_what_is_wanted(scene: Scene) -> None:
    scene.hold()
    held = scene.position
    scene.desk.command(SetMode("DEFENSIVE"))
    scene.tick(8)
    assert scene.position == pytest.approx(held / 2, abs=BTC.lot_size)
    scene.say(flat(Urgency.AGGRESSIVE))
    scene.tick()
    assert scene.position == 0
    approved = of(TargetApproved, scene.say(long()))[0]
    assert isinstance(approved, TargetApproved)
    assert float(approved.target.quantity) == pytest.approx(float(held) / 2, rel=0.05)


def test_defensive_refuses_opinions_of_little_confidence(scene: Scene) -> None:
    scene.desk.command(SetMode("DEFENSIVE"))
    refused = of(TargetRefused, scene.say(long(0.6)))[0]
    assert isinstance(refused, TargetRefused)
    assert refused.breaches[0].limit == "confidence"


def test_observation_records_signals_and_executes_none(scene: Scene) -> None:
    scene.desk.command(SetMode("OBSERVATION"))
    audits = scene.say(long())
    made = of(SignalMade, audits)[0]
    assert isinstance(made, SignalMade)
    assert made.outcome == "refused"
    assert "mode OBSERVATION opens nothing new" in made.detail
    assert not of(OrderPlanned, audits)


def test_observation_withdraws_entries_and_goes_on_managing_exits(scene: Scene) -> None:
    scene.say(long())
    entry = next(iter(scene.desk.state.orders.open))
    scene.desk.command(SetMode("OBSERVATION"))
    assert entry not in scene.desk.state.orders.open
    assert scene.desk.state.orders.closed[entry].status == "CANCELED"
    assert not of(OrderPlanned, scene.tick(5))
    held = Scene().hold()
    held.desk.command(SetMode("OBSERVATION"))
    assert held.position > 0
    held.say(flat(Urgency.AGGRESSIVE))
    assert held.position == 0


def test_a_trigger_never_ends_a_mode_that_a_person_set(scene: Scene) -> None:
    scene.desk.command(SetMode("DEFENSIVE"))
    scene.tick(30)
    assert scene.desk.state.control.mode is Mode.DEFENSIVE


def test_a_loss_beyond_the_day_limit_flattens_by_itself() -> None:
    scene = Scene(daily_loss_stop=0.0005, drawdown_stop=0.9).hold()
    scene.tick(2)
    for event in scene.market.move(-60_000):  # 1 % down
        scene.desk.feed(event)
    audits = scene.tick(4)
    tripped = [e for a in audits for e in a.effects if isinstance(e, TripLatch)]
    assert tripped[0].level == "flatten"
    assert "day's loss" in tripped[0].reason
    assert scene.desk.state.control.mode is Mode.EMERGENCY
    assert scene.position == 0


def test_silence_of_the_feed_closes_the_gate_and_its_return_opens_it(scene: Scene) -> None:
    audits = scene.desk.tick(scene.desk.now + SECOND, feed_age=12 * SECOND)
    closed = of(GateMoved, audits)[0]
    assert isinstance(closed, GateMoved)
    assert closed.closed
    scene.market.now = scene.desk.now
    refused = of(TargetRefused, scene.say(long()))[0]
    assert isinstance(refused, TargetRefused)
    assert "no market data for 12 s" in refused.breaches[0].sentence
    opened = of(GateMoved, scene.tick())[0]
    assert isinstance(opened, GateMoved)
    assert not opened.closed


# the kill latch


def test_a_halt_cancels_entries_and_keeps_exits() -> None:
    entering = Scene()
    entering.say(long())
    assert len(entering.desk.state.orders.open) == 1
    entering.desk.command(Kill("halt", "test"))
    assert entering.desk.state.orders.open == {}
    assert not of(OrderPlanned, entering.tick(10))

    leaving = Scene().hold()
    leaving.say(flat())
    exits = [o.intent.purpose for o in leaving.desk.state.orders.open.values()]
    assert exits == [Purpose.EXIT]
    leaving.desk.command(Kill("halt", "test"))
    leaving.tick()
    assert [o.intent.purpose for o in leaving.desk.state.orders.open.values()] == [Purpose.EXIT]
    assert leaving.position > 0


def test_level_all_cancels_exits_too() -> None:
    scene = Scene().hold()
    scene.say(flat())
    assert len(scene.desk.state.orders.open) == 1
    scene.desk.command(Kill("all", "test"))
    assert scene.desk.state.orders.open == {}
    assert scene.position > 0


def test_the_latch_goes_to_disk_before_anything_else(scene: Scene) -> None:
    scene.say(long())
    given = CommandGiven("k1", "test", Kill("halt", "why"), scene.desk.now)
    audit = scene.desk.engine.step(20_000, given)
    assert audit is not None
    assert [type(e) for e in audit.effects] == [TripLatch]
    assert not scene.desk.state.control.latched
    audit = scene.desk.engine.step(20_001, LatchTripped("halt", "test", "why", scene.desk.now))
    assert audit is not None
    assert [type(e) for e in audit.effects if not isinstance(e, TakeAccount)] == [WithdrawOrder]
    assert scene.desk.state.control.latched


def test_a_flatten_closes_everything_and_verifies_it_at_the_venue() -> None:
    scene = Scene().hold()
    scene.desk.command(Kill("flatten", "test"))
    scene.tick(3)
    assert scene.position == 0
    assert scene.desk.state.orders.open == {}
    assert scene.desk.venue.balances["BTC"] == 0
    fills = [d for d in decisions(scene.desk.audits) if isinstance(d, FillBooked)]
    assert fills[-1].purpose is Purpose.FLATTEN
    assert scene.notes("flat, verified at the venue")
    assert any("flat: no position" in line for line in scene.desk.state.control.report)


def test_flat_is_not_called_verified_before_the_venue_was_asked_again() -> None:
    scene = Scene().hold()
    scene.tick(40)
    assert scene.desk.state.reconciled
    scene.desk.venue.deaf = True  # passes over the account fail from here on
    scene.desk.command(Kill("flatten", "test"))
    scene.tick(3)
    assert scene.position == 0
    assert not scene.notes("flat, verified at the venue")
    scene.desk.venue.deaf = False
    scene.tick(12)
    assert scene.notes("flat, verified at the venue")


def test_a_kill_cancels_entries_even_while_the_account_is_not_known_yet() -> None:
    scene = Scene()
    scene.say(long())
    carried = scene.desk.state.carried()
    client_id = carried.orders[0].intent.client_id
    scene.desk.venue.deaf = True
    later = Desk([Puppet()], venue=scene.desk.venue)
    later.feed(SessionOpened("session-2", scene.market.now, "account-1", "SIM", False, carried))
    later.tick(scene.market.now + 2 * SECOND)
    assert client_id in later.state.orders.open
    later.command(Kill("halt", "test"))
    assert later.state.recovering
    assert scene.desk.venue.orders[client_id].reason is CloseReason.CANCELED


def test_a_flatten_that_the_book_cannot_take_at_once_is_tried_again() -> None:
    scene = Scene().hold()
    held = scene.position
    for event in scene.market.move(0, bid_lots=int(held / BTC.lot_size / 40)):
        scene.desk.feed(event)
    scene.desk.command(Kill("flatten", "test"))
    assert 0 < scene.position < held
    for _ in range(4):
        for event in scene.market.move(1):
            scene.desk.feed(event)
        scene.tick()
    assert scene.position == 0


def test_under_a_set_latch_strategies_are_frozen(scene: Scene) -> None:
    scene.bar()
    scene.desk.command(Kill("halt", "test"))
    asked = len(scene.puppet.asked)
    assert scene.say(long()) == []
    assert len(scene.puppet.asked) == asked


def test_resume_takes_two_steps_and_lands_in_observation(scene: Scene) -> None:
    scene.desk.command(Kill("halt", "too hot"))
    assert scene.desk.state.control.mode is Mode.PAUSE
    assert not scene.desk.command(SetMode("NORMAL", "please", confirmed=True)).accepted
    assert not scene.desk.command(Resume("")).accepted
    review = scene.desk.command(Resume("cooled down"))
    assert review.accepted
    assert "too hot" in review.message
    assert "equity" in review.message
    assert scene.desk.state.control.latched
    released = scene.desk.command(Resume("cooled down", confirmed=True))
    assert released.accepted
    assert not scene.desk.state.control.latched
    assert scene.desk.state.control.mode is Mode.OBSERVATION
    assert [e for a in scene.desk.audits for e in a.effects if isinstance(e, ReleaseLatch)]


def test_a_latch_left_by_an_earlier_session_still_holds() -> None:
    puppet, market = Puppet(), ScriptedMarket()
    desk = Desk([puppet]).open(market.now, latched=True)
    assert desk.state.control.latched
    assert desk.state.control.mode is Mode.PAUSE
    changes = of(ModeChanged, desk.audits)
    assert len(changes) == 1


# the account


def test_nothing_is_decided_before_the_account_is_known() -> None:
    puppet, market = Puppet(), ScriptedMarket()
    puppet.opinion = long()
    desk = Desk([puppet])
    for event in (*market.history(), *market.begin(), market.bar()):
        desk.feed(event)
    assert puppet.asked == []
    assert desk.state.recovering


def test_recovery_passes_until_two_in_a_row_change_nothing() -> None:
    scene = Scene()
    scene.say(long())
    carried = scene.desk.state.carried()
    client_id = carried.orders[0].intent.client_id
    for event in scene.market.move(-5):
        scene.desk.venue.market(event)  # fills while nobody listens
    later = Desk([Puppet()], venue=scene.desk.venue).open(scene.market.now, carried)
    passes = [d for d in decisions(later.audits) if isinstance(d, Reconciled) and d.purpose == "start"]
    assert [d.changed > 0 for d in passes] == [True, False, False]
    fills = of(FillBooked, later.audits)
    assert {d.client_id for d in fills if isinstance(d, FillBooked)} == {client_id}
    assert later.state.ledger.sleeve("puppet", BTC.id).quantity > 0
    assert later.state.reconciled
    assert later.state.orders.open == {}


def test_a_working_order_of_the_last_session_is_adopted() -> None:
    scene = Scene()
    scene.say(long())
    carried = scene.desk.state.carried()
    later = Desk([Puppet()], venue=scene.desk.venue).open(scene.market.now, carried)
    order = later.state.orders.open[carried.orders[0].intent.client_id]
    assert order.status == "OPEN"
    assert not order.unknown
    assert later.state.reconciled


def test_an_order_of_ours_that_the_journal_lost_is_withdrawn() -> None:
    scene = Scene()
    scene.say(long())
    lost = next(iter(scene.desk.state.orders.open))
    later = Desk([Puppet()], venue=scene.desk.venue).open(scene.market.now)
    withdrawn = [e.client_id for a in later.audits for e in a.effects if isinstance(e, WithdrawOrder)]
    assert lost in withdrawn
    assert scene.desk.venue.orders[lost].reason is not None


def test_a_trade_that_is_not_ours_moves_the_balances_and_is_named(scene: Scene) -> None:
    scene.hold()
    scene.desk.venue.trade_by_hand(BTC, Side.BUY, Decimal("60000"), Decimal("0.01"), scene.desk.now)
    audits = scene.tick(35)
    anomaly = of(Anomaly, audits)[0]
    assert isinstance(anomaly, Anomaly)
    assert anomaly.kind == "external_trade"
    assert scene.desk.state.reconciled
    assert scene.desk.state.ledger.sleeve("external", BTC.id).quantity == Decimal("0.01")


def test_a_balance_that_differs_twice_closes_the_account_gate(scene: Scene) -> None:
    scene.desk.venue.balances["USDT"] -= Decimal(1)
    scene.tick(35)
    assert "account" not in scene.desk.state.control.gates
    scene.tick(35)
    assert "USDT" in scene.desk.state.control.gates["account"].reason
    assert not scene.desk.state.reconciled
    assert isinstance(of(TargetRefused, scene.say(long()))[0], TargetRefused)
    scene.desk.venue.balances["USDT"] += Decimal(1)
    scene.tick(35)
    assert "account" not in scene.desk.state.control.gates


def test_a_difference_whose_figures_move_closes_the_gate_all_the_same(scene: Scene) -> None:
    for _ in range(2):
        scene.desk.venue.balances["USDT"] -= Decimal(1)
        scene.tick(35)
    assert "USDT" in scene.desk.state.control.gates["account"].reason


def test_closing_withdraws_orders_and_reconciles_before_it_stops(scene: Scene) -> None:
    scene.say(long())
    assert len(scene.desk.state.orders.open) == 1
    scene.desk.feed(SessionClosing(scene.desk.now, "duration over"))
    audits = scene.tick(5)
    assert scene.desk.state.orders.open == {}
    assert scene.desk.stopped == "reconciled"
    assert of(Reconciled, audits)
    assert not of(OrderPlanned, audits)


def test_a_position_is_kept_when_the_session_closes() -> None:
    scene = Scene().hold()
    held = scene.position
    scene.desk.feed(SessionClosing(scene.desk.now, "duration over"))
    scene.tick(5)
    assert scene.position == held
    assert scene.desk.stopped == "reconciled"


def test_a_session_begins_with_the_mode_that_the_last_one_had() -> None:
    carried = Carried(from_session="s0", mode="OBSERVATION", mode_by="alice", mode_cause="weekend")
    desk = Desk([Puppet()])
    desk.feed(SessionOpened("s1", 1, "account-1", "SIM", False, carried))
    assert desk.state.control.mode is Mode.OBSERVATION
    assert desk.state.control.by == "alice"
