"""Any sequence of opinions, moves, refusals, losses and crashes: nothing sold twice, one stop in the end."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from midas.agents.covers import covers
from midas.domain.command import CancelOrder, ClosePosition
from midas.domain.event import LatchTripped
from midas.domain.opinion import Urgency
from midas.domain.order import Side
from midas.domain.stops import StopRules
from midas.domain.time import SECOND
from midas.state.order import Order
from tests.engine.hands import Hands
from tests.engine.scene import Scene
from tests.fakes.desk import BTC, Desk, config
from tests.fakes.strategy import flat, long

RULES = StopRules(percent=0.0005, trail_percent=0.0006, collar_bps=2.0, step_bps=0.5)
WEATHERS = st.sampled_from([
    (False, False, "", 0), (False, False, "", 0), (True, False, "", 0), (False, True, "", SECOND),
    (False, False, "Filter failure: MAX_NUM_ALGO_ORDERS", 0), (False, False, "", 2 * SECOND),
])  # fmt: skip
OPINIONS = st.sampled_from([
    long(), long(urgency=Urgency.AGGRESSIVE), long(0.5, Urgency.AGGRESSIVE), flat(), flat(Urgency.AGGRESSIVE),
])  # fmt: skip


class Keeper(RuleBasedStateMachine):
    """A strategy with a will of its own, a person, a market, and a venue that has its days."""

    def __init__(self) -> None:
        super().__init__()
        self.hands = Hands(Scene(stops=RULES))
        self.scene, self.levels = self.hands.scene, dict[tuple[str, str, int], Decimal]()
        self.sessions = 1

    @property
    def desk(self) -> Desk:
        return self.scene.desk

    @rule(opinion=OPINIONS)
    def change_mind(self, opinion: object) -> None:
        self.scene.say(opinion)  # type: ignore[arg-type]
        self.desk.play(self.scene.market.move(-2))

    @rule(ticks=st.integers(-4_000, 4_000), lots=st.sampled_from([30, 400, 100_000]), sold=st.booleans())
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
        self.hands.state = again.state
        again.play(self.scene.market.begin())

    @invariant()
    def nobody_sells_what_isnt_there(self) -> None:
        venue = self.desk.venue
        selling = [h for h in venue.orders.values() if h.intent.side is Side.SELL and h.reason is None]
        offered = sum((h.intent.quantity - h.filled for h in selling), Decimal(0))
        assert offered <= venue.balances.get("BTC", Decimal(0))
        assert all(s.quantity >= 0 for s in self.desk.state.sleeves())

    @invariant()
    def one_stop_a_position_that_never_falls(self) -> None:
        whose = [o.intent.strategy for o in self._stops()]
        assert len(whose) == len(set(whose))
        for key, kept in self.desk.state.stops.kept.items():
            position = (*key, kept.opened_at)
            assert kept.level >= self.levels.get(position, Decimal(0))
            self.levels[position] = kept.level

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
        self.desk.feed(LatchTripped("flatten", "test", "", self.desk.now))
        for _ in range(5):
            self.desk.play(self.scene.market.move(0))
            self.scene.tick(2)
        assert list(covers(self.desk.state)) == []
        assert self.desk.state.orders.open == {}

    def _stops(self) -> list[Order]:
        return [o for o in self.desk.state.orders.open.values() if o.protects]


TestKeeper = pytest.mark.skip("not yet walked to its end on a quiet machine")(Keeper.TestCase)
TestKeeper.settings = settings(
    max_examples=6,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.generate],  # a story of an hour takes long to tell shorter
)
