"""The gates that follow from evidence: an instrument's, the account's for its quote currency, the disk's."""

from __future__ import annotations

from collections.abc import Iterator

from midas.domain.decision import GateMoved
from midas.domain.event import Ticked
from midas.engine.freshness import pulled
from midas.state.breaks import ACCOUNT
from midas.state.control import JOURNAL
from midas.state.state import State


def judge(state: State) -> Iterator[GateMoved]:
    """Close what a standing difference or long silence closes, open what nothing closes any more."""
    if state.recovering:
        return
    control = state.control
    if not (control.gates or state.breaks.known or state.stale_since or state.halted):
        return  # asked once a second, and hardly ever is there anything to say
    for scope in (ACCOUNT, *state.instruments):
        gate = control.gates.get(scope)
        if gate is not None and gate.by:
            continue  # a person's
        reasons = [
            r for r in (state.breaks.reason(scope), pulled(state, scope), state.halted.get(scope)) if r
        ]
        if reasons:
            yield from control.close_gate(scope, "; ".join(reasons), state.now)
        else:
            yield from control.open_gate(scope)


def judge_disk(state: State, event: Ticked) -> Iterator[GateMoved]:
    """Nothing new is opened while no intent can become durable; what rests is withdrawn all the same."""
    if event.journal:
        yield from state.control.close_gate(JOURNAL, event.journal, event.at)
    else:
        yield from state.control.open_gate(JOURNAL)
