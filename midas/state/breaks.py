"""What differs between here and the venue: watched once, standing after two passes, accepted by a person.

A difference closes only the gates of what it is about. Two passes in a row have to show it, since a pass is
no single moment: what moves while it is read differs once and never again.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

import msgspec

from midas.domain.time import clock_text

STANDS_AFTER = 2  # passes in a row
CORRECTIONS_MAX = 2  # of the same thing; then it is left alone and shown
DIFFERS = "account differs"  # how the reason of such a gate begins
ACCOUNT = "account"  # the gate of what concerns every instrument: the quote currency


class Kind(Enum):
    """What a difference is about."""

    ASSET = "asset"
    ORDER_HERE = "order here"  # open here, not there
    ORDER_THERE = "order there"  # open there with our mark, not here
    FILLED = "filled"
    CORRECTED = "corrected"  # the same order was corrected twice already
    TRADES = "trades"


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that one pass found to be different."""

    name: str
    kind: Kind
    subject: str
    here: str
    venue: str
    closes: tuple[str, ...]  # gates: instruments, or the account
    text: str


class Known(msgspec.Struct):
    """A difference and what is remembered of it."""

    difference: Difference
    since: int
    seen: int = 0
    purposes: tuple[str, ...] = ()  # of the last passes that showed it
    tried: str = ""  # what was done about it already


class Breaks:
    """All differences of an account; changed only by folding a pass or a person's acceptance."""

    def __init__(self) -> None:
        self.known: dict[str, Known] = {}
        self.accepted: dict[str, tuple[str, str]] = {}  # name -> the figures a person has accepted
        self.corrections: dict[str, int] = {}
        self._skips: dict[str, int] = {}  # passes in a row that left something alone

    def skip(self, name: str, most: int) -> bool:
        """Whether this pass may leave alone what differs while it moves; not for ever."""
        skips = self._skips[name] = self._skips.get(name, 0) + 1
        return skips <= most

    def fold(self, found: Iterable[Difference], skipped: frozenset[str], purpose: str, at: int) -> None:
        """What the newest pass found; `skipped` names what it left alone since it was moving."""
        now = {d.name: d for d in found}
        for name in [n for n in self.known if n not in now and n not in skipped]:
            del self.known[name]
        for name, figures in list(self.accepted.items()):
            if name not in skipped and (name not in now or (now[name].here, now[name].venue) != figures):
                del self.accepted[name]  # it has ended, or it isn't what was accepted any more
        self._skips = {n: count for n, count in self._skips.items() if n in skipped}
        for name, difference in now.items():
            known = self.known.setdefault(name, Known(difference, at))
            known.difference = difference
            known.seen += 1
            known.purposes = (*known.purposes, purpose)[-4:]

    def standing(self, name: str) -> bool:
        """Whether it has been seen often enough to act on, and nobody has accepted it."""
        known = self.known.get(name)
        return known is not None and known.seen >= STANDS_AFTER and name not in self.accepted

    def accept(self, name: str, figures: tuple[str, str]) -> None:
        """A person takes it as it is, for as long as its figures are these."""
        self.accepted[name] = figures

    def stand(self) -> None:
        """No further pass will be waited for: what differs now stands."""
        for known in self.known.values():
            known.seen = max(known.seen, STANDS_AFTER)

    def open(self) -> tuple[Difference, ...]:
        """Those that nobody has accepted."""
        return tuple(k.difference for n, k in self.known.items() if n not in self.accepted)

    def reason(self, gate: str) -> str:
        """Why this gate has to be closed; empty: it hasn't."""
        texts = [
            k.difference.text
            for n, k in self.known.items()
            if self.standing(n) and gate in k.difference.closes
        ]
        return f"{DIFFERS}: {'; '.join(texts)}" if texts else ""

    def corrected(self, name: str) -> None:
        """Something was put right after the venue's word."""
        self.corrections[name] = self.corrections.get(name, 0) + 1

    def exhausted(self, name: str) -> bool:
        """The same thing was corrected so often that a further time would only go round in circles."""
        return self.corrections.get(name, 0) >= CORRECTIONS_MAX

    def evidence(self, name: str) -> str:
        """Which passes showed it, since when, and what was tried: a sentence."""
        known = self.known[name]
        passes = f"{known.seen} pass{'es' if known.seen > 1 else ''}"
        said = f"seen in {passes} since {clock_text(known.since)} UTC ({', '.join(known.purposes)})"
        return f"{said}; {known.tried}" if known.tried else said
