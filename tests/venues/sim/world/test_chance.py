from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from midas.venues.sim.world import chance

COUNT = 200_000


@pytest.fixture
def stream() -> NDArray[np.uint64]:
    """A stream of chance, seeded."""
    return np.array([7], np.uint64)


def test_the_stream_is_splitmix64(stream: NDArray[np.uint64]) -> None:
    stream[0] = 1234567
    drawn = [chance.uniform(stream) for _ in range(2)]
    published = [6457827717110365317, 3203168211198807973]  # the first outputs for seed 1234567
    assert drawn == pytest.approx([value / 2**64 for value in published], abs=2**-51)


def test_normals_have_the_moments_of_the_normal(stream: NDArray[np.uint64]) -> None:
    drawn = np.array([chance.normal(stream) for _ in range(COUNT)])
    assert [drawn.mean(), drawn.var(), np.mean(drawn**4)] == pytest.approx([0, 1, 3], abs=0.06)


@pytest.mark.parametrize("degrees", [6.0, 12.0])
def test_student_shocks_have_variance_one_and_their_tail(stream: NDArray[np.uint64], degrees: float) -> None:
    drawn = np.array([chance.student(stream, degrees) for _ in range(COUNT)])
    assert drawn.var() == pytest.approx(1, abs=0.02)
    # E|t| of Student's t in closed form, scaled to variance 1.
    gammas = math.gamma((degrees + 1) / 2) / math.gamma(degrees / 2)
    expected = 2 * math.sqrt((degrees - 2) / math.pi) * gammas / (degrees - 1)
    assert np.abs(drawn).mean() == pytest.approx(expected, abs=0.005)


@pytest.mark.parametrize("mean", [1.0, 2.5, 80.0])
def test_geometric_numbers_are_whole_and_have_their_mean(stream: NDArray[np.uint64], mean: float) -> None:
    drawn = np.array([chance.geometric(stream, mean) for _ in range(COUNT)])
    assert drawn.min() == 1
    assert drawn.mean() == pytest.approx(mean, rel=0.02)


def test_a_choice_follows_its_probabilities(stream: NDArray[np.uint64]) -> None:
    cumulative = np.array([0.2, 0.2, 1.0])
    drawn = np.bincount([chance.choice(stream, cumulative) for _ in range(COUNT)], minlength=3) / COUNT
    assert drawn == pytest.approx([0.2, 0.0, 0.8], abs=0.01)
