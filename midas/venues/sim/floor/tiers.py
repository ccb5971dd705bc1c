"""Fees that fall with what an account trades: the last thirty days decide.

The table has the shape of public VIP tables; its numbers are ours. Values of pairs with different quote
assets are added as they are: the markets of this exchange are quoted in dollars.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from midas.costs import FeeSchedule
from midas.domain.money import ZERO
from midas.domain.time import DAY

WINDOW_DAYS = 30  # today and the twenty-nine days before it, in UTC


class Tier(msgspec.Struct, frozen=True):
    """What an account pays that traded at least `value`."""

    value: Decimal  # in the quote asset, within the window
    fees: FeeSchedule


def _tier(value: int, maker_bps: str, taker_bps: str) -> Tier:
    maker, taker = (Decimal(bps) / 10_000 for bps in (maker_bps, taker_bps))
    return Tier(Decimal(value), FeeSchedule(maker, taker))


TIERS = (
    _tier(0, "10", "10"),
    _tier(1_000_000, "9", "10"),
    _tier(5_000_000, "8", "9.5"),
    _tier(20_000_000, "6", "8"),
    _tier(100_000_000, "4", "6"),
    _tier(250_000_000, "2.5", "4.5"),
    _tier(1_000_000_000, "1.5", "3.5"),
    _tier(2_500_000_000, "0.5", "2.5"),
    _tier(5_000_000_000, "0", "2"),
)


def fees_for(value: Decimal) -> FeeSchedule:
    """The best tier that `value` reaches."""
    return next(tier.fees for tier in reversed(TIERS) if value >= tier.value)


class Volume:
    """What one account traded, by UTC day."""

    def __init__(self) -> None:
        self.days: dict[int, Decimal] = {}  # days since 1970: value in the quote asset

    def add(self, value: Decimal, now: int) -> None:
        """A deal of this value, at wall time `now`."""
        today = now // DAY
        if today not in self.days:
            self.days = {day: kept for day, kept in self.days.items() if day > today - WINDOW_DAYS}
        self.days[today] = self.days.get(today, ZERO) + value

    def total(self, now: int) -> Decimal:
        """What counts at wall time `now`."""
        first = now // DAY - WINDOW_DAYS
        return sum((value for day, value in self.days.items() if day > first), ZERO)
