"""The exchange says what its plain reference says. `ten_thousand` runs the same on many more sequences."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.venues.sim.mutants import MUTANTS, mutant
from tests.venues.sim.pitch import Pitch
from tests.venues.sim.random_trading import RandomTrading
from tests.venues.sim.ten_thousand import Tally, differs, sequence
from tests.venues.sim.two_exchanges import TwoExchanges

SEQUENCES = 500


@pytest.fixture(scope="module")
def pitch() -> Pitch:
    """Desks for all sequences."""
    return Pitch()


@pytest.mark.long
def test_random_sequences_reach_everything_and_never_differ(pitch: Pitch) -> None:
    tally = Tally()
    for seed in range(SEQUENCES):
        tally.add(sequence(pitch, seed))
    assert tally.missing() == []
    assert tally.executions > 5 * SEQUENCES


@settings(max_examples=250, deadline=None)
@given(turns=st.lists(st.integers(0, 2**32 - 1), min_size=5, max_size=50))
def test_whatever_people_and_markets_do_next_the_two_agree(pitch: Pitch, turns: list[int]) -> None:
    two = TwoExchanges(pitch)
    for turn in turns:
        RandomTrading(two, Random(turn)).turn()
    assert two.operations <= len(turns)


@pytest.mark.parametrize("mistake", MUTANTS)
def test_every_mistake_in_the_exchange_is_seen(pitch: Pitch, mistake: str) -> None:
    seen = next((seed for seed in range(100) if differs(pitch, seed, mutant(mistake))), None)
    assert seen is not None
