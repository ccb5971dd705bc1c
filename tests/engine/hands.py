"""A person at the scene's desk: short words for orders by hand."""

from __future__ import annotations

import itertools
from decimal import Decimal

from midas.domain.command import AmendOrder, Answer, ClosePosition, PlaceOrder, Review
from midas.domain.order import Side
from midas.state.order import Order
from midas.state.state import MANUAL
from tests.engine.scene import Scene
from tests.fakes.desk import BTC

_TICKETS = itertools.count(1)


class Hands:
    """Places, amends and closes; every act has a ticket of its own unless one is given."""

    def __init__(self, scene: Scene | None = None) -> None:
        self.scene = scene or Scene()
        self.desk = self.scene.desk
        self.state = self.desk.state

    def order(
        self, side: str, quantity: str, price: str = "", *, type: str = "", strategy: str = MANUAL,
        ticket: str = "", instrument: str = BTC.name, confirmed: bool = True,
    ) -> Answer:  # fmt: skip
        """A limit order where there is a price, else one at market."""
        ticket = ticket or f"t{next(_TICKETS)}"
        kind = type or ("LIMIT" if price else "MARKET")
        return self.desk.command(
            PlaceOrder(ticket, instrument, side, kind, quantity, price, strategy, confirmed)
        )

    def buy(self, quantity: str, price: str = "", **more: object) -> Answer:
        """Buy as manual."""
        return self.order("BUY", quantity, price, **more)  # type: ignore[arg-type]

    def sell(self, quantity: str, price: str = "", **more: object) -> Answer:
        """Sell what manual holds."""
        return self.order("SELL", quantity, price, **more)  # type: ignore[arg-type]

    def amend(
        self,
        order: Order | str,
        quantity: str = "",
        price: str = "",
        ticket: str = "",
        confirmed: bool = True,
    ) -> Answer:
        """Another price or quantity."""
        client_id = order if isinstance(order, str) else order.intent.client_id
        ticket = ticket or f"t{next(_TICKETS)}"
        return self.desk.command(AmendOrder(ticket, client_id, quantity, price, confirmed))

    def close(self, strategy: str = MANUAL, confirmed: bool = True) -> Answer:
        """Close a position."""
        return self.desk.command(ClosePosition(BTC.name, strategy, confirmed))

    def resting(self, quantity: str = "0.01", price: str = "59999.00") -> Order:
        """A limit order that waits below the market, at the venue."""
        answer = self.buy(quantity, price)
        assert answer.accepted, answer.message
        return list(self.state.orders.open.values())[-1]

    def hold(self, quantity: str = "0.01") -> Hands:
        """A position of the person's own, bought at market."""
        answer = self.buy(quantity)
        assert answer.accepted, answer.message
        assert self.held() == Decimal(quantity) * (1 - Decimal("0.0004"))
        return self

    def held(self, strategy: str = MANUAL) -> Decimal:
        """What a sleeve holds."""
        return self.state.ledger.sleeve(strategy, BTC.id).quantity

    @property
    def open(self) -> list[Order]:
        """Open orders, oldest first."""
        return list(self.state.orders.open.values())

    def bought(self) -> Decimal:
        """What the venue says was bought so far."""
        trades = self.desk.venue.trades
        return sum((t.fill.quantity for t in trades if t.side is Side.BUY), Decimal(0))


def review(answer: Answer) -> Review:
    """The review that came with an answer."""
    assert answer.review is not None, answer.message
    return answer.review
