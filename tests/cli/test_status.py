"""What a person reads of a running engine, and what is said where none runs."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec
import pytest

from midas.cli import main
from midas.cli.absence import silent
from midas.cli.fate import Fate, write_fate
from midas.cli.guard_word import GuardWord
from midas.cli.guard_word import tell as tell_of_guard
from midas.cli.status import facts, rows
from midas.cli.supervision import LOCK as SUPERVISOR_LOCK
from midas.cli.supervision import Supervision, tell
from midas.domain.mode import KillLevel
from midas.errors import LinkClosed
from midas.state.views.log import AlarmView
from midas.store.latch import LATCH, KillLatch
from midas.store.lock import GUARD_LOCK, InstanceLock
from tests.fakes import snapshots


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace to stand in, and its home."""
    (tmp_path / "config.toml").write_text("")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def told(home: Path, **changed: object) -> dict[str, str]:
    """The lines by their words, those that go on joined."""
    said: dict[str, str] = {}
    word = ""
    for left, text in rows(msgspec.structs.replace(snapshots.normal(), **changed), False, home, 12):
        word = left or word
        said[word] = f"{said[word]}\n{text}" if word in said else text
    return said


def test_every_line_is_a_sentence_and_no_list(home: Path) -> None:
    said = told(home)
    assert not any(mark in text for text in said.values() for mark in "[]{}")
    assert not any("\x1b" in text for text in said.values())
    assert said["mode"].startswith("NORMAL in SIM, by ")
    assert said["latch"] == "not set"
    assert said["alarms"] == "none"


def test_each_position_and_order_has_a_line_of_its_own(home: Path) -> None:
    picture, said = snapshots.normal(), told(home)
    assert len(said["positions"].splitlines()) == sum(bool(p.quantity) for p in picture.positions)
    assert len(said["orders"].splitlines()) == len(picture.orders)


def test_open_orders_of_others_are_listed_apart_from_ours(home: Path) -> None:
    theirs = snapshots.shared().foreign
    said = told(home, orders=(), foreign=theirs)
    assert said["orders"] == "none"
    assert said["external"].startswith(theirs[0].short_id)
    assert "placed by somebody else on this account, " in said["external"]
    assert "external" not in told(home)


def test_a_halt_says_who_why_and_what_releases_it(home: Path) -> None:
    picture = snapshots.halted()
    said = dict(rows(picture, True, home, 12))
    assert picture.kill.by in said["latch"]
    assert "midas resume" in said["latch"]
    assert "NOT on the disk" in dict(rows(picture, False, home, 12))["latch"]


def test_what_differs_is_told_and_a_start_is_no_difference(home: Path) -> None:
    money = snapshots.normal().money
    broken = msgspec.structs.replace(money, reconciled=False, reconcile_detail="BTC: 1 here, 2 at the venue")
    assert "BTC: 1 here, 2 at the venue" in told(home, money=broken)["account"]
    assert "NOT RECONCILED" not in told(home, money=broken, recovering=True)["account"]


def test_dust_is_no_position_and_no_figure_has_an_exponent(home: Path) -> None:
    first = next(p for p in snapshots.normal().positions if p.quantity)
    small = msgspec.structs.replace(first, quantity=8.2e-06, dust=True)
    said = told(home, positions=(small,))["positions"]
    assert said.startswith("dust, too little to be sold: 0.0000082 ")
    assert "P&L" not in said
    lost = msgspec.structs.replace(first, strategy="trend", quantity=0.5, dust=True, gone=0.5)
    sold = msgspec.structs.replace(first, strategy="external", quantity=-0.5, dust=True, gone=-0.5)
    name = first.instrument.partition(".")[0]
    assert told(home, positions=(lost, sold))["positions"] == (
        f"not in the account any more: 0.5 {name} of trend; `midas close {name} --strategy trend` takes it "
        "out of its book"
    )
    money = msgspec.structs.replace(snapshots.normal().money, pnl=1.5, pnl_day=-2.0, realised=0.4, fees=0.1)
    results = told(home, money=money, positions=(first,))["P&L"]
    assert results.startswith("+1.50 this session, -2.00 today: of equity, open positions and fees in it")
    assert "session: realised +0.40 after fees of 0.10; uP&L of what is held, since its entry" in results
    unpriced = msgspec.structs.replace(first, unrealised=float("nan"), mark=float("nan"))
    assert "P&L not known yet" in told(home, positions=(unpriced,))["positions"]
    assert (
        "P&L +0.00" in told(home, positions=(msgspec.structs.replace(first, unrealised=-1e-9),))["positions"]
    )


