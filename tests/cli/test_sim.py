from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from midas.assembly.exchange import exchange_config
from midas.cli import main
from midas.cli.exchange import RUN_FILE, answering
from midas.settings import load_settings


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace to stand in."""
    (tmp_path / "config.toml").write_text("")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def exchange(desk: Path) -> Iterator[subprocess.Popen[bytes]]:
    """An exchange process of this home, answering."""
    command = [sys.executable, "-m", "midas", "sim", "--speed", "20"]
    root = Path(__file__).resolve().parents[2]
    process = subprocess.Popen(command, cwd=desk, env=os.environ | {"PYTHONPATH": str(root)})
    try:
        deadline = time.monotonic() + 60
        while answering(desk / "home" / RUN_FILE) is None:
            assert process.poll() is None, "the exchange ended at its start"
            assert time.monotonic() < deadline, "the exchange doesn't answer"
            time.sleep(0.05)
        yield process
    finally:
        process.kill()
        process.wait()


def test_where_it_listens_is_said_once_it_does_and_no_key_with_it(desk: Path) -> None:
    command = [sys.executable, "-m", "midas", "sim", "--seed", "7", "--control", "0", "--json"]
    root = Path(__file__).resolve().parents[2]
    environ = os.environ | {"PYTHONPATH": str(root)}
    with subprocess.Popen(command, cwd=desk, env=environ, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            told = json.loads(line)
            found = answering(Path(told["run_file"]))
        finally:
            process.kill()
    assert found is not None
    assert (told["http"], told["ws"], told["control"]) == (found.http, found.ws, found.control)
    assert (told["market"], told["preset"], told["seed"]) == ("synthetic", "medium", 7)
    assert told["begins"] == "with the first request"
    assert found.api_key not in line
    assert found.api_secret not in line


def test_one_home_has_one_exchange_which_ends_cleanly_on_a_signal(
    desk: Path, exchange: subprocess.Popen[bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sim"]) == 2
    assert f"runs already: process {exchange.pid}" in capsys.readouterr().err
    main(["doctor"])
    assert f"process {exchange.pid}, synthetic" in capsys.readouterr().out
    exchange.send_signal(signal.SIGTERM)
    assert exchange.wait(timeout=60) == 0
    assert not (desk / "home" / RUN_FILE).exists()


def test_a_run_file_left_by_a_crash_is_no_exchange(desk: Path, exchange: subprocess.Popen[bytes]) -> None:
    exchange.kill()
    exchange.wait()
    assert (desk / "home" / RUN_FILE).exists()
    assert answering(desk / "home" / RUN_FILE) is None


def test_the_exchange_is_what_the_settings_say(desk: Path) -> None:
    typed = {"exchange.seed": 7, "exchange.taker_fee": "0.001", "exchange.idle_exit_seconds": 5}
    config = exchange_config(load_settings(desk, overrides=typed), desk / "exchange.json")
    assert (config.seed, str(config.taker_fee), config.idle_exit_s) == (7, "0.001", 5)
    assert config.run_file == desk / "exchange.json"
