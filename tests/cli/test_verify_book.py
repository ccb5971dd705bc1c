from __future__ import annotations

import json
from pathlib import Path

import pytest

from midas.cli import main


def test_the_recorded_book_is_rebuilt_exactly(
    recorded_stream: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify-book", str(recorded_stream), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report == {"compared": 3449, "equal": 3449, "exact_id": 564, "gaps": 0, "crossed": 0}


def test_a_dropped_diff_is_reported_and_fails(
    recorded_stream: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify-book", str(recorded_stream), "--drop", "500"]) == 1
    assert "no second snapshot to resync from" in capsys.readouterr().out


def test_a_missing_file_is_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify-book", str(tmp_path / "none.jsonl")]) == 2
    assert "can't open the recording" in capsys.readouterr().err
