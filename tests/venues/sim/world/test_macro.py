from __future__ import annotations

import math
from itertools import groupby, pairwise
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from midas.errors import ConfigInvalid
from midas.venues.sim.world.climate import Regime
from midas.venues.sim.world.macro import Macro, MacroParameters, MacroPath, News
from midas.venues.sim.world.news import written

CANONICAL = MacroParameters()
COARSE = MacroParameters(steps_per_day=26)
QUIET: dict[str, Any] = {"jumps_per_day": 0.0, "market_jumps_per_day": 0.0, "excitation": 0.0}
EVENTFUL = replace(COARSE, jumps_per_day=0.5, market_jumps_per_day=0.2)
VOLATILITY = (0.01, 0.02, 0.03)


def same(one: MacroPath, other: MacroPath) -> bool:
    arrays = ("regime", "returns", "volatility", "activity")
    return one.news == other.news and all(
        np.array_equal(getattr(one, name), getattr(other, name)) for name in arrays
    )


def joined(paths: list[MacroPath]) -> MacroPath:
    return MacroPath(
        regime=np.concatenate([path.regime for path in paths]),
        returns=np.concatenate([path.returns for path in paths]),
        volatility=np.concatenate([path.volatility for path in paths]),
        activity=np.concatenate([path.activity for path in paths]),
        news=[news for path in paths for news in path.news],
    )


def test_a_hundred_and_fifty_more_steps_are_a_hundred_and_fifty_steps() -> None:
    whole, cut = Macro(EVENTFUL, VOLATILITY, 3).run(150), Macro(EVENTFUL, VOLATILITY, 3)
    assert same(joined([cut.run(100), cut.run(50)]), whole)
    assert whole.news


@settings(max_examples=30, deadline=None)
@given(lengths=st.lists(st.integers(0, 5_000), min_size=1, max_size=5), seed=st.integers(0, 2**63 - 1))
def test_the_path_is_the_same_however_it_is_cut(lengths: list[int], seed: int) -> None:
    cut = Macro(EVENTFUL, VOLATILITY, seed)
    pieces = joined([cut.run(length) for length in lengths])
    assert same(pieces, Macro(EVENTFUL, VOLATILITY, seed).run(sum(lengths)))


def test_a_saved_world_goes_on_exactly() -> None:
    first, second = Macro(EVENTFUL, VOLATILITY, 3), Macro(EVENTFUL, VOLATILITY, 99)
    first.run(777)
    saved = first.save()
    rest = first.run(500)
    second.load(saved)
    assert same(second.run(500), rest)


def test_a_world_refuses_a_state_of_other_parameters_or_another_length() -> None:
    saved = Macro(EVENTFUL, VOLATILITY, 3).save()
    with pytest.raises(ConfigInvalid, match="other parameters"):
        Macro(COARSE, VOLATILITY, 3).load(saved)
    with pytest.raises(ConfigInvalid, match="other parameters"):
        Macro(EVENTFUL, VOLATILITY, 3).load(saved[:-8])


def test_seeds_differ() -> None:
    assert not same(Macro(COARSE, VOLATILITY, 1).run(50), Macro(COARSE, VOLATILITY, 2).run(50))


def test_one_more_asset_changes_no_others_shocks() -> None:
    quiet = replace(COARSE, **QUIET)
    three, two = Macro(quiet, VOLATILITY, 5).run(2_000), Macro(quiet, VOLATILITY[:2], 5).run(2_000)
    assert np.array_equal(three.returns[:, :2], two.returns)


def test_a_regime_lasts_whole_days_and_leads_to_another() -> None:
    regimes = Macro(COARSE, VOLATILITY, 1).run(26 * 3_000).regime.reshape(-1, 26)
    assert np.all(regimes == regimes[:, :1])
    visits = [int(label) for label, _ in groupby(regimes[:, 0].tolist())]
    assert set(visits) == set(Regime)
    assert all(COARSE.transitions[before][after] > 0 for before, after in pairwise(visits))


def test_regimes_take_their_long_run_share_and_duration() -> None:
    daily = MacroParameters(steps_per_day=2)
    labels = Macro(daily, (0.01,), 4).run(2 * 100_000).regime[::2]
    shares = np.bincount(labels, minlength=5) / labels.size
    assert daily.shares() == pytest.approx([0.476, 0.138, 0.303, 0.073, 0.010], abs=0.0006)
    assert shares == pytest.approx(daily.shares(), abs=0.03)
    spells = [(label, len(list(days))) for label, days in groupby(labels.tolist())]
    for regime in Regime:
        mean = np.mean([days for label, days in spells if label == regime])
        assert mean == pytest.approx(daily.durations[regime], rel=0.2)


