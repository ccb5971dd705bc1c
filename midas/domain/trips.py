"""What a strategy made from flat to flat: the evidence of win rate, profit factor and size."""

from __future__ import annotations

from decimal import Decimal

import msgspec


class Trip(msgspec.Struct, frozen=True, array_like=True):
    """A position of one strategy that was opened and is closed again."""

    strategy: str
    instrument: str
    closed_at: int  # by the venue's clock
    profit: Decimal  # quote units, fees included
