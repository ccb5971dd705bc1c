"""Reading a session back: one timeline of journal and tape, a crash's lost tail, and the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from midas.domain.event import MARKET_EVENTS, Event, SessionClosing, Ticked
from midas.domain.market import Quote
from midas.domain.time import SECOND
from midas.engine.audit import encode
from midas.engine.build import build_engine
from midas.engine.config import EngineConfig
from midas.errors import AuditDiffers, StoreDamaged
from midas.ports.strategy import Strategy
from midas.runtime.records import (
    AUDIT,
    EVENT,
    FAILURE,
    HEADER,
    MARKS,
    SEALED,
    Header,
    Marks,
    code_hash,
    encode_event,
    encode_header,
    encode_market,
    encode_marks,
)
from midas.runtime.replay import (
    LostEvent,
    Moment,
    Replay,
    ReplayReport,
    Row,
    fold_ledger,
    header_of,
    survived,
    timeline,
)
from midas.state.state import State
from midas.workspace import load_strategies
from tests.fakes.desk import BTC, Desk, config
from tests.fakes.recorded_market import RecordedMarket

WORKSPACE = Path(__file__).resolve().parents[2]
PAYLOAD = WORKSPACE / "tests" / "payloads" / "midas-btcusdt.jsonl.gz"
Tape = list[tuple[int, bytes]]


def strategies() -> list[Strategy]:
    loaded = load_strategies(WORKSPACE, {"trend-following": {}, "book-imbalance": {}})
    return [one.make() for one in loaded]


def _marks(state: State) -> Marks:
    day, day_equity, week, week_equity, month, month_equity = state.budgets.openings
    control, alerts = state.control, state.alerts
    return Marks(
        state.equity_peak, day, day_equity, control.floor.value, alerts.all, alerts.last_id, week,
        week_equity, month, month_equity, state.budgets.day_made,
    )  # fmt: skip


class Stored:
    """What the runner would have written of a session."""

    def __init__(self, settings: EngineConfig, events: list[Event]) -> None:
        self.settings = settings
        self.rows: list[Row] = [Row(0, HEADER, encode_header(header(settings)))]
        self.tape: Tape = []
        engine, marks = build_engine(settings, strategies()), None
        for sequence, event in enumerate(events, 1):
            if type(event) in MARKET_EVENTS:
                self.tape.append((sequence, encode_market(event)))
            else:
                self.rows.append(Row(sequence, EVENT, encode_event(event)))
            audit = engine.step(sequence, event)
            if audit is not None:
                self.rows.append(Row(sequence, AUDIT, encode(audit)))
            state = engine.state
            now = _marks(state)
            if now != marks:
                marks = now
                self.rows.append(Row(sequence, MARKS, encode_marks(now)))
        self.state = engine.state

    @property
    def last(self) -> int:
        return self.rows[-1].sequence

    def replay(
        self, sealed: bool = True, rows: list[Row] | None = None, tape: Tape | None = None
    ) -> ReplayReport:
        rows = self.rows if rows is None else rows
        engine = build_engine(self.settings, strategies())
        steps = Replay(engine, "session-1", sealed, rows[-1].sequence)
        return steps.run(timeline(rows, self.tape if tape is None else tape), lambda _: None)


def header(settings: EngineConfig) -> Header:
    return Header(
        "session-1", 1, "0", "code", settings.digest(), settings, "binance", "account-1", "SIM", "", 5.0
    )


@pytest.fixture(scope="module")
def stored() -> Stored:
    """The shipped strategies on the recording that ships with the tests."""
    market, traders = RecordedMarket(PAYLOAD, speed=5.0), strategies()
    settings = config(traders, (market.instrument,), weight=0.1)
    desk = Desk(traders, settings=settings, latency=SECOND // 500)
    for bar in market.history(400):
        desk.feed(bar)
    desk.open(market.start - 10 * SECOND)
    desk.play(market.events())
    return Stored(settings, desk.fed)


def test_the_same_events_decide_the_same(stored: Stored) -> None:
    report = stored.replay()
    assert report.complete
    assert report.audits == report.identical == sum(row.kind == AUDIT for row in stored.rows)
    assert report.events == max(stored.last, stored.tape[-1][0])


def test_the_ledger_folds_from_the_journal_alone(stored: Stored) -> None:
    rows = iter(stored.rows)
    assert fold_ledger(header_of(rows, "session-1"), rows) == stored.state.carried()


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_at_every_cut_the_ledger_is_what_it_was_then(stored: Stored, share: float) -> None:
    cut = int(stored.last * share)
    rows = [row for row in stored.rows if 0 < row.sequence <= cut]
    events = [moment.event for moment in timeline(stored.rows, stored.tape) if moment.sequence <= cut]
    engine = build_engine(stored.settings, strategies())
    for sequence, event in enumerate(events, 1):
        engine.step(sequence, event)
    assert fold_ledger(header(stored.settings), rows) == engine.state.carried()


def test_journal_and_tape_become_one_sequence_with_each_audit_at_its_event(stored: Stored) -> None:
    moments = list(timeline(stored.rows, stored.tape))
    assert [moment.sequence for moment in moments] == list(range(1, len(moments) + 1))
    audits = {row.sequence: row.body for row in stored.rows if row.kind == AUDIT}
    assert {m.sequence: m.audit for m in moments if m.audit is not None} == audits


def quote(n: int) -> Quote:
    return Quote(BTC.id, n, n, 1, 1, 2, 1, n)


def tick(sequence: int) -> Row:
    return Row(sequence, EVENT, encode_event(Ticked(sequence, 0)))


def sequences(moments: Iterator[Moment]) -> list[int]:
    return [moment.sequence for moment in moments]


def test_records_about_the_tape_are_no_moments() -> None:
    rows = [Row(0, HEADER, b""), tick(1), Row(1, SEALED, b"{}"), tick(3)]
    assert sequences(timeline(rows, [(2, encode_market(quote(2)))])) == [1, 2, 3]


def test_the_tape_goes_on_where_the_journal_has_ended() -> None:
    tape = [(n, encode_market(quote(n))) for n in (2, 3)]
    assert sequences(timeline([tick(1)], tape)) == [1, 2, 3]


def test_an_audit_whose_event_is_missing_says_whether_the_tape_goes_on() -> None:
    rows = [tick(1), Row(2, AUDIT, b"{}")]
    for tape, goes_on in (([], False), ([(5, encode_market(quote(5)))], True)):
        with pytest.raises(LostEvent) as lost:
            list(timeline(rows, tape))
        assert (lost.value.sequence, lost.value.goes_on) == (2, goes_on)


def test_a_crash_that_cut_the_tape_off_is_verified_as_far_as_it_goes(stored: Stored) -> None:
    keep = [entry for entry in stored.tape if entry[0] <= stored.last // 2]
    report = stored.replay(sealed=False, tape=keep)
    assert not report.complete
    assert report.identical > 0
    assert f"the tape ends at sequence {report.events}" in report.note


def test_a_crash_that_cut_the_journal_off_is_verified_as_far_as_it_goes(stored: Stored) -> None:
    rows = stored.rows[: len(stored.rows) // 2]
    report = stored.replay(sealed=False, rows=rows)
    assert report.events == rows[-1].sequence - 1
    assert f"verified up to the last committed record, sequence {report.events}" in report.note


@pytest.mark.parametrize("sealed", [True, False])
def test_a_hole_in_the_middle_of_the_tape_is_damage_however_the_session_ended(
    stored: Stored, sealed: bool
) -> None:
    middle = stored.tape[len(stored.tape) // 2][0]
    holed = [entry for entry in stored.tape if not middle <= entry[0] < middle + 20]
    with pytest.raises(StoreDamaged, match=r"the tape is incomplete; last good sequence \d+") as damage:
        stored.replay(sealed=sealed, tape=holed)
    assert damage.value.last_good < middle


def test_a_sealed_session_without_the_end_of_its_tape_is_damaged(stored: Stored) -> None:
    keep = [entry for entry in stored.tape if entry[0] <= stored.last // 2]
    with pytest.raises(StoreDamaged):
        stored.replay(sealed=True, tape=keep)


def test_another_decision_names_its_sequence_and_the_first_difference(stored: Stored) -> None:
    rows = list(stored.rows)
    place = [n for n, row in enumerate(rows) if row.kind == AUDIT][-1]
    rows[place] = Row(rows[place].sequence, AUDIT, rows[place].body.replace(b'"info"', b'"warn"') + b" ")
    with pytest.raises(AuditDiffers, match=f"differs at sequence {rows[place].sequence} "):
        stored.replay(rows=rows)


def test_a_session_that_its_engine_failed_in_replays_up_to_the_failure() -> None:
    engine = build_engine(config([]), [])
    rows = [tick(1), tick(2), Row(2, FAILURE, b"KeyError: 'nowhere'"), Row(2, SEALED, b"{}")]
    steps = Replay(engine, "session-1", sealed=True, last_journal=2, compare=False)
    report = steps.run(timeline(rows, []), lambda _: None)
    assert report.events == 1
    assert "the engine failed after sequence 1: KeyError: 'nowhere'" in report.note


def test_the_event_that_an_engine_failed_on_is_never_applied_again() -> None:
    closing = Row(2, EVENT, encode_event(SessionClosing(2, "x")))
    rows = [tick(1), closing, Row(2, FAILURE, b"x"), tick(3)]
    assert [row.sequence for row in survived(rows) if row.kind == EVENT] == [1, 3]
    assert list(survived([tick(1), closing])) == [tick(1), closing]


def test_a_step_that_went_well_before_a_failure_of_something_else_is_kept(stored: Stored) -> None:
    planned = next(n for n, r in enumerate(stored.rows) if r.kind == AUDIT and b'"type":"planned"' in r.body)
    rows = stored.rows[1 : planned + 1]
    failed = [*rows, Row(rows[-1].sequence, FAILURE, b"a timer")]
    carried = fold_ledger(header(stored.settings), failed)
    assert carried.orders
    assert carried == fold_ledger(header(stored.settings), rows)


def test_a_journal_without_a_header_never_began() -> None:
    with pytest.raises(StoreDamaged, match="the session never began"):
        header_of(iter([tick(1)]), "session-1")
    with pytest.raises(StoreDamaged, match="the header of session-1 is unreadable"):
        header_of(iter([Row(0, HEADER, b"{")]), "session-1")


def test_the_code_hash_knows_the_core_and_the_strategies_by_name_and_content(tmp_path: Path) -> None:
    plugin = tmp_path / "plugin.py"
    plugin.write_text("one")
    before = code_hash([plugin])
    assert before == code_hash([plugin])
    assert before != code_hash([])
    plugin.write_text("two")
    assert before != code_hash([plugin])
