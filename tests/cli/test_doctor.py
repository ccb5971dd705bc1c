from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest

from midas.cli import main
from midas.venues.sim.runfile import NAME, RunFile, write


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace to stand in."""
    (tmp_path / "config.toml").write_text("[exchange]\nspeed = 2\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_doctor_shows_every_value_with_its_origin(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    rows = {row["key"]: (row["value"], row["origin"]) for row in report["settings"]}
    assert rows["exchange.speed"] == ("2.0", "config.toml")
    assert rows["exchange.seed"] == ("1", "default")
    assert rows["home"] == (str(desk / "home"), "MIDAS_HOME")


def test_doctor_tells_the_speed_that_the_running_exchange_has(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        run = RunFile(
            pid=os.getpid(), instance="i", http=f"http://127.0.0.1:{listening.getsockname()[1]}", ws="",
            market="synthetic", speed=5.0, seed=1, started_at=1, api_key="", api_secret="",
        )  # fmt: skip
        write(desk / "home" / NAME, run)
        assert main(["doctor", "--json"]) == 0
    checks = {check["name"]: check["found"] for check in json.loads(capsys.readouterr().out)["checks"]}
    assert "synthetic at speed 5, " in checks["exchange"]
    assert checks["exchange"].endswith("exchange.speed above is the next one's")


def test_doctor_never_shows_a_secret(
    desk: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIDAS_VENUE__API_SECRET", "hush")
    assert main(["doctor"]) == 0
    shown = capsys.readouterr().out
    assert "hush" not in shown
    assert "**********" in shown


def test_a_home_that_takes_no_files_fails_the_check(
    desk: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (desk / "occupied").write_text("")
    monkeypatch.setenv("MIDAS_HOME", str(desk / "occupied"))
    assert main(["doctor"]) == 1
    assert "FAIL  home" in capsys.readouterr().out


def test_a_strategy_that_does_not_load_is_bad_input_with_its_sentence(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (desk / "config.toml").write_text("[strategies.missing]\nweight = 1\n")
    assert main(["doctor", "--json"]) == 2
    checks = {check["name"]: check for check in json.loads(capsys.readouterr().out)["checks"]}
    assert not checks["strategies"]["ok"]
    assert "missing.py is missing" in checks["strategies"]["found"]


@pytest.mark.parametrize(
    ("text", "arguments", "sentence"),
    [
        ("", ["--live", "doctor"], "--live: the configuration says environment = SIM, not LIVE"),
        (
            "",
            ["doctor"],
            "environment = LIVE must stand in a configuration file; here it comes from MIDAS_ENV",
        ),
    ],
)
def test_live_takes_the_file_and_the_typed_word(
    desk: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    arguments: list[str],
    sentence: str,
) -> None:
    (desk / "config.toml").write_text(text)
    if "--live" not in arguments:
        monkeypatch.setenv("MIDAS_ENVIRONMENT", "LIVE")
    assert main(arguments) == 2
    assert sentence in capsys.readouterr().err
