"""The repeated-execution throttle: a strategy that runs wild is switched off until a person names it.

RTS 6, article 15: executed orders of one strategy, instrument and side are counted over a window of market
time. Orders that the rate or the duplicate check turned away count too, so that churn without a fill trips it
as well.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from midas.agents.execution_agent import ExecutionAgent
from midas.agents.risk_manager import RiskManager
from midas.domain.decision import Decision, FillBooked, Noted, OrderBlocked
from midas.domain.order import Purpose, Side
from midas.domain.time import SECOND
from midas.state.state import BY_HAND, State

BY = "throttle"
COUNTED = ("order rate", "duplicate")
COUNTS = frozenset({FillBooked, OrderBlocked})  # decisions that it looks at
UNASKED = (Purpose.FLATTEN, Purpose.STOP)  # no strategy asks for these
Key = tuple[str, str, Side]


class Throttle:
    """Counts what strategies do; the gate that it closes is journaled, and so outlives a restart."""

    def __init__(self, state: State, risk: RiskManager, execution: ExecutionAgent) -> None:
        self._state = state
        self._risk = risk
        self._execution = execution
        self._seen: dict[Key, deque[tuple[int, str]]] = {}

    def watch(self, decisions: Iterable[Decision]) -> list[Decision]:
        """What to add to this step's decisions."""
        found: list[Decision] = []
        for decision in decisions:
            if type(decision) is FillBooked and decision.purpose not in UNASKED:
                key = decision.strategy, decision.instrument, decision.side
                found += self._count(key, decision.market_time, decision.client_id)
            elif type(decision) is OrderBlocked and decision.breach.limit in COUNTED:
                intent = decision.intent
                found += self._count(
                    (intent.strategy, intent.instrument, intent.side), intent.market_time, ""
                )
        return found

    def _count(self, key: Key, at: int, client_id: str) -> list[Decision]:
        strategy, instrument, side = key
        limits, control = self._risk.limits, self._state.control
        if strategy in BY_HAND:
            return []
        seen = self._seen.get(key)
        if seen is None:
            seen = self._seen[key] = deque()
        while seen and seen[0][0] <= at - limits.repeats_window:
            seen.popleft()
        if client_id and client_id in [known for _, known in seen]:
            return []  # one order, however many parts it is filled in
        seen.append((at, client_id))
        if len(seen) <= limits.repeats_max or control.paused(strategy) is not None:
            return []
        count = len(seen)
        seen.clear()
        name, seconds = self._state.instruments[instrument].name, limits.repeats_window / SECOND
        reason = f"stopped by the throttle: {count} times {side.value} {name} in {seconds:g} s"
        reason += f", at most {limits.repeats_max}"
        self._execution.forget_entries(self._state, strategy=strategy)
        moved = control.close_gate(strategy, reason, self._state.now, BY)
        way_out = f"`strategy {strategy} resume` lets it go on"
        return [*moved, Noted("STRATEGY", "error", f"{strategy} is {reason}; {way_out}")]
