"""The engine itself hangs: the guard, a process of its own, cancels and flattens by its own session."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from midas.cli.guard_word import guard_of
from midas.domain.event import LatchTripped, OrderSent
from midas.domain.mode import KillLevel
from midas.runtime.takeover import REPORT
from midas.store.latch import LATCH, KillLatch
from tests.e2e.desk import PAYLOAD, ProcessDesk, events, finished, last_line, until

RUN = ["--no-ui", "--market", str(PAYLOAD), "--speed", "1", "--json"]
PATIENCE_S = 6.0  # a busy machine may let an engine wait for half of it
CONFIG = """
[strategies.hang]
[risk]
limits = "crypto-only"
"""
# Does nothing until a file appears beside it; then it never comes back, or, busy, after four seconds.
HANGS = """
import pathlib, threading, time
from midas.api import Family, Hears
import msgspec

HOW = pathlib.Path(__file__).with_name("how")

class Nothing(msgspec.Struct, frozen=True):
    pass

class Hang:
    name, family, hears, trades_unknown, Parameters = "hang", Family.SCALPING, Hears.BOOK, False, Nothing

    def __init__(self, parameters):
        pass

    def signal(self, market, briefing):
        if not HOW.exists():
            return None
        if HOW.read_text() == "busy":
            HOW.rename(HOW.with_name("began"))
            time.sleep(4.0)
            return None
        if HOW.read_text() == "deadlocked":
            lock = threading.Lock()
            lock.acquire()
            lock.acquire()
        while True:
            pass
"""


@pytest.fixture
def hanging(tmp_path: Path, desk: ProcessDesk) -> ProcessDesk:
    """A desk that trades by hand, whose strategy hangs on demand."""
    (tmp_path / "strategies").mkdir()
    (tmp_path / "config.toml").write_text(CONFIG)
    (tmp_path / "strategies" / "hang.py").write_text(HANGS)
    desk.workspace = tmp_path
    return desk


def trading(
    desk: ProcessDesk, patience: float = PATIENCE_S
) -> tuple[subprocess.Popen[str], subprocess.Popen[str]]:
    """An engine with a position, its stop and a resting order at the venue, and its guard."""
    engine = desk.start(*RUN)
    desk.comes_up()
    guard = desk.start("guard", "--patience", f"{patience:g}")
    until(lambda: desk.status()["reconciled"] is True, "an equal account")
    until(lambda: desk.asked("order", "buy", "0.01", "BTC-USDT")[0] == 0, "a market to buy in")
    desk.told("order", "buy", "0.01", "BTC-USDT", "--confirm")
    until(lambda: bool(desk.status()["positions"]), "a position")
    until(lambda: desk.market()["orders_open"] == 1, "its stop at the venue")
    bid = desk.status()["positions"][0]["mark"]
    price = f"{bid * 0.98:.2f}"  # where the recording doesn't come
    desk.told("order", "buy", "0.01", "BTC-USDT", "--price", price, "--post", "--confirm")
    until(lambda: desk.market()["orders_open"] == 2, "a resting order beside it")
    until(lambda: (word := guard_of(desk.home)) is not None and word.condition == "well", "a watching guard")
    return engine, guard


def report(desk: ProcessDesk) -> dict[str, Any]:
    """What the guard says that it did, once it has."""
    until(lambda: bool(_report(desk).get("ended_at")), "the guard's report", PATIENCE_S + 90.0)
    return _report(desk)


def _report(desk: ProcessDesk) -> dict[str, Any]:
    path = desk.home / REPORT
    found: dict[str, Any] = json.loads(path.read_bytes()) if path.exists() else {}
    return found


def assert_taken_over(desk: ProcessDesk) -> None:
    """Latched, the order and the stop cancelled, then flat, and verified by the venue's word."""
    said = report(desk)
    assert said["verified"], said
    assert "has not stepped for" in said["cause"]
    withdrawn, sold = (
        next(place for place, line in enumerate(said["lines"]) if words in line)
        for words in ("all 2 orders of BTCUSDT CANCELED", "SELL 0.00999 BTC-USDT 0.00999 filled")
    )
    assert withdrawn < sold, "a stop reserves what is to be sold"
    assert desk.market()["orders_open"] == 0
    latch = KillLatch(desk.home / LATCH).read()
    assert latch is not None
    assert (latch.level, latch.by, latch.guarded) == (
        KillLevel.FLATTEN, "midas guard", desk.sessions()[-1].name
    )  # fmt: skip


