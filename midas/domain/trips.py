"""A strategy's round trips, from flat to flat: the evidence of its chances, its size and the key figures."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from midas.domain.money import ZERO


class Trip(msgspec.Struct, frozen=True, array_like=True, kw_only=True, gc=False):
    """A position of one strategy that was opened and is closed again. Times are the venue's."""

    strategy: str
    instrument: str
    opened_at: int
    closed_at: int
    quantity: Decimal  # base units of all its entries; negative: it was short
    paid: Decimal  # quote units that the entries traded for, without fees; positive
    gross: Decimal  # quote units, before fees
    costs: Decimal  # quote units; negative: rebates
    stop: Decimal | None = None  # the first level that a stop of it had; None: it had none

    @property
    def profit(self) -> Decimal:
        """After fees, quote units."""
        return self.gross - self.costs

    @property
    def result(self) -> float:
        """After fees, as a fraction of what was paid."""
        return float(self.profit / self.paid)

    @property
    def multiple(self) -> float | None:
        """R: profit for each unit that its first stop risked; None without a stop that could lose."""
        if self.stop is None:
            return None
        lost_at_stop = self.paid - self.stop * abs(self.quantity)
        risked = lost_at_stop if self.quantity > ZERO else -lost_at_stop
        return float(self.profit / risked) if risked > ZERO else None


class OpenTrip(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What a position that isn't closed yet has come to; the amounts as in `Trip`."""

    quantity: Decimal = ZERO
    paid: Decimal = ZERO
    gross: Decimal = ZERO
    costs: Decimal = ZERO
    stop: Decimal | None = None

    def entered(self, quantity: Decimal, value: Decimal) -> OpenTrip:
        """With one more entry."""
        if not quantity:
            return self
        return OpenTrip(self.quantity + quantity, self.paid + abs(value), self.gross, self.costs, self.stop)

    def earned(self, gross: Decimal, costs: Decimal) -> OpenTrip:
        """With what one more trade realised and cost."""
        if not gross and not costs:
            return self
        return OpenTrip(self.quantity, self.paid, self.gross + gross, self.costs + costs, self.stop)

    def closed(self, strategy: str, instrument: str, opened_at: int, closed_at: int) -> Trip:
        """As it ended."""
        return Trip(
            strategy=strategy, instrument=instrument, opened_at=opened_at, closed_at=closed_at,
            quantity=self.quantity, paid=self.paid, gross=self.gross, costs=self.costs, stop=self.stop,
        )  # fmt: skip
