"""The hash that tells one deciding program from another."""

from __future__ import annotations

from pathlib import Path

import pytest

from midas.runtime.records import WHOLE, code_hash, computed_by


@pytest.mark.parametrize("library", ["numpy", "numba"])
def test_another_version_of_what_computes_is_another_code(
    library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = code_hash([])
    assert code_hash([]) == before
    monkeypatch.setattr(f"{library}.__version__", "0.0.1")
    assert f"{library} 0.0.1" in computed_by()
    assert code_hash([]) != before


@pytest.mark.parametrize("file", ["engine/engine.py", "backtest/run.py", "settings/model.py", "workspace.py"])
def test_a_trial_is_of_another_code_whichever_file_of_midas_changed(tmp_path: Path, file: str) -> None:
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    path.write_text("one")
    before = code_hash([], WHOLE, tmp_path)
    assert before == code_hash([], WHOLE, tmp_path)
    path.write_text("two")
    assert before != code_hash([], WHOLE, tmp_path)
