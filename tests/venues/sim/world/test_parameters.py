from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from midas.errors import ConfigInvalid
from midas.venues.sim.world.macro import MacroParameters
from midas.venues.sim.world.micro import MicroParameters
from midas.venues.sim.world.parameters import MEDIUM, PRESETS, Planted, load_world, preset_world

SOL = """
[[assets]]
symbol = "SOLUSDT"
base = "SOL"
tick_size = "0.01"
lot_size = "0.001"
price = "150"
order_size = "12"
daily_volatility = 0.035
"""


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_a_world_of_five_instruments(name: str) -> None:
    world = preset_world(name)
    assert world.preset == name
    symbols = [asset.symbol for asset in world.assets]
    assert symbols == ["BTCUSDT", "ETHUSDT", "SOLUSDT", "BNBUSDT", "XRPUSDT"]
    assert world.slices == 10


def test_presets_grow_harder_in_what_a_trader_must_tell_apart() -> None:
    easy, medium, hard = (preset_world(name) for name in PRESETS)
    for milder, harsher in ((easy, medium), (medium, hard)):
        assert milder.macro.durations[0] > harsher.macro.durations[0]
        assert milder.macro.jumps_per_day < harsher.macro.jumps_per_day
        assert milder.macro.drift[0] > harsher.macro.drift[0]
        assert milder.planted.correlation > harsher.planted.correlation
        assert sum(milder.macro.factor_weights) < sum(harsher.macro.factor_weights)


def test_a_world_says_only_what_differs_from_its_preset(tmp_path: Path) -> None:
    path = tmp_path / "my-world.toml"
    path.write_text(
        'preset = "hard"\nstep_seconds = 2.0\n[macro]\nleverage = -0.1\n[micro]\ntake_rate = 2\n' + SOL
    )
    world, hard = load_world(path), preset_world("hard")
    assert world.macro == msgspec.structs.replace(hard.macro, leverage=-0.1)
    assert world.micro == msgspec.structs.replace(MicroParameters(), take_rate=2.0)
    assert (world.preset, world.step_seconds) == ("hard", 2.0)
    assert [asset.symbol for asset in world.assets] == ["SOLUSDT"]


def test_an_empty_file_is_the_medium_world(tmp_path: Path) -> None:
    path = tmp_path / "empty.toml"
    path.write_text("")
    assert load_world(path) == preset_world(MEDIUM)
    assert load_world(path).hash == preset_world(MEDIUM).hash
    assert load_world(path).hash != preset_world("easy").hash


def test_a_day_of_the_world_takes_its_share_of_a_days_volatility() -> None:
    world = preset_world(MEDIUM)
    share = world.macro.steps_per_day * world.step_seconds / 86_400
    assert world.day_volatility[0] == pytest.approx(world.assets[0].daily_volatility * share**0.5)


