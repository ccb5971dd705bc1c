"""A minute of the real program over the recorded reference market, five times as fast as it was."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.checks import check_replay, check_trading
from tests.e2e.desk import ProcessDesk, last_line


@pytest.fixture(scope="module")
def minute(recorded_stream: Path) -> Iterator[ProcessDesk]:
    """A home after one minute of trading; `outcome` is what the run said."""
    with tempfile.TemporaryDirectory(prefix="midas-e2e-") as folder:
        desk = ProcessDesk(Path(folder) / "home")
        line = ["--no-ui", "--duration", "60", "--market", str(recorded_stream), "--speed", "5", "--json"]
        try:
            done = desk.run(*line, timeout=150.0)
            assert done.returncode == 0, done.stderr
            desk.outcome = last_line(done.stdout)
            yield desk
        finally:
            desk.close()


def test_both_strategies_trade_and_risk_refuses_with_its_reason(minute: ProcessDesk) -> None:
    check_trading(minute, minute.outcome)
    assert minute.outcome["market_events"] >= 20_000
    assert minute.outcome["market_seconds"] > 200
    fills = minute.outcome["fills_by_strategy"]
    assert set(fills) == {"trend-following", "book-imbalance"}
    assert all(fills.values())


def test_the_whole_minute_decides_the_same_again(
    minute: ProcessDesk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    check_replay(minute, minute.outcome, monkeypatch, capsys)
