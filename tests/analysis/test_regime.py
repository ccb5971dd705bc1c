"""The five rules: their priority, their hysteresis, and what is said when none of them is true."""

from __future__ import annotations

from collections.abc import Iterable
from math import nan

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midas.analysis.features import BarFeatures, Features
from midas.analysis.regime import POLICIES, RegimeDetector, RegimeRules, latched, own_stress
from midas.domain.mode import PERMISSIONS, Mode
from midas.domain.opinion import Family, Regime, RegimeLabel
from midas.domain.time import MINUTE
from tests.analysis.market_series import random_series

NO_DWELL = RegimeRules(dwell_min=0)

CALM_RANGE = {"adx14": 15.0, "rv20": 0.009}
BULL = {"adx14": 30.0, "rv20": 0.009, "close": 110.0}
BEAR = {"adx14": 30.0, "rv20": 0.011, "close": 90.0}
STRESSED = {"rv20": 0.013}
PANIC = {"rv20": 0.018}


def at(place: int = 300, /, **changes: float) -> Features:
    """A warm bundle in which no rule is true: middling ADX, normal volatility, price on its average."""
    plain = Features(
        time=place * MINUTE,
        period=MINUTE,
        bars_seen=place,
        bars_needed=272,
        close=100.0,
        sma200=100.0,
        adx14=22.0,
        rv20=0.0101,
        rv20_median=0.01,
        atr_ratio=1.0,
    )
    return msgspec.structs.replace(plain, **changes)


def labels(bundles: Iterable[dict[str, float]], rules: RegimeRules = NO_DWELL) -> list[RegimeLabel]:
    """The label after each bundle."""
    detector = RegimeDetector(rules)
    return [detector.update(at(300 + i, **changes)).label for i, changes in enumerate(bundles)]


@pytest.mark.parametrize(
    ("changes", "label"),
    [
        (BULL, RegimeLabel.TREND_UP),
        (BEAR, RegimeLabel.TREND_DOWN),
        (CALM_RANGE, RegimeLabel.RANGE),
        (STRESSED, RegimeLabel.HIGH_VOLATILITY),
        ({"atr_ratio": 2.1}, RegimeLabel.HIGH_VOLATILITY),
        (PANIC, RegimeLabel.CRISIS),
    ],
)
def test_each_rule_names_its_regime(changes: dict[str, float], label: RegimeLabel) -> None:
    regime = RegimeDetector().update(at(**changes))
    assert (regime.label, regime.source, regime.since) == (label, "rule", 300 * MINUTE)


def test_a_regime_carries_the_evidence_it_was_decided_on() -> None:
    regime = RegimeDetector().update(at(**BULL))
    assert regime.adx == 30.0
    assert regime.price_over_sma == pytest.approx(0.1)
    assert regime.stress == pytest.approx(18.0)
    assert (regime.atr_ratio, regime.bars_seen, regime.bars_needed) == (1.0, 300, 272)


def test_risk_outranks_direction() -> None:
    assert labels([BULL | STRESSED]) == [RegimeLabel.HIGH_VOLATILITY]
    assert labels([BEAR | PANIC | {"atr_ratio": 3.0}]) == [RegimeLabel.CRISIS]


def test_until_the_windows_are_warm_the_regime_is_unknown_and_says_what_is_missing() -> None:
    detector = RegimeDetector()
    cold = Features(time=5 * MINUTE, period=MINUTE, bars_seen=5, bars_needed=272, close=100.0)
    regime = detector.update(cold)
    assert (regime.label, regime.source) == (RegimeLabel.UNKNOWN, "warming")
    assert (regime.bars_seen, regime.bars_needed) == (5, 272)
    assert regime.stress != regime.stress  # NaN: not known yet


def test_warm_bars_on_which_no_rule_was_ever_true_stay_unknown() -> None:
    regime = RegimeDetector().update(at())
    assert (regime.label, regime.source) == (RegimeLabel.UNKNOWN, "hold")


def test_where_no_rule_is_true_the_last_regime_holds_and_says_so() -> None:
    detector = RegimeDetector()
    detector.update(at(300, **BULL))
    regime = detector.update(at(301))
    assert (regime.label, regime.source, regime.since) == (RegimeLabel.TREND_UP, "hold", 300 * MINUTE)


def test_a_trend_is_entered_above_25_and_left_below_20() -> None:
    rising = [{**BULL, "adx14": value} for value in (24.9, 25.1, 21.0, 20.0)]
    assert labels(rising) == [RegimeLabel.UNKNOWN] + [RegimeLabel.TREND_UP] * 3
    assert labels([BULL, {**BULL, "adx14": 19.9}]) == [RegimeLabel.TREND_UP, RegimeLabel.RANGE]


