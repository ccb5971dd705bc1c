"""The guard as a command: a single look ends, and an engine that comes has its account back."""

from __future__ import annotations

from pathlib import Path

import pytest

from midas.cli.guard import Guard, _Alone
from midas.cli.running import LOCK
from midas.domain.mode import KillLevel
from midas.errors import NotRunning
from midas.runtime.guarding import Condition
from midas.store.lock import InstanceLock
from midas.venues.binance.emergency_session import EmergencySession


def nowhere() -> tuple[EmergencySession, str]:
    raise NotRunning("no venue")


def test_a_single_look_at_an_engine_that_never_beats_ends(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with InstanceLock(tmp_path / LOCK):
        assert Guard(tmp_path, 0.2, KillLevel.FLATTEN, nowhere).once(as_json=False) == 1
    assert capsys.readouterr().out == "engine: starting or ending\n"


@pytest.mark.parametrize(
    ("condition", "holder", "stepping", "allowed"),
    [
        (Condition.HUNG, 7, 7, True),  # its own word is behind the latch that names its session
        (Condition.HUNG, 0, 0, True),
        (Condition.HUNG, 8, 0, False),
        (Condition.STARTING, 7, 0, True),
        (Condition.STARTING, 7, 7, False),
        (Condition.STARTING, 0, 7, True),  # it died: its last beat means nothing
    ],
)
def test_an_engine_that_comes_or_begins_to_step_has_its_account_back(
    condition: Condition, holder: int, stepping: int, allowed: bool
) -> None:
    alone = _Alone(lambda: holder, lambda: stepping, 7, condition)
    assert (alone() == "") is allowed
