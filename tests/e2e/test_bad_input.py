"""Bad input to the real program: one clear sentence, exit code 2, and nothing started or lost."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import RUN
from tests.e2e.desk import PAYLOAD, REPOSITORY, ProcessDesk, last_line

BAD_CONFIG = {
    "an unknown key": ("[risk]\n", "[risk]\nposition_maximum = 0.1\n", "position_maximum"),
    "broken toml": ("[risk]\n", "[risk\n", "config.toml"),
    "a bad value": ("[risk.orders]", '[risk.orders]\nrate_max = "many"\n#', "rate_max"),
}


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """The one sentence of a command that ended with exit code 2 and no traceback."""
    assert done.returncode == 2, (done.returncode, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    return str(last_line(done.stdout)["sentence"])


def refuses(desk: ProcessDesk, *arguments: str) -> str:
    """As `refused`, of a command in this process."""
    code, word = desk.asked(*arguments)
    assert code == 2, word
    return str(word["sentence"])


@pytest.mark.parametrize("name", BAD_CONFIG)
def test_a_configuration_that_says_nothing_useful_is_refused_by_name(
    desk: ProcessDesk, workspace: Path, name: str
) -> None:
    before, after, named = BAD_CONFIG[name]
    config = workspace / "config.toml"
    text = re.sub(r"(?m)^rate_max.*\n", "", config.read_text())
    assert before in text
    config.write_text(text.replace(before, after, 1))
    desk.workspace = workspace
    assert named in refuses(desk, *RUN[:-1])
    assert desk.exchange() is None


def test_an_instrument_that_the_market_does_not_list_is_named_never_replaced(
    desk: ProcessDesk, workspace: Path
) -> None:
    config = workspace / "config.toml"
    config.write_text(re.sub(r"(?m)^instruments = .*$", 'instruments = ["FOOBAR"]', config.read_text()))
    desk.workspace = workspace
    sentence = refused(desk.run(*RUN))
    assert "holds BTCUSDT, not FOOBAR; set trading.instruments" in sentence
    assert desk.exchange() is None, "the exchange that was started for this run ended with it"


def test_a_console_without_a_terminal_and_a_mode_without_a_meaning_are_refused(desk: ProcessDesk) -> None:
    assert "--no-ui" in refused(desk.run("--json"))
    assert "NONSENSE" in refuses(desk, "mode", "nonsense")


def test_a_missing_recording_is_named(desk: ProcessDesk) -> None:
    assert "nowhere.jsonl.gz" in refuses(desk, "--no-ui", "--market", "nowhere.jsonl.gz")


def test_a_port_in_use_is_named(desk: ProcessDesk, workspace: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        config = workspace / "config.toml"
        config.write_text(re.sub(r"(?m)^(\[exchange\].*\n)", rf"\1port = {port}\n", config.read_text()))
        desk.workspace = workspace
        assert f"port {port} on 127.0.0.1 is in use" in refused(desk.run(*RUN))


def test_a_strategy_that_does_not_import_is_named_before_anything_starts(
    desk: ProcessDesk, workspace: Path
) -> None:
    strategy = workspace / "strategies" / "trend_following.py"
    strategy.write_text("import nothing_of_that_name\n")
    desk.workspace = workspace
    sentence = refuses(desk, *RUN[:-1])
    assert "trend_following.py" in sentence
    assert "nothing_of_that_name" in sentence
    assert desk.exchange() is None
    assert not (desk.home / "sessions").exists()


def test_a_strategy_that_raises_is_switched_off_and_the_rest_trade_on(
    desk: ProcessDesk, workspace: Path
) -> None:
    strategy = workspace / "strategies" / "trend_following.py"
    text, count = re.subn(
        r"(?m)^(    def signal\(.*?\n?.*?-> Opinion \| None:\n(?:        \"\"\".*\"\"\"\n)?)",
        r"\1        raise ZeroDivisionError('a bug of this strategy')\n",
        strategy.read_text(),
    )
    assert count == 1
    strategy.write_text(text)
    desk.workspace = workspace
    outcome = desk.facts(*RUN[:-1], "--duration", "3")
    assert outcome["reconciled"] is True
    assert "switched off: ZeroDivisionError: a bug of this strategy" in (desk.home / "midas.log").read_text()
    assert desk.told("replay", "last", "--verify")["complete"]


def test_a_home_that_cannot_be_written_is_named(desk: ProcessDesk, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    desk.home = tmp_path / "file" / "home"
    assert "can't be written" in refuses(desk, *RUN[:-1])


def test_a_command_without_an_engine_says_how_to_start_one(desk: ProcessDesk) -> None:
    for command in (["status"], ["mode", "pause"], ["attach"], ["stop"]):
        assert "no engine runs" in refuses(desk, *command)


def loaded(*arguments: str, environ: dict[str, str]) -> set[str]:
    """The modules that a command has imported when it ends."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "midas", *arguments],
        cwd=REPOSITORY, env=environ, capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-500:]
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip() for line in lines}


def test_help_loads_nothing_heavy(desk: ProcessDesk) -> None:
    names = loaded("--help", environ=desk.environ())
    assert not names & {
        "numpy",
        "numba",
        "msgspec",
        "pydantic",
        "aiohttp",
        "binance",
        "textual",
        "asyncio",
        "rich",
    }


def test_the_engine_alone_loads_neither_a_user_interface_nor_torch(desk: ProcessDesk) -> None:
    line = ["--no-ui", "--market", str(PAYLOAD), "--speed", "20", "--duration", "1", "--json"]
    names = loaded(*line, environ=desk.environ())
    assert "midas.engine.engine" in names
    assert not names & {"textual", "torch", "tui", "tui.app", "rich.console"}
