"""The real program over the synthetic market of two pairs, which every clone has."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.checks import check_replay, check_trading
from tests.e2e.desk import ProcessDesk, last_line

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def busy() -> Iterator[ProcessDesk]:
    """A home after four minutes of synthetic market; `outcome` is what the run said."""
    with tempfile.TemporaryDirectory(prefix="midas-e2e-") as folder:
        desk = ProcessDesk(Path(folder) / "home")
        line = ["--no-ui", "--duration", "12", "--market", "synthetic", "--speed", "20", "--json"]
        try:
            done = desk.run(*line, timeout=120.0)
            assert done.returncode == 0, done.stderr
            desk.outcome = last_line(done.stdout)
            yield desk
        finally:
            desk.close()


def test_it_trades_on_both_pairs_and_risk_refuses_with_its_reason(busy: ProcessDesk) -> None:
    check_trading(busy, busy.outcome)
    assert busy.outcome["market_events"] > 5_000
    assert busy.outcome["bars"] > busy.outcome["market_seconds"]  # of two pairs


def test_it_decides_the_same_again(
    busy: ProcessDesk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    check_replay(busy, busy.outcome, monkeypatch, capsys)


def test_what_a_run_writes_is_for_its_owner_alone(busy: ProcessDesk) -> None:
    logs = [busy.home / "midas.log", busy.home / "exchange.log"]
    assert [oct(path.stat().st_mode & 0o777) for path in logs] == ["0o600", "0o600"]
