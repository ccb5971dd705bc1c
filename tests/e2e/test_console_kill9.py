"""Killed consoles leave the engine's record whole; `tests.e2e.console_kill9` kills a hundred."""

from __future__ import annotations

import random

import pytest

from tests.e2e.console_kill9 import killed
from tests.e2e.desk import ProcessDesk


@pytest.mark.long
def test_killed_consoles_leave_no_gap(desk: ProcessDesk) -> None:
    result = killed(desk, 3, random.Random(1))
    assert result["engine_lived"]
    assert not result["stood_still"]
    assert result["complete"]
    assert result["identical"]
