"""Which rows of a long list a pane shows: they stand still until the cursor leaves them."""

from __future__ import annotations

from collections.abc import Sequence

Key = int | str


class Viewport:
    """Remembers the topmost row, so that what arrives above a cursor moves nothing."""

    def __init__(self) -> None:
        self._top: Key | None = None

    def rows(self, keys: Sequence[Key], chosen: Key | None, room: int) -> range:
        """The visible indices; without a cursor always the newest, which stand first."""
        last = max(0, len(keys) - room)
        if chosen not in keys:
            top = 0
        else:
            place = keys.index(chosen)
            top = keys.index(self._top) if self._top in keys else 0
            top = min(max(top, place - room + 1), place, last)
        self._top = keys[top] if keys else None
        return range(top, min(len(keys), top + room))
