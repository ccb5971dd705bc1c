"""What risk says to a target: Approved or Refused with every breach. Only the risk manager makes Approved."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from midas.domain.opinion import Target


class Breach(msgspec.Struct, frozen=True):
    """One limit that a target or an order would break.

    `fits`: the largest quantity that every limit would let pass instead, in whole lots; None where size isn't
    what stands against it. Of a target it is the whole position.
    """

    limit: str
    value: float
    maximum: float
    sentence: str
    fits: Decimal | None = None


class Approved(msgspec.Struct, frozen=True):
    """A target that passed every limit, with the most that its entries may pay."""

    target: Target
    price_most: float  # quote units, of no tick yet


class Refused(msgspec.Struct, frozen=True):
    """A target that broke at least one limit."""

    target: Target
    breaches: tuple[Breach, ...]


Verdict = Approved | Refused
