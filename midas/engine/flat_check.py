"""When a flatten is done: nothing left here, and the venue's own word for it, twice."""

from __future__ import annotations

from midas.agents.flattening import leaves_nothing
from midas.domain.money import ZERO, plain
from midas.engine.kill_preview import positions, residual
from midas.state.state import State

READS = 2  # equal passes over the account that verify it (one could have been read before a late fill)
AT_ONCE = 6  # passes asked one after the other; then on the slower rhythm of doubts


class FlatCheck:
    """Counts the passes that found the account as flat as it is here."""

    def __init__(self, state: State) -> None:
        self._state = state
        self.verified = False
        self._reads = 0
        self.asked = 0  # passes in a row, since it wasn't flat here or verified

    @property
    def pending(self) -> bool:
        """Flat here, and the venue hasn't confirmed it yet."""
        return not self.verified and self._flat()

    def begin(self) -> None:
        """A kill was pulled: whatever was verified before says nothing about it."""
        self.verified, self._reads, self.asked = False, 0, 0

    def wants_pass(self) -> bool:
        """Whether to ask the venue at once."""
        flattens = self._state.control.permissions.flattens  # as `pending`: asked after whatever is done
        if not flattens or self.verified or not self._flat():
            self.asked = 0
            return False
        self.asked += 1
        return self.asked <= AT_ONCE

    def lost(self) -> str:
        """What has come since it was verified, in words; empty: nothing. Then it is verified anew."""
        state = self._state
        if not self.verified or not state.control.permissions.flattens or self._flat():
            return ""
        self.begin()
        orders = f"{len(state.orders.open)} open orders" if state.orders.open else ""
        return f"no longer flat: {', '.join(w for w in (positions(state, residual(state)), orders) if w)}"

    def read(self) -> bool:
        """A full pass was folded: True where it is the one that completes the proof.

        One that left alone what was moving, as an audit does, is none that found both sides equal.
        """
        if not self.pending or self._state.clean_at != self._state.reconciled_at:
            self._reads = 0
            return False
        self._reads += 1
        self.verified = self._reads >= READS
        return self.verified

    def sentence(self) -> str:
        """For the journal and the report."""
        state = self._state
        dust = ", ".join(
            f"{plain(s.quantity)} {state.instruments[s.instrument].name} of {s.strategy}"
            for s in state.sleeves() if s.quantity > ZERO
        )  # fmt: skip
        left = f"; too little to be sold: {dust}" if dust else ""
        return f"flat, verified at the venue: no open order, no position, read {READS} times{left}"

    def _flat(self) -> bool:
        state = self._state
        return state.control.permissions.flattens and not state.orders.open and leaves_nothing(state)
