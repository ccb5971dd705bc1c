"""The scene that most tests of the engine begin with."""

from __future__ import annotations

import pytest

from tests.engine.scene import Scene


@pytest.fixture
def scene() -> Scene:
    """One puppet, warm and without a position."""
    return Scene()
