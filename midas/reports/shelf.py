"""The kept runs as somebody who looks at them has them: all lines, and the sheets that were asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from midas.reports.sheet import Head, Sheet


class Place(NamedTuple):
    """One trial of a sweep."""

    number: int
    parameters: Mapping[str, Any]
    value: float | None  # of the objective
    total: float | None  # return
    worst: float | None  # fall, negative
    fills: int
    said: str = ""  # why it has no value


class Board(NamedTuple):
    """A sweep as far as it is, the best trials first."""

    name: str
    strategy: str
    objective: str
    method: str
    done: int
    of: int  # 0: not known
    running: bool
    places: tuple[Place, ...]


class Shelf(NamedTuple):
    """One look; what isn't here yet is still being read."""

    heads: tuple[Head, ...] = ()  # newest first
    sheets: Mapping[str, Sheet] = {}
    troubles: Mapping[str, str] = {}  # of runs that can't be read, why
    looked: bool = False  # whether the list is known
    board: Board | None = None  # of the newest sweep
