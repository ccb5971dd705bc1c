"""An instrument as a person names it in a typed line."""

from __future__ import annotations

from midas.state.snapshot import Snapshot
from midas.state.views.market import InstrumentView


def instrument_named(word: str, snapshot: Snapshot) -> InstrumentView | None:
    """By name, base or id, in any case, where only one fits."""
    wanted = word.lower()
    found = [v for v in snapshot.instruments if wanted in (v.name.lower(), v.base.lower(), v.id.lower())]
    return found[0] if len(found) == 1 else None
