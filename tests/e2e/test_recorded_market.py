"""The real program over five minutes of the recorded reference market, ten times as fast as they were."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.checks import check_replay, check_trading
from tests.e2e.desk import ProcessDesk, last_line

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def run(recorded_stream: Path) -> Iterator[ProcessDesk]:
    """A home after half a minute of trading; `outcome` is what the run said."""
    with tempfile.TemporaryDirectory(prefix="midas-e2e-") as folder:
        desk = ProcessDesk(Path(folder) / "home")
        line = ["--no-ui", "--duration", "30", "--market", str(recorded_stream), "--speed", "10", "--json"]
        try:
            done = desk.run(*line, timeout=150.0)
            assert done.returncode == 0, done.stderr
            desk.outcome = last_line(done.stdout)
            yield desk
        finally:
            desk.close()


def test_both_strategies_trade_and_risk_refuses_with_its_reason(run: ProcessDesk) -> None:
    check_trading(run, run.outcome)
    assert run.outcome["market_events"] >= 20_000
    assert run.outcome["market_seconds"] > 200
    fills = run.outcome["fills_by_strategy"]
    assert set(fills) == {"trend-following", "book-imbalance"}
    assert all(fills.values())


def test_the_whole_run_decides_the_same_again(
    run: ProcessDesk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    check_replay(run, run.outcome, monkeypatch, capsys)
