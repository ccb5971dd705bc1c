"""Reading a session back: its ledger from the journal alone, its every decision from journal and tape."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from midas import __version__
from midas.domain.carry import Carried
from midas.domain.decision import (
    Adjusted,
    AmendmentMoved,
    ClaimDecided,
    ClaimMade,
    CloseMoved,
    Counted,
    DayClosed,
    GateMoved,
    LossesAccepted,
    ModeChanged,
    OrderPlanned,
    ReductionBegun,
    StopMoved,
    TailMoved,
    TargetApproved,
    TriggerMoved,
    TrustMoved,
)
from midas.domain.event import MARKET_EVENTS, Event
from midas.domain.mode import Mode
from midas.engine import audit as audits
from midas.errors import AuditDiffers, SchemaNewer, StoreDamaged
from midas.runtime.records import (
    AUDIT,
    EVENT,
    FAILURE,
    FORMAT,
    HEADER,
    MARKS,
    Header,
    decode_event,
    decode_header,
    decode_market,
    decode_marks,
    decode_stamp,
)
from midas.state.state import State

if TYPE_CHECKING:  # a fold needs none, and a start waits for its fold
    from midas.engine.engine import Engine

# Decoding is the expensive part, and few audits hold a decision that the ledger follows from.
_folded = re.compile(
    rb'"type":"(?:planned|mode|gate|amending|adjusted|trigger|day|stop|counted|tail'
    rb'|close|claim|claim\.decided|trust|losses\.accepted|approved|reducing)"'
).search


class Readable(Protocol):
    """One journal record, as far as reading needs it."""

    @property
    def sequence(self) -> int:
        """Of the event that it belongs to."""

    @property
    def kind(self) -> str:
        """One of `midas.runtime.records`."""

    @property
    def body(self) -> bytes:
        """As it was written."""


class Row(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A record that lies in no journal."""

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


def header_of(rows: Iterator[Readable], session: str) -> Header:
    """Record 0. Raises StoreDamaged where it is missing or unreadable, SchemaNewer."""
    first = next(rows, None)
    if first is None or first.kind != HEADER:
        raise StoreDamaged(
            f"journal.db of {session} holds no header: the session never began", "journal.db", 0
        )
    try:
        stamp = decode_stamp(first.body)
        if stamp.format > FORMAT:
            raise SchemaNewer(
                f"session {session} was written by midas {stamp.version} (records of format {stamp.format}) "
                f"and this one, {__version__}, reads up to {FORMAT}: install midas {stamp.version}, or name "
                "another MIDAS_HOME; nothing was changed"
            )
        return decode_header(first.body)
    except msgspec.MsgspecError as error:
        raise StoreDamaged(f"the header of {session} is unreadable: {error}", "journal.db", 0) from None


def fold_ledger(header: Header, rows: Iterable[Readable]) -> Carried:
    """What a session left behind: ledger, open orders and mode, from the journal alone."""
    return fold_telling(header, telling(rows))


def telling(rows: Iterable[Readable]) -> Iterator[Readable]:
    """The rows that the ledger follows from; most audits hold nothing of the kind."""
    for row in survived(rows):
        if row.kind in (EVENT, MARKS) or (row.kind == AUDIT and _folded(row.body)):
            yield row


def fold_telling(header: Header, rows: Iterable[Readable]) -> Carried:
    """`fold_ledger` of rows that are all `telling`."""
    state = State(header.config.instruments, header.config.quote)
    state.day_trades.begin(header.config.regulation)
    for row in rows:
        if row.kind == EVENT:
            event = decode_event(row.body)
            state.now = event.at
            state.apply(event)
        elif row.kind == AUDIT:
            _fold_decisions(state, row.body)
        elif row.kind == MARKS:
            marks = decode_marks(row.body)
            state.equity_peak = marks.equity_peak
            state.budgets.restore(
                (
                    marks.day, marks.day_equity, marks.week, marks.week_equity,
                    marks.month, marks.month_equity,
                )
            )  # fmt: skip
            state.budgets.day_made = marks.day_made
            state.control.floor = Mode(marks.floor)
            state.alerts.restore(marks.alerts, marks.alert_last)
    return state.carried()


