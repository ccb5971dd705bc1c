"""The guard as a command: a single look ends, and an engine that comes has its account back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from midas.assembly.access import Access, continues
from midas.cli import main
from midas.cli.guard import Guard, _Alone, whose
from midas.cli.guard_word import GuardWord, tell
from midas.cli.running import LOCK
from midas.domain.mode import KillLevel
from midas.errors import NotRunning, Unreachable
from midas.runtime.beats import Beat, Pulse, beat_files
from midas.runtime.guarding import Condition
from midas.store.lock import GUARD_LOCK, InstanceLock
from midas.venues.binance.emergency_session import EmergencySession
from midas.venues.binance.endpoints import Endpoints


def nowhere() -> tuple[EmergencySession, str]:
    raise NotRunning("no venue")


def test_a_single_look_at_an_engine_that_never_beats_ends(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with InstanceLock(tmp_path / LOCK):
        assert Guard(tmp_path, 0.2, KillLevel.FLATTEN, nowhere).once(as_json=False) == 1
    assert capsys.readouterr().out == "engine: starting or ending\n"


@pytest.mark.parametrize(("sees", "code"), [("well", 0), ("hung", 1), ("", 1)])
def test_a_single_look_beside_a_guard_tells_what_that_one_sees(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], sees: str, code: int
) -> None:
    (tmp_path / "config.toml").write_text("")
    monkeypatch.chdir(tmp_path)
    with InstanceLock(tmp_path / "home" / GUARD_LOCK) as lock:
        tell(tmp_path / "home", GuardWord(lock.owner() or 0, 1, 60.0, "flatten", sees))
        assert main(["guard", "--once"]) == code
        assert main(["guard", "--once", "--json"]) == code
        assert main(["guard"]) == 2, "a second one that acts is refused as ever"
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith(f"engine: {sees or 'not known yet'}, by the guard that watches it")
    assert json.loads(second)["condition"] == sees


def test_an_old_beat_is_not_told_as_a_well_engine(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """As of an engine that was stopped long ago: its lock is held, its last word lies there."""
    caplog.set_level("INFO", "midas.guard")
    with InstanceLock(tmp_path / LOCK) as lock:
        pulse = Pulse(*beat_files(tmp_path))
        pulse(Beat(lock.owner() or 0, "s", 1, 1, 1))
        guard = Guard(tmp_path, 60.0, KillLevel.FLATTEN, nowhere)
        guard._look()
        assert "well" not in caplog.text
        pulse(Beat(lock.owner() or 0, "s", 2, 2, 2))
        guard._look()
        assert "engine: well" in caplog.text
        pulse.close()


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


def test_a_venue_that_does_not_tell_whose_account_it_is_keeps_the_guard_from_no_cancel() -> None:
    def silent() -> int:
        raise Unreachable("no answer")

    reach = Access(Endpoints("", "", "", ""), "live-binance", "key", "secret", told_by_venue=True)
    assert continues("live-binance", whose(reach, lambda: 700_001))
    named = whose(reach, silent)
    marked = whose(reach, lambda: 700_001)
    assert not any(continues(recorded, named) for recorded in ("live-binance", marked))
