from __future__ import annotations

from math import isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from midas.statistics.correlation import cluster, ewma_correlation, limit_correlations, span_decay
from midas.statistics.shrinkage import (
    mean_correlation,
    oracle_approximating,
    standardised,
    to_constant_correlation,
    to_identity,
)

X = np.array(
    [
        [0.010, 0.008, -0.002],
        [-0.005, -0.004, 0.003],
        [0.007, 0.002, 0.001],
        [0.012, 0.010, -0.006],
        [-0.020, -0.015, 0.004],
        [0.004, 0.006, 0.002],
        [0.0, -0.003, -0.001],
        [0.015, 0.009, 0.005],
    ]
)


def test_shrinkage_to_the_identity_is_that_of_the_reference() -> None:
    assert to_identity(X).share == pytest.approx(0.423382924, rel=1e-6)
    assert to_identity(standardised(X)).share == pytest.approx(0.650236269, rel=1e-6)
    assert oracle_approximating(X).share == pytest.approx(0.382465, abs=6e-7)


def test_shrinkage_to_a_constant_correlation_is_that_of_the_reference() -> None:
    found = to_constant_correlation(X)
    centred = X - X.mean(axis=0)
    assert found.share == pytest.approx(0.291488653, rel=1e-6)
    assert mean_correlation(centred.T @ centred / 8) == pytest.approx(0.042205757, rel=1e-6)
    upper = found.correlation[np.triu_indices(3, 1)]
    assert upper.tolist() == pytest.approx([0.69807212, -0.27090004, -0.30055481], rel=1e-6)
    raw = np.corrcoef(X, rowvar=False)[np.triu_indices(3, 1)]
    assert raw.tolist() == pytest.approx([0.96790209, -0.39971489, -0.44156993], rel=1e-6)


@given(st.integers(0, 500), st.integers(2, 6), st.integers(3, 40))
def test_shrinkage_keeps_the_variances_and_never_goes_beyond_its_target(
    seed: int, assets: int, periods: int
) -> None:
    returns = np.random.default_rng(seed).normal(0.0, 0.01, (periods, assets))
    sample = np.cov(returns, rowvar=False, ddof=0)
    for shrunk in (to_identity(returns), oracle_approximating(returns), to_constant_correlation(returns)):
        assert 0.0 <= shrunk.share <= 1.0
        assert np.trace(shrunk.covariance) == pytest.approx(np.trace(sample))
        assert np.linalg.eigvalsh(shrunk.covariance).min() > -1e-9
    assert np.diag(to_constant_correlation(returns).covariance) == pytest.approx(np.diag(sample))


def test_a_shrunk_correlation_would_hide_a_breach_that_the_raw_one_shows() -> None:
    columns = {"A": (X[:, 0]).tolist() * 8, "B": (X[:, 1]).tolist() * 8}
    (raw,) = limit_correlations(columns)
    assert raw["A", "B"] > 0.9
    assert to_constant_correlation(X).correlation[0, 1] < 0.70
    assert cluster("A", {"B": 0.15}, [raw]).members == ("B",)


def test_the_span_is_the_effective_number_of_observations() -> None:
    for span in (20.0, 60.0):
        decay = span_decay(span)
        assert (1.0 + decay) / (1.0 - decay) == pytest.approx(span)


def test_a_correlation_is_one_minus_one_or_unknown_where_it_has_to_be() -> None:
    moves = np.random.default_rng(1).normal(0.0, 0.01, 60).tolist()
    assert ewma_correlation(moves, moves) == pytest.approx(1.0, abs=1e-15)
    assert ewma_correlation(moves, [-2.0 * move for move in moves]) == pytest.approx(-1.0, abs=1e-15)
    assert isnan(ewma_correlation(moves[:39], moves[:39]))
    assert not isnan(ewma_correlation(moves[:40], moves[:40]))
    assert isnan(ewma_correlation(moves, [0.0] * 60))
    assert isnan(ewma_correlation(moves, [*moves[:-1], float("nan")]))


def test_in_a_crisis_the_last_days_count_besides_the_sixty() -> None:
    generator = np.random.default_rng(2)
    calm = generator.normal(0.0, 0.01, (100, 2))
    crash = generator.normal(0.0, 0.01, (20, 1)) + generator.normal(0.0, 0.001, (20, 2))
    moves = np.concatenate((calm, crash))
    returns = {"A": moves[:, 0].tolist(), "B": moves[:, 1].tolist()}
    calm_only = limit_correlations(returns)
    both = limit_correlations(returns, stressed=True)
    assert both[0] == calm_only[0]
    assert both[1]["A", "B"] > 0.70 > both[0]["A", "B"]
    assert cluster("A", {"B": 0.1}, both).held == 0.1
    assert cluster("A", {"B": 0.1}, calm_only).held == 0.0


CORRELATIONS = [{("A", "B"): 0.9, ("A", "C"): 0.70, ("A", "D"): -0.9, ("B", "C"): 0.2}]


def test_a_cluster_is_what_moves_with_the_order_and_a_hedge_is_none() -> None:
    weights = {"A": 0.05, "B": 0.12, "C": 0.10, "D": 0.03}
    bought = cluster("A", weights, CORRELATIONS)
    assert (bought.members, bought.held) == (("B",), 0.12)
    assert bought.room(0.20) == pytest.approx(0.08)
    hedged = cluster("A", {**weights, "B": -0.12, "D": -0.03}, CORRELATIONS)
    assert (hedged.members, hedged.held) == (("D",), 0.03)
    short = cluster("A", weights, CORRELATIONS, direction=-1)
    assert short.members == ("D",)


@pytest.mark.parametrize(("found", "breach"), [(0.6999, False), (0.70, False), (0.7001, True)])
def test_the_limit_binds_above_and_not_at_it(found: float, breach: bool) -> None:
    made = cluster("A", {"B": 0.1}, [{("A", "B"): found}])
    assert (made.held > 0.0) is breach


def test_an_unknown_correlation_counts_as_a_high_one_unless_told_otherwise() -> None:
    made = cluster("A", {"X": -0.2}, CORRELATIONS)
    assert (made.members, made.unknown, made.room(0.20)) == (("X",), ("X",), 0.0)
    lenient = cluster("A", {"X": -0.2}, CORRELATIONS, unknown_counts=False)
    assert (lenient.members, lenient.unknown, lenient.held) == ((), ("X",), 0.0)
    assert cluster("A", {"X": 0.0}, CORRELATIONS).members == ()
    assert cluster("A", {"B": 0.1}, []).unknown == ("B",)


@given(
    st.dictionaries(st.sampled_from("BCDEF"), st.floats(-0.3, 0.3), max_size=5),
    st.lists(st.floats(-1.0, 1.0), min_size=5, max_size=5),
    st.sampled_from([1, -1]),
)
def test_turning_everything_round_changes_no_cluster(
    weights: dict[str, float], found: list[float], direction: int
) -> None:
    correlations = [{("A", name): value for name, value in zip("BCDEF", found, strict=True)}]
    mirrored = {name: -weight for name, weight in weights.items()}
    assert cluster("A", weights, correlations, direction=direction) == cluster(
        "A", mirrored, correlations, direction=-direction
    )
