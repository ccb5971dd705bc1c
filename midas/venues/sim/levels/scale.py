"""Integer ticks and lots on this side, the venue's eight-decimal strings on the other."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from midas.domain.instrument import Instrument
from midas.domain.money import exact, units
from midas.errors import MalformedMessage

WIRE = 10**8  # the venue prints every price and quantity in units of 1e-8
ATOM = Decimal("0.00000001")


def wire_text(count: int) -> str:
    """`count` units of 1e-8 as the venue prints them: 6173763000000 -> 61737.63000000."""
    whole, rest = divmod(count, WIRE)
    return f"{whole}.{rest:08d}"


def wire_units(text: str) -> int:
    """The units of 1e-8 that `text` spells; raises MalformedMessage where it isn't such a number."""
    try:
        if text[-9] == ".":
            return int(text[:-9] + text[-8:])
    except (IndexError, ValueError):
        pass
    value = exact(text)
    if value < 0:
        raise MalformedMessage(f"expected a price or quantity of zero or more, got {text!r}")
    return units(value, ATOM)


class Scale(msgspec.Struct, frozen=True):
    """How many units of 1e-8 one tick and one lot of an instrument are."""

    tick_units: int
    lot_units: int

    @classmethod
    def of(cls, instrument: Instrument) -> Scale:
        """The scale of `instrument`."""
        return cls(units(instrument.tick_size, ATOM), units(instrument.lot_size, ATOM))

    def ticks(self, text: str) -> int:
        """Whole ticks in a price string."""
        return wire_units(text) // self.tick_units

    def lots(self, text: str) -> int:
        """Whole lots in a quantity string."""
        return wire_units(text) // self.lot_units

    def price(self, ticks: int) -> str:
        """The price of `ticks` as the venue prints it."""
        return wire_text(ticks * self.tick_units)

    def quantity(self, lots: int) -> str:
        """The quantity of `lots` as the venue prints it."""
        return wire_text(lots * self.lot_units)

    def notional(self, tick_lots: int) -> str:
        """A sum of ticks times lots in the quote asset, as the venue prints it."""
        return wire_text(tick_lots * self.tick_units * self.lot_units // WIRE)
