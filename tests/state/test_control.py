from __future__ import annotations

import pytest

from midas.domain.decision import GateMoved
from midas.domain.mode import PERMISSIONS, KillLevel, Mode
from midas.domain.time import SECOND
from midas.state.control import Control


def test_a_change_of_mode_says_who_why_and_what_would_end_it() -> None:
    control = Control()
    [change] = control.set_mode(Mode.PAUSE, "console", "lunch", "a person", 5)
    assert (change.before, change.after, change.by, change.since) == ("NORMAL", "PAUSE", "console", 5)
    assert (control.cause, control.ends_when, control.since) == ("lunch", "a person", 5)
    assert control.set_mode(Mode.PAUSE, "cli", "again", "a person", 6) == []
    assert control.by == "console"


@pytest.mark.parametrize("mode", [m for m in Mode if m is not Mode.EMERGENCY])
def test_a_latch_opens_nothing_and_freezes_strategies_in_every_mode(mode: Mode) -> None:
    control = Control()
    control.set_mode(mode, "test", "", "", 0)
    control.trip("halt", "test", "", 0)
    allowed = control.permissions
    assert not (allowed.entries or allowed.keeps_entries or allowed.computes_signals)


def test_a_latched_emergency_flattens() -> None:
    control = Control()
    control.set_mode(Mode.EMERGENCY, "test", "", "", 0)
    control.trip("flatten", "test", "", 0)
    assert control.permissions == PERMISSIONS[Mode.EMERGENCY]


@pytest.mark.parametrize("first", list(KillLevel))
@pytest.mark.parametrize("second", list(KillLevel))
def test_a_weaker_level_never_softens_a_stronger_one(first: KillLevel, second: KillLevel) -> None:
    control = Control()
    control.trip(first.value, "one", "", 0)
    control.trip(second.value, "two", "", 1)
    stronger = max((first, second), key=list(KillLevel).index)
    assert control.level == stronger.value
    assert control.kill_by == ("two" if stronger is not first else "one")


def test_only_levels_above_halt_withdraw_exits() -> None:
    control = Control()
    assert not control.withdraws_exits
    control.trip("halt", "test", "", 0)
    assert not control.withdraws_exits
    control.trip("all", "test", "", 0)
    assert control.withdraws_exits
    control.release(2)
    assert not control.withdraws_exits


def test_an_emergency_that_was_inherited_with_its_latch_withdraws_exits_too() -> None:
    control = Control()
    control.set_mode(Mode.EMERGENCY, "an earlier session", "", "", 0)
    control.trip("halt", "an earlier session", "", 0)
    assert control.withdraws_exits


def test_the_time_of_a_kill_is_that_of_its_first_pull() -> None:
    control = Control()
    control.trip("halt", "cli", "smoke", 10 * SECOND)
    control.trip("all", "cli", "", 20 * SECOND)
    assert control.tripped_at == 10 * SECOND
    control.release(2)
    control.trip("all", "cli", "", 30 * SECOND)
    assert control.tripped_at == 30 * SECOND


def test_a_gate_speaks_when_it_closes_and_when_it_opens() -> None:
    control = Control()
    assert control.close_gate("venue", "silence", 5) == [GateMoved("venue", True, "silence")]
    assert control.close_gate("venue", "still silence", 6) == []
    assert control.gates["venue"].since == 5
    assert control.open_gate("venue") == [GateMoved("venue", False, "still silence")]
    assert control.open_gate("venue") == []


def test_a_gate_blocks_its_own_scope_alone() -> None:
    control = Control()
    control.close_gate("BTC-USDT.binance", "gap", 5)
    assert control.blocked("venue", "ETH-USDT.binance") is None
    gate = control.blocked("venue", "BTC-USDT.binance")
    assert gate is not None
    assert gate.reason == "gap"
