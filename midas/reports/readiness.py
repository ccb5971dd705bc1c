"""From when on a strategy could act at all, why not before, and what holding made since then."""

from __future__ import annotations

import numpy as np

from midas.backtest.record import Record
from midas.backtest.series import Floats, Times
from midas.domain.opinion import RegimeLabel
from midas.reports.sheet import NO_REGIME, NO_SIGNAL, Readiness


def readiness(
    record: Record, needs_regime: bool, times: Times, equity: Floats, held: Floats
) -> Readiness | None:
    """None where nobody kept what was said. `held`: equity of buying and holding, at `times` as `equity`."""
    if not record.count or not len(times):
        return None
    known = [sight for sight in record.regimes if sight.label is not RegimeLabel.UNKNOWN]
    spoke, seen = record.spoke_at, min((sight.at for sight in known), default=0)
    if not spoke or (needs_regime and not seen):
        return Readiness(at=0, bars=len(times), reason=NO_REGIME if needs_regime and not seen else NO_SIGNAL)
    at = max(spoke, seen) if needs_regime else spoke
    place = min(int(np.searchsorted(times, at)), len(times) - 1)
    needed = next((sight.needed for sight in known), 0)
    return Readiness(
        at=at, bars=place, reason=NO_REGIME if needs_regime and seen >= spoke else NO_SIGNAL,
        needed=needed if needs_regime else 0, own=_since(equity, place), held=_since(held, place),
    )  # fmt: skip


def _since(values: Floats, place: int) -> float | None:
    """What it made after that."""
    return float(values[-1] / values[place] - 1.0) if values[place] > 0.0 else None
