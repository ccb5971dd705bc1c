"""What risk says to a target: Approved or Refused with every breach. Only the risk manager makes Approved."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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


def apart(sentences: Sequence[str]) -> tuple[list[str], str]:
    """Several sentences against one size, and what would fit instead; empty where that isn't said."""
    fits = next((text.rpartition("; ")[2] for text in sentences if text.endswith(" fits")), "")
    if len(sentences) < 2 or not fits:
        return list(sentences), ""
    return [text.removesuffix(f"; {fits}") for text in sentences], fits


class Approved(msgspec.Struct, frozen=True):
    """A target that passed every limit, with the most that its entries may pay."""

    target: Target
    price_most: float  # quote units, of no tick yet


class Refused(msgspec.Struct, frozen=True):
    """A target that broke at least one limit."""

    target: Target
    breaches: tuple[Breach, ...]


Verdict = Approved | Refused
