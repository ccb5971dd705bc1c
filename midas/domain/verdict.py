"""What risk says to a target: Approved or Refused with every breach. Only the risk manager makes Approved."""

from __future__ import annotations

from collections.abc import Iterable
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


def once(sentences: Iterable[str]) -> tuple[str, ...]:
    """What several sentences end with behind a semicolon is said by the last of them alone."""
    said = list(sentences)
    ends = [text.rpartition("; ")[2] if "; " in text else "" for text in said]
    return tuple(
        text.removesuffix(f"; {end}") if end and end in ends[place + 1 :] else text
        for place, (text, end) in enumerate(zip(said, ends, strict=True))
    )


class Approved(msgspec.Struct, frozen=True):
    """A target that passed every limit, with the most that its entries may pay."""

    target: Target
    price_most: float  # quote units, of no tick yet


class Refused(msgspec.Struct, frozen=True):
    """A target that broke at least one limit."""

    target: Target
    breaches: tuple[Breach, ...]


Verdict = Approved | Refused
