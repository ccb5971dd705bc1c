"""A journal that one process proves and another one folds: only what is proven goes through their pipe."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from struct import Struct
from typing import BinaryIO

import msgspec

from midas.assembly.inherit import told_by
from midas.runtime.replay import Row
from midas.store.durable import write_all
from midas.store.survey import Reading, Survey

ROWS = 256  # sent at a time

_LENGTH = Struct(">I")


class Part(msgspec.Struct, array_like=True):
    """What is sent at a time; the verdict comes last."""

    rows: list[Row]
    found: Survey | None = None


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Part).decode


def tell(directory: Path, into: int) -> None:
    """Read one session, change nothing, and write what `Told` reads. Raises MidasError, OSError."""
    reading = Reading(directory)
    rows = told_by(reading)
    while some := [Row(row.sequence, row.kind, row.body) for row in islice(rows, ROWS)]:
        _send(into, Part(some))
    _send(into, Part([], reading.survey()))


def _send(into: int, part: Part) -> None:
    content = _encode(part)
    write_all(into, _LENGTH.pack(len(content)) + content)


class Told:
    """A reading by another process: `rows` once, then `survey`."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe
        self._found: Survey | None = None

    def rows(self) -> Iterator[Row]:
        """As of `told_by`. Raises EOFError where the other process ended before its verdict."""
        while self._found is None:
            part = self._part()
            yield from part.rows
            self._found = part.found

    def survey(self) -> Survey:
        """The verdict that came behind the last row."""
        if self._found is None:
            raise EOFError
        return self._found

    def _part(self) -> Part:
        (length,) = _LENGTH.unpack(self._read(_LENGTH.size))
        return _decode(self._read(length))

    def _read(self, size: int) -> bytes:
        content = self._pipe.read(size)
        if len(content) < size:
            raise EOFError
        return content
