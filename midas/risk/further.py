"""Limits that stand beside the hard ones and are off unless the settings switch them on."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from midas.domain.limits import Assets
from midas.domain.verdict import Breach
from midas.state.state import State


class Entry(msgspec.Struct, frozen=True):
    """What may come to be held with an entry beside everything open, and without it; fractions of equity.

    A limit's `Breach.fits` is how much more would fit, where size is what stands against it.
    """

    instrument: str
    weights: Mapping[str, float]
    base: Mapping[str, float]
    assets: Assets = Assets()


EntryLimit = Callable[[Entry, State], Breach | None]
