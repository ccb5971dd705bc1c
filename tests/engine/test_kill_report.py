"""The report of a kill, and what the next level would do: figures that a person decides on."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from midas.domain.carry import Carried
from midas.domain.command import Kill, Resume
from midas.domain.event import CancelTried, LatchTripped, SessionOpened
from midas.domain.mode import KillLevel
from midas.domain.order import Purpose
from midas.domain.time import MILLISECOND, SECOND
from midas.engine.kill_report import HEAD, TAIL, KillReport
from midas.state.views.mode import KillChoiceView
from tests.engine.scene import Scene
from tests.fakes.desk import BTC
from tests.fakes.strategy import flat, long


def report(scene: Scene) -> list[str]:
    return list(scene.desk.picture().kill.report)


def choice(scene: Scene, level: KillLevel) -> KillChoiceView:
    return next(c for c in scene.desk.picture().kill.choices if c.level == level.value)


def entering() -> tuple[Scene, str]:
    """A scene with one entry at the venue, and the short id of that."""
    scene = Scene()
    scene.say(long())
    return scene, next(iter(scene.desk.state.orders.open))[-4:]


def test_a_halt_tells_who_why_what_went_and_what_stays() -> None:
    scene = Scene().hold()
    scene.say(flat())
    exit_id = next(iter(scene.desk.state.orders.open))[-4:]
    scene.desk.command(Kill("halt", "too hot"))
    lines = report(scene)
    assert lines[0] == "+0.000s  HALT by test: too hot"
    assert "gate closed: no new risk can leave, latch on the disk (seq " in lines[1]
    assert lines[2] == "+0.000s  strategies frozen 1 of 1"
    assert lines[3].endswith("BTC-USDT kept: it only reduces")
    assert exit_id in lines[3]
    assert scene.desk.picture().kill.unacked == ()
    assert scene.desk.picture().kill.residual == ""


def test_an_order_is_unacked_until_its_cancel_is_answered() -> None:
    scene, short_id = entering()
    scene.desk.venue.cancel = lambda client_id, now: []  # type: ignore[method-assign]
    scene.desk.command(Kill("halt"))
    assert scene.desk.picture().kill.unacked == (short_id,)
    scene.desk.painter.tick(scene.desk.now + 6 * SECOND, scene.desk.health)
    assert f"no answer yet to the cancel of {short_id}" in report(scene)[-1]
    del scene.desk.venue.cancel
    scene.tick(2)
    assert scene.desk.picture().kill.unacked == ()
    assert f"{short_id} BUY " in report(scene)[-1]
    assert "CANCELED ack " in report(scene)[-1]


def test_what_the_kill_listener_did_is_told_with_its_own_times() -> None:
    scene, short_id = entering()
    client_id, now = next(iter(scene.desk.state.orders.open)), scene.desk.now
    tried = CancelTried(client_id, now + MILLISECOND, now + 52 * MILLISECOND, 200, 0)
    tripped = LatchTripped(
        "halt", "console tty", "chord", now + 60 * MILLISECOND, (client_id,), now, now + MILLISECOND, "",
        (tried,),
    )  # fmt: skip
    scene.desk.feed(tripped)
    lines = report(scene)
    assert lines[0] == "+0.000s  HALT by console tty: chord"
    assert lines[1].startswith("+0.001s  gate closed")
    assert any(f"+0.052s  {short_id} BUY" in line and line.endswith("CANCELED ack 51 ms") for line in lines)
    assert scene.desk.picture().kill.unacked == ()


def test_an_answered_cancel_of_the_listener_is_not_asked_again_at_once() -> None:
    scene, _ = entering()
    client_id, now = next(iter(scene.desk.state.orders.open)), scene.desk.now
    scene.desk.feed(LatchTripped("halt", "console", "", now, (client_id,)))
    assert scene.desk.state.orders.open[client_id].cancels == 1
    assert scene.desk.venue.orders[client_id].reason is None


def test_a_latch_that_the_disk_refused_is_not_called_durable() -> None:
    scene = Scene()
    scene.desk.feed(LatchTripped("halt", "x", "", scene.desk.now, doubt="the disk is full"))
    assert "NOT on the disk: the disk is full" in report(scene)[1]


def test_a_flatten_tells_each_fill_with_its_slippage_and_the_venues_word() -> None:
    scene = Scene().hold()
    scene.desk.command(Kill("halt"))
    for event in scene.market.move(-600):
        scene.desk.feed(event)
    scene.desk.command(Kill("flatten", "out"))
    scene.tick()
    lines = report(scene)
    fired = next(n for n, line in enumerate(lines) if "FLATTEN by test: out" in line)
    fill = next(line for line in lines if " filled at " in line)
    assert lines.index(fill) > fired
    assert "slip +0.0 bp against the mid" in fill  # measured from the moment it was fired, not from the halt
    assert "flat, verified at the venue: no open order, no position" in lines[-1]


def test_what_a_flatten_leaves_open_is_named_and_said_after_a_while() -> None:
    scene = Scene().hold()
    for event in scene.market.move(0, bid_lots=0, ask_lots=100_000):
        scene.desk.feed(event)
    held = scene.position
    scene.desk.command(Kill("flatten"))
    assert scene.desk.picture().kill.residual == f"{held} BTC-USDT of puppet"
    scene.desk.painter.tick(scene.desk.now + 6 * SECOND, scene.desk.health)
    assert report(scene)[-1].endswith(f"NOT verified flat: {held} BTC-USDT of puppet")


def test_raising_the_level_cancels_what_was_kept_and_says_so() -> None:
    scene = Scene().hold()
    scene.say(flat())
    exit_id = next(iter(scene.desk.state.orders.open))[-4:]
    scene.desk.command(Kill("halt"))
    scene.desk.command(Kill("all", "more"))
    lines = report(scene)
    assert any(exit_id in line and "kept" in line for line in lines)
    assert any(exit_id in line and "CANCELED ack" in line for line in lines)


def test_a_release_ends_the_report_and_the_next_kill_begins_another() -> None:
    scene = Scene()
    scene.desk.command(Kill("halt", "first"))
    scene.desk.command(Resume("fine"))
    scene.desk.command(Resume("fine", confirmed=True))
    assert report(scene)[-1].endswith("released by test: fine")
    scene.desk.command(Kill("halt", "second"))
    assert report(scene)[0] == "+0.000s  HALT by test: second"


def test_a_latch_of_an_earlier_session_is_named_as_such() -> None:
    scene = Scene()
    scene.desk.open(scene.desk.now, latch="halt")
    assert "HALT still set by an earlier session" in report(scene)[0]


def test_it_was_pulled_when_it_was_pulled_and_not_when_the_engine_came_back() -> None:
    desk = Scene().desk
    pulled = desk.now - 90 * SECOND
    opened = SessionOpened(
        "session-2", desk.now, "account-1", "SIM", "halt", Carried(), "ops", "hot", pulled
    )  # fmt: skip
    desk.feed(opened)
    kill = desk.picture().kill
    assert kill.tripped_at == pulled
    assert kill.report[0] == "+90.000s  HALT still set by ops: hot"
    mode = desk.picture().mode
    assert (mode.mode, mode.set_by, mode.cause, mode.since_at) == ("PAUSE", "ops", "kill halt: hot", pulled)


def test_what_an_earlier_sessions_latch_still_cancels_is_unacked_until_it_is_answered() -> None:
    scene, short_id = entering()
    desk, carried = Scene().desk, scene.desk.state.carried()
    desk.venue.deaf = True
    desk.feed(SessionOpened("session-2", desk.now, "account-1", "SIM", "halt", carried))
    assert desk.picture().kill.unacked == (short_id,)


def test_a_report_has_an_end() -> None:
    scene = Scene()
    kills = KillReport(scene.desk.state, scene.desk.engine.orchestrator.strategies)
    tripped = LatchTripped("halt", "x", "", scene.desk.now)
    audit = msgspec.structs.replace(scene.desk.audits[-1], decisions=(), effects=())
    for _ in range(200):
        kills.observe(tripped, audit)
    assert len(kills.lines) == HEAD + TAIL + 1
    assert "left out" in kills.lines[HEAD]


def test_the_levels_say_what_they_would_cancel_close_cost_and_leave() -> None:
    scene = Scene().hold()
    scene.say(flat())
    everything, out = choice(scene, KillLevel.ALL), choice(scene, KillLevel.FLATTEN)
    assert (everything.cancels, everything.closes, everything.cost) == (1, 0, 0.0)
    assert everything.leaves == f"{scene.position} BTC-USDT of puppet without an exit order"
    assert (out.cancels, out.closes, out.leaves) == (1, 1, "nothing of ours")
    assert "no connection" in choice(scene, KillLevel.DISCONNECT).leaves


def test_the_cost_is_spread_depth_and_the_fee_that_we_were_charged_last() -> None:
    scene = Scene().hold()
    lots = int(scene.position / BTC.lot_size / 2)
    for event in scene.market.move(0, bid_lots=lots):
        scene.desk.feed(event)
    out = choice(scene, KillLevel.FLATTEN)
    half_spread = 0.5 * BTC.tick
    shortfall = float(scene.position) * (half_spread + 0.5 * BTC.tick)  # half of it one tick deeper
    value = float(scene.position) * scene.desk.state.markets[BTC.id].mid
    assert out.cost == pytest.approx(shortfall + (value - shortfall) * 0.001, rel=1e-3)
    scene.desk.command(Kill("flatten"))
    scene.tick()
    assert scene.desk.painter._orders.taker_rate == pytest.approx(0.0004)


def test_what_the_venue_takes_no_order_of_is_dust_and_no_position() -> None:
    scene = Scene().hold()
    sleeve = scene.desk.state.ledger.sleeves["puppet", BTC.id]
    sleeve.quantity = Decimal("0.00001")
    scene.desk.now += SECOND
    assert [p.dust for p in scene.desk.picture().positions] == [True]
    assert choice(scene, KillLevel.FLATTEN).leaves == "dust of BTC-USDT, too little to sell"
    assert choice(scene, KillLevel.FLATTEN).closes == 0


def test_orders_that_flatten_are_not_among_those_to_cancel() -> None:
    scene = Scene().hold()
    scene.desk.command(Kill("flatten"))
    assert all(o.purpose == Purpose.FLATTEN.value for o in scene.desk.picture().orders)
    assert choice(scene, KillLevel.ALL).cancels == 0


def test_a_pull_that_the_guard_acted_on_is_told_once() -> None:
    """The engine woke: first the kill itself reaches it, then that the guard had taken over meanwhile."""
    scene = Scene().hold()
    pulled = LatchTripped("flatten", "a person", "too hot", scene.desk.now)
    scene.desk.feed(pulled)
    scene.desk.feed(msgspec.structs.replace(pulled, guarded="session-1"))
    lines = report(scene)
    assert sum("FLATTEN by a person: too hot" in line for line in lines) == 1
    assert sum("gate closed" in line for line in lines) == 1
    assert sum("the guard acts instead of this engine" in line for line in lines) == 1


def test_a_guards_own_latch_is_told_with_its_gate() -> None:
    scene = Scene().hold()
    scene.desk.feed(LatchTripped("flatten", "midas guard", "hung", scene.desk.now, guarded="session-1"))
    lines = report(scene)
    assert lines[0].endswith("FLATTEN by midas guard: hung")
    assert "gate closed" in lines[1]
