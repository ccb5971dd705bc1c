"""What a command tried goes to the trial ledger; what comes back is how many tries it stands against."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from midas.backtest.series import Bars
from midas.backtest.trials import Tried, count, counted, digest_of
from midas.statistics.conventions import variance
from midas.statistics.performance import sharpe_of_period

One = tuple[dict[str, object], Sequence[float]]
"""Parameters, and the daily returns that they made; none where data are too short for days."""


class Luck(NamedTuple):
    """All configurations ever tried on these candles."""

    trials: int
    variance: float  # of their Sharpe ratios, of one day each; 0 where there is one


def tried(home: Path, strategy: str, series: Sequence[Bars], made: Sequence[One], by: str) -> Luck:
    """Count them. Raises StoreError where the ledger takes nothing: what isn't counted looks like skill."""
    data, now = digest_of(series), time.time_ns()
    lines = []
    for parameters, returns in made:
        sharpe = sharpe_of_period(returns)
        lines.append(Tried(
            strategy=strategy, data=data, parameters=parameters, at=now, by=by,
            sharpe_day=sharpe.value if sharpe.known else None,
        ))  # fmt: skip
    count(home, lines)
    known = counted(home, data)
    found = [each.sharpe_day for each in known if each.sharpe_day is not None]
    return Luck(max(len(known), 1), variance(found) if len(found) > 1 else 0.0)
