from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from midas.cli import main
from midas.cli.exchange import RUN_FILE, answering

PAYLOAD = Path(__file__).resolve().parents[1] / "payloads" / "midas-btcusdt.jsonl.gz"
ACCOUNTS = "".join(
    f'[[accounts]]\nname = "{name}"\napi_key = "{name}"\napi_secret = "s"\nbalances = {{ USDT = 100 }}\n'
    for name in ("ann", "bob")
)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace to stand in, with accounts."""
    (tmp_path / "config.toml").write_text("")
    (tmp_path / "accounts.toml").write_text(ACCOUNTS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def exchange(desk: Path) -> Iterator[None]:
    """An exchange process of this home, answering on a control port too."""
    words = ["sim", "--market", str(PAYLOAD), "--accounts", "accounts.toml", "--control", "0"]
    words += ["--state", "exchange.db"]
    environ = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    process = subprocess.Popen([sys.executable, "-m", "midas", *words], cwd=desk, env=environ)
    try:
        deadline = time.monotonic() + 60
        while answering(desk / "home" / RUN_FILE) is None:
            assert process.poll() is None, "the exchange ended at its start"
            assert time.monotonic() < deadline, "the exchange doesn't answer"
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(60)


def test_money_comes_and_goes_by_hand(desk: Path, exchange: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sim", "deposit", "USDT", "50"]) == 0
    assert capsys.readouterr().out == "account ann has 150 USDT free, 0 locked\n"
    assert main(["sim", "withdraw", "USDT", "30", "--account", "bob", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "account": "bob", "asset": "USDT", "free": "70", "locked": "0",
    }  # fmt: skip
    assert main(["sim", "withdraw", "USDT", "71", "--account", "bob"]) == 5
    assert "bob has 70 USDT free, 71 can't be withdrawn" in capsys.readouterr().err
    assert main(["sim", "deposit", "DOGE", "1"]) == 2
    assert "'DOGE' is no asset of this exchange" in capsys.readouterr().err


@pytest.mark.parametrize("amount", ["-5", "abc", "0", "inf", "1e3", ""])
def test_an_amount_that_can_t_be_is_refused_before_anybody_is_asked(
    desk: Path, capsys: pytest.CaptureFixture[str], amount: str
) -> None:
    assert main(["sim", "deposit", "USDT", amount]) == 2
    assert "AMOUNT: expected a" in capsys.readouterr().err


def test_where_no_exchange_runs_there_is_nobody_to_give_money_to(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sim", "deposit", "USDT", "50"]) == 2
    assert "no exchange runs in" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--state", "nowhere/exchange.db"], "there is no folder"),
        (["--control", "99999"], "expected a port from 0 (any free one) to 65535, got '99999'"),
        (["--port", "-1"], "expected a port from 0 (any free one) to 65535, got '-1'"),
        (["--seed", "-1"], "expected a whole number from 0, got '-1'"),
        (["--symbol", "FOO"], "expected a pair of 4 to 20 letters or digits such as BTCUSDT, got 'FOO'"),
        (["--market", str(PAYLOAD), "--preset", "easy"], "has no preset to choose"),
        (["--fresh"], "name it with --state FILE"),
        (["--state", "."], "is a folder"),
        (["--accounts", "none.toml"], "can't be read"),
        (["--accounts", "config.toml"], "accounts"),
    ],
)
def test_state_and_accounts_that_can_t_be_are_refused(
    desk: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert main(["sim", *words]) == 2
    assert said in capsys.readouterr().err


def test_a_state_file_of_another_market_is_refused_until_it_is_set_aside(
    desk: Path, exchange: None, capsys: pytest.CaptureFixture[str]
) -> None:
    found = answering(desk / "home" / RUN_FILE)
    assert found is not None
    os.kill(found.pid, 15)
    deadline = time.monotonic() + 60
    while answering(desk / "home" / RUN_FILE) is not None:
        assert time.monotonic() < deadline, "the exchange doesn't end"
        time.sleep(0.05)
    time.sleep(0.2)
    assert main(["sim", "--market", "synthetic", "--state", "exchange.db"]) == 2
    said = capsys.readouterr().err
    assert "keeps another exchange: it served midas-btcusdt.jsonl.gz, asked for was synthetic" in said
    assert "--fresh" in said
