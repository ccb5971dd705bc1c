"""When an account is believed: recovery, full passes, differences, the end of a session."""

from __future__ import annotations

from decimal import Decimal

from midas.domain.carry import Carried
from midas.domain.command import Kill, PlaceOrder, Resume, SetMode
from midas.domain.decision import (
    Anomaly,
    FillBooked,
    OrderPlanned,
    Reconciled,
    TargetRefused,
)
from midas.domain.event import OrderFilled, SessionClosing, SessionOpened, Source
from midas.domain.mode import Mode
from midas.domain.order import Side
from midas.domain.time import SECOND
from midas.engine.effect import TakeAccount, WithdrawOrder
from midas.engine.snapshot import Assembly, Painter
from tests.engine.scene import Scene, of
from tests.fakes.desk import BTC, Desk, decisions
from tests.fakes.nouns import ETH, fill, hold
from tests.fakes.scripted_market import ScriptedMarket
from tests.fakes.snapshots import normal
from tests.fakes.strategy import Puppet, long


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
    asked = PlaceOrder("t1", BTC.name, "BUY", "LIMIT", "0.001", "59000", confirmed=True)
    assert scene.desk.command(asked).accepted
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


def test_closing_goes_on_until_an_order_whose_cancel_was_lost_is_gone(scene: Scene) -> None:
    scene.say(long())
    cancel = scene.desk.venue.cancel
    scene.desk.venue.cancel = lambda client_id, now: []  # type: ignore[method-assign]
    scene.desk.feed(SessionClosing(scene.desk.now, "duration over"))
    scene.tick(12)
    assert scene.desk.stopped == ""
    scene.desk.venue.cancel = cancel  # type: ignore[method-assign]
    scene.tick(5)
    assert scene.desk.state.orders.open == {}
    assert scene.desk.stopped == "reconciled"


def test_an_order_that_no_cancel_reaches_is_named_at_the_end(scene: Scene) -> None:
    scene.say(long())
    (client_id,) = scene.desk.state.orders.open
    scene.desk.venue.cancel = lambda client_id, now: []  # type: ignore[method-assign]
    scene.desk.feed(SessionClosing(scene.desk.now, "duration over"))
    scene.tick(30)
    assert scene.desk.stopped == f"order {client_id} is left open"


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
    desk.feed(SessionOpened("s1", 1, "account-1", "SIM", "", carried))
    assert desk.state.control.mode is Mode.OBSERVATION
    assert desk.state.control.by == "alice"


def test_a_fill_of_an_order_that_is_not_known_is_looked_up_at_once(scene: Scene) -> None:
    stray = OrderFilled("md-lost", "v9", BTC.id, fill(9), scene.desk.now, Source.STREAM)
    passes = [e.purpose for a in scene.desk.feed(stray) for e in a.effects if isinstance(e, TakeAccount)]
    assert passes == ["stream"]
    scene.desk.venue.deaf = True
    again = [e for a in scene.desk.feed(stray) for e in a.effects if isinstance(e, TakeAccount)]
    more = [e for a in scene.desk.feed(stray) for e in a.effects if isinstance(e, TakeAccount)]
    assert (len(again), more) == (1, [])  # one pass at a time


def test_what_is_left_of_an_instrument_not_traded_now_hinders_nothing() -> None:
    before = Scene()
    hold(before.desk.state, "0.00000963", instrument=ETH)
    carried = before.desk.state.carried()
    venue = before.desk.venue
    venue.balances = dict(carried.balances)
    desk = Desk([Puppet()], venue=venue).open(before.market.now, carried)
    painter = Painter(desk.engine, Assembly("sim", "0", "crypto-only", 1.0, 1))
    desk.command(SetMode("DEFENSIVE"))
    desk.command(Kill("flatten", "smoke"))
    for _ in range(3):
        desk.tick(desk.now + SECOND)
    assert "positions none" in desk.command(Resume("fixed")).message
    assert any("flat, verified" in str(d) for d in decisions(desk.audits))
    assert painter.snapshot(desk.now, normal().health).positions == ()
    assert desk.state.carried().sleeves == carried.sleeves