def test_stress_is_entered_above_25_and_left_below_22() -> None:
    path = [CALM_RANGE | {"rv20": stress / 2000.0} for stress in (24.9, 25.1, 22.1, 21.9, 18.0)]
    assert labels(path) == [
        RegimeLabel.UNKNOWN,
        RegimeLabel.HIGH_VOLATILITY,
        RegimeLabel.HIGH_VOLATILITY,
        RegimeLabel.HIGH_VOLATILITY,  # no rule is true: volatility still above its median
        RegimeLabel.RANGE,
    ]


def test_a_crisis_is_entered_above_35_and_left_below_30_through_high_volatility() -> None:
    path = [{"rv20": stress / 2000.0} for stress in (34.9, 35.1, 30.1, 29.9)]
    assert labels(path) == [
        RegimeLabel.HIGH_VOLATILITY,
        RegimeLabel.CRISIS,
        RegimeLabel.CRISIS,
        RegimeLabel.HIGH_VOLATILITY,
    ]


def test_a_stretched_range_is_entered_at_twice_and_left_below_its_own_level() -> None:
    path = [{**CALM_RANGE, "atr_ratio": ratio} for ratio in (2.1, 1.8, 1.7)]
    assert labels(path) == [RegimeLabel.HIGH_VOLATILITY, RegimeLabel.HIGH_VOLATILITY, RegimeLabel.RANGE]


def test_calming_waits_for_the_dwell_but_danger_does_not() -> None:
    rules = RegimeRules(dwell_min=3)
    path = [BULL, CALM_RANGE, CALM_RANGE, CALM_RANGE, PANIC, CALM_RANGE, CALM_RANGE, CALM_RANGE]
    assert labels(path, rules) == [
        *[RegimeLabel.TREND_UP] * 3,
        RegimeLabel.RANGE,
        *[RegimeLabel.CRISIS] * 3,
        RegimeLabel.RANGE,
    ]


def test_a_known_vix_replaces_the_instruments_own_stress() -> None:
    detector = RegimeDetector()
    assert detector.update(at(), vix=40.0).label is RegimeLabel.CRISIS
    assert detector.update(at(), vix=40.0).stress == 40.0


def test_a_panic_without_correlation_among_its_class_is_high_volatility() -> None:
    assert RegimeDetector().update(at(**PANIC), correlation=0.3).label is RegimeLabel.HIGH_VOLATILITY
    assert RegimeDetector().update(at(**PANIC), correlation=0.6).label is RegimeLabel.CRISIS


def test_twenty_is_the_normal_stress_of_any_instrument() -> None:
    assert own_stress(at(rv20=0.01)) == pytest.approx(20.0)
    assert own_stress(at(rv20=0.0004, rv20_median=0.0002)) == pytest.approx(40.0)


@given(st.lists(st.floats(0.0, 60.0), min_size=1, max_size=50))
def test_between_its_levels_a_switch_stays_as_it_was(path: list[float]) -> None:
    held = False
    for value in path:
        before, held = held, latched(held, value, 25.0, 20.0)
        assert held == (True if value > 25.0 else False if value < 20.0 else before)


def test_a_switch_never_takes_an_unknown_level() -> None:
    with pytest.raises(AssertionError, match="finite level"):
        latched(False, nan, 25.0, 20.0)


@given(seed=st.integers(0, 10_000), cut=st.integers(1, 499))
@settings(max_examples=15, deadline=None)
def test_a_regime_never_changes_with_what_comes_later(seed: int, cut: int) -> None:
    bars = random_series(seed, 500).bars()

    def tell(count: int) -> list[Regime]:
        features, detector = BarFeatures(MINUTE), RegimeDetector()
        return [detector.update(features.update(item)) for item in bars[:count]]

    assert [r.label for r in tell(500)[:cut]] == [r.label for r in tell(cut)]


def test_a_random_market_visits_several_regimes_and_never_returns_to_unknown() -> None:
    features, detector = BarFeatures(MINUTE), RegimeDetector()
    told = [detector.update(features.update(item)) for item in random_series(17, 5000).bars()]
    known = [regime.label for regime in told if regime.label is not RegimeLabel.UNKNOWN]
    assert len(set(known)) >= 4
    assert len(known) > 4600
    assert {regime.source for regime in told} == {"warming", "rule", "hold"}


def test_every_regime_has_a_policy_and_unknown_has_the_sizes_of_defensive() -> None:
    assert set(POLICIES) == set(RegimeLabel)
    assert POLICIES[RegimeLabel.UNKNOWN].size_factor == PERMISSIONS[Mode.DEFENSIVE].exposure
    assert POLICIES[RegimeLabel.CRISIS].size_factor == 0.0
    assert POLICIES[RegimeLabel.CRISIS].families == {Family.HEDGE}
    assert Family.TREND_FOLLOWING not in POLICIES[RegimeLabel.RANGE].families
    assert not POLICIES[RegimeLabel.TREND_DOWN].longs
