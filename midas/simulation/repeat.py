"""Stepping the lives of a desk again from journal and tape: every decision must be the same, byte by byte."""

from __future__ import annotations

from collections.abc import Iterator

from midas.engine.build import build_engine
from midas.errors import ReplayError, StoreDamaged
from midas.runtime.replay import Replay, timeline
from midas.simulation.desk import Desk
from midas.simulation.trader import strategies


def differing(desk: Desk) -> Iterator[str]:
    """Where a replay of this life decides something else; nothing where it doesn't."""
    rows = desk.journal.rows
    if len(rows) < 2 or desk.runner is None:
        return
    engine = build_engine(desk.config, strategies(desk.machine.whims))
    replay = Replay(engine, desk.session, desk.journal.sealed, rows[-1].sequence)
    try:
        replay.run(timeline(rows[1:], desk.tape.events), lambda _: None)
    except (ReplayError, StoreDamaged) as error:
        yield str(error)
