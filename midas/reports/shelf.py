"""The kept runs as somebody who looks at them has them: all lines, and the sheets that were asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from midas.reports.sheet import Head, Sheet


class Shelf(NamedTuple):
    """One look; what isn't here yet is still being read."""

    heads: tuple[Head, ...] = ()  # newest first
    sheets: Mapping[str, Sheet] = {}
    troubles: Mapping[str, str] = {}  # of runs that can't be read, why
    looked: bool = False  # whether the list is known
