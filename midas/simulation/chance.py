"""Chance from one seed: each subject has its own stream, so that one more draw here moves nothing there."""

from __future__ import annotations

import random
from zlib import crc32


class Chance:
    """Hands out named streams; the same seed and name give the same numbers on every machine."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._streams: dict[str, random.Random] = {}

    def stream(self, name: str) -> random.Random:
        """The stream called `name`, always the same object."""
        known = self._streams.get(name)
        if known is None:
            # Not hash(): a text's hash differs from process to process.
            known = self._streams[name] = random.Random(self.seed << 32 | crc32(name.encode()))
        return known
