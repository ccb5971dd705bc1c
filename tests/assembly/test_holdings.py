"""What the guard may close is read from the newest journal of the account that it has the keys of."""

from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from midas.assembly.holdings import holdings
from midas.domain.carry import Carried, SleeveCarried
from midas.errors import StoreDamaged
from midas.store import sessions
from midas.store.head import HeadFile
from tests.assembly.test_inherit import OTHER, OURS, SETTINGS, opened, rich, store


async def test_a_journal_of_another_account_explains_nothing(tmp_path: Path) -> None:
    await store(tmp_path, "1", OTHER, [opened("1", OTHER), rich(1_000)])
    with pytest.raises(StoreDamaged, match=f"of account {OTHER}, and our keys are of {OURS}"):
        holdings(tmp_path, OURS)


async def test_a_copy_that_somebody_keeps_is_passed_over(tmp_path: Path) -> None:
    directory = await store(tmp_path, "1", OURS, [opened("1", OURS), rich(1_000)])
    shutil.copytree(directory, tmp_path / sessions.SESSIONS / "1-copy")
    await store(tmp_path, "2", OTHER, [opened("2", OTHER), rich(1_000)])
    shutil.move(tmp_path / sessions.SESSIONS / "2", tmp_path / sessions.SESSIONS / "3")
    assert [held.at_most for held in holdings(tmp_path, OURS)] == [0] * len(holdings(tmp_path, OURS))


async def test_a_session_that_a_start_broke_off_hides_no_position(tmp_path: Path) -> None:
    sleeve = SleeveCarried(
        strategy="trend", instrument=SETTINGS.instruments[0].id, quantity=Decimal("0.5"), cost=Decimal(50),
        realised=Decimal(0), fees=Decimal(0), fills=1, opened_at=1,
    )  # fmt: skip
    await store(tmp_path, "1", OURS, [opened("1", OURS, Carried(opened=True, sleeves=(sleeve,)))])
    await store(tmp_path, "2", OURS, [])
    (tmp_path / sessions.SESSIONS / "3").mkdir()
    HeadFile(tmp_path / sessions.SESSIONS / "3").close()
    assert Decimal("0.5") in [held.at_most for held in holdings(tmp_path, OURS)]
