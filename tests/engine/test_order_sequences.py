"""Any sequence of a person's acts, however the venue answers: never more than was asked for."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from midas.domain.command import CancelEntries, CancelOrder, SetMode
from midas.domain.event import Event, LatchTripped
from midas.domain.time import SECOND
from midas.state.order import Order
from tests.engine.hands import Hands
from tests.engine.scene import Scene
from tests.fakes.desk import BTC
from tests.fakes.venue import FakeVenue

QUANTITIES = st.integers(1, 12).map(lambda n: str(BTC.quantity(n * 50)))
BELOW = st.integers(0, 12)  # ticks under the best bid
CALM = (False, False, False, 0)
WEATHER = st.sampled_from([
    CALM, CALM, (True, False, False, 0), (True, False, False, SECOND), (False, True, False, 0),
    (False, False, True, SECOND), (False, False, False, 2 * SECOND),
])  # fmt: skip


class SlowStream(FakeVenue):
    """Tells what the market filled only when it is asked to: answers to requests overtake it."""

    def __init__(self, like: FakeVenue) -> None:
        super().__init__([BTC], like.balances)
        self.untold: list[Event] = []
        self.holding = False

    def market(self, event: Event) -> list[Event]:
        self.untold += super().market(event)
        return [] if self.holding else self.tell()

    def tell(self) -> list[Event]:
        """What was held back, in its order."""
        told, self.untold = self.untold, []
        return told


class Person(RuleBasedStateMachine):
    """Places, amends and cancels while the market moves, cancels are late, answers get lost."""

    def __init__(self) -> None:
        super().__init__()
        self.hands = Hands(Scene())
        self.desk, self.scene, self.state = self.hands.desk, self.hands.scene, self.hands.state
        self.asked: dict[str, Decimal] = {}  # by the first order of a chain: the most that was ever asked for
        self.wanted: dict[str, Decimal] = {}  # the last that was
        self.tickets: list[str] = []

    @initialize(quantity=QUANTITIES, below=BELOW)
    def open(self, quantity: str, below: int) -> None:
        """The venue of this story, over the book that there is, and a first order."""
        self.venue = self.desk.venue = SlowStream(self.desk.venue)
        self.desk.play([*self.scene.market.begin()])
        self.place(quantity, below)

    @rule(quantity=QUANTITIES, below=BELOW)
    def place(self, quantity: str, below: int) -> None:
        before, price = set(self.state.orders.open), self._price(below)
        ticket = f"p{len(self.tickets)}"
        if self.hands.buy(quantity, price, ticket=ticket).accepted:
            [new] = set(self.state.orders.open) - before
            self.asked[new] = self.wanted[new] = Decimal(quantity)
            self.tickets.append(ticket)
            planned = self.state.intents
            for known in self.tickets[-2:]:
                assert self.hands.buy(quantity, price, ticket=known).message.startswith("already sent as ")
            assert self.state.intents == planned

    @precondition(lambda self: self.state.orders.open)
    @rule(
        which=st.integers(0, 99), quantity=QUANTITIES, below=BELOW, twice=st.booleans(),
        meanwhile=st.sampled_from(["nothing", "fill", "untold fill", "mode", "cancel"]),
        lots=st.integers(20, 400), seconds=st.integers(0, 3),
    )  # fmt: skip
    def amend(
        self, which: int, quantity: str, below: int, twice: bool, meanwhile: str, lots: int, seconds: int
    ) -> None:
        order = self._one(which)
        root, ticket = self._root(order), f"a{self.desk.now}{self.state.intents}"
        before, price = self._filled(root) - order.filled, self._price(below)
        self.desk.latency = 0 if meanwhile == "nothing" else SECOND
        for _ in range(2 if twice else 1):
            if self.hands.amend(order, quantity, price, ticket).accepted:
                self.wanted[root] = before + Decimal(quantity)
                self.asked[root] = max(self.asked[root], self.wanted[root])
        if "fill" in meanwhile:
            self.venue.holding = meanwhile == "untold fill"
            self._reach(order, lots)
        elif meanwhile == "mode":
            self.change_mode("OBSERVATION")
        elif meanwhile == "cancel":
            self.desk.command(CancelOrder(order.intent.client_id))
            self.wanted[root] = Decimal(0)
        self.scene.tick(seconds)

    @precondition(lambda self: self.state.orders.open)
    @rule(which=st.integers(0, 99), everything=st.booleans())
    def cancel(self, which: int, everything: bool) -> None:
        orders = list(self.state.orders.open.values()) if everything else [self._one(which)]
        self.desk.command(CancelEntries() if everything else CancelOrder(orders[0].intent.client_id))
        self.wanted |= {self._root(order): Decimal(0) for order in orders}

    @rule(ticks=st.integers(-6, 6), lots=st.integers(1, 400))
    def move(self, ticks: int, lots: int) -> None:
        """A falling market fills what rests, `lots` of it a level."""
        self.desk.play(self.scene.market.move(ticks, ask_lots=lots))

    @precondition(lambda self: self.state.orders.open)
    @rule(which=st.integers(0, 99), lots=st.integers(20, 400))
    def reach(self, which: int, lots: int) -> None:
        """The market falls to one of the orders and sells some of it."""
        self._reach(self._one(which), lots)

    @rule(seconds=st.integers(1, 4))
    def wait(self, seconds: int) -> None:
        self.scene.tick(seconds)

    @rule(weather=WEATHER)
    def change_weather(self, weather: tuple[bool, bool, bool, int]) -> None:
        """Fills are told late, orders get lost, questions go unanswered, requests take their time."""
        self.venue.holding, self.venue.losing, self.venue.deaf, self.desk.latency = weather
        if not self.venue.holding:
            for event in self.venue.tell():
                self.desk.feed(event)

    @rule(mode=st.sampled_from(["OBSERVATION", "DEFENSIVE"]))
    def change_mode(self, mode: str) -> None:
        self.desk.command(SetMode(mode))
        self.desk.command(SetMode("NORMAL", "told to", True))

    @precondition(lambda self: len(self.tickets) > 4)
    @rule()
    def halt(self) -> None:
        self.desk.feed(LatchTripped("halt", "test", "", self.desk.now))

    @invariant()
    def never_more_than_was_asked_for(self) -> None:
        for root, most in self.asked.items():
            standing = [o for o in self.state.orders.open.values() if self._root(o) == root]
            assert len(standing) <= 1
            assert self._filled(root) + sum(o.leaves for o in standing) <= most
            assert self._bought(root) <= most

    def teardown(self) -> None:
        """Once everything is answered, no chain stands above what was asked for last."""
        if not hasattr(self, "venue"):
            return
        self.change_weather(CALM)
        self.scene.tick(25)
        self.never_more_than_was_asked_for()
        for root, last in self.wanted.items():
            leaves = sum(o.leaves for o in self.state.orders.open.values() if self._root(o) == root)
            assert leaves == 0 or self._filled(root) + leaves <= last
            assert self._filled(root) == self._bought(root)

    def _reach(self, order: Order, lots: int) -> None:
        assert order.intent.price is not None
        self.move(int(order.intent.price / BTC.tick_size) - 1 - self.scene.market.bid, lots)

    def _price(self, below: int) -> str:
        return str(BTC.price(self.scene.market.bid - below))

    def _one(self, which: int) -> Order:
        return list(self.state.orders.open.values())[which % len(self.state.orders.open)]

    def _root(self, order: Order) -> str:
        intent = order.intent
        while intent.replaces:
            before = self.state.orders.get(intent.replaces)
            assert before is not None
            intent = before.intent
        return intent.client_id

    def _chain(self, root: str) -> set[str]:
        orders = (*self.state.orders.open.values(), *self.state.orders.closed.values())
        return {o.intent.client_id for o in orders if self._root(o) == root}

    def _filled(self, root: str) -> Decimal:
        orders = (self.state.orders.get(client_id) for client_id in self._chain(root))
        return sum((o.filled for o in orders if o is not None), Decimal(0))

    def _bought(self, root: str) -> Decimal:
        """What the venue filled of a chain, told or not."""
        there = (self.venue.orders.get(client_id) for client_id in self._chain(root))
        return sum((held.filled for held in there if held is not None), Decimal(0))


TestPerson = Person.TestCase
TestPerson.settings = settings(
    max_examples=50, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
