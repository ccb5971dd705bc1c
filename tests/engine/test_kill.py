"""The kill latch: what each level stops, what it leaves, and the way back."""

from __future__ import annotations

from midas.domain.command import Kill, Resume, SetMode
from midas.domain.decision import (
    FillBooked,
    ModeChanged,
    OrderPlanned,
)
from midas.domain.event import CommandGiven, LatchTripped, SessionOpened
from midas.domain.mode import Mode
from midas.domain.order import CloseReason, Purpose
from midas.domain.time import SECOND
from midas.engine.effect import ReleaseLatch, TakeAccount, TripLatch, WithdrawOrder
from tests.engine.scene import Scene, of
from tests.fakes.desk import BTC, Desk, decisions
from tests.fakes.scripted_market import ScriptedMarket
from tests.fakes.strategy import Puppet, flat, long


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
    later.feed(SessionOpened("session-2", scene.market.now, "account-1", "SIM", "", carried))
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
    desk = Desk([puppet]).open(market.now, latch="halt")
    assert desk.state.control.latched
    assert desk.state.control.mode is Mode.PAUSE
    changes = of(ModeChanged, desk.audits)
    assert len(changes) == 1