def test_more_stages_make_durations_less_irregular() -> None:
    def spread(stages: int) -> float:
        parameters = MacroParameters(steps_per_day=2, duration_stages=stages)
        labels = Macro(parameters, (0.01,), 4).run(2 * 50_000).regime[::2].tolist()
        bulls = [len(list(days)) for label, days in groupby(labels) if label == Regime.BULL]
        return float(np.std(bulls) / np.mean(bulls))

    assert spread(1) == pytest.approx(1.0, abs=0.15)
    assert spread(9) == pytest.approx(1 / 3, abs=0.1)


def test_volatility_is_the_standard_deviation_of_each_steps_return() -> None:
    path = Macro(replace(COARSE, **QUIET, reversion_days=1e9), VOLATILITY, 2).run(200_000)
    scaled = path.returns / path.volatility
    assert scaled.std(axis=0) == pytest.approx([1.0] * 3, abs=0.02)
    assert scaled.mean(axis=0) == pytest.approx([0.0] * 3, abs=0.02)


def test_each_asset_has_its_own_long_run_daily_volatility() -> None:
    found = [
        np.mean(Macro(replace(COARSE, **QUIET), VOLATILITY, seed).run(26 * 5_000).volatility ** 2, axis=0)
        for seed in range(8)
    ]
    assert np.sqrt(np.mean(found, axis=0) * 26) == pytest.approx(VOLATILITY, rel=0.1)


def test_the_day_is_loud_at_both_ends_and_loudest_at_the_open() -> None:
    activity = Macro(CANONICAL, VOLATILITY, 1).run(780).activity
    assert np.array_equal(activity[:390], activity[390:])
    assert np.mean(activity[:390] ** 2) == pytest.approx(1)
    assert activity[0] > activity[389] > 2 * activity[195]


def test_assets_move_together_as_the_regime_says() -> None:
    parameters = MacroParameters(steps_per_day=26, own_weight=0.0, **QUIET)
    path = Macro(parameters, (0.01, 0.01), 6).run(26 * 20_000)
    for regime in Regime:
        scaled = (path.returns / path.volatility)[path.regime == regime]
        assert np.corrcoef(scaled.T)[0, 1] == pytest.approx(parameters.correlation[regime], abs=0.03)


def test_falls_raise_volatility() -> None:
    parameters = replace(COARSE, **QUIET)
    path = Macro(parameters, (0.01,), 6).run(26 * 5_000)
    volatility = np.log(path.volatility[:, 0] / path.activity)
    change = np.diff(volatility)
    assert np.corrcoef(path.returns[:-1, 0], change)[0, 1] < -0.2


def test_a_range_pulls_prices_back() -> None:
    def wandering(days: float) -> float:
        path = Macro(replace(COARSE, **QUIET, reversion_days=days), (0.01,), 8).run(26 * 2_000)
        wide = []
        for regime, steps in groupby(
            zip(path.regime.tolist(), path.returns[:, 0].tolist(), strict=True), lambda x: x[0]
        ):
            if regime == Regime.RANGE:
                wide.append(np.std(np.cumsum([moved for _, moved in steps])))
        return float(np.mean(wide))

    assert wandering(2.0) < 0.5 * wandering(1e9)


def step_return(path: MacroPath, news: News) -> float:
    """In standard deviations of the step, of the asset or of the mean asset."""
    scaled = path.returns[news.step] / path.volatility[news.step]
    return float(scaled.mean() if news.asset < 0 else scaled[news.asset])


def test_true_news_is_a_jump_of_its_sign_and_size_and_a_decoy_is_nothing() -> None:
    parameters = replace(CANONICAL, jumps_per_day=0.2, market_jumps_per_day=0.2)
    path = Macro(parameters, VOLATILITY, 1).run(390 * 400)
    for news in path.news:
        moved = step_return(path, news)
        jump = news.strength * math.sqrt(390) / path.activity[news.step] * news.sign
        assert abs(moved - (0.0 if news.decoy else jump)) < 9  # shocks have fat tails
    kinds = {(news.asset < 0, news.decoy) for news in path.news}
    assert len(kinds) == 4


def test_a_jump_leaves_its_asset_more_volatile() -> None:
    parameters = replace(CANONICAL, jumps_per_day=0.05, market_jumps_per_day=0.0, own_lift=2.0)
    path = Macro(parameters, VOLATILITY, 1).run(390 * 500)
    calm = path.volatility / path.activity[:, None]
    lifts = [
        calm[news.step + 1, news.asset] / calm[news.step, news.asset] for news in path.news if not news.decoy
    ]
    assert np.median(lifts) == pytest.approx(math.exp(0.25 * 2.0), rel=0.02)


