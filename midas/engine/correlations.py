"""The correlation matrix as the doors see it: a few pairs a picture, so that no picture costs much."""

from __future__ import annotations

from itertools import combinations
from math import nan

from midas.agents.risk_manager import RiskManager
from midas.domain.time import SECOND
from midas.risk.correlation import Correlations
from midas.risk.exposure import standing
from midas.state.state import State
from midas.state.views.risk import CorrelationView
from midas.statistics.conventions import LEAST_CORRELATION

SHOWN = 12  # instruments: those with the largest worst case, in the desk's own order
EVERY = 10 * SECOND  # wall time between two looks at one pair
PAIRS = 4  # looked at for one picture: each takes about 0.2 ms


class CorrelationPainter:
    """Keeps what each pair last was; the risk manager's own memory isn't touched."""

    def __init__(self, state: State, risk: RiskManager) -> None:
        self._state = state
        self._risk = risk
        self._known = Correlations()
        self._seen: dict[tuple[str, str], tuple[int, float]] = {}

    def paint(self, now: int) -> CorrelationView:
        """The matrix as of `now` (wall time), its oldest pairs looked at anew."""
        state, limits = self._state, self._risk.limits
        worst = standing(state, limits.assets).by_instrument
        largest = sorted(state.instruments, key=lambda name: -worst[name] if worst[name] > 0.0 else 0.0)
        shown = set(largest[:SHOWN])
        names = [name for name in state.instruments if name in shown]
        pairs = list(combinations(names, 2))
        due = [pair for pair in pairs if pair not in self._seen or now - self._seen[pair][0] >= EVERY]
        due.sort(key=lambda pair: self._seen[pair][0] if pair in self._seen else 0)
        for pair in due[:PAIRS]:
            self._seen[pair] = now, self._known.between(state, *pair)
        limited = limits.cluster_max < 1.0 and limits.correlation_max < 1.0
        return CorrelationView(
            tuple(state.instruments[name].name for name in names),
            tuple(tuple(self._cell(one, other) for other in names) for one in names),
            tuple(worst[name] > 0.0 for name in names),
            limits.correlation_max if limited else nan,
            len(state.instruments) - len(names),
            min((state.markets[name].bars_seen for name in names), default=0),
            LEAST_CORRELATION + 1,
        )

    def _cell(self, one: str, other: str) -> float:
        if one == other:
            return 1.0
        seen = self._seen.get((one, other)) or self._seen.get((other, one))
        return seen[1] if seen is not None else nan
