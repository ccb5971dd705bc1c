"""What an engine is built from, as its journal keeps it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from midas.assembly.config import engine_config
from midas.engine.build import EngineConfig
from midas.settings import load_settings
from tests.fakes.desk import BTC


def test_a_configuration_of_defaults_alone_is_read_as_it_was_written(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("")
    written = engine_config(load_settings(tmp_path, None, {}), (BTC,))
    read = msgspec.json.decode(msgspec.json.encode(written), type=EngineConfig)
    assert read.digest() == written.digest()
