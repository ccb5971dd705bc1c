"""Processes behind the command line: what they leave when they fail, and how they are ended."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from midas.cli.exchange import RUN_FILE
from midas.cli.processes import (
    START_TIMEOUT_S,
    exchange_for,
    failure,
    market_status,
    spawn,
    start_patience,
    stop_process,
)
from midas.errors import ProcessEnded, Unreachable, UsageError
from midas.settings import load_settings
from midas.venues.sim.runfile import RunFile, write


@pytest.mark.parametrize(
    ("log", "said"),
    [
        ("midas: starting\nmidas: port 1 is in use\n\n", "port 1 is in use"),
        ("Traceback\nValueError: {broken\n", "ValueError: {broken"),
        ('{"sentence"\n', '{"sentence"'),
        ("", "the exchange ended with exit code 3 and no word in LOG: is its disk full?"),
    ],
)
def test_the_last_sentence_of_a_child_is_what_is_told(tmp_path: Path, log: str, said: str) -> None:
    path = tmp_path / "child.log"
    path.write_text(log)
    error = failure(path, 3, "the exchange")
    assert (str(error), error.exit_code) == (said.replace("LOG", str(path)), 3)
    assert type(error) is ProcessEnded
    assert type(failure(path, 2, "the exchange")) is UsageError


def test_a_child_ended_by_a_signal_has_a_usable_exit_code(tmp_path: Path) -> None:
    (tmp_path / "child.log").write_text("")
    assert failure(tmp_path / "child.log", -9, "the exchange").exit_code == 1


def test_a_spawned_process_is_its_own_session_and_logs_to_its_file(tmp_path: Path) -> None:
    log = tmp_path / "home" / "child.log"
    script = "import os, sys; print(os.getsid(0) == os.getpid(), os.environ['MIDAS_HOME'], os.getcwd())"
    child = spawn([sys.executable, "-c", script], log, tmp_path / "home", tmp_path)
    assert child.wait(60) == 0
    assert log.read_text().split() == ["True", str(tmp_path / "home"), str(tmp_path)]


def test_a_log_is_emptied_and_is_for_its_owner_alone(tmp_path: Path) -> None:
    log = tmp_path / "child.log"
    log.write_text("an older one")
    log.chmod(0o644)
    assert spawn([sys.executable, "-c", "print('new')"], log, tmp_path, tmp_path).wait(60) == 0
    assert log.read_text() == "new\n"
    assert oct(log.stat().st_mode & 0o777) == "0o600"


def test_a_process_that_ignores_the_request_is_ended_all_the_same() -> None:
    script = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        "print('up', flush=True); time.sleep(60)"
    )
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    stop_process(child.pid, timeout=0.2)
    child.stdout.close()
    with pytest.raises(ProcessLookupError):
        os.kill(child.pid, 0)


def test_ending_a_process_that_is_gone_is_no_error() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    began = time.monotonic()
    stop_process(child.pid, timeout=60.0)
    assert time.monotonic() - began < 30.0


def test_the_environment_s_proxy_is_not_asked_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.invalid:1")
    with pytest.raises(Unreachable, match="Connection refused"):
        market_status("http://127.0.0.1:9")


def test_an_exchange_that_hangs_is_named_with_what_ends_it(tmp_path: Path) -> None:
    """As one that is stopped in the middle: its port takes connections and nobody answers."""
    (tmp_path / "config.toml").write_text("")
    settings = load_settings(tmp_path).model_copy(update={"home": tmp_path})
    with socket.create_server(("127.0.0.1", 0)) as hung:
        there = RunFile(
            pid=os.getpid(), instance="e", http=f"http://127.0.0.1:{hung.getsockname()[1]}", ws="",
            market="synthetic", speed=1.0, seed=1, started_at=1, api_key="", api_secret="",
        )  # fmt: skip
        write(tmp_path / RUN_FILE, there)
        with pytest.raises(Unreachable, match="`midas stop --exchange` ends it"):
            exchange_for(settings, explicit=False)


def test_the_start_of_an_exchange_waits_for_the_reading_of_a_large_recording(tmp_path: Path) -> None:
    (tmp_path / "part-1.jsonl").write_bytes(bytes(1_500_000))
    (tmp_path / "part-2.jsonl").write_bytes(bytes(500_000))
    assert start_patience("synthetic") == START_TIMEOUT_S
    assert start_patience(str(tmp_path / "part-1.jsonl")) == START_TIMEOUT_S + 6
    assert start_patience(str(tmp_path)) == START_TIMEOUT_S + 8
