"""The documented local-book procedure of one instrument, as plain synchronous state.

Diffs are buffered until a snapshot arrives that one of them continues; from then on each must continue
the one before. Whatever doesn't is a lost book: nothing is stitched, a new snapshot is wanted.
"""

from __future__ import annotations

from collections import deque

from midas.domain.market import BookDelta, BookLost, BookSnapshot
from midas.venues.binance.codec import DepthDiff

BUFFERED_MAX = 2_000  # diffs kept while a snapshot is on its way: over three minutes at 100 ms

BookEvent = BookSnapshot | BookDelta | BookLost


class DepthAssembler:
    """Turns diffs and snapshots of one instrument into a book that is whole, or lost.

    The first delta after a snapshot is published with `first_id` = the snapshot's `last_id` + 1 and each
    later one with the previous `last_id` + 1, whatever numbering the venue uses (futures chain by `pu`).
    """

    def __init__(self, instrument: str) -> None:
        self._instrument = instrument
        self._buffer: deque[DepthDiff] = deque(maxlen=BUFFERED_MAX)
        self._last_id = 0
        self._joining = False  # the next diff may overlap the snapshot it continues
        self.wants_snapshot = True
        self.gaps = 0
        self.resyncs = 0

    def on_diff(self, diff: DepthDiff) -> list[BookEvent]:
        """What `diff` does to the book."""
        if self.wants_snapshot:
            self._keep(diff)
            return []
        if diff.last_id <= self._last_id:
            return []  # already in the book
        if diff.previous_id == self._last_id or (self._joining and diff.previous_id < self._last_id):
            return [self._delta(diff)]
        self.gaps += 1
        lost = self.lost(
            f"gap: update {self._last_id} was the last, the next begins after {diff.previous_id}", diff.at
        )
        self._keep(diff)
        return lost

    def on_snapshot(self, snapshot: BookSnapshot) -> list[BookEvent]:
        """The snapshot and the buffered diffs after it; nothing where it is too old or not wanted."""
        if not self.wants_snapshot:
            return []
        while self._buffer and self._buffer[0].last_id <= snapshot.last_id:
            self._buffer.popleft()
        if self._buffer and self._buffer[0].previous_id > snapshot.last_id:
            return []  # older than the first diff: between the two lie updates that nobody has
        self.wants_snapshot = False
        self.resyncs += 1
        self._last_id, self._joining = snapshot.last_id, True
        events: list[BookEvent] = [snapshot]
        events.extend(self._delta(diff) for diff in self._buffer)
        self._buffer.clear()
        return events

    def lost(self, reason: str, at: int) -> list[BookEvent]:
        """The book can't be trusted any more (gap, disconnect, crossed): start over."""
        known = not self.wants_snapshot
        self.wants_snapshot = True
        self._buffer.clear()
        return [BookLost(self._instrument, at, reason)] if known else []

    def _keep(self, diff: DepthDiff) -> None:
        if self._buffer and diff.last_id <= self._buffer[-1].last_id:
            return
        if self._buffer and diff.previous_id != self._buffer[-1].last_id:
            self.gaps += 1
            self._buffer.clear()
        self._buffer.append(diff)

    def _delta(self, diff: DepthDiff) -> BookDelta:
        first = self._last_id + 1
        self._last_id, self._joining = diff.last_id, False
        return BookDelta(diff.instrument, diff.time, diff.at, first, diff.last_id, diff.bids, diff.levels)
