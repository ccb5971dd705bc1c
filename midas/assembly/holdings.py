"""What of an account is ours, from the newest journal alone: read-only, beside an engine or after it."""

from __future__ import annotations

from pathlib import Path

from midas.assembly.access import continues
from midas.assembly.inherit import rows_of
from midas.domain.money import ZERO
from midas.domain.order import Side
from midas.errors import StoreDamaged
from midas.runtime.replay import fold_ledger, header_of
from midas.runtime.takeover import Holding
from midas.store import sessions
from midas.store.survey import Reading


def holdings(home: Path, account: str) -> list[Holding]:
    """One for each instrument of the newest session that took a step.

    Raises StoreError where none of `account` is read.
    """
    for name in reversed(sessions.names(home)):
        directory = home / sessions.SESSIONS / name
        if not Reading(directory).begun:
            continue  # it ended before anything was committed
        rows = rows_of(directory)
        header = header_of(rows, name)
        if header.session != name:
            continue  # a copy that somebody keeps there, which a start passes over as well
        carried = fold_ledger(header, rows)
        if carried.from_session:
            break  # else a start that broke off: what is held stands in the one before it
    else:
        raise StoreDamaged("no session has a journal", file="", last_good=0)
    if not continues(header.account, account):  # whose balances we see, we know nothing of
        raise StoreDamaged(
            f"the newest session {name} is of account {header.account}, and our keys are of {account}",
            file=name, last_good=0,
        )  # fmt: skip
    found, relisted = [], {i.id: i for i in carried.relisted}
    for begun in header.config.instruments:
        instrument = relisted.get(begun.id, begun)
        held = sum((s.quantity for s in carried.sleeves if s.instrument == instrument.id), ZERO)
        buying = sum(
            (
                o.intent.quantity - o.filled for o in carried.orders
                if o.intent.instrument == instrument.id and o.intent.side is Side.BUY
            ), ZERO,
        )  # fmt: skip
        foreign = max(ZERO, carried.balances.get(instrument.base, ZERO) - held)
        found.append(Holding(instrument, foreign, max(ZERO, held) + buying))
    return found
