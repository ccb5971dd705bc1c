"""The recorded-stream format: one line a message - local nanoseconds, a blank, the payload as it came."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from midas.errors import RecordingInvalid

_GZIP_MAGIC = b"\x1f\x8b"


class RecordedLine(NamedTuple):
    """One message of a recording: when it arrived at the recorder, and its bytes."""

    ns: int
    payload: bytes


def read_recording(path: Path) -> Iterator[RecordedLine]:
    """The lines of `path` (plain or gzip, told by content) in file order.

    Raises RecordingInvalid, naming file and line, for a file that can't be opened, is cut short,
    is empty, or holds a line of another shape.
    """
    count = 0
    for number, line in enumerate(_lines(path), 1):
        if line.strip():
            count += 1
            yield _parse(path, number, line)
    if count == 0:
        raise RecordingInvalid(f"{path}: the recording is empty; expected lines 'nanoseconds JSON'")


def _open(path: Path) -> gzip.GzipFile | io.BufferedReader:
    try:
        with path.open("rb") as file:
            packed = file.read(2) == _GZIP_MAGIC
        return gzip.open(path, "rb") if packed else path.open("rb")
    except OSError as error:
        raise RecordingInvalid(f"{path}: can't open the recording: {error.strerror or error}") from error


def _lines(path: Path) -> Iterator[bytes]:
    good = 0
    with _open(path) as file:
        try:
            for line in file:
                yield line
                good += 1
        except (EOFError, OSError, zlib.error) as error:
            raise RecordingInvalid(
                f"{path}:{good + 1}: the file is damaged or cut short ({error}); fetch or record it again"
            ) from error


def _parse(path: Path, number: int, line: bytes) -> RecordedLine:
    stamp, _, rest = line.partition(b" ")
    payload = rest.strip()
    if not stamp.isdigit() or not payload.startswith((b"{", b"[")):
        shown = line[:60].decode(errors="replace").strip()
        raise RecordingInvalid(f"{path}:{number}: expected 'nanoseconds JSON', got {shown!r}")
    if not payload.endswith((b"}", b"]")):
        raise RecordingInvalid(f"{path}:{number}: the line is cut short; expected the whole JSON payload")
    return RecordedLine(int(stamp), payload)
