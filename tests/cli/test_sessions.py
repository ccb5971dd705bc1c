from __future__ import annotations

import json
from pathlib import Path

import pytest

from midas.cli import main


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace to stand in."""
    (tmp_path / "config.toml").write_text("")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_home_without_sessions_says_how_one_comes_about(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sessions"]) == 0
    assert "no session yet; `midas` records one" in capsys.readouterr().out


def test_the_home_is_found_even_where_the_configuration_is_broken(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (desk / "config.toml").write_text("[exchange\n")
    assert main(["sessions", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"home": str(desk / "home"), "sessions": []}
