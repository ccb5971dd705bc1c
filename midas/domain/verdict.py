"""What risk says to a target: Approved or Refused with every breach. Only the risk manager makes Approved."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from midas.domain.opinion import Target


class Breach(msgspec.Struct, frozen=True):
    """One limit that a target would break."""

    limit: str
    value: float
    maximum: float
    sentence: str


class Approved(msgspec.Struct, frozen=True):
    """A target that passed every limit, with the price band that its orders must stay in."""

    target: Target
    price_low: Decimal
    price_high: Decimal


class Refused(msgspec.Struct, frozen=True):
    """A target that broke at least one limit."""

    target: Target
    breaches: tuple[Breach, ...]


Verdict = Approved | Refused
