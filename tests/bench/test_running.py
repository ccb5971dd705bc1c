"""What the benches of console and start measure with."""

from __future__ import annotations

import os
import time
from pathlib import Path

import msgspec
import pytest

from midas.state.snapshot import Snapshot
from tests.bench.running import Screen, cpu_seconds, live, resident_mb
from tests.fakes.snapshots import normal

replace = msgspec.structs.replace


def test_time_spent_by_a_process_is_what_it_says_itself() -> None:
    before, own = cpu_seconds(os.getpid()), sum(os.times()[:2])
    while sum(os.times()[:2]) - own < 0.05:
        time.sleep(0)
    spent = cpu_seconds(os.getpid()) - before
    assert spent == pytest.approx(sum(os.times()[:2]) - own, abs=0.03)
    assert 5.0 < resident_mb(os.getpid()) < 5_000.0


def test_a_screen_is_read_to_its_end_and_every_byte_counted(tmp_path: Path) -> None:
    screen = Screen(tmp_path, "--version")
    seen = screen.read(20.0)
    assert seen.startswith("midas ")
    assert screen.received == len(seen)
    os.waitpid(screen.pid, 0)
    os.close(screen.descriptor)


@pytest.mark.parametrize(
    "missing",
    [
        lambda s: replace(s, recovering=True),
        lambda s: replace(s, money=replace(s.money, reconciled=False)),
        lambda s: replace(s, health=replace(s.health, feed_connected=False)),
        lambda s: replace(s, health=replace(s.health, user_stream_connected=False)),
        lambda s: replace(s, strategies=(replace(s.strategies[0], state="warming"),)),
        lambda s: replace(
            s, instruments=(replace(s.instruments[0], book=replace(s.instruments[0].book, valid=False)),)
        ),
    ],
)
def test_an_engine_is_live_once_nothing_is_missing(missing: object) -> None:
    ready = normal()
    ready = replace(
        ready, recovering=False, strategies=tuple(replace(s, state="running") for s in ready.strategies)
    )
    assert live(ready)
    assert callable(missing)
    lacking = missing(ready)
    assert isinstance(lacking, Snapshot)
    assert not live(lacking)