def test_the_consoles_are_those_that_are_attached(home: Path) -> None:
    health = snapshots.normal().health
    assert told(home, health=msgspec.structs.replace(health, clients=1))["consoles"] == "1 attached"
    assert told(home, health=msgspec.structs.replace(health, clients=0))["consoles"] == "none attached"


def test_a_latch_without_an_engine_is_told_with_who_pulled_it(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["kill", "--level", "all", "--reason", "overnight"]) == 0
    capsys.readouterr()
    assert main(["status"]) == 2
    said = capsys.readouterr().err
    assert "HALTED, level all, by " in said
    assert "(overnight)" in said
    assert "midas resume REASON" in said


def test_an_alarm_comes_with_its_advice(home: Path) -> None:
    alarm = AlarmView("feed", "error", "the market stream is down", "check network and venue", 1, False)
    assert (
        told(home, alarms=(alarm,))["alarms"] == "error: the market stream is down - check network and venue"
    )


def test_a_missing_supervisor_is_said(home: Path) -> None:
    assert "no supervisor" in told(home)["processes"]
    with InstanceLock(home / SUPERVISOR_LOCK) as lock:
        tell(home, Supervision(lock.owner() or 0, 1, (), crashes=2))
        assert "crashes so far: 2" in told(home)["processes"]
        seen = msgspec.structs.replace(
            snapshots.normal().health.processes[0], name="supervisor", pid=lock.owner() or 0
        )
        health = msgspec.structs.replace(snapshots.normal().health, processes=(seen,))
        assert told(home, health=health)["processes"].count("supervisor") == 1


def test_an_engine_that_ended_is_told_with_how(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_fate(home, Fate(7, 1, time.time_ns(), -9))
    assert main(["status"]) == 2
    assert "killed (SIGKILL)" in capsys.readouterr().err
    write_fate(home, Fate(7, 1, time.time_ns(), 0, "asked to stop", wanted=True))
    assert main(["status"]) == 2
    assert "ago (asked to stop)" in capsys.readouterr().err


def test_a_restart_that_is_due_is_told(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_fate(home, Fate(7, 1, time.time_ns(), -9))
    with InstanceLock(home / SUPERVISOR_LOCK) as lock:
        tell(home, Supervision(lock.owner() or 0, 1, (), crashes=1, next_at=time.time_ns() + 5 * 10**9))
        assert main(["status"]) == 2
    assert "restarts it in" in capsys.readouterr().err


def test_a_restart_that_is_under_way_is_told_and_nobody_is_asked_to_start_one(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_fate(home, Fate(7, 1, time.time_ns(), -9))
    with InstanceLock(home / SUPERVISOR_LOCK) as lock:
        tell(home, Supervision(lock.owner() or 0, 1, (), crashes=1))
        assert main(["status"]) == 2
        told = capsys.readouterr().err
        assert f"killed (SIGKILL)); its supervisor, process {lock.owner()}, starts it again" in told
        assert "`midas`" not in told
        tell(home, Supervision(lock.owner() or 0, 1, (), crashes=5, gave_up=True))
        assert main(["status"]) == 2
        assert "starts it again" not in capsys.readouterr().err


def test_what_the_last_pass_found_is_not_told_as_now_while_the_user_stream_is_behind(home: Path) -> None:
    view = msgspec.structs.replace(snapshots.normal().reconciliation, state="STREAM_RECONCILING")
    said = told(home, reconciliation=view)["account"]
    assert said.startswith("NOT KNOWN NOW: the user stream was down")
    assert not facts(msgspec.structs.replace(snapshots.normal(), reconciliation=view), False)["reconciled"]
    assert facts(snapshots.normal(), False)["reconciled"]


def test_a_silent_engine_is_told_with_the_latch_the_guard_and_what_ends_it(home: Path) -> None:
    error = LinkClosed("the engine sent no snapshot within 5 s")
    assert silent(home, 12, error) == (
        "the engine sent no snapshot within 5 s: process 12 lives but doesn't answer. `midas kill` latches; "
        "no guard acts instead of it; `kill -9 12` ends it"
    )
    KillLatch(home / LATCH).trip(KillLevel.ALL, "ann", "news", 1)
    with InstanceLock(home / GUARD_LOCK) as lock:
        word = GuardWord(lock.owner() or 0, 1, 60.0, "flatten", acted_at=time.time_ns(), outcome="verified")
        tell_of_guard(home, word)
        said = silent(home, 12, error)
    assert "HALTED, level all, by ann at 00:00:00 UTC (news)" in said
    assert "the guard does flatten after 60 s without a step (it acted 0." in said
    assert "ago: verified)" in said
