"""Other limits while the engine runs: all of what the files say or nothing, looser only once confirmed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from midas.agents.risk_manager import RiskManager
from midas.domain.command import Reload
from midas.domain.decision import LimitsChanged
from midas.domain.limits import Limits
from midas.domain.tail import TailRules
from midas.domain.time import SECOND
from midas.engine.reply import Asked, Reply
from midas.risk.tail import TailDesk

# What lets more through: higher, lower, or any other value (a map can't be compared, so that it asks).
HIGHER = (
    "position_max", "sector_max", "correlation_max", "cluster_max", "usd_max", "crypto_max", "share_max",
    "etf_max", "forex_max", "bond_max", "commodity_max", "currency_max", "venue_max", "strategy_max",
    "forced_sale_over", "order_rate_max", "order_notional_max", "price_collar_bps", "repeats_max",
    "fat_finger_multiple", "fat_finger_share",
)  # fmt: skip
LOWER = ("cash_min", "duplicate_window", "repeats_window")
OTHER = ("order_quantity_max", "assets")
NAMES = ("profile",)  # says nothing by itself
TAIL = ("var_max", "es_max")  # 0: none
SETTINGS = {
    "order_rate_max": "orders.rate_max", "order_notional_max": "orders.notional_max",
    "order_quantity_max": "orders.quantity_max", "price_collar_bps": "orders.collar_bps",
    "duplicate_window": "orders.duplicate_seconds", "repeats_max": "orders.repeats_max",
    "repeats_window": "orders.repeats_seconds", "fat_finger_multiple": "orders.fat_finger_multiple",
    "fat_finger_share": "orders.fat_finger_share",
}  # fmt: skip


class Change(NamedTuple):
    """One figure that is another now."""

    name: str
    before: object
    after: object
    looser: bool

    @property
    def sentence(self) -> str:
        """As a person reads it."""
        if self.name == "assets":
            return "the map of assets"
        name = SETTINGS.get(self.name, self.name)
        return f"{name} {_shown(self.name, self.before)} -> {_shown(self.name, self.after)}"


class Reloader:
    """Compares what the files say now with what is in force."""

    def __init__(self, risk: RiskManager, tail: TailDesk) -> None:
        self._risk = risk
        self._tail = tail

    def reload(self, command: Reload, asked: Asked) -> Reply:
        """Take other limits, or say what they would be and that they want a confirmation."""
        if command.problem:
            return Reply(False, f"nothing was changed: {command.problem}")
        if command.limits is None:
            return Reply(False, "this engine can't read its configuration again: start it anew")
        tail = command.tail or self._tail.rules
        found = [*changes(self._risk.limits, command.limits), *tail_changes(self._tail.rules, tail)]
        later = ", ".join(command.elsewhere)
        rest = f"; {later} at the next start only" if later else ""
        if not found:
            return Reply(True, f"every limit is in force as the files state it{rest}")
        looser = [c.sentence for c in found if c.looser]
        tighter = [c.sentence for c in found if not c.looser]
        if looser and not command.confirmed:
            also = f"; and besides: {', '.join(tighter)}" if tighter else ""
            said = f"looser would be {', '.join(looser)}{also}; confirm it{rest}"
            return Reply(False, said, asks=True)
        self._risk.limits = command.limits
        self._tail.allow(tail.var_max, tail.es_max)
        self._risk.switch(self._tail.breach, tail.limits)
        words = tuple(c.sentence for c in found)
        made = LimitsChanged(asked.actor, bool(looser), words, command.limits.profile)
        return Reply(True, f"in force now: {', '.join(words)}{rest}", decisions=[made])


def changes(before: Limits, after: Limits) -> Iterator[Change]:
    """Every figure of the limits that differs, in their order."""
    for name in Limits.__struct_fields__:
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            yield Change(name, old, new, _looser(name, old, new))


def tail_changes(before: TailRules, after: TailRules) -> Iterator[Change]:
    """Of the tail rules the limits alone; 0 is none, and so the loosest."""
    for name in TAIL:
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            yield Change(f"tail.{name}", old or "none", new or "none", bool(old) and (not new or new > old))


def _looser(name: str, old: object, new: object) -> bool:
    if name in NAMES:
        return False
    if not isinstance(old, int | float) or not isinstance(new, int | float):
        return True
    return new < old if name in LOWER else new > old


def _shown(name: str, value: object) -> str:
    if name in ("duplicate_window", "repeats_window") and isinstance(value, int):
        return f"{value / SECOND:g}"
    if isinstance(value, dict):
        return ", ".join(f"{key} {most:g}" for key, most in value.items()) or "none"
    return f"{value:.12g}" if isinstance(value, float) else str(value)
