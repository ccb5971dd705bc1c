"""`midas kpi`: what a person and a program are told of the key figures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from midas.cli import main
from midas.cli.kpi import facts, lines
from midas.domain.carry import Carried
from midas.domain.triggers import DayReturn
from midas.engine.kpis import evidence_left, kpis_view
from midas.statistics.kpis import key_figures
from midas.statistics.targets import ASPIRATION_TEXT
from tests.assembly.test_inherit import OURS, opened, rich, store
from tests.fakes.nouns import START, trip

DAYS = tuple(DayReturn(n, 1, 0.004 if n % 3 else -0.006) for n in range(200))
WON = tuple(trip("3", n) for n in range(40))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace to stand in, and its home."""
    (tmp_path / "config.toml").write_text("")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


def test_without_a_session_nothing_is_known_and_a_target_is_still_priced(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["kpi", "--target", "300"]) == 0
    told = capsys.readouterr().out
    assert "there is none in this home yet" in told
    assert "300 % a year needs a Sharpe ratio of 7.03 year after year, at 20 % volatility." in told
    assert ASPIRATION_TEXT in told


async def test_the_last_session_is_read_where_no_engine_runs(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    carried = Carried(from_session="0", returns=DAYS, trips=WON, signals=9, executed=3)
    await store(home, "1", OURS, [opened("1", OURS, carried), rich(1_000)])
    assert main(["kpi", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["source"] == "session 1, which has ended"
    assert told["as_of"] == told["computed_at"] == START, "the last moment of the session"
    assert (told["days"], told["trips"], told["signals"], told["executed"]) == (200, 40, 9, 3)
    rows = {row["name"]: row for row in told["rows"]}
    assert rows["win rate"]["value"] == 1.0
    assert rows["profit factor"]["value"] is None  # without a loss it has no end
    assert "target" not in told


@pytest.mark.parametrize(("text", "value"), [("15", 0.15), ("15%", 0.15), ("-20", -0.2)])
def test_a_target_is_a_percentage(
    home: Path, capsys: pytest.CaptureFixture[str], text: str, value: float
) -> None:
    assert main(["kpi", "--json", f"--target={text}"]) == 0
    target = json.loads(capsys.readouterr().out)["target"]
    assert target["return"] == pytest.approx(value)
    assert target["volatility_cap"] == 0.2


@pytest.mark.parametrize("text", ["much", "-100", "nan", "inf"])
def test_a_target_that_is_none_is_one_sentence(
    home: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    assert main(["kpi", f"--target={text}"]) == 2
    assert "expected percent a year above -100" in capsys.readouterr().err


def test_a_person_reads_value_interval_goal_and_verdict_in_one_line() -> None:
    found = evidence_left(Carried(returns=DAYS, trips=WON, signals=8, executed=2))
    view = kpis_view(key_figures(found), found, 0)
    told = list(lines(view, "a test"))
    won = next(line for line in told if line.startswith("win rate"))
    assert won.split() == [
        "win", "rate", "100.0%", "91.2%", "to", "100.0%", ">", "45.0%", "55.0%", "optimal,", "and", "surely",
    ]  # fmt: skip
    assert any(line.startswith("profit factor") and "> 99 " in line for line in told)
    assert all(len(line) <= 110 for line in told)
    assert facts(view)["days"] == 200
