"""What a new session takes over: the newest whole ledger of its account, and the last mode of any."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sqlite3
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from midas.assembly.inherit import inherited, refuse_left_behind, rows_of
from midas.domain.carry import AlertCarried, Carried
from midas.domain.command import SetStrategy
from midas.domain.event import CommandGiven, Event, SessionOpened, Ticked
from midas.domain.mode import Mode
from midas.engine.audit import encode
from midas.engine.build import build_engine
from midas.errors import ConfigInvalid, RepairNeeded, SchemaNewer, StoreFull
from midas.ports.strategy import Strategy
from midas.runtime.records import (
    AUDIT,
    EVENT,
    HEADER,
    MARKS,
    Header,
    Marks,
    encode_event,
    encode_header,
    encode_marks,
)
from midas.runtime.replay import header_of
from midas.state.state import EXTERNAL
from midas.store import sessions
from midas.store.head import HeadFile
from midas.store.integrity import verify
from midas.store.journal import DATABASE, Journal
from midas.store.mend import Cause, cut
from tests.fakes.desk import config
from tests.fakes.nouns import BTC, ETH, START, account, desk, hold, intent
from tests.fakes.strategy import Puppet

OURS, OTHER = "sim-ours", "sim-other"
SETTINGS = config([])


async def store(
    home: Path,
    name: str,
    account_id: str,
    events: list[Event],
    *,
    marks: Marks | None = None,
    durable_each: bool = False,
    sealed: bool = True,
    strategies: Sequence[Strategy] = (),
) -> Path:
    """A session as the runner writes it."""
    directory = home / sessions.SESSIONS / name
    journal = await Journal.open(directory if sealed else home / "living")
    header = Header(
        name, START, "0", "code", SETTINGS.digest(), SETTINGS, "binance", account_id, "SIM", "", 1.0
    )
    journal.append(0, HEADER, START, encode_header(header))
    engine = build_engine(config(strategies), strategies)
    for sequence, event in enumerate(events, 1):
        journal.append(sequence, EVENT, event.at, encode_event(event))
        if (audit := engine.step(sequence, event)) is not None:
            journal.append(sequence, AUDIT, event.at, encode(audit))
        if durable_each:
            await journal.barrier()
    if marks is not None:
        journal.append(len(events), MARKS, START, encode_marks(marks))
    if not sealed:  # what a kill leaves is what lies there while the journal is still open
        await journal.barrier()
        shutil.copytree(home / "living", directory, ignore=shutil.ignore_patterns("*-shm"))
    await journal.close()
    return directory


def opened(name: str, account_id: str, carried: Carried | None = None) -> SessionOpened:
    return SessionOpened(name, START, account_id, "SIM", "", carried or Carried())


def rich(usdt: int) -> Event:
    return account(START, {"USDT": str(usdt)})


async def test_a_first_start_takes_over_nothing(tmp_path: Path) -> None:
    assert inherited(tmp_path, OURS) == (Carried(), [])


async def test_the_newest_ledger_of_the_account_is_continued(tmp_path: Path) -> None:
    await store(tmp_path, "1", OURS, [opened("1", OURS), rich(1_000)])
    await store(tmp_path, "2", OURS, [opened("2", OURS), rich(2_000)])
    carried, problems = inherited(tmp_path, OURS)
    assert (carried.from_session, carried.balances) == ("2", {"USDT": Decimal(2_000)})
    assert problems == []


async def test_a_session_that_never_took_a_step_is_passed_over(tmp_path: Path) -> None:
    await store(tmp_path, "1", OURS, [opened("1", OURS), rich(1_000)])
    await store(tmp_path, "2", OURS, [])
    carried, problems = inherited(tmp_path, OURS)
    assert carried.from_session == "1"
    assert problems == []


async def test_a_session_that_ended_before_its_first_commit_is_passed_over(tmp_path: Path) -> None:
    await store(tmp_path, "1", OURS, [opened("1", OURS), rich(1_000)])
    journal = await Journal.open(tmp_path / sessions.SESSIONS / "2")
    carried, problems = inherited(tmp_path, OURS)
    assert carried.from_session == "1"
    assert problems == []
    await journal.close()


async def test_a_start_that_a_full_disk_broke_off_hinders_no_later_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "no space")

    await store(tmp_path, "1", OURS, [opened("1", OURS), rich(1_000)])
    with monkeypatch.context() as patch, pytest.raises(StoreFull):
        patch.setattr(os, "pwrite", full)
        await Journal.open(tmp_path / sessions.SESSIONS / "2")
    carried, problems = inherited(tmp_path, OURS)
    assert (carried.from_session, problems) == ("1", [])


async def test_a_head_that_a_power_loss_emptied_hides_no_records(tmp_path: Path) -> None:
    await store(tmp_path, "1", OURS, [opened("1", OURS), rich(1_000)])
    directory = await store(tmp_path, "2", OURS, [opened("2", OURS), rich(2_000)], sealed=False)
    HeadFile(directory).close()  # as it was before the first commit: no later one waits for its head
    carried, problems = inherited(tmp_path, OURS)
    assert (carried.from_session, problems) == ("2", [])


async def damaged(home: Path) -> Path:
    """A good session, and behind it one in whose middle a byte was changed."""
    await store(home, "1", OURS, [opened("1", OURS), rich(1_000)])
    directory = await store(home, "2", OURS, [opened("2", OURS), rich(2_000), Ticked(START, 0)])
    content = (directory / DATABASE).read_bytes()
    (directory / DATABASE).write_bytes(content.replace(b'"total"', b'"tOtal"').replace(b'"2000"', b'"9000"'))
    return directory


def contents(directory: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    files = (path for path in directory.rglob("*") if path.is_file())
    return {str(path.relative_to(directory)): path.read_bytes() for path in files}


async def test_a_damaged_session_refuses_the_start_with_its_way_out_and_stays_as_it_is(
    tmp_path: Path,
) -> None:
    directory = await damaged(tmp_path)
    before = contents(directory)
    with pytest.raises(
        RepairNeeded, match=r"^session 2 can't be continued: journal.db: record 3 .*altered"
    ) as no:
        inherited(tmp_path, OURS)
    assert "3 records up to sequence 1 are good" in str(no.value)
    assert "`midas repair 2`" in str(no.value)
    assert no.value.exit_code == 2
    assert contents(directory) == before


async def test_after_a_repair_the_good_records_are_continued_in_observation(tmp_path: Path) -> None:
    directory = await damaged(tmp_path)
    cut(directory, Cause.REPAIRED, START)
    carried, problems = inherited(tmp_path, OURS)
    assert (carried.from_session, carried.opened) == ("2", False)
    assert (carried.mode, carried.mode_floor, carried.mode_by) == (
        "OBSERVATION",
        "OBSERVATION",
        "midas repair",
    )
    assert len(problems) == 1
    assert "session 2: its damaged journal was repaired: 3 records up to sequence 1 are good" in problems[0]
    await store(tmp_path, "3", OURS, [opened("3", OURS, Carried()), rich(3_000)])
    assert inherited(tmp_path, OURS)[0].mode == "NORMAL", "what a person chose since then holds"


async def test_after_a_repair_that_saved_nothing_the_session_before_is_continued_in_observation(
    tmp_path: Path,
) -> None:
    directory = await damaged(tmp_path)
    (directory / DATABASE).write_bytes(b"nothing that was written here")
    with pytest.raises(RepairNeeded, match="0 records"):
        inherited(tmp_path, OURS)
    cut(directory, Cause.REPAIRED, START)
    carried, _ = inherited(tmp_path, OURS)
    assert (carried.from_session, carried.balances) == ("1", {"USDT": Decimal(1_000)})
    assert (carried.mode, carried.mode_by) == ("OBSERVATION", "midas repair")


@pytest.mark.parametrize("name", [DATABASE, "journal.db-wal", "head.json"])
async def test_a_deleted_file_refuses_the_start(tmp_path: Path, name: str) -> None:
    events = [opened("1", OURS), *(rich(n) for n in range(1_000, 1_200))]
    directory = await store(tmp_path, "1", OURS, events, sealed=False)
    (directory / name).unlink()
    with pytest.raises(RepairNeeded, match=rf"{name}.* is missing.*`midas repair 1`"):
        inherited(tmp_path, OURS)


async def crashed(home: Path, keep: float) -> Path:
    """A good session, and behind it a killed one of many commits whose log was cut short."""
    await store(home, "1", OURS, [opened("1", OURS), rich(1_000)])
    events = [opened("2", OURS), *(rich(n) for n in range(2_000, 2_100))]
    directory = await store(home, "2", OURS, events, sealed=False, durable_each=True)
    log = (directory / "journal.db-wal").read_bytes()
    (directory / "journal.db-wal").write_bytes(log[: int(len(log) * keep)])
    return directory


async def test_a_torn_end_is_cut_told_and_set_aside_and_the_rest_continued(tmp_path: Path) -> None:
    directory = await crashed(tmp_path, 0.7)
    before = contents(directory)
    carried, [told] = inherited(tmp_path, OURS)
    assert carried.from_session == "2"
    assert 2_000 <= carried.balances["USDT"] < 2_099
    assert carried.mode == "NORMAL"
    assert "session 2: a crash tore its journal: " in told
    assert "lie in its folder quarantine-1; what followed is asked of the venue" in told
    assert contents(directory / "quarantine-1") == before
    assert inherited(tmp_path, OURS) == (carried, []), "the second start finds a whole journal"
    assert verify(directory).records == int(told.split(" records up to")[0].rsplit(" ", 1)[1])


async def test_a_crash_that_took_the_whole_log_leads_to_the_session_before_in_observation(
    tmp_path: Path,
) -> None:
    await crashed(tmp_path, 0.0)
    carried, [told] = inherited(tmp_path, OURS)
    assert (carried.from_session, carried.mode) == ("1", "OBSERVATION")
    assert "0 records up to sequence 0 are good" in told


async def test_a_torn_end_that_the_disk_does_not_let_us_cut_is_no_hindrance(tmp_path: Path) -> None:
    directory = await crashed(tmp_path, 0.7)
    (directory / "mending").write_bytes(b"a file where the cut wants its folder")
    carried, [told] = inherited(tmp_path, OURS)
    assert carried.from_session == "2"
    assert "uncut" in told


async def test_a_copy_of_a_session_under_another_name_is_passed_over(tmp_path: Path) -> None:
    directory = await store(tmp_path, "1", OURS, [opened("1", OURS), rich(1_000)])
    shutil.copytree(directory, directory.with_name("old copy of 1"))
    carried, [told] = inherited(tmp_path, OURS)
    assert carried.from_session == "1"
    assert told == "old copy of 1 is a copy of session 1: it is passed over"


async def test_records_of_a_newer_midas_refuse_the_start_and_name_it(tmp_path: Path) -> None:
    directory = tmp_path / sessions.SESSIONS / "1"
    journal = await Journal.open(directory)
    journal.append(0, HEADER, START, b'{"version":"7.1","format":2,"what":"else"}')
    await journal.close()
    before = contents(directory)
    with pytest.raises(SchemaNewer, match=r"session 1 was written by midas 7\.1 .*install midas 7\.1"):
        inherited(tmp_path, OURS)
    assert contents(directory) == before


async def test_an_event_that_only_a_newer_midas_knows_refuses_the_start(tmp_path: Path) -> None:
    directory = tmp_path / sessions.SESSIONS / "1"
    journal = await Journal.open(directory)
    header = Header("1", START, "7.1", "", SETTINGS.digest(), SETTINGS, "binance", OURS, "SIM", "", 1.0)
    journal.append(0, HEADER, START, encode_header(header))
    journal.append(1, EVENT, START, b'{"type":"moon_landed","at":1}')
    await journal.close()
    with pytest.raises(SchemaNewer, match=r"midas 7\.1 and holds what this one, .*, doesn't know"):
        inherited(tmp_path, OURS)


async def test_a_session_of_other_code_and_configuration_is_continued(tmp_path: Path) -> None:
    directory = await store(tmp_path, "1", OURS, [opened("1", OURS), rich(1_000)])
    header = header_of(rows_of(directory), "1")
    assert (header.code_hash, header.config_hash) == ("code", SETTINGS.digest()), (
        "the old one stays on record"
    )
    assert inherited(tmp_path, OURS)[0].from_session == "1"


async def test_the_header_of_the_first_midas_is_read(tmp_path: Path) -> None:
    directory = tmp_path / sessions.SESSIONS / "1"
    journal = await Journal.open(directory)
    header = Header("1", START, "0", "", SETTINGS.digest(), SETTINGS, "binance", OURS, "SIM", "", 1.0)
    fields = msgspec.json.decode(encode_header(header))
    del fields["format"]
    journal.append(0, HEADER, START, msgspec.json.encode(fields))
    journal.append(1, EVENT, START, encode_event(opened("1", OURS)))
    await journal.close()
    assert inherited(tmp_path, OURS)[0].from_session == "1"


async def test_what_does_not_belong_into_a_home_hinders_nothing(tmp_path: Path) -> None:
    directory = await store(tmp_path, "1", OURS, [opened("1", OURS), rich(1_000)])
    for folder in ("notes", "zebra", "9999"):
        (directory.parent / folder).mkdir()
        (directory.parent / folder / "shopping.txt").write_text("milk")
    (directory.parent / "stray").write_bytes(b"\xff")
    (tmp_path / "journal.db").write_bytes(b"ancient")
    assert inherited(tmp_path, OURS)[0].from_session == "1"


async def test_a_foreign_database_under_a_session_is_named_and_kept(tmp_path: Path) -> None:
    directory = await store(tmp_path, "1", OURS, [opened("1", OURS), rich(1_000)])
    other = directory.with_name("2")
    other.mkdir()
    with contextlib.closing(sqlite3.connect(other / DATABASE)) as connection:
        connection.execute("CREATE TABLE shopping (item TEXT)")
    with pytest.raises(
        RepairNeeded, match=r"session 2 can't be continued: journal.db is not a journal of midas"
    ):
        inherited(tmp_path, OURS)
    cut(other, Cause.REPAIRED, START)
    assert inherited(tmp_path, OURS)[0].from_session == "1"
    assert (other / "quarantine-1" / DATABASE).stat().st_size > 0


async def test_a_lock_on_the_old_database_hinders_no_start(tmp_path: Path) -> None:
    directory = await store(tmp_path, "1", OURS, [opened("1", OURS), rich(1_000)])
    with contextlib.closing(sqlite3.connect(directory / DATABASE, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert inherited(tmp_path, OURS)[0].opened


async def test_damage_on_another_account_costs_nothing_but_the_mode_behind_it(tmp_path: Path) -> None:
    await damaged(tmp_path)
    carried, [told] = inherited(tmp_path, OTHER)
    assert not carried.opened
    assert "session 2 on another account, whose mode is kept: journal.db: record 3" in told


async def test_a_crashed_session_is_continued_from_its_log(tmp_path: Path) -> None:
    await store(tmp_path, "1", OURS, [opened("1", OURS), rich(1_000)], sealed=False)
    assert inherited(tmp_path, OURS)[0].balances == {"USDT": Decimal(1_000)}


async def test_a_new_account_begins_a_new_ledger_and_keeps_the_mode(tmp_path: Path) -> None:
    before = Carried(
        mode=Mode.PAUSE.value, mode_by="somebody", mode_cause="news", mode_floor=Mode.PAUSE.value
    )
    marks = Marks(12_000.0, 1, 11_000.0, Mode.PAUSE.value)
    await store(tmp_path, "1", OTHER, [opened("1", OTHER, before), rich(1_000)], marks=marks)
    carried, _ = inherited(tmp_path, OURS)
    assert (carried.mode, carried.mode_by, carried.mode_cause, carried.mode_floor) == (
        "PAUSE", "somebody", "news", "PAUSE",
    )  # fmt: skip
    assert not carried.opened
    assert carried.equity_peak == 0.0


async def test_what_followed_from_prices_is_continued_too(tmp_path: Path) -> None:
    alert = AlertCarried(3, "BTC-USDT.binance", Decimal("66000.5"), True, "ops", START)
    marks = Marks(
        12_000.0, 20_454, 11_000.0, "DEFENSIVE", (alert,), 3, 2_921, 11_500.0, 671, 11_700.0, 0.97,
    )  # fmt: skip
    await store(tmp_path, "1", OURS, [opened("1", OURS), rich(1_000)], marks=marks)
    carried, _ = inherited(tmp_path, OURS)
    assert (
        carried.equity_peak,
        carried.day,
        carried.day_equity,
        carried.mode_floor,
        carried.alerts,
        carried.alert_last,
        carried.week,
        carried.week_equity,
        carried.month,
        carried.month_equity,
        carried.day_made,
    ) == tuple(getattr(marks, name) for name in marks.__struct_fields__)


async def test_what_a_person_paused_stays_paused_on_any_account(tmp_path: Path) -> None:
    pause = SetStrategy("puppet", running=False, reason="news")
    events = [opened("1", OURS), rich(1_000), CommandGiven("c1", "ops", pause, START)]
    await store(tmp_path, "1", OURS, events, strategies=[Puppet()])
    for account_id in (OURS, OTHER):
        [kept] = inherited(tmp_path, account_id)[0].pauses
        assert (kept.scope, kept.reason, kept.by) == ("puppet", "paused by ops: news", "ops")


async def test_what_was_started_again_is_not_paused(tmp_path: Path) -> None:
    acts = [SetStrategy("puppet", running=False), SetStrategy("puppet", running=True, confirmed=True)]
    given = [CommandGiven(f"c{n}", "ops", act, START) for n, act in enumerate(acts)]
    await store(tmp_path, "1", OURS, [opened("1", OURS), rich(1_000), *given], strategies=[Puppet()])
    assert inherited(tmp_path, OURS)[0].pauses == ()


async def test_a_session_without_a_readable_head_refuses_the_start(tmp_path: Path) -> None:
    directory = await store(tmp_path, "1", OURS, [opened("1", OURS)])
    (directory / "head.json").write_bytes(b"")
    with pytest.raises(RepairNeeded, match=r"head\.json"):
        inherited(tmp_path, OURS)


def test_an_instrument_with_a_position_or_an_open_order_may_not_be_left_out() -> None:
    holding, ordering = desk(BTC, ETH), desk(BTC, ETH)
    hold(holding, "1", instrument=ETH)
    ordering.plan(intent(instrument=ETH.id))
    for state in (holding, ordering):
        with pytest.raises(ConfigInvalid, match=r"^ETH-USDT is missing in trading\.instruments, .* add it"):
            refuse_left_behind(state.carried(), (BTC,))
        refuse_left_behind(state.carried(), (BTC, ETH))


@pytest.mark.parametrize(
    ("strategy", "quantity"), [("s", "0.04"), (EXTERNAL, "1")], ids=["too small to be sold", "not ours"]
)
def test_what_we_could_not_close_hinders_no_start(strategy: str, quantity: str) -> None:
    state = desk(BTC, ETH)
    hold(state, quantity, strategy=strategy, instrument=ETH)
    refuse_left_behind(state.carried(), (BTC,))
    assert state.carried().sleeves


@pytest.mark.parametrize(("sold", "refused"), [("-1", False), ("-0.96", False), ("-0.5", True)])
def test_what_was_sold_by_an_order_that_a_repair_lost_hinders_no_start(sold: str, refused: bool) -> None:
    state = desk(BTC, ETH)
    hold(state, "1", strategy="s", instrument=ETH)
    [held] = state.carried().sleeves
    gone = msgspec.structs.replace(held, strategy=EXTERNAL, quantity=Decimal(sold), cost=Decimal(0))
    carried = msgspec.structs.replace(state.carried(), sleeves=(held, gone))
    with pytest.raises(ConfigInvalid) if refused else contextlib.nullcontext():
        refuse_left_behind(carried, (BTC,))


MINE, THEIRS, NOBODYS = "live-binance-0123456789ab", "live-binance-ba9876543210", "live-binance"


async def test_a_journal_from_before_accounts_were_told_apart_is_continued_with_a_sentence(
    tmp_path: Path,
) -> None:
    await store(tmp_path, "1", NOBODYS, [opened("1", NOBODYS), rich(1_000)])
    carried, problems = inherited(tmp_path, MINE)
    assert carried.balances == {"USDT": Decimal(1_000)}
    assert problems == [
        f"session 1 was kept as live-binance, before accounts were told apart: it goes on as {MINE}; "
        "if it was another account's, name another MIDAS_HOME"
    ]


async def test_a_journal_that_one_account_took_over_is_no_others(tmp_path: Path) -> None:
    await store(tmp_path, "1", NOBODYS, [opened("1", NOBODYS), rich(1_000)])
    await store(tmp_path, "2", MINE, [opened("2", MINE), rich(2_000)])
    await store(tmp_path, "3", OTHER, [opened("3", OTHER), rich(3_000)])
    carried, problems = inherited(tmp_path, THEIRS)
    assert (carried.balances, carried.opened, problems) == ({}, False, [])
    assert inherited(tmp_path, MINE)[0].balances == {"USDT": Decimal(2_000)}


async def test_a_journal_of_an_exchange_in_between_hides_none_that_says_nothing(tmp_path: Path) -> None:
    await store(tmp_path, "1", NOBODYS, [opened("1", NOBODYS), rich(1_000)])
    await store(tmp_path, "2", OTHER, [opened("2", OTHER), rich(2_000)])
    assert inherited(tmp_path, MINE)[0].balances == {"USDT": Decimal(1_000)}
