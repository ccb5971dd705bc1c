"""What a new session takes over from the ones before it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from midas.domain.carry import Carried
from midas.domain.instrument import Instrument
from midas.errors import ConfigInvalid, StoreDamaged
from midas.runtime.records import Header
from midas.runtime.replay import Row, fold_ledger, header_of
from midas.state.state import EXTERNAL
from midas.store import sessions
from midas.store.chain import GENESIS, holds
from midas.store.evidence import read_records
from midas.store.head import BEFORE_FIRST, read_head
from midas.store.journal import DATABASE


def rows_of(directory: Path) -> Iterator[Row]:
    """A session's journal as the runtime reads it."""
    return (Row(r.sequence, r.kind, r.body) for r in read_records(directory))


def inherited(home: Path, account: str) -> tuple[Carried, list[str]]:
    """The newest ledger of this account, else the newest mode of any; and what couldn't be read."""
    problems: list[str] = []
    mode: Carried | None = None
    for name in reversed(sessions.names(home)):
        directory = home / sessions.SESSIONS / name
        try:
            if read_head(directory).head.record == BEFORE_FIRST:
                continue  # the engine ended before anything was committed
            header = header_of(rows_of(directory), name)
            if mode is not None and header.account != account:
                continue
            carried = _ledger(directory, header)
        except StoreDamaged as damage:
            problems.append(f"session {name} can't be continued: {damage}")
            continue
        if not carried.from_session:
            continue  # it ended before its engine took its first step
        if header.account == account:
            return carried, problems
        mode = carried
    return _mode_only(mode), problems


def refuse_left_behind(carried: Carried, instruments: Sequence[Instrument]) -> None:
    """Raises ConfigInvalid where a position or an open order of ours is in none of these instruments."""
    smallest = min(i.notional_min for i in instruments)
    traded = {i.id for i in instruments}
    # What cost less than the venue's smallest order is what sales leave over: it can't be closed.
    held = {
        s.instrument for s in carried.sleeves if s.strategy != EXTERNAL and s.quantity and s.cost >= smallest
    }
    held |= {order.intent.instrument for order in carried.orders}
    if missing := sorted(held - traded):
        names = ", ".join(instrument.partition(".")[0] for instrument in missing)
        raise ConfigInvalid(
            f"{names} is missing in trading.instruments, but session {carried.from_session} left a position "
            "or an open order there; add it again, or close it in a session that has it first"
        )


def _ledger(directory: Path, header: Header) -> Carried:
    """Only a whole journal may be continued: what it lost would be missing in the ledger."""
    return fold_ledger(header, _proven(directory))


def _proven(directory: Path) -> Iterator[Row]:
    head = read_head(directory).head
    previous, last, last_good = GENESIS, BEFORE_FIRST, 0
    for record in read_records(directory):
        if record.record != last + 1 or not holds(previous, record):
            raise _broken(f"record {record.record} isn't what was written", last_good)
        previous, last, last_good = record.hash, record.record, record.sequence
        yield Row(record.sequence, record.kind, record.body)
    if last < head.record:
        raise _broken(f"it ends at record {last} though its head proves {head.record}", last_good)


def _broken(what: str, last_good: int) -> StoreDamaged:
    sentence = f"{DATABASE}: {what}; the last good sequence is {last_good}"
    return StoreDamaged(sentence, file=DATABASE, last_good=last_good)


def _mode_only(carried: Carried | None) -> Carried:
    """A new account starts a new ledger; mode and its cause, and what a person paused, outlive it."""
    if carried is None:
        return Carried()
    return Carried(
        mode=carried.mode, mode_by=carried.mode_by, mode_cause=carried.mode_cause,
        mode_ends=carried.mode_ends, mode_since=carried.mode_since, mode_floor=carried.mode_floor,
        pauses=carried.pauses,
    )  # fmt: skip
