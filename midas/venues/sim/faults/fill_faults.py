"""Fills in chosen sizes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

import msgspec

from midas.venues.sim.faults.arming import Armed, Target
from midas.venues.sim.faults.faults import Faults
from midas.venues.sim.floor.matcher import Execution, Outcome
from midas.venues.sim.floor.orders import Order


class FillFaults:
    """Executions pass here on their way from the matcher where anything is armed."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._left: dict[tuple[int, int], list[int]] = {}  # by hook and order: lots still to be cut off

    def __bool__(self) -> bool:
        return bool(self._faults)

    def cut(self, outcomes: list[Outcome], orders: Mapping[int, Order], lot_size: Decimal) -> list[Outcome]:
        """`outcomes`, the executions of an order that a hook waits for cut at its sizes."""
        made: list[Outcome] = []
        for outcome in outcomes:
            armed = self._waiting(orders[outcome.order_id]) if isinstance(outcome, Execution) else None
            if armed is None or not isinstance(outcome, Execution):
                made.append(outcome)
            else:
                made += self._pieces(outcome, armed, orders[outcome.order_id], lot_size)
        return made

    def forget(self, armed: Armed) -> None:
        """The hook ended."""
        self._left = {key: left for key, left in self._left.items() if key[0] != armed.id}

    def _waiting(self, order: Order) -> Armed | None:
        target = Target(symbol=order.symbol, account=order.account)
        named = self._faults.find("partial_fills", target, client_id=order.client_id)
        return named or self._faults.find("partial_fills", target, client_id="")

    def _pieces(
        self, execution: Execution, armed: Armed, order: Order, lot_size: Decimal
    ) -> Iterator[Execution]:
        sizes = [int(size / lot_size) for size in armed.order.sizes("sizes")]
        left = self._left.setdefault((armed.id, order.order_id), sizes)
        lots = execution.lots
        while left and lots:
            piece = min(left[0], lots)
            assert piece > 0, "sizes are whole lots, which was asked when the hook was armed"
            left[0] -= piece
            lots -= piece
            yield msgspec.structs.replace(execution, lots=piece)
            if left[0] == 0:
                left.pop(0)
        if not left:
            self._left.pop((armed.id, order.order_id), None)
            self._faults.used(armed, Target(symbol=order.symbol, account=order.account))
        if lots:
            yield msgspec.structs.replace(execution, lots=lots)