@pytest.mark.parametrize("how", ["blocked", pytest.param("deadlocked", marks=pytest.mark.long)])
def test_a_loop_that_never_turns_again_is_taken_over(hanging: ProcessDesk, how: str) -> None:
    engine, guard = trading(hanging)
    (hanging.workspace / "strategies" / "how").write_text(how)
    assert_taken_over(hanging)
    assert engine.poll() is None
    guard.terminate()
    assert finished(guard).returncode == 0


@pytest.mark.long
def test_a_stopped_process_is_taken_over_and_sends_nothing_when_it_wakes(hanging: ProcessDesk) -> None:
    engine, _ = trading(hanging)
    engine.send_signal(signal.SIGSTOP)
    assert_taken_over(hanging)
    engine.send_signal(signal.SIGCONT)
    until(lambda: hanging.status()["latched"] is True, "the woken engine's halt")
    time.sleep(2.0)
    status = hanging.status()
    assert status["mode"] == "EMERGENCY"
    assert status["reconciled"] is True
    held = [p for p in status["positions"] if not p["dust"]]
    assert not held, "what the guard sold is no strategy's any more"
    happened = events(hanging.sessions()[-1])
    woken = next(n for n, event in enumerate(happened) if isinstance(event, LatchTripped))
    assert not [event for event in happened[woken:] if isinstance(event, OrderSent)]
    assert hanging.market()["orders_open"] == 0
    resumed(hanging)
    engine.send_signal(signal.SIGSTOP)
    until(lambda: len(report(hanging)["sales"]) == 2, "the sale of what it has held since")
    until(lambda: report(hanging)["verified"] is True, "a verified report")


def resumed(desk: ProcessDesk) -> None:
    """Go on again after an act of the guard, and hold something."""
    until(lambda: desk.asked("resume", "it woke up")[0] == 0, "what the guard sold to be booked")
    desk.told("resume", "it woke up", "--confirm")
    desk.told("mode", "normal", "--reason", "it woke up", "--confirm")
    desk.told("order", "buy", "0.01", "BTC-USDT", "--confirm")
    until(lambda: any(not p["dust"] for p in desk.status()["positions"]), "a position")


@pytest.mark.long
def test_a_busy_engine_a_killed_one_and_a_stopped_one_are_left_alone(desk: ProcessDesk) -> None:
    guard = desk.start("guard", "--patience", "5")
    engine = desk.start("--no-ui", "--market", str(PAYLOAD), "--speed", "20", "--duration", "5", "--json")
    finished(engine)
    engine = desk.start("--no-ui", "--market", str(PAYLOAD), "--speed", "20", "--json")
    until(
        lambda: (word := guard_of(desk.home)) is not None and word.condition == "well", "the next one", 60.0
    )
    engine.kill()
    time.sleep(6.0)
    assert not (desk.home / REPORT).exists()
    assert not KillLatch(desk.home / LATCH).is_set
    guard.terminate()
    assert finished(guard).returncode == 0


def test_a_kill_that_no_engine_hears_is_carried_out(hanging: ProcessDesk) -> None:
    engine, _ = trading(hanging)
    engine.kill()
    finished(engine)
    hanging.told("kill", "--level", "all")
    said = report(hanging)
    assert (said["verified"], said["level"]) == (True, "all")
    assert "no engine answers" in said["cause"]
    assert hanging.market()["orders_open"] == 0


def test_a_kill_while_the_loop_is_blocked_withdraws_at_once_and_is_told_truly(hanging: ProcessDesk) -> None:
    trading(hanging, patience=60.0)
    strategies = hanging.workspace / "strategies"
    (strategies / "how").write_text("busy")
    until((strategies / "began").exists, "the blocked loop", pause=0.005)
    killed = hanging.told("kill", "--level", "all", "--reason", "drill")
    assert (len(killed["canceled"]), killed["failed"]) == (2, [])
    assert hanging.market()["orders_open"] == 0
    until(lambda: hanging.status()["latched"] is True, "the engine's word")
    lines = hanging.status()["kill_report"]
    assert lines[0].startswith("+0.000s  ALL by ")
    assert any("latch on the disk" in line for line in lines)
    for withdrawn in ("BUY 0.01 BTC-USDT", "SELL 0.00999 BTC-USDT"):
        assert any(f"{withdrawn} CANCELED ack" in line for line in lines)
    assert not (hanging.home / REPORT).exists()  # four seconds are no hang


def test_once_says_how_the_engine_is(desk: ProcessDesk) -> None:
    done = desk.run("guard", "--once", "--json")
    assert done.returncode == 0
    assert last_line(done.stdout)["condition"] == "no engine"
