"""The documented local-book procedure of one instrument, as plain synchronous state.

Diffs are buffered until a snapshot arrives that one of them continues; from then on each must continue
the one before. Whatever doesn't is a lost book: nothing is stitched, a new snapshot is wanted.
"""

from __future__ import annotations

from collections import deque

import msgspec

from midas.domain.market import BookDelta, BookLost, BookSnapshot

BUFFERED_MAX = 2_000  # diffs kept while a snapshot is on its way: over three minutes at 100 ms

BookEvent = BookSnapshot | BookDelta | BookLost


class DepthAssembler:
    """Turns diffs and snapshots of one instrument into a book that is whole, or lost.

    The first delta after a snapshot is published with `first_id` = the snapshot's `last_id` + 1 and each
    later one with the previous `last_id` + 1, whatever numbering the venue uses (futures chain by `pu`).
    """

    def __init__(self, instrument: str) -> None:
        self._instrument = instrument
        self._buffer: deque[BookDelta] = deque(maxlen=BUFFERED_MAX)
        self._last_id = 0
        self._joining = False  # the next diff may overlap the snapshot it continues
        self.wants_snapshot = True
        self.gaps = 0
        self.resyncs = 0

    @property
    def last_id(self) -> int:
        """The newest update in the book; 0 before the first snapshot."""
        return self._last_id

    def overlap(self) -> None:
        """The next diffs come by another connection, and may begin before where the book ends."""
        self._joining = True

    def continues(self, diff: BookDelta) -> bool:
        """Whether `diff` is exactly the next one of a whole book; it then counts as published."""
        if diff.first_id != self._last_id + 1 or self.wants_snapshot:
            return False
        self._last_id, self._joining = diff.last_id, False
        return True

    def on_diff(self, diff: BookDelta) -> list[BookEvent]:
        """What `diff` does to the book."""
        if self.continues(diff):
            return [diff]
        if self.wants_snapshot:
            self._keep(diff)
            return []
        if diff.last_id <= self._last_id:
            return []  # already in the book
        if self._joining and diff.first_id <= self._last_id:
            return [self._joined(diff)]
        self.gaps += 1
        lost = self.lost(
            f"gap: update {self._last_id} was the last, the next begins after {diff.first_id - 1}", diff.at
        )
        self._keep(diff)
        return lost

    def on_snapshot(self, snapshot: BookSnapshot) -> list[BookEvent]:
        """The snapshot and the buffered diffs after it; nothing where it is too old or not wanted."""
        if not self.wants_snapshot:
            return []
        while self._buffer and self._buffer[0].last_id <= snapshot.last_id:
            self._buffer.popleft()
        if self._buffer and self._buffer[0].first_id > snapshot.last_id + 1:
            return []  # older than the first diff: between the two lie updates that nobody has
        self.wants_snapshot = False
        self.resyncs += 1
        self._last_id, self._joining = snapshot.last_id, True
        events: list[BookEvent] = [snapshot]
        events.extend(self._joined(diff) for diff in self._buffer)
        self._buffer.clear()
        return events

    def lost(self, reason: str, at: int) -> list[BookEvent]:
        """The book can't be trusted any more (gap, disconnect, crossed): start over."""
        known = not self.wants_snapshot
        self.wants_snapshot = True
        self._buffer.clear()
        return [BookLost(self._instrument, at, reason)] if known else []

    def _keep(self, diff: BookDelta) -> None:
        if self._buffer and diff.last_id <= self._buffer[-1].last_id:
            return
        if self._buffer and diff.first_id != self._buffer[-1].last_id + 1:
            self.gaps += 1
            self._buffer.clear()
        self._buffer.append(diff)

    def _joined(self, diff: BookDelta) -> BookDelta:
        """`diff` as the book's next one, whatever of it the snapshot held already."""
        first = self._last_id + 1
        self._last_id, self._joining = diff.last_id, False
        return diff if diff.first_id == first else msgspec.structs.replace(diff, first_id=first)
