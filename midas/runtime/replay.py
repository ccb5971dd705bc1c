"""Reading a session back: its ledger from the journal alone, its every decision from journal and tape."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec

from midas.domain.carry import Carried
from midas.domain.decision import ModeChanged, OrderPlanned
from midas.domain.event import Event
from midas.domain.mode import Mode
from midas.engine import audit as audits
from midas.engine.engine import Engine
from midas.errors import AuditDiffers, StoreDamaged
from midas.runtime.records import AUDIT, EVENT, HEADER, Header, decode_event, decode_header, decode_market
from midas.state.state import State


class Row(msgspec.Struct, frozen=True):
    """One journal record, as far as reading needs it."""

    sequence: int
    kind: str
    body: bytes


class Moment(msgspec.Struct, frozen=True):
    """One event of a session, with the audit that was recorded for it."""

    sequence: int
    event: Event
    audit: bytes | None


class ReplayReport(msgspec.Struct, frozen=True):
    """What a verified replay found."""

    session: str
    events: int
    audits: int
    identical: int
    complete: bool  # False: a crash cut the end off, and `note` says where
    note: str = ""


def header_of(rows: Iterator[Row], session: str) -> Header:
    """Record 0. Raises StoreDamaged where it is missing or unreadable."""
    first = next(rows, None)
    if first is None or first.kind != HEADER:
        raise StoreDamaged(f"journal.db of {session} holds no header: the session never began", "journal.db", 0)
    try:
        return decode_header(first.body)
    except msgspec.MsgspecError as error:
        raise StoreDamaged(f"the header of {session} is unreadable: {error}", "journal.db", 0) from None


def fold_ledger(header: Header, rows: Iterable[Row]) -> Carried:
    """What a session left behind: ledger, open orders and mode, from the journal alone."""
    state = State(header.config.instruments, header.config.quote)
    for row in rows:
        if row.kind == EVENT:
            event = decode_event(row.body)
            state.now = event.at
            state.apply(event)
        elif row.kind == AUDIT:
            _fold_decisions(state, row.body)
    return state.carried()


def _fold_decisions(state: State, body: bytes) -> None:
    for decision in audits.decode(body).decisions:
        if isinstance(decision, OrderPlanned):
            state.plan(decision.intent)
        elif isinstance(decision, ModeChanged):
            control = state.control
            control.set_mode(Mode(decision.after), decision.by, decision.cause, decision.ends_when, state.now)
            if decision.by != "trigger":
                control.floor = control.mode


def timeline(rows: Iterable[Row], tape: Iterable[tuple[int, bytes]]) -> Iterator[Moment]:
    """Journal and tape as one sequence of events, each with its recorded audit."""
    events = iter(tape)
    upcoming = next(events, None)
    waiting: Moment | None = None
    for row in rows:
        if row.kind not in (EVENT, AUDIT):
            continue
        if waiting is not None and row.sequence > waiting.sequence:
            yield waiting
            waiting = None
        while upcoming is not None and upcoming[0] < row.sequence:
            yield Moment(upcoming[0], decode_market(upcoming[1]), None)
            upcoming = next(events, None)
        if row.kind == EVENT:
            waiting = Moment(row.sequence, decode_event(row.body), None)
        elif waiting is not None:
            yield msgspec.structs.replace(waiting, audit=row.body)
            waiting = None
        elif upcoming is not None and upcoming[0] == row.sequence:
            yield Moment(row.sequence, decode_market(upcoming[1]), row.body)
            upcoming = next(events, None)
        else:
            raise LostEvent(row.sequence)
    if waiting is not None:
        yield waiting
    while upcoming is not None:
        yield Moment(upcoming[0], decode_market(upcoming[1]), None)
        upcoming = next(events, None)


class LostEvent(Exception):
    """An audit whose event is not on the tape: only a crash's lost tail may explain it."""

    def __init__(self, sequence: int) -> None:
        super().__init__(sequence)
        self.sequence = sequence


class Replay:
    """Steps an engine through a session and, asked to, compares every audit byte by byte."""

    def __init__(self, engine: Engine, session: str, sealed: bool, last_journal: int, compare: bool = True) -> None:
        self._engine = engine
        self._session = session
        self._sealed = sealed
        self._last_journal = last_journal
        self._comparing = compare
        self.events = self.audits = 0

    def run(self, moments: Iterator[Moment], progress: Callable[[int], None]) -> ReplayReport:
        """Raises AuditDiffers at the first decision that isn't the recorded one."""
        note = ""
        try:
            for moment in moments:
                if moment.sequence != self.events + 1:
                    note = self._gap(moment.sequence)
                    break
                if not self._sealed and moment.sequence >= self._last_journal:
                    note = f"crashed: verified up to the last committed record, sequence {self.events}"
                    break
                self._compare(moment)
                progress(self.events)
        except LostEvent as lost:
            note = self._gap(lost.sequence)
        return ReplayReport(self._session, self.events, self.audits, self.audits, not note, note)

    def _compare(self, moment: Moment) -> None:
        audit = self._engine.step(moment.sequence, moment.event)
        self.events = moment.sequence
        ours = audits.encode(audit) if audit is not None else None
        if self._comparing and ours != moment.audit:
            raise AuditDiffers(
                f"session {self._session} differs at sequence {moment.sequence} ({audit.event if audit else 'silent'}):"
                f" {_first_difference(moment.audit, ours)}"
            )
        self.audits += audit is not None

    def _gap(self, found: int) -> str:
        """A missing stretch of events: a crash's lost tail, else damage."""
        if self._sealed:
            raise StoreDamaged(
                f"session {self._session} has no event between sequence {self.events} and {found}: "
                f"the tape is incomplete; last good sequence {self.events}", "tape", self.events,
            )  # fmt: skip
        return f"crashed: the tape ends at sequence {self.events}, what followed was never written"


def _first_difference(recorded: bytes | None, ours: bytes | None) -> str:
    if recorded is None:
        return f"nothing was recorded, now: {(ours or b'')[:120].decode(errors='replace')}"
    if ours is None:
        return f"recorded: {recorded[:120].decode(errors='replace')}, now nothing"
    at = next((i for i, (a, b) in enumerate(zip(recorded, ours, strict=False)) if a != b), min(len(recorded), len(ours)))
    start = max(0, at - 40)
    return f"recorded ...{recorded[start:at + 60].decode(errors='replace')}, now ...{ours[start:at + 60].decode(errors='replace')}"
