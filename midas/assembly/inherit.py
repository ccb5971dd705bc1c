"""What a new session takes over from the ones before it."""

from __future__ import annotations

import gc
import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import msgspec

from midas import __version__
from midas.assembly.access import continues
from midas.domain.carry import Carried
from midas.domain.instrument import Instrument
from midas.domain.mode import Mode
from midas.domain.money import ZERO
from midas.errors import ConfigInvalid, RepairNeeded, SchemaNewer, StoreDamaged, StoreFull
from midas.runtime.replay import Readable, fold_ledger, fold_telling, header_of, telling
from midas.state.state import EXTERNAL
from midas.store import sessions
from midas.store.evidence import read_records
from midas.store.mend import NOTE, Cause, cut, finish_all, read_cut
from midas.store.survey import Condition, Reading, Survey


def rows_of(directory: Path) -> Iterator[Readable]:
    """A session's journal as the runtime reads it."""
    return read_records(directory)


class Left(msgspec.Struct, frozen=True):
    """What one session left behind, as its journal alone tells it."""

    account: str
    carried: Carried
    found: Survey
    instruments: tuple[Instrument, ...] = ()  # as they were at its start


def inherited(
    home: Path, account: str, now: Callable[[], int] = time.time_ns, ahead: Left | None = None
) -> tuple[Carried, list[str]]:
    """The newest ledger of this account, else the newest mode of any; and what a person should know.

    `ahead`: what was read of one of the sessions already. A journal that a crash tore is cut to its last good
    record. Raises RepairNeeded where the newest one is damaged, SchemaNewer, and StoreFull where an
    interrupted cut can't be finished.
    """
    with _uncollected():
        return _inherited(home, account, now, ahead)


def left_by(directory: Path) -> Left:
    """Read one session and change nothing. Raises MidasError or MsgspecError where it can't be continued."""
    reading = Reading(directory)
    return left_in(directory.name, told_by(reading), reading.survey)


def told_by(reading: Reading) -> Iterator[Readable]:
    """Its header, and the rows behind it that the ledger follows from."""
    records = reading.records()
    return itertools.chain(itertools.islice(records, 1), telling(records))


def left_in(session: str, rows: Iterator[Readable], survey: Callable[[], Survey]) -> Left:
    """`left_by` of the rows that a reading told; `survey` is asked for its verdict behind them."""
    header = header_of(rows, session)
    if header.session != session:
        raise StoreDamaged(f"{session} is a copy of session {header.session}", "journal.db", 0)
    return Left(header.account, fold_telling(header, rows), survey(), header.config.instruments)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Folding makes no cycles, and the collector's passes over all that it keeps take as long as the fold."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _inherited(
    home: Path, account: str, now: Callable[[], int], ahead: Left | None
) -> tuple[Carried, list[str]]:
    problems: list[str] = []
    _finish_cuts(home)
    mode: Carried | None = None
    strangers: set[str] = set()  # accounts of newer sessions
    for name in reversed(sessions.begun(home)):
        directory = home / sessions.SESSIONS / name
        if ahead is not None and ahead.found.session == name:
            left: Left | None = ahead
        else:
            left = _read(directory, account, problems, now, strangers if mode is not None else None)
        if left is None:
            continue
        ours = _is_ours(left.account, account, strangers)
        _judge(directory, left.found, ours, problems, now)
        if not left.carried.from_session:
            continue  # it ended before its first step
        carried = _after_repair(home, left.carried, problems)
        if ours:
            if left.account != account:
                problems.append(
                    f"session {name} was kept as {left.account}, before accounts were told apart: it goes on "
                    f"as {account}; if it was another account's, name another MIDAS_HOME"
                )
            return carried, problems
        strangers.add(left.account)
        mode = carried
    if mode is None:
        return _after_repair(home, Carried(), problems), problems
    return _mode_only(mode), problems


def _read(
    directory: Path, account: str, problems: list[str], now: Callable[[], int], strangers: set[str] | None
) -> Left | None:
    """What one session left; None where it says nothing to us.

    `strangers`: only a session of ours is wanted still, and whose the others are is added there.
    """
    reading = Reading(directory)
    if not reading.begun:
        return None  # the engine ended before anything was committed
    rows = reading.records()
    try:
        header = header_of(rows, directory.name)
    except StoreDamaged as damage:
        for _ in rows:
            pass
        if (found := reading.survey()).condition is not Condition.TORN:
            raise repair_needed(found, str(damage)) from None
        problems.append(_cut_torn(directory, found, now))
        return None
    if header.session != directory.name:
        problems.append(f"{directory.name} is a copy of session {header.session}: it is passed over")
        return None
    if strangers is not None and not _is_ours(header.account, account, strangers):
        strangers.add(header.account)
        return None
    try:
        carried = fold_ledger(header, rows)
    except msgspec.MsgspecError as error:
        raise SchemaNewer(
            f"session {header.session} was written by midas {header.version} and holds what this one, "
            f"{__version__}, doesn't know ({error}): install midas {header.version}; nothing was changed"
        ) from None
    return Left(header.account, carried, reading.survey())


