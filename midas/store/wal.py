"""SQLite's write-ahead log, read frame by frame to tell damage in its middle from a torn end.

SQLite's recovery stops silently at the first frame whose checksum fails, however many committed
frames follow. The layout is the one that SQLite's file format document describes.
"""

from __future__ import annotations

import struct
from itertools import islice
from pathlib import Path

import msgspec

WAL = "journal.db-wal"
_HEADER = struct.Struct(">IIIIIIII")
_FRAME = struct.Struct(">IIIIII")
_MAGIC = 0x377F0682  # its lowest bit says that checksums read big-endian words
_MASK = 0xFFFFFFFF


class WalScan(msgspec.Struct, frozen=True):
    """What a log holds: frames that check out, and frames of the same round behind a broken one."""

    valid: int
    lost: int
    torn: bool  # bytes that are no whole frame, or a header that isn't one
    beyond: int = 0  # commits behind the broken frame that check out by themselves: it isn't the end

    @property
    def damaged(self) -> bool:
        """True when frames that were written can't be recovered."""
        return self.lost > 0 or self.torn


def scan(path: Path) -> WalScan:
    """Check every frame of the log's current round."""
    content = path.read_bytes()
    if len(content) < _HEADER.size:
        return WalScan(0, 0, torn=bool(content))
    magic, _, page, _, salt1, salt2, check1, check2 = _HEADER.unpack_from(content)
    order = ">" if magic & 1 else "<"
    state = _checksum(content[:24], (0, 0), order)
    if magic & ~1 != _MAGIC or state != (check1, check2):
        return WalScan(0, 0, torn=True)
    size = _FRAME.size + page
    count, rest = divmod(len(content) - _HEADER.size, size)
    starts = range(_HEADER.size, _HEADER.size + count * size, size)
    # An older round's frames behind the current one differ in both salts, a damaged frame in one.
    current = [start for start in starts if _salts(content, start) & {(1, salt1), (2, salt2)}]
    valid = 0
    for start in starts:
        frame = content[start : start + size]
        state = _checksum(frame[:8] + frame[_FRAME.size :], state, order)
        if _FRAME.unpack_from(frame)[2:] != (salt1, salt2, *state):
            break
        valid += 1
    lost = [start for start in current if start >= _HEADER.size + valid * size]
    beyond = sum(_commits(content, start, size, (salt1, salt2), order) for start in lost[1:])
    return WalScan(valid, len(lost), torn=rest > 0, beyond=beyond)


def _commits(content: bytes, start: int, size: int, salts: tuple[int, int], order: str) -> bool:
    """A commit frame that follows from the one before it, which need not be good itself."""
    frame = content[start : start + size]
    _, pages, salt1, salt2, check1, check2 = _FRAME.unpack_from(frame)
    before = _FRAME.unpack_from(content, start - size)[4:]
    return bool(
        pages
        and (salt1, salt2) == salts
        and _checksum(frame[:8] + frame[_FRAME.size :], (before[0], before[1]), order) == (check1, check2)
    )


def _salts(content: bytes, start: int) -> set[tuple[int, int]]:
    _, _, salt1, salt2, _, _ = _FRAME.unpack_from(content, start)
    return {(1, salt1), (2, salt2)}


def _checksum(content: bytes, state: tuple[int, int], order: str) -> tuple[int, int]:
    first, second = state
    words = struct.unpack(f"{order}{len(content) // 4}I", content)
    for even, odd in zip(islice(words, 0, None, 2), islice(words, 1, None, 2), strict=True):
        first = (first + even + second) & _MASK
        second = (second + odd + first) & _MASK
    return first, second
