"""The head of a journal, kept outside its database: how far the records must reach.

A database can lose committed rows without noticing (a flipped bit in a write-ahead log ends its
recovery early). The head is written after each commit, so it may lag behind after a crash but never
leads: whoever reads fewer records than it names has proof of a loss.

`head.json` holds two slots of fixed size, written in turn, each one line of JSON with its own
checksum. A crash can tear at most the slot being written; the other one stays readable.
"""

from __future__ import annotations

import os
from hashlib import blake2b
from pathlib import Path

import msgspec

from midas import __version__
from midas.errors import SchemaNewer, StoreDamaged, StoreError

NAME = "head.json"
SLOT = 512
BEFORE_FIRST = -1
FORMAT = 1


class Head(msgspec.Struct, frozen=True):
    """How far the journal reaches, and once sealed the hash of the whole database file."""

    record: int = BEFORE_FIRST
    sequence: int = 0
    hash: str = ""
    started: int = 0  # wall time of record 0
    generation: int = 0
    sealed: bool = False
    database: str = ""  # sha256 of journal.db, once sealed
    format: int = 1  # of this file; a head that lacks it is of the first
    version: str = ""  # of the midas that wrote it


class HeadReading(msgspec.Struct, frozen=True):
    """The newest valid slot, and how many of the two are valid."""

    head: Head
    valid: int


class HeadFile:
    """The open head of a journal that is being written."""

    def __init__(self, directory: Path) -> None:
        # Under another name first: a kill or a full disk leaves a whole head or none.
        unfinished = directory / f"{NAME}.new"
        self._descriptor = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.pwrite(self._descriptor, _slot(Head()) * 2, 0)
            os.fsync(self._descriptor)
            os.replace(unfinished, directory / NAME)
        except OSError:
            os.close(self._descriptor)
            raise
        self._generation = 0

    def write(self, head: Head) -> None:
        """Put the head into the older slot; no sync, since lagging behind is allowed."""
        self._generation += 1
        head = msgspec.structs.replace(
            head, generation=self._generation, format=FORMAT, version=__version__
        )  # fmt: skip
        os.pwrite(self._descriptor, _slot(head), (self._generation & 1) * SLOT)

    def seal(self, head: Head) -> None:
        """Put the final head into both slots and sync."""
        self.write(head)
        self.write(head)
        os.fsync(self._descriptor)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)


def read_head(directory: Path) -> HeadReading:
    """The newest valid slot of a session's head. Raises StoreDamaged without one, SchemaNewer, StoreError."""
    path = directory / NAME
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise StoreDamaged(
            f"{NAME} is missing in session {directory.name}: nothing says how far its journal must reach.",
            file=NAME,
            last_good=0,
        ) from None
    except OSError as error:
        raise StoreError(
            f"{NAME} of session {directory.name} can't be read ({error.strerror}): mend the disk or its "
            "permissions and start again; nothing was changed"
        ) from error
    heads = [head for start in (0, SLOT) if (head := _parse(content[start : start + SLOT]))]
    if not heads or len(content) > 2 * SLOT:
        raise StoreDamaged(
            f"{NAME} of session {directory.name} is damaged: neither of its two slots is what midas wrote.",
            file=NAME,
            last_good=0,
        )
    head = max(heads, key=lambda head: head.generation)
    if head.format > FORMAT:
        raise SchemaNewer(
            f"session {directory.name} was written by midas {head.version or 'of a later version'} ({NAME} "
            f"format {head.format}) and this one, {__version__}, reads up to {FORMAT}: install the newer "
            "midas, or name another MIDAS_HOME; nothing was changed"
        )
    return HeadReading(head, len(heads))


def _slot(head: Head) -> bytes:
    return _framed(msgspec.json.encode(head))


def _framed(payload: bytes) -> bytes:
    check = blake2b(payload, digest_size=8).hexdigest().encode()
    return (payload + b" " + check).ljust(SLOT - 1) + b"\n"


def _parse(slot: bytes) -> Head | None:
    payload = slot.rstrip().rpartition(b" ")[0]
    # Framing it again covers every byte of the slot, its checksum and padding included.
    if _framed(payload) != slot:
        return None
    try:
        return msgspec.json.decode(payload, type=Head)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
