"""The hash chain over journal records: each hash covers the one before it and every column."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from struct import Struct, error
from typing import Any

import msgspec

GENESIS = bytes(16)
_HEADER = Struct(">qqqI")
_pack = _HEADER.pack
_unused = blake2b(digest_size=16).copy


class Record(msgspec.Struct, frozen=True, gc=False):
    """One row of the journal."""

    record: int
    sequence: int
    kind: str
    at: int
    body: bytes
    hash: bytes


def link(previous: bytes, place: tuple[int, int, int], kind: bytes, body: bytes) -> bytes:
    """The hash of a record: `place` is (record, sequence, at)."""
    digest = _unused()  # a copy costs a third of making one
    # The length of the kind is hashed too: moving a byte from kind to body must not go unseen.
    digest.update(previous + _pack(*place, len(kind)) + kind + body)
    return digest.digest()


def holds(previous: bytes, record: Record) -> bool:
    """True when the record is what was written after `previous`."""
    place = (record.record, record.sequence, record.at)
    return link(previous, place, _written(record.kind), record.body) == record.hash


def hold(previous: bytes, first: int, rows: Sequence[tuple[Any, ...]]) -> bool:
    """True when these rows are the records from `first` on that were written after `previous`.

    As `holds` of one after the other, in half the time; False also where a column has another type.
    """
    numbers, sequences, kinds, ats, bodies, hashes = zip(*rows, strict=True)
    if numbers != tuple(range(first, first + len(rows))):
        return False
    try:
        written = tuple(map(_written, kinds))
        headers = map(_pack, numbers, sequences, ats, map(len, written))
        texts = map(b"".join, zip((previous, *hashes[:-1]), headers, written, bodies, strict=True))
        return tuple([blake2b(text, digest_size=16).digest() for text in texts]) == hashes
    except (AttributeError, TypeError, error):
        return False


@lru_cache(64)  # there are few kinds, and a start asks this of every record
def _written(kind: str) -> bytes:
    """As it lies in the file, damaged or not."""
    return kind.encode("utf-8", "surrogateescape")
