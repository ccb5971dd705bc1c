"""Whole runs of the real program: it trades, ends reconciled, and its record decides the same again."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest

from midas.cli import main
from tests.e2e.checks import check_replay
from tests.e2e.conftest import ENDLESS
from tests.e2e.desk import PAYLOAD, ProcessDesk, finished, last_line, until

KEYS = {
    "environment", "mode", "sequence", "market_events", "market_seconds", "bars", "signals", "orders",
    "fills", "refusals", "equity", "session", "reconciled",
}  # fmt: skip


def test_a_headless_run_over_a_recording_ends_reconciled_and_says_what_it_did(whole: ProcessDesk) -> None:
    assert whole.outcome.keys() >= KEYS
    assert whole.outcome["environment"] == "SIM"
    assert whole.outcome["reconciled"] is True
    assert whole.outcome["market_events"] > 2_000
    assert whole.outcome["market_seconds"] > 80
    assert whole.outcome["signals"] > 0
    assert whole.outcome["session"] == whole.sessions()[0].name


def test_its_replay_is_identical(
    whole: ProcessDesk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    check_replay(whole, whole.outcome, monkeypatch, capsys)
    assert main(["replay", "last", "--verify"]) == 0
    assert re.search(r"identical: (\d+) of \1 audits", capsys.readouterr().out)


def test_an_interrupt_closes_cleanly_and_the_session_is_sealed(desk: ProcessDesk) -> None:
    engine = desk.start(*ENDLESS)
    desk.comes_up()
    until(lambda: desk.status()["reconciled"] is True, "an equal account")
    engine.send_signal(signal.SIGINT)
    done = finished(engine)
    assert done.returncode == 0, done.stderr
    assert last_line(done.stdout)["ended"] == "interrupted"
    assert desk.told("sessions")["sessions"][0]["sealed"]


def test_a_second_interrupt_ends_at_once_with_its_own_exit_code(desk: ProcessDesk) -> None:
    engine = desk.start(*ENDLESS)
    desk.comes_up()
    exchange = desk.exchange()
    assert exchange is not None
    os.kill(exchange.pid, signal.SIGSTOP)  # it answers no pass over the account: the closing lasts
    try:
        engine.send_signal(signal.SIGINT)
        assert engine.stderr is not None
        while "Ctrl+C again ends at once" not in engine.stderr.readline():
            assert engine.poll() is None
        engine.send_signal(signal.SIGINT)
        done = finished(engine)
    finally:
        os.kill(exchange.pid, signal.SIGCONT)
    assert done.returncode == 130, done.stderr
    assert "the next start adopts them" in done.stderr
    assert desk.engine() is None


def test_stopping_from_another_shell_is_clean_and_leaves_nothing_running(desk: ProcessDesk) -> None:
    engine = desk.start(*ENDLESS)
    desk.comes_up()
    told = desk.told("stop", "--exchange")
    assert [what.split()[0] for what in told["ended"]] == ["engine", "exchange"]
    assert (told["left"]["unproven"], told["left"]["unknown"]) == ([], "")
    assert told["left"]["session"] == desk.sessions()[-1].name
    assert finished(engine).returncode == 0
    assert not (desk.home / "link.sock").exists()
    assert desk.exchange() is None
    assert desk.asked("status")[0] == 2


@pytest.mark.long
def test_a_long_home_keeps_its_sockets_elsewhere(tmp_path: Path) -> None:
    deep = ProcessDesk(tmp_path / ("deep" * 25) / "home")
    try:
        outcome = deep.facts("--no-ui", "--market", str(PAYLOAD), "--speed", "20", "--duration", "2")
        assert outcome["reconciled"] is True
    finally:
        deep.close()
