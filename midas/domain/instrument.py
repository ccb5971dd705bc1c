"""What is traded, and the venue's rules for it."""

from __future__ import annotations

from decimal import Decimal
from functools import cached_property

import msgspec

from midas.domain.money import decimals


class Instrument(msgspec.Struct, frozen=True, dict=True):
    """One tradable pair on one venue, with the filters an order must pass."""

    venue: str  # "binance"
    symbol: str  # the venue's own name: "BTCUSDT"
    base: str
    quote: str
    tick_size: Decimal
    lot_size: Decimal
    quantity_min: Decimal
    quantity_max: Decimal
    notional_min: Decimal

    @cached_property
    def id(self) -> str:
        """`BTC-USDT.binance`: unique among all venues."""
        return f"{self.name}.{self.venue}"

    @cached_property
    def name(self) -> str:
        """`BTC-USDT`: what a person reads."""
        return f"{self.base}-{self.quote}"

    @cached_property
    def quantity_least(self) -> Decimal:
        """The smallest order: the venue's minimum may lie below one lot."""
        return max(self.quantity_min, self.lot_size)

    @cached_property
    def tick(self) -> float:
        """The tick size as evidence."""
        return float(self.tick_size)

    @cached_property
    def lot(self) -> float:
        """The lot size as evidence."""
        return float(self.lot_size)

    @cached_property
    def price_decimals(self) -> int:
        """Digits after the point in a price."""
        return decimals(self.tick_size)

    @cached_property
    def quantity_decimals(self) -> int:
        """Digits after the point in a quantity."""
        return decimals(self.lot_size)

    def price(self, ticks: int) -> Decimal:
        """The exact price of `ticks`."""
        return self.tick_size * ticks

    def quantity(self, lots: int) -> Decimal:
        """The exact quantity of `lots`."""
        return self.lot_size * lots
