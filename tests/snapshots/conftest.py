"""Pictures wait as the tests of the console do."""

from __future__ import annotations

from tests.tui.conftest import _no_waiting

__all__ = ["_no_waiting"]
