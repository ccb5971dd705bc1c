"""Makes a recording like `midas-btcusdt.jsonl.gz`: 90 s of our own synthetic market.

Run `python tests/payloads/make.py` from the repository. The one kept here is of an older synthetic market: it
stays as it is, so that a test of what is made of a recording doesn't change with what makes one.
"""

from __future__ import annotations

import gzip
import sys
from pathlib import Path

SECONDS = 90
SEED = 20_240_808
TARGET = Path(__file__).with_name("midas-btcusdt.jsonl.gz")


def make(target: Path = TARGET) -> None:
    """Write the recording."""
    from midas.domain.time import SECOND
    from midas.venues.sim.recorder import lines
    from midas.venues.sim.source.synthetic import standard

    content = b"".join(lines(standard(SEED), "BTCUSDT", SECONDS * SECOND))
    target.write_bytes(gzip.compress(content, 9, mtime=0))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    make()
