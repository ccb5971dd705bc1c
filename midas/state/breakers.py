"""Where each circuit breaker stands, and what the components last said."""

from __future__ import annotations

import msgspec

from midas.domain.breakers import Component, Phase


class Breaker(msgspec.Struct):
    """One component as the engine trusts it; times are wall time."""

    component: Component
    phase: Phase = Phase.CLOSED
    since: int = 0  # of the phase
    opened_at: int = 0  # of the present failure; 0: none
    reason: str = ""
    failing_since: int = 0  # 0: it works
    opened: int = 0  # how often in this session

    @property
    def holds(self) -> bool:
        """Whether its effect holds."""
        return self.phase is not Phase.CLOSED


class Word(msgspec.Struct):
    """What a component last told of itself."""

    good_at: int = 0  # 0: never
    failing_since: int = 0  # 0: it works
    detail: str = ""


class Breakers:
    """All of them; a component that never spoke isn't used here, and its breaker stays closed."""

    def __init__(self) -> None:
        self.all = {component: Breaker(component) for component in Component}
        self.words: dict[Component, Word] = {}
        self.held = False  # whether the effect of any held when they were last judged
        self.factor = 1.0  # on every size, while a filter is missing

    def hear(self, component: str, ok: bool, detail: str, at: int) -> None:
        """A component speaks of itself; one that nobody knows is not ours to judge."""
        known = next((c for c in Component if c.value == component), None)
        if known is None:
            return
        word = self.words.setdefault(known, Word())
        if ok:
            word.good_at, word.failing_since, word.detail = at, 0, ""
        else:
            word.failing_since, word.detail = word.failing_since or at, detail

    def holding(self) -> list[Breaker]:
        """The breakers whose effect holds."""
        return [b for b in self.all.values() if b.phase is not Phase.CLOSED]

    def lacking(self, needs: frozenset[str]) -> Breaker | None:
        """The first component among `needs` that can't be relied on."""
        if not needs:
            return None
        return next((b for c, b in self.all.items() if c.value in needs and b.holds), None)
