"""Pictures of screen 1. After looking at the new ones: `pytest tests/snapshots --snapshot-update`."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from midas.domain.mode import KillOutcome
from midas.domain.time import SECOND
from midas.state.snapshot import Snapshot
from tests.fakes import snapshots
from tests.fakes.link import FakeLink
from tests.fakes.snapshots import NOW
from tui.app import ConsoleApp
from tui.theme import Inks

DONE = KillOutcome(True, True, "latched")
SMALL, WIDE, ULTRA = (80, 24), (120, 40), (200, 60)
Build = Callable[[], Snapshot]
Compare = Callable[..., bool]


def app(snapshot: Snapshot | None, age: int = 0) -> ConsoleApp:
    """The console with a clock that stands still."""
    link = FakeLink(snapshot, age)
    return ConsoleApp(lambda: link, lambda _level, _by: DONE, lambda: NOW, "console test", moving=False)


async def beat(pilot: Pilot[int]) -> None:
    """One second of beats."""
    assert isinstance(pilot.app, ConsoleApp)
    for _ in range(8):
        pilot.app.beat()
    await pilot.pause()


@pytest.mark.parametrize("size", [SMALL, WIDE, ULTRA], ids=["80x24", "120x40", "200x60"])
def test_normal(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(app(snapshots.normal()), terminal_size=size, run_before=beat)


@pytest.mark.parametrize("mode", ["DEFENSIVE", "OBSERVATION", "PAUSE", "EMERGENCY"])
def test_mode(snap_compare: Compare, mode: str) -> None:
    assert snap_compare(app(snapshots.in_mode(mode)), terminal_size=SMALL, run_before=beat)


@pytest.mark.parametrize("size", [SMALL, WIDE], ids=["80x24", "120x40"])
@pytest.mark.parametrize(
    "build", [snapshots.halted, snapshots.stale, snapshots.starting], ids=["halted", "stale", "starting"]
)
def test_abnormal(snap_compare: Compare, build: Build, size: tuple[int, int]) -> None:
    assert snap_compare(app(build()), terminal_size=size, run_before=beat)


def test_lost_link(snap_compare: Compare) -> None:
    assert snap_compare(app(snapshots.normal(), age=3 * SECOND), terminal_size=SMALL, run_before=beat)


def test_no_snapshot_yet(snap_compare: Compare) -> None:
    assert snap_compare(app(None), terminal_size=SMALL, run_before=beat)


def test_tiny(snap_compare: Compare) -> None:
    assert snap_compare(app(snapshots.normal()), terminal_size=(60, 12), run_before=beat)


@pytest.mark.parametrize("palette", ["mono", "cvd", "eastern"])
def test_palette(snap_compare: Compare, palette: str) -> None:
    async def dye(pilot: Pilot[int]) -> None:
        assert isinstance(pilot.app, ConsoleApp)
        pilot.app.wear(Inks("dark", palette))
        await beat(pilot)

    assert snap_compare(app(snapshots.normal()), terminal_size=SMALL, run_before=dye)


def test_light(snap_compare: Compare) -> None:
    async def dye(pilot: Pilot[int]) -> None:
        assert isinstance(pilot.app, ConsoleApp)
        pilot.app.wear(Inks("light", "western"))
        await beat(pilot)

    assert snap_compare(app(snapshots.normal()), terminal_size=WIDE, run_before=dye)


@pytest.mark.parametrize(
    "keys",
    [("question_mark",), ("m",), ("z",), ("f5", "c", "a", "l", "m", "enter")],
    ids=["help", "strip", "zoom", "riskier"],
)
def test_dialog(snap_compare: Compare, keys: tuple[str, ...]) -> None:
    snapshot = snapshots.in_mode("DEFENSIVE")
    assert snap_compare(app(snapshot), press=keys, terminal_size=WIDE, run_before=beat)
