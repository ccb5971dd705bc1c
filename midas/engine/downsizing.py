"""Coming down to limits that were lowered, or that prices have drifted past."""

from __future__ import annotations

from collections.abc import Iterator

from midas.agents.execution_agent import ExecutionAgent, Withdrawal
from midas.agents.risk_manager import RiskManager
from midas.domain.decision import Noted
from midas.risk.oversize import overfull, sales
from midas.state.state import State


class Downsizer:
    """Asked once a second, and after the limits themselves have changed."""

    def __init__(self, state: State, risk: RiskManager, execution: ExecutionAgent) -> None:
        self._state = state
        self._risk = risk
        self._execution = execution

    def sell(self) -> Iterator[Noted]:
        """Positions too far beyond a limit are worked down to it; that waits for nothing but a kill."""
        state = self._state
        if state.recovering or state.closing or state.control.latched or not state.ledger.opened:
            return
        for sale in sales(self._risk.limits, state):
            sleeve = state.ledger.sleeve(sale.strategy, sale.instrument)
            if self._execution.shrink(state, sleeve, sale.quantity, sale.reason):
                name = state.instruments[sale.instrument].name
                yield Noted("RISK", "warn", f"{sale.strategy} {name} is sold down: {sale.reason}")

    def withdraw(self, slack: float) -> Iterator[Withdrawal]:
        """Entries that would end further beyond a limit than `slack`, a share of it."""
        state = self._state
        entries = [o for o in state.orders.open.values() if o.increases_risk]
        if not entries:
            return
        too_much = overfull(self._risk.limits, state, slack)
        for order in entries:
            intent = order.intent
            if why := too_much(intent.strategy, state.instruments[intent.instrument]):
                self._execution.forget_entries(state, intent.instrument, intent.strategy)
                yield Withdrawal(order, why)
