"""Giving up the tapes of old sessions: what all of them take together is bounded; their journals stay.

A note in the session's directory says so before anything is deleted: a sealed journal takes no more records,
and a tape that is missing without a note is damage.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from midas.errors import StoreDamaged, StoreError
from midas.store.durable import write_durably
from midas.store.head import read_head
from midas.store.tape import DIRECTORY, segments

NOTE = "tape.gone.json"


class TapeGone(msgspec.Struct, frozen=True):
    """Retention gave up a session's whole tape."""

    at: int  # wall nanoseconds
    segments: int
    size: int  # bytes
    kept_mb: int  # what all tapes together might take


def tape_gone(directory: Path) -> TapeGone | None:
    """The note in a session's directory; None where its tape was left alone."""
    try:
        return msgspec.json.decode((directory / NOTE).read_bytes(), type=TapeGone)
    except FileNotFoundError:
        return None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise StoreDamaged(f"{NOTE} of {directory.name} is unreadable: {error}", NOTE, 0) from None


def give_up_tapes(old: list[Path], keep_bytes: int, now: int, kept_mb: int) -> list[str]:
    """Delete whole tapes of the `old` sessions (oldest first) beyond `keep_bytes`; their names.

    Sealed sessions go first: a crashed one is what somebody will want to look at. Raises OSError.
    """
    sizes = {session: tape_bytes(session) for session in old}
    excess = sum(sizes.values()) - keep_bytes
    gone: list[str] = []
    if excess <= 0:
        return gone
    for session in sorted(old, key=lambda one: not _sealed(one)):
        if excess <= 0:
            break
        if sizes[session]:
            _give_up(session, TapeGone(now, len(segments(session / DIRECTORY)), sizes[session], kept_mb))
            excess -= sizes[session]
            gone.append(session.name)
    return gone


def tape_bytes(session: Path) -> int:
    """What a session's tape takes on the disk."""
    return sum(path.stat().st_size for path in segments(session / DIRECTORY))


def _give_up(session: Path, note: TapeGone) -> None:
    write_durably(session / NOTE, msgspec.json.encode(note))
    for path in segments(session / DIRECTORY):
        path.unlink()


def _sealed(session: Path) -> bool:
    try:
        return read_head(session).head.sealed
    except StoreError:
        return False
