"""What the strategy does with its own position, whatever became of its orders."""

from __future__ import annotations

from math import nan

from midas.domain.opinion import Opinion, Regime, RegimeLabel, Urgency
from midas.domain.time import SECOND
from midas.ports.strategy import Briefing
from midas.workspace import load_strategies
from tests.contracts.test_strategies import WORKSPACE, View
from tests.fakes.scripted_market import NOON

REGIME = Regime(label=RegimeLabel.UNKNOWN, source="warming", since=0)


class Round:
    """One round of the strategy before a book that says whatever a test wants."""

    def __init__(self) -> None:
        self.strategy = load_strategies(WORKSPACE, {"book-imbalance": {}})[0].make()
        self.seconds = 0.0

    def book(self, seconds: float, position: float = 0.0, lean: float = 0.0) -> Opinion | None:
        """What it answers some seconds later."""
        self.seconds += seconds
        ask = 100.02
        view = View(
            time=NOON + round(self.seconds * SECOND), bid_price=100.0, ask_price=ask, mid=100.01,
            flow=lean, lean=lean, micro=100.01 + 0.01 * lean,
        )  # fmt: skip
        return self.strategy.signal(view, Briefing(REGIME, None, position, 100.0 if position else nan, nan))

    def enter(self) -> None:
        """It wants in."""
        said = [self.book(0.1, lean=0.9) for _ in range(5)]
        assert said[-1] is not None and said[-1].direction == 1.0


def test_a_position_that_outlives_its_exit_is_sold_again_and_faster() -> None:
    place = Round()
    place.enter()
    assert place.book(1.0, position=0.01) is None
    left = place.book(46.0, position=0.01)
    assert left is not None and (left.direction, left.urgency) == (0.0, Urgency.PASSIVE)
    assert place.book(5.0, position=0.01) is None
    again = place.book(0.1, position=0.01)
    assert again is not None and (again.direction, again.urgency) == (0.0, Urgency.AGGRESSIVE)


def test_an_entry_that_fills_after_it_was_given_up_is_sold() -> None:
    place = Round()
    place.enter()
    given_up = place.book(15.1)
    assert given_up is not None and given_up.direction == 0.0
    assert place.book(0.5, position=0.01) is None
    sold = place.book(5.0, position=0.01)
    assert sold is not None and (sold.direction, sold.urgency) == (0.0, Urgency.AGGRESSIVE)


def test_an_entry_that_fills_while_the_strategy_rests_is_held_as_its_own_next_round() -> None:
    place = Round()
    place.enter()
    place.book(15.1)
    assert place.book(1.1) is None  # rests
    assert place.book(5.1, position=0.01) is None
    assert place.book(0.1, position=0.01) is None
    left = place.book(46.0, position=0.01)
    assert left is not None and left.direction == 0.0
