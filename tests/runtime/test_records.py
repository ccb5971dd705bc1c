"""The hash that tells one deciding program from another."""

from __future__ import annotations

import pytest

from midas.runtime.records import code_hash, computed_by


@pytest.mark.parametrize("library", ["numpy", "numba"])
def test_another_version_of_what_computes_is_another_code(
    library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = code_hash([])
    assert code_hash([]) == before
    monkeypatch.setattr(f"{library}.__version__", "0.0.1")
    assert f"{library} 0.0.1" in computed_by()
    assert code_hash([]) != before
