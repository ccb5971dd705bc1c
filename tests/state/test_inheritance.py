"""What one session leaves is what the next one begins with."""

from __future__ import annotations

import pytest

from midas.domain.event import SessionOpened
from midas.state.state import State
from tests.fakes.nouns import BTC, ETH, START, desk


def test_the_next_session_remembers_the_peak_and_the_days_loss() -> None:
    before = desk()
    before.equity_peak = 12_000.0
    before.budgets.restore((9, 11_000.0, 1, 11_500.0, 0, 11_800.0))
    after = State((BTC,), "USDT")
    after.apply(SessionOpened("next", START, "account", "SIM", "", before.carried()))
    assert after.equity_peak == 12_000.0
    assert after.budgets.openings == (9, 11_000.0, 1, 11_500.0, 0, 11_800.0)


@pytest.mark.parametrize(("held", "peak"), [("1", 0.0), ("0", 12_000.0)])
def test_an_asset_that_no_longer_counts_is_not_taken_for_a_loss(held: str, peak: float) -> None:
    before = desk(BTC, ETH, ETH=held)
    before.equity_peak = 12_000.0
    before.budgets.restore((9, 11_000.0, 1, 11_500.0, 0, 11_800.0))
    after = State((BTC,), "USDT")
    notes = after.apply(SessionOpened("next", START, "account", "SIM", "", before.carried()))
    assert after.equity_peak == peak
    assert any("losses count from here on" in str(note) for note in notes) is (held == "1")
