"""What isn't known yet is NaN in a snapshot: no pane may fall over it, whatever is missing."""

from __future__ import annotations

import math
import random
from typing import Any

import msgspec
import pytest

from midas.state.snapshot import Snapshot
from midas.state.views.market import BarView
from tests.fakes.snapshots import normal
from tests.tui.conftest import Console

SIZES = [(60, 15), (80, 24), (120, 40), (200, 60)]


def without_numbers(value: Any, chance: random.Random, share: float) -> Any:
    """`value` with this share of its floats unknown; candles are whole, the boundary refuses others."""
    if isinstance(value, float):
        return math.nan if chance.random() < share else value
    if isinstance(value, tuple):
        return tuple(without_numbers(item, chance, share) for item in value)
    if isinstance(value, msgspec.Struct) and not isinstance(value, BarView):
        fields = {
            name: without_numbers(getattr(value, name), chance, share) for name in value.__struct_fields__
        }
        return msgspec.structs.replace(value, **fields)
    return value


@pytest.mark.parametrize("size", SIZES)
async def test_a_picture_without_any_number_is_drawn(console: Console, size: tuple[int, int]) -> None:
    picture: Snapshot = without_numbers(normal(), random.Random(1), 1.0)
    async with console(picture, size=size) as bench:
        await bench.press("tab", "z", "l", "j")
        assert bench.shows("SIM")


@pytest.mark.parametrize("seed", range(12))
async def test_a_picture_with_some_numbers_missing_is_drawn(console: Console, seed: int) -> None:
    chance = random.Random(seed)
    picture: Snapshot = without_numbers(normal(), chance, 0.3)
    async with console(picture, size=SIZES[seed % len(SIZES)]) as bench:
        assert bench.shows("SIM")