def survived(rows: Iterable[Readable]) -> Iterator[Readable]:
    """The rows without an event that the engine failed on: applied again, it would fail again.

    Any other row before the failure was written after its event had been applied, so both stand.
    """
    held: Readable | None = None
    for row in rows:
        failed = row.kind == FAILURE and held is not None
        if held is not None and not (failed and held.kind == EVENT and row.sequence == held.sequence):
            yield held
        held = row
    if held is not None:
        yield held


def _fold_decisions(state: State, body: bytes) -> None:
    for decision in audits.decisions_in(body):
        if fold := _FOLDS.get(type(decision)):
            fold(state, decision)


def _set_mode(state: State, made: ModeChanged) -> None:
    if made.before == made.after:
        state.control.keep_mode(made.by)
        return
    since, after = made.since or state.now, Mode(made.after)
    state.control.set_mode(after, made.by, made.cause, made.ends_when, since)
    state.control.halved = after is not Mode.NORMAL and (state.control.halved or after is Mode.DEFENSIVE)


def _move_trigger(state: State, moved: TriggerMoved) -> None:
    state.budgets.moved(moved)
    state.control.retell(state.budgets.active)


def _move_gate(state: State, moved: GateMoved) -> None:
    if not moved.by:
        return  # the engine's own gates are judged anew
    if moved.closed:
        state.control.close_gate(moved.scope, moved.reason, state.now, moved.by, moved.level)
    else:
        state.control.open_gate(moved.scope)


def _count(state: State, made: Counted) -> None:
    state.counted = made.signals, made.executed


_FOLDS: dict[type, Callable[[State, Any], object]] = {
    OrderPlanned: lambda state, made: state.plan(made.intent),
    AmendmentMoved: State.move_amendment,
    CloseMoved: State.move_close,
    Adjusted: State.book_adjustment,
    ModeChanged: _set_mode,
    TriggerMoved: _move_trigger,
    LossesAccepted: State.accept_losses,
    StopMoved: State.move_stop,
    DayClosed: lambda state, made: state.budgets.close(made.made),
    Counted: _count,
    TargetApproved: lambda state, made: state.approved(made.target),
    ReductionBegun: lambda state, made: state.reduce(made.to),
    TailMoved: lambda state, made: state.tail.moved(made),
    ClaimMade: lambda state, made: state.calibration.fold(made),
    ClaimDecided: lambda state, made: state.calibration.fold(made),
    TrustMoved: lambda state, made: state.calibration.fold(made),
    GateMoved: _move_gate,
}  # what each decision changes for good


def timeline(rows: Iterable[Readable], tape: Iterable[tuple[int, bytes]]) -> Iterator[Moment]:
    """Journal and tape as one sequence of events, each with its recorded audit."""
    market = _Market(tape)
    waiting: Moment | None = None
    for row in survived(rows):
        if row.kind not in (EVENT, AUDIT, FAILURE):
            continue
        if waiting is not None and row.sequence > waiting.sequence:
            yield waiting
            waiting = None
        yield from market.before(row.sequence)
        if row.kind == FAILURE:
            raise EngineStopped(row.body.decode(errors="replace"))
        if row.kind == EVENT:
            waiting = Moment(row.sequence, decode_event(row.body), None)
        elif waiting is not None:
            yield msgspec.structs.replace(waiting, audit=row.body)
            waiting = None
        else:
            yield market.at(row.sequence, row.body)
    if waiting is not None:
        yield waiting
    yield from market.rest()


class _Market:
    """The tape, read as far as the journal has come."""

    def __init__(self, tape: Iterable[tuple[int, bytes]]) -> None:
        self._events = iter(tape)
        self._next = next(self._events, None)

    def before(self, sequence: int) -> Iterator[Moment]:
        """Events that nobody had anything to say about."""
        while self._next is not None and self._next[0] < sequence:
            yield self._take(None)

    def at(self, sequence: int, audit: bytes) -> Moment:
        """The event that `audit` speaks of. Raises LostEvent."""
        if self._next is None or self._next[0] != sequence:
            raise LostEvent(sequence, goes_on=self._next is not None)
        return self._take(audit)

    def rest(self) -> Iterator[Moment]:
        """What the journal doesn't reach."""
        while self._next is not None:
            yield self._take(None)

    def _take(self, audit: bytes | None) -> Moment:
        assert self._next is not None
        (sequence, body), self._next = self._next, next(self._events, None)
        return Moment(sequence, decode_market(body), audit)


