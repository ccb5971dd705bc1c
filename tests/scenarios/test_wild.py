"""What goes wrong while the desk trades: F48, F50, F52, F58, and a strategy that is always wrong."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from decimal import Decimal

import msgspec
import pytest

from midas.agents.execution_agent import ExecutionAgent, Step
from midas.domain.command import ClosePosition, Reload, SetStrategy
from midas.domain.decision import ModeChanged, OrderPlanned
from midas.domain.mode import Mode
from midas.domain.opinion import Urgency
from midas.domain.order import OrderIntent, Purpose, Side
from midas.domain.time import MINUTE, SECOND
from midas.domain.triggers import TriggerRules
from midas.engine.audit import encode
from midas.engine.build import build_engine
from midas.state.state import State
from tests.engine.scene import Scene, of
from tests.fakes.desk import BTC, CASH, EXECUTION, LIMITS, Desk, config
from tests.fakes.scripted_market import ScriptedMarket
from tests.fakes.strategy import BookPuppet, Puppet, flat, long
from tests.scenarios.stage import FREE, HELD, Stage

NOW = Urgency.AGGRESSIVE


def orders(stage: Stage | Scene, side: Side) -> list[OrderIntent]:
    """What was planned so far."""
    return [d.intent for d in of(OrderPlanned, stage.desk.audits) if d.intent.side is side]


# F50: the runaway loop.


def runs(stage: Stage, seconds: int) -> None:
    """A strategy that wants in or out at each of a hundred book changes a second."""
    stage.market.step = SECOND // 100
    wants = itertools.cycle([flat(NOW), long(urgency=NOW)])
    for n in range(100 * seconds):
        stage.puppet.opinion = next(wants)
        stage.move(n % 2 * 2 - 1)
        if n % 100 == 99:
            stage.desk.tick(stage.now + SECOND)


def runaway(**limits: object) -> Stage:
    return Stage(
        puppet=BookPuppet(), warm=True,
        limits=msgspec.structs.replace(FREE, repeats_max=5, repeats_window=600 * SECOND, **limits),
    )  # fmt: skip


def test_a_hundred_orders_a_second_are_slowed_by_the_rate_and_ended_by_the_throttle() -> None:
    stage = runaway()
    runs(stage, 12)
    bought = [order.created_at for order in orders(stage, Side.BUY)]
    assert max(sum(at <= later < at + 10 * SECOND for later in bought) for at in bought) <= 20
    assert len(bought) <= 6
    gate = stage.state.control.paused("book-puppet")
    assert gate is not None
    assert gate.by == "throttle"
    assert "gate:book-puppet" in stage.alarms
    assert stage.position < BTC.lot_size, "its exits go on"
    assert stage.mode() is Mode.NORMAL, "the others trade on"


def test_a_strategy_that_ran_wild_stays_off_over_a_restart_until_a_person_names_it() -> None:
    stage = runaway()
    runs(stage, 3)
    known = len(orders(stage, Side.BUY))
    stage.restart()
    runs(stage, 3)
    assert not orders(stage, Side.BUY), f"{known} before"
    asked = stage.desk.command(SetStrategy("book-puppet", running=True))
    assert "is stopped by the throttle" in asked.message
    runs(stage, 1)
    assert not orders(stage, Side.BUY), "asking is no answer"
    assert stage.desk.command(SetStrategy("book-puppet", running=True, confirmed=True)).accepted
    runs(stage, 1)
    assert orders(stage, Side.BUY)


def test_a_venue_that_refuses_a_runaway_is_not_flooded() -> None:
    stage = runaway()
    stage.venue.refusing = "Filter failure"
    runs(stage, 12)
    assert len(orders(stage, Side.BUY)) <= 24
    assert len(orders(stage, Side.SELL)) <= 60, "an exit is tried on, ever more seldom"


def test_a_person_who_closes_waits_for_no_refusal_of_the_strategys_orders() -> None:
    stage = runaway()
    stage.venue.refusing = "Filter failure"
    runs(stage, 3)
    tried = len(orders(stage, Side.SELL))
    stage.venue.refusing = ""
    assert stage.desk.command(ClosePosition(BTC.name, "book-puppet", True)).accepted
    assert len(orders(stage, Side.SELL)) == tried + 1
    stage.tick(2)
    assert stage.position < BTC.lot_size


# The strategy that is always wrong.


def test_a_strategy_that_is_always_wrong_is_stopped_by_the_days_loss_and_never_buys_again() -> None:
    puppet, market = Puppet(), ScriptedMarket()
    made = config([puppet], weight=0.2)
    wide = msgspec.structs.replace(
        made.regime, stress_enter=1e9, stress_leave=1e8, crisis_enter=1e9, crisis_leave=1e8, atr_enter=1e9,
        atr_leave=1e8,
    )  # fmt: skip
    sizing = msgspec.structs.replace(made.sizing, volatility_target=1e6)  # every market counts as quiet
    settings = msgspec.structs.replace(made, regime=wide, sizing=sizing)
    desk = Desk([puppet], settings=settings)
    for bar in market.history():
        desk.feed(bar)
    desk.open(market.now)
    market.now = desk.now
    desk.play(market.begin())

    def turn(wish: float, ticks: int) -> None:
        """It changes its mind; then the price does what it shouldn't."""
        puppet.opinion = long(urgency=NOW) if wish else flat(NOW)
        desk.feed(market.bar())
        for _ in range(10):
            desk.play(market.move(ticks // 10))
            market.now += SECOND
            desk.tick(market.now)

    rounds = 0
    while not desk.state.control.latched and rounds < 120:
        rounds += 1
        turn(1.0, -60_000)
        turn(0.0, +60_000)
    assert desk.state.control.mode is Mode.EMERGENCY
    assert desk.state.control.kill_reason.startswith("day's loss 3.")
    sold = [d.intent for d in of(OrderPlanned, desk.audits) if d.intent.side is Side.SELL]
    assert rounds > 3
    assert sold
    assert desk.state.ledger.sleeve("puppet", BTC.id).quantity < BTC.lot_size
    worst = 0.97 - LIMITS.position_max * 0.003  # what a second brings, the way out and its fee
    assert desk.state.equity() >= worst * float(CASH["USDT"])
    known = len(of(OrderPlanned, desk.audits))
    for _ in range(20):
        turn(1.0, -600)
    assert len(of(OrderPlanned, desk.audits)) == known


# F52: children and their parent.


class Doubles(ExecutionAgent):
    """The Knight's bug: each child is sent again."""

    def proceed(self, state: State, sequence: int, instrument: str | None = None) -> Iterator[Step]:
        """Twice whatever is to be bought."""
        for step in super().proceed(state, sequence, instrument):
            yield step
            if isinstance(step, OrderIntent) and step.purpose is Purpose.ENTRY:
                yield msgspec.structs.replace(step, client_id=step.client_id[:-1] + "x")


class Forgets(ExecutionAgent):
    """Counts what has filled and not what may still fill."""

    def proceed(self, state: State, sequence: int, instrument: str | None = None) -> Iterator[Step]:
        """As if nothing were open."""
        standing, state.orders.open = state.orders.open, {}
        steps = list(super().proceed(state, sequence, instrument))
        state.orders.open = standing
        yield from steps


@pytest.mark.parametrize("agent", [Doubles, Forgets])
def test_children_beyond_their_parent_stop_the_engine_before_they_are_sent(
    agent: type[ExecutionAgent],
) -> None:
    scene = Scene(duplicate_window=0, position_max=1.0)  # or that limit would say no first
    scene.desk.engine.orchestrator.execution = agent(EXECUTION)
    with pytest.raises(AssertionError, match=r"puppet would hold .* that were approved"):
        scene.say(long())
        scene.tick(3)
    bought = sum(held.intent.quantity for held in scene.desk.venue.orders.values())
    assert bought <= Decimal("0.025"), "one order of a parent"


@pytest.mark.parametrize("trouble", ["", "losing", "slow"])
def test_the_sum_of_children_stays_within_the_parent_whatever_the_venue_does(trouble: str) -> None:
    scene = Scene()
    execution, state = scene.desk.engine.orchestrator.execution, scene.desk.state
    scene.desk.latency = SECOND if trouble == "slow" else 0
    for n in range(120):
        if n % 30 == 0:
            scene.puppet.opinion = long(0.3 + 0.2 * (n // 30), urgency=(Urgency.PASSIVE, NOW)[n // 30 % 2])
        scene.desk.venue.losing = trouble == "losing" and n % 11 == 0
        for event in scene.market.move((-7, 5, 3, -2)[n % 4], bid_lots=60, ask_lots=60):
            scene.desk.feed(event)
        scene.bar()
        scene.tick()
        parent = execution.parent("puppet", BTC.id) or Decimal(0)
        working = [o for o in state.orders.working("puppet", BTC.id) if o.intent.side is Side.BUY]
        assert len(working) <= 1
        assert scene.position + sum(o.reserved for o in working) <= max(parent, scene.position)
    assert len(orders(scene, Side.BUY)) >= 3


# F58: a figure at its threshold.


def test_a_loss_that_flaps_at_its_threshold_changes_the_mode_once_and_sells_once() -> None:
    rules = TriggerRules(weekly_loss_defensive=1.0, daily_loss_stop=1.0, weekly_loss_stop=1.0)
    stage = Stage(triggers=msgspec.structs.replace(rules, monthly_loss_stop=1.0))
    for second in range(900):
        stage.lose(1_000.0 + (0.001 if second % 2 else -0.001))
        stage.tick(quiet=True)
    told = of(ModeChanged, stage.desk.audits)
    assert [change.after for change in told] == ["DEFENSIVE"]
    assert stage.position == HELD / 2
    assert len(orders(stage, Side.SELL)) <= 2


def test_a_loss_that_swings_across_both_edges_changes_the_mode_every_five_minutes_at_most() -> None:
    rules = TriggerRules(weekly_loss_defensive=1.0, daily_loss_stop=1.0, weekly_loss_stop=1.0)
    stage = Stage(triggers=msgspec.structs.replace(rules, monthly_loss_stop=1.0))
    stage.venue.refusing = "no orders now"
    for second in range(1_300):
        stage.lose(1_010.0 if second // 7 % 2 else 700.0)
        stage.tick(quiet=True)
    told = of(ModeChanged, stage.desk.audits)
    assert len(told) > 3
    ended = [(after.since - before.since) for before, after in itertools.pairwise(told)]
    assert min(ended[::2]) >= 5 * MINUTE, "each DEFENSIVE has lasted"
    assert len(told) <= 2 * (1_300 // 300) + 1


# F48: other limits while the desk trades.


def test_limits_below_what_is_held_reduce_and_looser_ones_wait_for_a_person_also_in_a_replay() -> None:
    scene = Scene().hold()
    held, engine = scene.position, scene.desk.engine
    half = float(held) * 30_000 / scene.desk.state.equity()
    tight = msgspec.structs.replace(LIMITS, position_max=half, cluster_max=1.0)
    first = scene.desk.command(Reload(limits=tight))
    assert not first.accepted, "a cluster may be larger: the whole is looser"
    assert engine.orchestrator.risk.limits == LIMITS
    assert scene.desk.command(Reload(limits=msgspec.structs.replace(LIMITS, position_max=half))).accepted
    for _ in range(15):
        scene.tick()
        scene.bar()
    assert float(scene.position) == pytest.approx(float(held) / 2, rel=0.01)
    assert not orders(scene, Side.BUY)[1:], "nothing is bought meanwhile"
    assert not scene.desk.command(Reload(limits=LIMITS)).accepted
    assert engine.orchestrator.risk.limits.position_max == half
    assert scene.desk.command(Reload(confirmed=True, limits=LIMITS)).accepted
    again, said = Puppet(), scene.puppet.opinion
    replayed = build_engine(scene.desk.settings, [again])
    audits = []
    for sequence, event in enumerate(scene.desk.fed, 1):
        again.opinion = said if scene.desk.audits and sequence > 1 else None
        if (audit := replayed.step(sequence, event)) is not None:
            audits.append(encode(audit))
    assert audits == [encode(audit) for audit in scene.desk.audits]
