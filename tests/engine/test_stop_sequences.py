"""Any sequence of opinions, moves, refusals, losses and crashes: nothing sold twice, one stop in the end."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from midas.agents.covers import covers
from midas.domain.command import CancelOrder, ClosePosition
from midas.domain.decision import OrderBlocked, StopMoved
from midas.domain.event import LatchTripped
from midas.domain.opinion import Urgency
from midas.domain.order import Purpose, Side
from midas.domain.stops import StopRules
from midas.domain.time import SECOND
from midas.state.order import Order
from tests.engine.hands import Hands
from tests.engine.scene import Scene
from tests.fakes.desk import BTC, Desk, config, decisions
from tests.fakes.strategy import flat, long

RULES = StopRules(percent=0.0005, trail_percent=0.0006, collar_bps=2.0, step_bps=0.5)
SESSIONS_MAX = 3
WEATHERS = st.sampled_from([
    (False, False, "", 0), (False, False, "", 0), (True, False, "", 0), (False, True, "", SECOND),
    (False, False, "Filter failure: MAX_NUM_ALGO_ORDERS", 0), (False, False, "", 2 * SECOND),
])  # fmt: skip
# A first stop stands 3,000 ticks below the entry, and its limit 1,200 below that.
MOVES = st.sampled_from([-9_000, -3_500, -3_100, -1_500, -200, 0, 300, 1_500, 4_000])
OPINIONS = st.sampled_from([
    long(), long(urgency=Urgency.AGGRESSIVE), long(0.5, Urgency.AGGRESSIVE), flat(), flat(Urgency.AGGRESSIVE),
])  # fmt: skip


class Keeper(RuleBasedStateMachine):
    """A strategy with a will of its own, a person, a market, and a venue that has its days."""

    def __init__(self) -> None:
        super().__init__()
        self.hands = Hands(Scene(stops=RULES).hold()).hold("0.005")  # a strategy's and a person's
        self.scene, self.levels = self.hands.scene, dict[tuple[str, str, int], Decimal]()
        self.sessions, self.heard = 1, 0

    @property
    def desk(self) -> Desk:
        return self.scene.desk

    @rule(opinion=OPINIONS)
    def change_mind(self, opinion: object) -> None:
        self.scene.say(opinion)  # type: ignore[arg-type]
        self.desk.play(self.scene.market.move(-2))

    @rule(ticks=MOVES, lots=st.sampled_from([30, 400, 100_000]), sold=st.booleans())
    def move(self, ticks: int, lots: int, sold: bool) -> None:
        """The market moves, and somebody trades there; where it is thin, little of a stop fills."""
        self.desk.play(self.scene.market.move(ticks, bid_lots=lots))
        self.desk.feed(self.scene.market.trade(sold=sold, lots=5))

    @rule(seconds=st.integers(1, 4))
    def wait(self, seconds: int) -> None:
        self.scene.tick(seconds)

    @rule(weather=WEATHERS)
    def change_weather(self, weather: tuple[bool, bool, str, int]) -> None:
        venue = self.desk.venue
        venue.losing, venue.deaf, venue.refusing, self.desk.latency = weather

    @rule(quantity=st.sampled_from(["0.002", "0.005"]), buys=st.booleans())
    def order(self, quantity: str, buys: bool) -> None:
        (self.hands.buy if buys else self.hands.sell)(quantity)

    @rule(whose=st.sampled_from(["puppet", "manual"]))
    def close(self, whose: str) -> None:
        self.desk.command(ClosePosition(BTC.name, whose, True))

    @precondition(lambda self: self._stops())
    @rule(loses=st.booleans())
    def take_a_stop_away(self, loses: bool) -> None:
        """The venue forgets it, or a person cancels it."""
        name = self._stops()[0].intent.client_id
        if loses and name in self.desk.venue.orders and self.desk.venue.orders[name].reason is None:
            self.desk.venue.lose(name)
        else:
            self.desk.command(CancelOrder(name))

    @precondition(lambda self: self.sessions < SESSIONS_MAX)
    @rule()
    def crash(self) -> None:
        """SIGKILL, and the next session; what was on its way was sent or wasn't."""
        old = self.desk
        old.venue.deaf = False  # a start waits for the venue
        again = Desk(
            [self.scene.puppet], settings=config([self.scene.puppet], weight=0.15, stops=RULES),
            venue=old.venue,
        )  # fmt: skip
        self.sessions += 1
        again.open(self.scene.market.now + SECOND, old.state.carried(), session=f"session-{self.sessions}")
        self.scene.market.now = again.now
        self.scene.desk = self.hands.desk = again
        self.hands.state, self.heard = again.state, 0
        again.play(self.scene.market.begin())

    @invariant()
    def nobody_sells_what_isnt_there(self) -> None:
        venue = self.desk.venue
        selling = [h for h in venue.orders.values() if h.intent.side is Side.SELL and h.reason is None]
        offered = sum((h.intent.quantity - h.filled for h in selling), Decimal(0))
        assert offered <= venue.balances.get("BTC", Decimal(0))
        assert all(s.quantity >= 0 for s in self.desk.state.sleeves())

    @invariant()
    def nothing_is_offered_twice(self) -> None:
        """By what is known here, too: the venue's own refusal mustn't be what keeps us from it."""
        for sleeve in self.desk.state.sleeves():
            working = self.desk.state.orders.working(sleeve.strategy, sleeve.instrument)
            offered = sum((o.reserved for o in working if o.intent.side is Side.SELL), Decimal(0))
            assert offered <= max(sleeve.quantity, Decimal(0)), (sleeve, offered)

    @invariant()
    def what_is_naked_is_on_its_way_out_or_named(self) -> None:
        state, execution = self.desk.state, self.desk.engine.orchestrator.execution
        for cover in covers(state) if not state.recovering else ():
            if not cover.level or state.orders.working(*cover.key) or execution.closes(*cover.key):
                continue
            leaving = execution.leaving(state, *cover.key)
            assert leaving or cover.key in state.stops.troubles, cover

    @invariant()
    def one_stop_a_position_that_never_falls(self) -> None:
        whose = [o.intent.strategy for o in self._stops()]
        assert len(whose) == len(set(whose))
        new = decisions(self.desk.audits[self.heard :])
        self.heard = len(self.desk.audits)
        for decision in new:
            if isinstance(decision, StopMoved):
                self._moved(decision)
            refused = isinstance(decision, OrderBlocked) and decision.intent.purpose is Purpose.STOP
            assert not refused, "whoever keeps stops asks for nothing that risk has to stop"

    def _moved(self, moved: StopMoved) -> None:
        if moved.stop is None:  # what is bought next to the dust that is left is another position
            ended = moved.strategy, moved.instrument
            self.levels = {p: level for p, level in self.levels.items() if p[:2] != ended}
            return
        position = (*moved.stop.key, moved.stop.opened_at)
        assert moved.stop.level >= self.levels.get(position, Decimal(0))
        self.levels[position] = moved.stop.level

    def teardown(self) -> None:
        """Once things are quiet every position has its stop, of all that it holds."""
        self.change_weather((False, False, "", 0))
        self.scene.puppet.opinion = None
        for _ in range(9):
            self.desk.play(self.scene.market.move(0))
            self.scene.tick(10)
        self.nobody_sells_what_isnt_there()
        for cover in covers(self.desk.state):
            if cover.level and not self.desk.state.orders.exits(*cover.key):
                assert cover.resident == cover.quantity, cover
                assert [o.intent.stop_price for o in self._stops() if _key(o) == cover.key] == [cover.level]
        self.desk.feed(LatchTripped("flatten", "test", "", self.desk.now))
        for _ in range(5):
            self.desk.play(self.scene.market.move(0))
            self.scene.tick(2)
        assert list(covers(self.desk.state)) == []
        assert self.desk.state.orders.open == {}

    def _stops(self) -> list[Order]:
        return [o for o in self.desk.state.orders.open.values() if o.protects]


def _key(order: Order) -> tuple[str, str]:
    return order.intent.strategy, order.intent.instrument


TestKeeper = Keeper.TestCase
TestKeeper.settings = settings(
    max_examples=25,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.generate],  # a story of an hour takes long to tell shorter
)