class LostEvent(Exception):
    """An audit whose event is not on the tape: only a crash's lost tail may explain it."""

    def __init__(self, sequence: int, goes_on: bool) -> None:
        super().__init__(sequence)
        self.sequence = sequence
        self.goes_on = goes_on  # the tape holds later events, so that this one isn't its lost tail


class EngineStopped(Exception):
    """The recorded engine failed here, and would fail again."""


class Replay:
    """Steps an engine through a session and, asked to, compares every audit byte by byte."""

    def __init__(
        self, engine: Engine, session: str, sealed: bool, last_journal: int, compare: bool = True
    ) -> None:
        self._engine = engine
        self._session = session
        self._sealed = sealed
        self._last_journal = last_journal
        self._comparing = compare
        self.events = self.audits = 0

    def run(self, moments: Iterator[Moment], progress: Callable[[int], None]) -> ReplayReport:
        """Raises AuditDiffers at the first decision that isn't the recorded one, StoreDamaged at a hole."""
        try:
            note = self._follow(moments, progress)
        except LostEvent as lost:
            note = self._gap(lost.sequence, lost.goes_on)
        except EngineStopped as stopped:
            note = f"the engine failed after sequence {self.events}: {stopped}"
        return ReplayReport(self._session, self.events, self.audits, self.audits, not note, note)

    def _follow(self, moments: Iterator[Moment], progress: Callable[[int], None]) -> str:
        """Why it ended before the end; empty where it didn't."""
        for moment in moments:
            if moment.sequence != self.events + 1:
                return self._gap(moment.sequence, _market_in(moment, moments))
            if not self._sealed and moment.sequence >= self._last_journal:
                return f"not closed: verified up to the last committed record, sequence {self.events}"
            self._compare(moment)
            progress(self.events)
        return ""

    def _compare(self, moment: Moment) -> None:
        audit = self._engine.step(moment.sequence, moment.event)
        self.events = moment.sequence
        ours = audits.encode(audit) if audit is not None else None
        if self._comparing and ours != moment.audit:
            event = type(moment.event).__struct_config__.tag
            raise AuditDiffers(
                f"session {self._session} differs at sequence {moment.sequence} ({event}): "
                f"{_first_difference(moment.audit, ours)}"
            )
        self.audits += audit is not None

    def _gap(self, found: int, goes_on: bool) -> str:
        """A missing stretch of events: a crash's lost tail, else damage."""
        if self._sealed or goes_on:
            raise StoreDamaged(
                f"session {self._session} has no event between sequence {self.events} and {found}: "
                f"the tape is incomplete; last good sequence {self.events}", "tape", self.events,
            )  # fmt: skip
        return f"not closed: the tape ends at sequence {self.events}, what followed was never written"


def _market_in(moment: Moment, later: Iterator[Moment]) -> bool:
    """Does the tape go on after a hole?"""
    try:
        return any(type(m.event) in MARKET_EVENTS for m in itertools.chain([moment], later))
    except LostEvent as lost:
        return lost.goes_on
    except EngineStopped:
        return False


def _first_difference(recorded: bytes | None, ours: bytes | None) -> str:
    if recorded is None:
        return f"nothing was recorded, now: {_excerpt(ours or b'', 0)}"
    if ours is None:
        return f"recorded: {_excerpt(recorded, 0)}, now nothing"
    pairs = enumerate(zip(recorded, ours, strict=False))
    at = next((i for i, (a, b) in pairs if a != b), min(len(recorded), len(ours)))
    return f"recorded ...{_excerpt(recorded, at)}, now ...{_excerpt(ours, at)}"


def _excerpt(body: bytes, at: int) -> str:
    return body[max(0, at - 40) : at + 80].decode(errors="replace")
