from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from midas.cli import main
from midas.store.latch import LATCH, KillLatch

HEAVY = ("numpy", "numba", "textual", "pydantic", "msgspec", "asyncio", "aiohttp", "rich", "binance")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace to stand in."""
    (tmp_path / "config.toml").write_text("")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from midas.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stderr.strip() == "[]"
    assert "exit codes:" in ended.stdout


def test_an_error_is_one_sentence_on_stderr_and_its_exit_code(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (desk / "config.toml").write_text("[exchange]\nsped = 1\n")
    assert main(["doctor"]) == 2
    shown = capsys.readouterr()
    assert shown.err == "midas: config.toml: exchange.sped: unknown key; did you mean exchange.speed?\n"
    assert shown.out == ""


def test_with_json_the_error_is_json_on_stdout(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json", "--profile", "nope"]) == 2
    answer = json.loads(capsys.readouterr().out)
    assert answer["error"] == "ConfigInvalid"
    assert answer["sentence"].startswith("profile 'nope': ")


def test_an_unknown_command_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["frobnicate"]) == 2
    assert capsys.readouterr().err.startswith("midas: argument COMMAND: invalid choice: 'frobnicate'")


def test_a_kill_whose_reason_is_in_another_encoding_is_pulled_all_the_same(
    desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIDAS_HOME", str(desk / "home"))
    main(["kill", "--reason", "f\udcfcr alle"])
    record = KillLatch(desk / "home" / LATCH).read()
    assert record is not None
    assert record.reason == "f\ufffdr alle"


def test_a_reader_that_leaves_early_makes_no_noise() -> None:
    ended = subprocess.run(
        f"{sys.executable} -m midas doctor | head -1", shell=True, capture_output=True, text=True, check=False
    )
    assert ended.stderr == ""
    assert ended.stdout.count("\n") == 1
