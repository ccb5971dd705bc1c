"""What an order would do to the limits, before anybody sends it."""

from __future__ import annotations

from math import inf, isfinite

from midas.domain.command import LimitMove
from midas.domain.limits import Limits
from midas.domain.order import OrderIntent, Side
from midas.risk.correlation import Correlations
from midas.risk.exposure import added, standing
from midas.risk.limits import exposure_rows, order_rows
from midas.risk.rows import Row
from midas.state.state import State


def moves(
    state: State, limits: Limits, correlations: Correlations, intent: OrderIntent
) -> tuple[LimitMove, ...]:
    """Every limit that the order touches, the one with the least room after it first; unknown ones not.

    A sale gives back what it sells, at the mark; nothing else is asked of it.
    """
    now = standing(state, limits.assets, intent.replaces)
    buying = intent.side is Side.BUY
    price = float(intent.price) if intent.price is not None else None
    one = added(state, now, intent.instrument, intent.strategy, price if buying else None)
    rows = exposure_rows(limits, state, now, one, correlations)
    if buying:
        rows = [*rows, *order_rows(limits, state, now, one, price)]
    quantity = intent.side.sign * float(intent.quantity)
    made = [_move(row, quantity) for row in rows if row.unit]
    known = [move for move in made if all(map(isfinite, (move.before, move.after, move.maximum)))]
    return tuple(sorted(known, key=lambda move: -_used(move)))


def _move(row: Row, quantity: float) -> LimitMove:
    after = row.after(quantity)
    return LimitMove(
        row.limit, row.name, row.before, after if row.floor else max(after, 0.0), row.maximum, row.floor,
        row.money,
    )  # fmt: skip


def _used(move: LimitMove) -> float:
    """How much of the limit is used after it; 1 is all."""
    if move.floor:
        return (1.0 - move.after) / (1.0 - move.maximum) if move.maximum < 1.0 else inf
    return move.after / move.maximum if move.maximum > 0.0 else inf
