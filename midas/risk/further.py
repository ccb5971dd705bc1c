"""Limits that stand beside the hard ones and are off unless the settings switch them on."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from midas.domain.verdict import Breach
from midas.state.state import State


class Entry(msgspec.Struct, frozen=True):
    """What may come to be held with an entry beside everything open, and without it; fractions of equity."""

    instrument: str
    weights: Mapping[str, float]
    base: Mapping[str, float]


EntryLimit = Callable[[Entry, State], Breach | None]