def test_news_comes_as_often_as_the_parameters_say() -> None:
    news = Macro(replace(COARSE, excitation=0.0), VOLATILITY, 1).run(26 * 20_000).news
    own = sum(each.asset >= 0 and not each.decoy for each in news)
    whole = sum(each.asset < 0 and not each.decoy for each in news)
    decoys = sum(each.decoy for each in news)
    assert own == pytest.approx(3 * 20_000 / 60, rel=0.1)
    assert whole == pytest.approx(20_000 / 200 * 1.01, rel=0.25)
    assert decoys == pytest.approx(own + whole, rel=0.15)


def test_market_jumps_excite_one_another() -> None:
    def count(excitation: float) -> int:
        parameters = replace(COARSE, jumps_per_day=0.0, excitation=excitation)
        return len(Macro(parameters, (0.01,), 1).run(26 * 10_000).news)

    assert count(0.4) > 1.5 * count(0.0)


def test_headlines_name_their_asset_and_fall_late_by_the_mean_delay() -> None:
    macro = Macro(EVENTFUL, VOLATILITY, 1, names=("Alpha", "Beta", "Gamma"))
    news = macro.run(26 * 2_000).news
    assert np.mean([each.delay_steps for each in news]) == pytest.approx(4.5, abs=0.4)
    assert min(each.delay_steps for each in news) == 0
    for each in news:
        if each.asset >= 0:
            assert ("Alpha", "Beta", "Gamma")[each.asset] in each.headline
        assert "{" not in each.headline


def test_the_words_of_true_news_tell_good_from_bad_and_true_from_decoy() -> None:
    def words(sign: int, strength: float, asset: int, decoy: bool) -> set[str]:
        rolls = np.linspace(0.001, 0.999, 50)
        rows = [(0, asset, sign, strength, 0, float(decoy), roll) for roll in rolls]
        return {written(row, ["Alpha"]).headline for row in rows}

    kinds = [
        words(sign, strength, asset, decoy)
        for sign in (-1, 1)
        for asset in (-1, 0)
        for strength, decoy in ((0.6, False), (2.0, False), (2.0, True))
    ]
    assert sum(map(len, kinds)) == len(set.union(*kinds))
    assert all(len(kind) >= 2 for kind in kinds)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("steps_per_day", 1),
        ("days_per_year", 0.0),
        ("durations", (120.0, 60.0, 0.5, 25.0, 15.0)),
        ("durations", (120.0, 60.0)),
        ("duration_stages", 16),
        ("transitions", ((0.0, 1.0, 0.0, 0.0, 0.1), *CANONICAL.transitions[1:])),
        ("transitions", ((0.5, 0.5, 0.0, 0.0, 0.0), *CANONICAL.transitions[1:])),
        ("drift", (math.nan, 0.0, 0.0, 0.0, 0.0)),
        ("volatility", (0.0, 0.2, 0.1, 0.3, 0.5)),
        ("correlation", (0.2, 0.4, 0.2, 0.5, 1.1)),
        ("level_half_life", 0.0),
        ("reversion_days", -1.0),
        ("factor_half_lives", ()),
        ("factor_weights", (0.1, 0.1)),
        ("factor_lifts", (0.0, 0.6, 0.2)),
        ("leverage", -1.2),
        ("own_weight", math.inf),
        ("shape_floor", 0.0),
        ("opening_share", 1.5),
        ("shock_degrees", 2.0),
        ("jumps_per_day", -0.1),
        ("excitation_half_life", 0.0),
        ("market_down_probability", 1.01),
        ("headline_delay_steps", -1.0),
        ("decoys_per_headline", math.nan),
    ],
)
def test_a_bad_number_is_refused_by_its_name(name: str, value: Any) -> None:
    with pytest.raises(ConfigInvalid, match=rf"^macro\.{name}: expected .*, got "):
        MacroParameters(**{name: value})


def test_parameters_come_from_a_file_and_an_unknown_one_is_refused() -> None:
    assert msgspec.convert({"leverage": -0.5}, MacroParameters).leverage == -0.5
    with pytest.raises(msgspec.ValidationError, match="levrage"):
        msgspec.convert({"levrage": -0.5}, MacroParameters)


@pytest.mark.parametrize("volatility", [(), (0.0,), (0.01, math.nan), (1.5,)])
def test_a_world_needs_a_volatility_for_each_asset(volatility: tuple[float, ...]) -> None:
    with pytest.raises(ConfigInvalid, match="daily_volatility: expected one number above 0"):
        Macro(CANONICAL, volatility, 1)


def test_a_world_refuses_a_negative_seed_and_names_that_do_not_match() -> None:
    with pytest.raises(ConfigInvalid, match="seed: expected"):
        Macro(CANONICAL, VOLATILITY, -1)
    with pytest.raises(ConfigInvalid, match="expected 3 names"):
        Macro(CANONICAL, VOLATILITY, 1, names=("Alpha",))
