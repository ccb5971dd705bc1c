"""What an engine is built from, as its journal keeps it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from midas.assembly.config import engine_config
from midas.domain.calibration import CalibrationRules
from midas.engine.config import EngineConfig
from midas.settings import load_settings
from midas.statistics.sizing import SizingPolicy
from tests.fakes.desk import BTC


def test_a_configuration_of_defaults_alone_is_read_as_it_was_written(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("")
    written = engine_config(load_settings(tmp_path, None, {}), (BTC,))
    read = msgspec.json.decode(msgspec.json.encode(written), type=EngineConfig)
    assert read.digest() == written.digest()


def test_every_number_of_sizing_and_calibration_reaches_the_engine(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(
        "[risk.sizing]\nkelly_fraction = 0.1\nchance_quantile = 0.2\nedge_margin = 0.003\n"
        "volatility_target_annual = 0.4\nvolatility_floor_annual = 0.06\ndrawdown_max = 0.3\n"
        "calibration_factor = 0.7\ntrades_min = 40\ntrades_floor = 0.1\nrebalance_band = 0.2\n"
        "[risk.calibration]\nwindow_days = 20\ngap = 0.1\neffective_min = 50\nz_trigger = -3.0\n"
        "z_release = -0.5\nrelease_days = 7\n"
    )
    config = engine_config(load_settings(tmp_path, None, {}), (BTC,))
    assert config.sizing == SizingPolicy(
        fraction=0.1, caution=0.2, margin=0.003, volatility_target=0.4, volatility_floor=0.06,
        drawdown_max=0.3, defensive=0.7, trades_min=40, trades_floor=0.1, band=0.2,
    )  # fmt: skip
    assert config.calibration == CalibrationRules(
        window_days=20, gap=0.1, effective_min=50, z_trigger=-3.0, z_release=-0.5, release_days=7
    )
