from __future__ import annotations

import json
from pathlib import Path

import pytest

from midas.cli import main


def test_init_makes_a_workspace_that_doctor_can_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = tmp_path / "my-desk"
    assert main(["init", str(desk), "--json"]) == 0
    assert "config.toml" in json.loads(capsys.readouterr().out)["files"]
    monkeypatch.chdir(desk)
    main(["doctor", "--json"])
    assert json.loads(capsys.readouterr().out)["workspace"] == str(desk)


def test_init_refuses_a_folder_that_holds_anything(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine").write_text("keep")
    assert main(["init", str(tmp_path)]) == 2
    assert "is not an empty folder" in capsys.readouterr().err
    assert (tmp_path / "mine").read_text() == "keep"
