"""I6 and I7 over random lives; ten thousand of them by `python -m tests.risk.sequences --count 10000`."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midas.agents.risk_manager import RiskManager
from midas.domain.order import OrderIntent
from midas.domain.verdict import Breach
from midas.risk.gates import entry_closed
from midas.state.state import State
from tests.risk.sequences import KINDS, Broken, Move, drawn, played

MOVES = st.builds(Move, st.sampled_from(KINDS), st.integers(0, 3), st.integers(0, 11), st.integers(0, 999))


@settings(deadline=None, max_examples=100)
@given(st.lists(MOVES, max_size=60))
def test_no_life_of_orders_ends_beyond_a_limit_or_behind_a_closed_gate(moves: list[Move]) -> None:
    played(moves)


def test_the_first_hundred_seeds_hold_and_both_admit_and_refuse() -> None:
    plays = [played(drawn(seed)) for seed in range(100)]
    assert sum(play.admitted for play in plays) > 300
    assert sum(play.blocked for play in plays) > 300


class BlindToOpenOrders(RiskManager):
    """Looks at what is held, as many a desk has done."""

    def admit(self, intent: OrderIntent, state: State) -> Breach | None:
        """Two orders in flight pass together."""
        standing, state.orders.open = state.orders.open, {}
        try:
            return super().admit(intent, state)
        finally:
            state.orders.open = standing


class BlindToDoubt(RiskManager):
    """Takes silence for a no."""

    def admit(self, intent: OrderIntent, state: State) -> Breach | None:
        """What is in doubt isn't counted, and holds nothing back."""
        standing = state.orders.open
        state.orders.open = {i: o for i, o in standing.items() if not o.unknown}
        try:
            return super().admit(intent, state)
        finally:
            state.orders.open = standing


class DeafToGates(RiskManager):
    """Knows limits and nothing else."""

    def admit(self, intent: OrderIntent, state: State) -> Breach | None:
        """A closed gate is no reason."""
        if entry_closed(state, intent.strategy, intent.instrument) is not None:
            return None
        return super().admit(intent, state)


@pytest.mark.parametrize(
    ("manager", "invariant"), [(BlindToOpenOrders, "I6"), (BlindToDoubt, "I[67]"), (DeafToGates, "I7")]
)
def test_a_risk_manager_with_a_planted_fault_is_found(manager: type[RiskManager], invariant: str) -> None:
    with pytest.raises(Broken, match=invariant):
        for seed in range(100):
            played(drawn(seed), manager)