def test_a_planted_correlation_is_what_its_strength_yields() -> None:
    planted = Planted(correlation=0.2, noise=0.5)
    signal = planted.strength / (1 + planted.strength**2) ** 0.5  # of the signal itself with the return
    assert signal / (1 + 0.5**2) ** 0.5 == pytest.approx(0.2)
    assert Planted().strength == 0.0
    assert planted.persistence**10 == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("x = 1", "x: unknown key; known there: preset, step_seconds, assets, macro, micro, planted"),
        ("[macro]\ndurtions = 1", "macro.durtions: unknown key; did you mean durations?"),
        ("[planted]\ncorelation = 0.1", "planted.corelation: unknown key; did you mean correlation?"),
        ("[macro]\ndurations = 1", "macro.durations: expected a list, got a whole number"),
        ('[macro]\nleverage = "a"', "macro.leverage: expected a number, got a text in quotes"),
        ("[macro]\nsteps_per_day = 1", "macro.steps_per_day: expected a whole number from 2"),
        ("[micro]\nlimit_rate = -3", "micro.limit_rate: expected a number from 0.001 to 1000, got -3"),
        ("[micro]\nlimit_rate = 1e300", "micro.limit_rate: expected a number from 0.001 to 1000, got 1e+300"),
        ("[micro]\nflow_rates = [1.0, nan, 0.0, 0.0]", "micro.flow_rates: expected each number from 0 to 1"),
        ("[micro]\nnear = 30\ndeep = 20", "micro.deep: expected at least near, 30 ticks, got 20"),
        ("[macro]\nexcitation = 2.0", "macro.excitation: expected below ln 2 / excitation_half_life, 0.693"),
        ("[macro]\nreversion_days = 0.001", "macro.reversion_days: expected at least one step"),
        (
            SOL.replace('"150"', '"1e30"'),
            "assets[0].price: expected a multiple of 0.00000001 above 0, at most",
        ),
        (SOL.replace('"12"', '"1e9"').replace('"0.001"', '"0.00001"'), "order_size: expected at most 10000"),
        ("[planted]\ncorrelation = 0.9", "planted.correlation: expected at most 0.636 under a noise of 1"),
        ("step_seconds = 0.05", "step_seconds: expected a multiple of 0.1 from 0.1 to 3600, got 0.05"),
        ("step_seconds = nan", "step_seconds: expected a multiple of 0.1"),
        ('preset = "soft"', "preset: expected one of easy, medium, hard, got 'soft'"),
        ("assets = []", "assets: expected 1 to 50 of them, got 0"),
        ('[[assets]]\nsymbol = "A"', "assets[0].base: is missing"),
        (SOL + SOL, "assets: expected each symbol once"),
        (SOL.replace('"0.01"', '"0"'), "assets[0].tick_size: expected a multiple of 0.00000001 above 0"),
        (SOL.replace('"0.01"', '"x"'), 'assets[0].tick_size: expected a decimal number in quotes, as "0.01"'),
        (SOL.replace('"150"', '"150.001"'), "assets[0].price: expected a multiple of tick_size 0.01"),
        (SOL.replace('"150"', '"1"'), "assets[0].price: expected 20.00 to 50000.00, 2000 to 5000000 ticks"),
        (SOL.replace('"12"', '"0.001"'), "assets[0].order_size: expected at least ten lots, 0.010"),
        (SOL.replace("0.035", "3"), "assets[0].daily_volatility: expected a number above 0, at most 0.392"),
        (SOL.replace("SOLUSDT", "SOLUSD"), "assets[0].symbol: expected base and quote, SOLUSDT, got SOLUSD"),
        ("=", "isn't TOML"),
    ],
)
def test_a_bad_world_is_refused_in_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(ConfigInvalid) as refused:
        load_world(path)
    assert str(refused.value).startswith(f"{path}: ")
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)


def filled(shape: object, value: float) -> object:
    """The same tuples, of this number."""
    return tuple(filled(one, value) for one in shape) if isinstance(shape, tuple) else value


@pytest.mark.parametrize("value", [1e300, -1e300, float("inf"), -float("inf"), float("nan"), 0.0, -1.0])
@pytest.mark.parametrize(
    "name", ["step_seconds", "daily_volatility", "price", "tick_size", "lot_size", "order_size"]
)
def test_no_number_of_an_asset_or_step_may_be_endless_nothing_or_negative(name: str, value: float) -> None:
    world = preset_world(MEDIUM)
    asset = world.assets[0]
    with pytest.raises(ValueError, match=name):
        if name == "step_seconds":
            msgspec.structs.replace(world, step_seconds=value)
        else:
            bad = value if name == "daily_volatility" else Decimal(value)
            msgspec.structs.replace(asset, **{name: bad})


@pytest.mark.parametrize("value", [1e300, -1e300, float("inf"), -float("inf"), float("nan"), -1.0])
@pytest.mark.parametrize("name", ["correlation", "half_life_steps", "noise"])
def test_no_number_of_a_planted_signal_may_grow_without_bound(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=name):
        Planted(**{name: value})


@pytest.mark.parametrize("model", [MacroParameters, MicroParameters])
@pytest.mark.parametrize("value", [1e300, -1e300, float("inf"), -float("inf"), float("nan")])
def test_no_number_of_a_world_may_grow_without_bound(model: type[msgspec.Struct], value: float) -> None:
    for field in msgspec.structs.fields(model):
        bad = filled(field.default, value)
        with pytest.raises(ConfigInvalid, match=field.name):
            model(**{field.name: bad})


def test_a_world_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="name a world file that exists"):
        load_world(tmp_path / "absent.toml")


def test_the_macro_layer_keeps_its_own_defaults_outside_presets() -> None:
    assert preset_world(MEDIUM).macro != MacroParameters()
    assert preset_world(MEDIUM).macro.shock_degrees == MacroParameters().shock_degrees
