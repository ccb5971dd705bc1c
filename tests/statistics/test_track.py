"""What a strategy's own round trips are worth as evidence."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midas.domain.trips import Trip
from midas.statistics.kelly import cautious_probability, kelly
from midas.statistics.track import overlap, track_record
from tests.fakes.nouns import trip


def trips(*results: float, life: int = 1) -> list[Trip]:
    """One after the other; a `life` above 1 has as many open at a time."""
    return [
        trip(Decimal(str(result)) * 100, opened_at=place, closed_at=place + life)
        for place, result in enumerate(results)
    ]


def test_intervals_one_after_the_other_count_one_each() -> None:
    assert overlap([(0, 1), (1, 2), (5, 9)]) == 1.0


def test_what_is_open_at_the_same_time_on_the_same_thing_counts_once() -> None:
    assert overlap([(0, 4), (0, 4), (0, 4)]) == 3.0
    assert overlap([(0, 4), (2, 6)]) == pytest.approx(8 / 6)
    assert overlap([(0, 4)], [(0, 4)]) == 1.0  # of two things


def test_nothing_overlaps_nothing() -> None:
    assert overlap() == overlap([]) == overlap([(3, 3)]) == 1.0


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(1, 100)), min_size=1, max_size=30))
def test_the_overlap_is_between_one_and_all(lives: list[tuple[int, int]]) -> None:
    found = overlap((begin, begin + length) for begin, length in lives)
    assert 1.0 <= found <= len(lives) + 1e-9


def test_kelly_of_its_own_trades_uses_the_cautious_chance() -> None:
    record = track_record(trips(*[0.02] * 24, *[-0.01] * 16))
    cautious = cautious_probability(0.6, 40)
    assert (record.count, record.wins, record.effective) == (40, 24, 40.0)
    assert record.cautious == cautious < 0.6
    assert record.full == pytest.approx(kelly(cautious, 2.0) / 0.01)


def test_overlapping_trades_are_worth_fewer() -> None:
    single, double = (track_record(trips(*[0.02, -0.01] * 30, life=life)) for life in (1, 2))
    assert double.effective == pytest.approx(30.5)
    assert double.cautious < single.cautious


@pytest.mark.parametrize("results", [[-0.01] * 40, [0.0] * 40, [0.01, -0.02] * 20])
def test_a_record_without_an_edge_holds_nothing(results: list[float]) -> None:
    assert track_record(trips(*results)).full == 0.0


def test_a_record_of_wins_alone_is_finite() -> None:
    assert track_record(trips(*[0.01] * 40)).full > 1.0