def _is_ours(recorded: str, account: str, strangers: set[str]) -> bool:
    """A session that doesn't say whose it is belongs to the first account that took it over."""
    taken = any(continues(recorded, other) for other in strangers)
    return recorded == account or (continues(recorded, account) and not taken)


def _judge(directory: Path, found: Survey, ours: bool, problems: list[str], now: Callable[[], int]) -> None:
    """Cut what a crash tore. Raises RepairNeeded where something else has changed our journal."""
    if found.condition is Condition.DAMAGED and ours:
        raise repair_needed(found)
    if found.condition is Condition.TORN and ours:
        problems.append(_cut_torn(directory, found, now))
    elif found.condition is not Condition.WHOLE:
        problems.append(f"session {directory.name} on another account, whose mode is kept: {found.what}")


def repair_needed(found: Survey, why: str = "") -> RepairNeeded:
    """The refusal of a start, with the way out."""
    good = f"{found.records:,} records up to sequence {found.sequence} are good"
    what = (found.what or why).rstrip(".")
    return RepairNeeded(
        f"session {found.session} can't be continued: {what} ({good}); `midas repair {found.session}` shows "
        "what can be saved, and with --yes goes on from there and the venue"
    )


def _cut_torn(directory: Path, found: Survey, now: Callable[[], int]) -> str:
    """The sentence about it; a disk that refuses doesn't keep the engine from starting."""
    try:
        _, note = cut(directory, Cause.TORN, now())
    except StoreFull as error:
        return f"session {directory.name}: {found.what} It goes on from its last good record, uncut: {error}"
    return f"session {directory.name}: {note.sentence}; what followed is asked of the venue"


def _finish_cuts(home: Path) -> None:
    try:
        finish_all(home / sessions.SESSIONS)
    except OSError as error:
        raise StoreFull(f"a cut of a journal in {home} can't be finished: {error}") from error


def _after_repair(home: Path, carried: Carried, problems: list[str]) -> Carried:
    """Nobody knows what a person chose in a stretch that is lost: nothing is opened before one says so."""
    repaired = [
        f"session {path.parent.name}: {note.sentence}; what followed is asked of the venue"
        for path in (home / sessions.SESSIONS).glob(f"*/{NOTE}")
        if path.parent.name >= carried.from_session
        and (note := read_cut(path.parent)) is not None
        and (note.cause is Cause.REPAIRED or not note.sequence)
    ]
    problems += [sentence for sentence in repaired if sentence not in problems]
    if not repaired or Mode(carried.mode).safety >= Mode.OBSERVATION.safety:
        return carried
    return msgspec.structs.replace(
        carried, mode=Mode.OBSERVATION.value, mode_floor=Mode.OBSERVATION.value, mode_by="midas repair",
        mode_ends="until somebody changes it",
        mode_cause="a part of the journal is lost: compare the account with the venue", mode_since=0,
    )  # fmt: skip


def refuse_left_behind(carried: Carried, instruments: Sequence[Instrument]) -> None:
    """Raises ConfigInvalid where a position or an open order of ours is in none of these instruments."""
    smallest = min(i.notional_min for i in instruments)
    traded = {i.id for i in instruments}
    # What cost less than the venue's smallest order is what sales leave over: it can't be closed.
    held = {
        s.instrument for s in carried.sleeves if s.strategy != EXTERNAL and s.quantity and s.cost >= smallest
    }
    held -= _sold_elsewhere(carried, smallest)
    held |= {order.intent.instrument for order in carried.orders}
    if missing := sorted(held - traded):
        names = ", ".join(instrument.partition(".")[0] for instrument in missing)
        raise ConfigInvalid(
            f"{names} is missing in trading.instruments, but session {carried.from_session} left a position "
            "or an open order there; add it again, or close it in a session that has it first"
        )


def _sold_elsewhere(carried: Carried, smallest: Decimal) -> set[str]:
    """Where a sale by no order that we know has left less of our positions than the venue takes."""
    found = set()
    for sold in carried.sleeves:
        if sold.strategy != EXTERNAL or sold.quantity >= ZERO:
            continue
        ours = [s for s in carried.sleeves if s.instrument == sold.instrument and s.strategy != EXTERNAL]
        held = sum((s.quantity for s in ours), ZERO)
        cost = sum((s.cost for s in ours), ZERO)
        if held <= ZERO or cost * (held + sold.quantity) / held < smallest:
            found.add(sold.instrument)
    return found


def _mode_only(carried: Carried) -> Carried:
    """A new account starts a new ledger; mode and its cause, and what a person paused, outlive it."""
    return Carried(
        mode=carried.mode, mode_by=carried.mode_by, mode_cause=carried.mode_cause,
        mode_ends=carried.mode_ends, mode_since=carried.mode_since, mode_floor=carried.mode_floor,
        pauses=carried.pauses,
    )  # fmt: skip
