"""The reconciliation pane: what differs, since when, and how far each venue's account is believed."""

from __future__ import annotations

from collections.abc import Iterator

from midas.engine.passes import Passes
from midas.state.breaks import Known
from midas.state.state import State
from midas.state.views.reconciliation import DifferenceView, ReconciliationView, VenueView

NO_DMS = "NO DMS"  # Binance spot has no dead-man's switch: orders stand until somebody cancels them
_ORDER = {"standing": 0, "watching": 1, "accepted": 2}


def reconciliation(state: State, passes: Passes, venue: str) -> ReconciliationView:
    """As of now."""
    differences = sorted(_differences(state), key=lambda d: (_ORDER[d.state], d.since_at, d.name))
    word, doubts = venue_state(state), state.orders.unknown
    return ReconciliationView(
        state=word,
        clean_at=state.clean_at,
        pass_at=state.reconciled_at,
        passes=state.passes,
        running=passes.open,
        next_at=passes.next_at,
        differences=tuple(differences),
        venues=(VenueView(venue, word, NO_DMS),),
        unknown=len(doubts),
        undecided=state.undecided,
        unknown_since=doubts[0].unknown_since if doubts else 0,
    )


def venue_state(state: State) -> str:
    """One word: the gravest that holds."""
    if state.recovering:
        return "RECOVERING"
    if any(state.breaks.standing(name) for name in state.breaks.known):
        return "BREAK"
    if state.stream_doubt:
        return "STREAM_RECONCILING"
    return "DIFFERS" if state.breaks.open() else "CLEAN"


def _differences(state: State) -> Iterator[DifferenceView]:
    for name, known in state.breaks.known.items():
        found = known.difference
        yield DifferenceView(
            name, found.subject, found.here, found.venue, known.since, known.seen, _state(state, name, known),
            state.breaks.evidence(name), found.closes,
        )  # fmt: skip


def _state(state: State, name: str, known: Known) -> str:
    if name in state.breaks.accepted:
        return "accepted"
    return "standing" if state.breaks.standing(name) else "watching"
