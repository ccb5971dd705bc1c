"""Which market a name means: the one place that decides it, for the exchange and for every command.

`synthetic` is the world of a preset, made from the seed. Everything else is a path: a world of one's own
(TOML), a recorded stream (plain or gzip), a table of candles (CSV or Parquet), or a folder of recordings
or of tables that belong together, told by suffix.
A new kind of market is one more branch of `open_market`; nobody else looks at a market's name.
"""

from __future__ import annotations

from pathlib import Path

from midas.errors import ConfigInvalid
from midas.venues.sim.source.candle_source import is_table
from midas.venues.sim.source.candles import Candles
from midas.venues.sim.source.market import Source
from midas.venues.sim.source.recording import Recording
from midas.venues.sim.source.synthetic import Synthetic
from midas.venues.sim.world.parameters import MEDIUM, load_world, preset_world
from midas.venues.sim.world.truth import Tell

SYNTHETIC = "synthetic"


def open_market(
    name: str, seed: int, preset: str = MEDIUM, tell: Tell | None = None, symbol: str = ""
) -> Source:
    """The market of `name`; `tell` hears the truth about a synthetic one, `symbol` names a table of candles.

    Raises RecordingInvalid or ConfigInvalid for a file that can't be one.
    """
    if name == SYNTHETIC:
        return Synthetic(preset_world(preset), seed, tell)
    if Path(name).suffix == ".toml":
        return Synthetic(load_world(Path(name)), seed, tell, name)
    if tell is not None:
        raise ConfigInvalid(f"{name}: nobody knows the truth about a recorded market; leave --truth out")
    if is_table(Path(name)):
        return Candles(Path(name), seed, symbol)
    return Recording(Path(name))
