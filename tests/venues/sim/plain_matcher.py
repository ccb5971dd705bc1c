"""The matcher's slow, plain reference: every lot of one price level is a token in one list."""

from __future__ import annotations

from dataclasses import dataclass, field

OUTSIDE = 0


@dataclass
class PlainLevel:
    """One price of one side: tokens in queue order, OUTSIDE or the id of the order that owns the lot."""

    tokens: list[int] = field(default_factory=list)

    def show(self, lots: int) -> None:
        """The market displays `lots`: growth joins the end, shrinking leaves from the end."""
        outside = self.tokens.count(OUTSIDE)
        self.tokens += [OUTSIDE] * max(0, lots - outside)
        for _ in range(max(0, outside - lots)):
            last = len(self.tokens) - 1 - self.tokens[::-1].index(OUTSIDE)
            del self.tokens[last]

    def add(self, order: int, lots: int) -> None:
        """An order joins the end."""
        self.tokens += [order] * lots

    def remove(self, order: int) -> int:
        """An order leaves; the lots it had left."""
        left = self.tokens.count(order)
        self.tokens = [token for token in self.tokens if token != order]
        return left

    def take(self, lots: int) -> dict[int, int]:
        """A taker removes the first `lots` tokens; lots by owner."""
        taken, self.tokens = self.tokens[:lots], self.tokens[lots:]
        return {owner: taken.count(owner) for owner in dict.fromkeys(taken)}

    def printed(self, lots: int) -> dict[int, int]:
        """A trade outside passes the queue: outside lots it meets stay displayed, but behind us."""
        filled: dict[int, int] = {}
        passed = 0
        while lots and any(token != OUTSIDE for token in self.tokens):
            token = self.tokens.pop(0)
            lots -= 1
            if token == OUTSIDE:
                passed += 1
            else:
                filled[token] = filled.get(token, 0) + 1
        self.tokens += [OUTSIDE] * passed
        return filled

    def ahead(self, order: int) -> int:
        """Outside lots before an order."""
        return self.tokens[: self.tokens.index(order)].count(OUTSIDE)
