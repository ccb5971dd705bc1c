"""Which market a name means: the one place that decides it, for the exchange and for every command.

`synthetic` is made from the seed. Everything else is a path: a recorded stream (plain or gzip), a folder
of recordings that belong together, or a table of candles (CSV or Parquet), told by suffix and content.
A new kind of market is one more branch of `open_market`; nobody else looks at a market's name.
"""

from __future__ import annotations

from pathlib import Path

from midas.venues.sim.market import Source
from midas.venues.sim.recording import Recording
from midas.venues.sim.synthetic import Synthetic

SYNTHETIC = "synthetic"


def open_market(name: str, seed: int) -> Source:
    """The market of `name`. Raises RecordingInvalid for a file that can't be one."""
    if name == SYNTHETIC:
        return Synthetic(seed)
    return Recording(Path(name))
