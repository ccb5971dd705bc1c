from __future__ import annotations

import pytest

from midas.domain.mode import PERMISSIONS, KillLevel, Mode, Permissions

# mode: new entries, working entries kept, signals computed, exposure, confidence, flattens
TABLE = {
    Mode.NORMAL: (True, True, True, 1.0, 0.0, False),
    Mode.DEFENSIVE: (True, True, True, 0.5, 0.7, False),
    Mode.OBSERVATION: (False, False, True, 0.0, 1.0, False),
    Mode.PAUSE: (False, False, True, 0.0, 1.0, False),
    Mode.EMERGENCY: (False, False, False, 0.0, 1.0, True),
}


@pytest.mark.parametrize("mode", list(Mode))
def test_each_mode_allows_what_its_row_says(mode: Mode) -> None:
    assert PERMISSIONS[mode] == Permissions(*TABLE[mode])


def test_modes_go_from_the_freest_to_the_safest() -> None:
    assert [m.safety for m in Mode] == [0, 1, 2, 3, 4]
    for freer, safer in zip(list(Mode), list(Mode)[1:], strict=False):
        assert PERMISSIONS[safer].exposure <= PERMISSIONS[freer].exposure
        assert PERMISSIONS[safer].confidence_min >= PERMISSIONS[freer].confidence_min
        assert PERMISSIONS[safer].entries <= PERMISSIONS[freer].entries


@pytest.mark.parametrize(
    ("level", "mode"),
    [("halt", Mode.PAUSE), ("all", Mode.PAUSE), ("flatten", Mode.EMERGENCY), ("disconnect", Mode.EMERGENCY)],
)
def test_each_kill_level_leaves_its_mode(level: str, mode: Mode) -> None:
    assert KillLevel(level).mode is mode
