"""Engines that are killed in a row, under order flow and on a bad network: nothing lost, nothing doubled."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.progress import Progress

from tests.bench.bench_crash import crash, good
from tests.e2e.crashing import CrashDesk

KILLS = 20


@pytest.mark.timeout(300)  # seconds
def test_kills_under_order_flow_lose_no_order_and_double_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    desk = CrashDesk(tmp_path)
    try:
        with Progress(disable=True) as told:
            result = crash(desk, KILLS, minutes=10.0, told=told)
    finally:
        desk.close()
    assert good(result), result
    assert result["value"] == KILLS
    assert result["check"]["moments"]["orders flowed"] > 0
    assert result["check"]["venue_trades"] > 0
    assert result["check"]["last_exit"] == 0
