"""A desk of one execution agent, for its tests."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from midas.agents.execution_agent import ExecutionAgent, Step
from midas.agents.risk_manager import RiskManager
from midas.domain.event import OrderFilled, Source
from midas.domain.order import CloseReason, OrderIntent
from midas.domain.time import SECOND
from midas.domain.verdict import Approved
from midas.state.state import State
from tests.fakes.desk import EXECUTION, LIMITS
from tests.fakes.nouns import BTC, START, desk, fill, target


class Floor:
    """An execution agent, its state, and a venue that does what it is told."""

    def __init__(self, state: State | None = None) -> None:
        self.state = state or desk()
        self.agent = ExecutionAgent(EXECUTION)
        self.risk = RiskManager(LIMITS)
        self.trades = 0

    def want(self, quantity: str, **changes: object) -> None:
        verdict = self.risk.review(target(quantity, **changes), self.state)
        assert isinstance(verdict, Approved)
        self.agent.accept(verdict, self.state.now)

    def proceed(self, after: int = SECOND) -> list[Step]:
        self.state.now += after
        return self.follow(self.agent.proceed(self.state, 7))

    def flatten(self, after: int = SECOND) -> list[OrderIntent]:
        self.state.now += after
        return [s for s in self.follow(self.agent.flatten(self.state, 7)) if isinstance(s, OrderIntent)]

    def follow(self, steps: Iterable[Step]) -> list[Step]:
        done = []
        for step in steps:
            done.append(step)
            if isinstance(step, OrderIntent):
                self.state.plan(step)
                self.state.orders.accepted(step.client_id, "v", self.state.now)
        return done

    def fill(self, planned: OrderIntent, quantity: str | None = None) -> None:
        self.trades += 1
        made = fill(self.trades, quantity or planned.quantity, planned.price or "100")
        self.state.book_fill(
            OrderFilled(planned.client_id, "v", planned.instrument, made, START, Source.STREAM)
        )

    def close(self, planned: OrderIntent) -> None:
        order = self.state.orders.open[planned.client_id]
        self.state.orders.closed_by_venue(
            planned.client_id, CloseReason.CANCELED, order.filled, self.state.now
        )

    def held(self, strategy: str = "s") -> Decimal:
        return self.state.ledger.sleeve(strategy, BTC.id).quantity
