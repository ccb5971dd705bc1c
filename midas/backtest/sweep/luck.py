"""How much luck is in the best of a sweep: the probability of overfitting (PBO) over all of its trials.

Of its daily returns a trial keeps what every split of PBO needs, their sums and those of their squares in
each tenth of its days: `trial.tenths`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from math import isfinite
from pathlib import Path

import msgspec
import numpy as np

from midas.backtest.sweep.storage import FOLDER, names, plan_of, read
from midas.backtest.sweep.trial import DONE, TENTHS, Trial
from midas.errors import StoreError
from midas.statistics.overfitting import overfitting_of_sums


def overfitted(trials: Iterable[Trial]) -> float | None:
    """PBO of choosing by the Sharpe ratio of days; None where fewer than two trials have enough of them."""
    kept = [trial.tenths for trial in trials if trial.state == DONE and isinstance(trial.tenths, bytes)]
    whole = [np.frombuffer(each) for each in kept if each]
    sums = np.array([each for each in whole if np.isfinite(each).all()])
    if len(sums) < 2:
        return None
    usual = Counter(sums[:, 0].tolist()).most_common(1)[0][0]  # of a trial that saw all days
    rows = sums[sums[:, 0] == usual, 1:].T
    found = overfitting_of_sums(int(usual), rows[:TENTHS], rows[TENTHS:]).probability
    return found if isfinite(found) else None


def chosen_from(home: Path, strategy: str, data: str, parameters: Mapping[str, object]) -> float | None:
    """PBO of the newest sweep of that strategy on these candles that has tried these parameters."""
    wanted = _key(parameters)
    for name in reversed(names(home)):
        try:
            plan = plan_of(home / FOLDER / name)
            if (plan.strategy, plan.data) != (strategy, data):
                continue
            trials = read(home / FOLDER / name)[1].values()
        except StoreError:
            continue
        if any(_key(plan.fixed | trial.parameters) == wanted for trial in trials):
            return overfitted(trials)
    return None


def _key(parameters: Mapping[str, object]) -> bytes:
    return msgspec.json.encode(parameters, order="sorted")
