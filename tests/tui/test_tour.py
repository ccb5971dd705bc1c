"""The tour: offered, done with one's own hands, and never in the way."""

from __future__ import annotations

import msgspec
import pytest

from midas.state.snapshot import Snapshot
from tests.fakes import snapshots
from tests.tui.conftest import Console
from tui.tour import STEPS


async def test_the_whole_tour_by_doing_what_it_asks(console: Console) -> None:
    async with console() as bench:
        await bench.press("colon", *"tour", "enter")
        assert bench.shows("tour 1/6")
        bench.app.stage.panes["signals"].focus()
        await bench.pilot.pause()
        await bench.beat()
        assert bench.shows("tour 2/6")
        bench.app.stage.panes["events"].focus()
        await bench.press("j")
        assert bench.shows("tour 2/6")
        bench.app.stage.panes["signals"].focus()
        await bench.press("j")
        assert bench.shows("tour 3/6")
        await bench.press("z")
        assert bench.shows("tour 4/6")
        await bench.press("z")
        await bench.press("question_mark")
        await bench.press("escape")
        assert bench.shows("tour 5/6")
        running, bench.link.snapshot = bench.link.snapshot, snapshots.halted()
        await bench.beat()
        await bench.press("escape")
        assert bench.shows("tour 6/6")
        assert running is not None
        mode = msgspec.structs.replace(running.mode, mode="OBSERVATION")
        bench.link.snapshot = msgspec.structs.replace(running, mode=mode)
        await bench.beat()
        assert bench.shows("that was the tour: the mode is OBSERVATION; F5, a reason and y: back to NORMAL")


async def test_it_can_be_left_at_any_time(console: Console) -> None:
    async with console() as bench:
        await bench.press("colon", *"tour", "enter")
        await bench.press("colon", *"tour end", "enter")
        assert not bench.shows("tour 1/6")


def _live(snapshot: Snapshot) -> Snapshot:
    return msgspec.structs.replace(snapshot, environment="LIVE")


async def test_nobody_is_asked_to_halt_a_desk_with_real_money(console: Console) -> None:
    async with console(_live(snapshots.normal())) as bench:
        await bench.press("colon", *"tour", "enter")
        bench.app.stage.panes["signals"].focus()
        await bench.pilot.pause()
        for key in ("j", "z", "z"):
            await bench.press(key)
        await bench.press("question_mark")
        await bench.press("escape")
        assert bench.shows("that was the tour")
        assert not bench.kills


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.text[:20])
def test_a_step_fits_the_smallest_screen(step: object) -> None:
    assert all(len(f" ▸ tour 1/6: {s.text}") <= 80 for s in STEPS if s is step)
