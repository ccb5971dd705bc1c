"""The format of a tape segment: a line of magic, then blocks, all through one compressor.

A block is a header (its own checksum last), then compressed bytes that end on a byte boundary. Inside:
the differences of the sequence numbers and the lengths of the bodies as 32-bit columns, then the
bodies. One compressor runs through the whole segment, so that even a block of a few events is small.
"""

from __future__ import annotations

import re
import struct
import zlib
from array import array
from collections.abc import Iterator
from pathlib import Path

import msgspec

from midas import __version__
from midas.errors import SchemaNewer, StoreDamaged

MAGIC = b"midas tape 1\n"
_ANY_MAGIC = re.compile(rb"midas tape ([0-9]{1,4})\n")
_HEADER = struct.Struct("<4sIIIQQI")  # mark, bytes, raw bytes, records, first, last, checksum of the payload
_CHECK = struct.Struct("<I")
_MARK = b"blk1"
HEADER_SIZE = _HEADER.size + _CHECK.size


class Block(msgspec.Struct, frozen=True):
    """Consecutive events of the tape."""

    sequences: list[int]
    bodies: list[bytes]


class Encoder:
    """Turns runs of events into the blocks of one segment."""

    def __init__(self) -> None:
        self._compressor = zlib.compressobj(1)

    def block(self, sequences: list[int], bodies: list[bytes]) -> bytes:
        """The framed bytes of one block."""
        import numpy  # not needed to read a journal, which a start waits for

        steps = numpy.diff(numpy.array(sequences, dtype=numpy.int64), prepend=sequences[0])
        columns = steps.astype("<u4").tobytes() + array("I", map(len, bodies)).tobytes()
        raw = columns + b"".join(bodies)
        payload = self._compressor.compress(raw) + self._compressor.flush(zlib.Z_SYNC_FLUSH)
        header = _HEADER.pack(
            _MARK, len(payload), len(raw), len(bodies), sequences[0], sequences[-1], zlib.crc32(payload)
        )
        return header + _CHECK.pack(zlib.crc32(header)) + payload


class Reader:
    """Reads one segment block by block; knows afterwards how it ended."""

    def __init__(self, path: Path, last_good: int) -> None:
        self._path = path
        self.last_good = last_good
        self.records = 0
        self.torn = 0  # bytes of an unfinished block at the end

    def blocks(self) -> Iterator[Block]:
        """Each whole block; an unfinished last one only counts as torn. Raises StoreDamaged, SchemaNewer."""
        content = self._path.read_bytes()
        if not content.startswith(MAGIC):
            if MAGIC.startswith(content):
                self.torn = len(content)
                return
            if (newer := _ANY_MAGIC.match(content)) is not None:
                raise SchemaNewer(
                    f"tape segment {self._path.name} has format {int(newer[1])} and this midas, "
                    f"{__version__}, reads 1: install the midas that wrote it; nothing was changed"
                )
            raise self._damaged("its first line is not that of a tape")
        inflater = zlib.decompressobj()
        place = len(MAGIC)
        while place < len(content):
            end = self._end(content, place)
            if end is None:
                self.torn = len(content) - place
                return
            block = self._block(content[place:end], inflater)
            self.records += len(block.bodies)
            self.last_good = block.sequences[-1]
            yield block
            place = end

    def _end(self, content: bytes, place: int) -> int | None:
        header = content[place : place + HEADER_SIZE]
        if len(header) < HEADER_SIZE:
            return None
        if _CHECK.unpack_from(header, _HEADER.size)[0] != zlib.crc32(header[: _HEADER.size]):
            raise self._damaged(f"the block at byte {place} has a damaged header")
        end = place + HEADER_SIZE + int(_HEADER.unpack_from(header)[1])
        return end if end <= len(content) else None

    def _block(self, framed: bytes, inflater: zlib._Decompress) -> Block:
        _, _, raw_size, records, first, last, check = _HEADER.unpack_from(framed)
        payload = framed[HEADER_SIZE:]
        if zlib.crc32(payload) != check:
            raise self._damaged("the block behind it fails its checksum")
        try:
            raw = inflater.decompress(payload)
        except zlib.error as error:
            raise self._damaged(f"the block behind it can't be unpacked ({error})") from error
        if len(raw) == raw_size and (block := unpack(raw, records, first)).sequences[-1] == last:
            return block
        raise self._damaged("the block behind it doesn't hold what its header says")

    def _damaged(self, what: str) -> StoreDamaged:
        return StoreDamaged(
            f"Tape segment {self._path.name} is damaged: {what}; the last good sequence is {self.last_good}.",
            file=self._path.name,
            last_good=self.last_good,
        )


def unpack(raw: bytes, records: int, first: int) -> Block:
    """The events of an uncompressed block."""
    import numpy

    columns = numpy.frombuffer(raw, "<u4", 2 * records).astype(numpy.int64)
    bodies = 8 * records
    sequences = (first + columns[:records].cumsum()).tolist()
    ends = (bodies + columns[records:].cumsum()).tolist()
    starts = [bodies, *ends[:-1]]
    return Block(sequences, [raw[start:end] for start, end in zip(starts, ends, strict=True)])
