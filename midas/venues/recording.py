"""The recorded-stream format: one line a message - local nanoseconds, a blank, the payload as it came.

A recorder that is killed leaves a file without its end. What stands before the cut is whole and can be
read by whoever listens for the cut; damage in the middle of a file is refused.
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from midas.domain.unreadable import UNREADABLE
from midas.errors import RecordingInvalid

SUFFIXES = (".jsonl", ".jsonl.gz")
_GZIP_MAGIC = b"\x1f\x8b"
_WHOLE = msgspec.json.Decoder(msgspec.Raw)

OnCut = Callable[[str], None]
"""Hears one sentence: the end of a file is missing, and up to where it was read."""


class RecordedLine(NamedTuple):
    """One message of a recording: when it arrived at the recorder, and its bytes."""

    ns: int
    payload: bytes


def recording_files(path: Path) -> list[Path]:
    """The files of a recording in their order: `path` itself, or those of the folder `path` by name."""
    if not path.is_dir():
        return [path]
    files = sorted(file for file in path.iterdir() if file.name.endswith(SUFFIXES))
    if not files:
        raise RecordingInvalid(f"{path}: no recording in this folder; expected files *.jsonl or *.jsonl.gz")
    return files


def read_recording(path: Path, on_cut: OnCut | None = None) -> Iterator[RecordedLine]:
    """The lines of `path` (plain or gzip, told by content) in file order.

    Raises RecordingInvalid, naming file and line, for a file that can't be opened, is damaged, is empty, or
    holds a line of another shape; for one whose end is missing only where nobody listens for that (`on_cut`).
    """
    count = 0
    for number, line in enumerate(_lines(path, on_cut), 1):
        if not line.strip():
            continue
        if on_cut is not None and not line.endswith(b"\n") and not _is_whole(line):
            on_cut(f"{path}:{number}: the last line is cut short; everything before it was read")
            break
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


def _lines(path: Path, on_cut: OnCut | None) -> Iterator[bytes]:
    good = 0
    with _open(path) as file:
        try:
            for line in file:
                yield line
                good += 1
        except (EOFError, OSError, zlib.error) as error:
            # Only EOFError says that the archive simply stops; the others are bytes that can't be true.
            if on_cut is None or not isinstance(error, EOFError):
                raise RecordingInvalid(
                    f"{path}:{good + 1}: the file is damaged or cut short ({error}); fetch or record it again"
                ) from error
            on_cut(f"{path}: the end of the file is missing; its {good} whole lines were read")


def _is_whole(line: bytes) -> bool:
    try:
        _WHOLE.decode(line.partition(b" ")[2])
    except UNREADABLE:
        return False
    return True


def _parse(path: Path, number: int, line: bytes) -> RecordedLine:
    stamp, _, rest = line.partition(b" ")
    payload = rest.strip()
    if not stamp.isdigit() or not payload.startswith((b"{", b"[")):
        shown = line[:60].decode(errors="replace").strip()
        raise RecordingInvalid(f"{path}:{number}: expected 'nanoseconds JSON', got {shown!r}")
    if not payload.endswith((b"}", b"]")):
        raise RecordingInvalid(f"{path}:{number}: the line is cut short; expected the whole JSON payload")
    return RecordedLine(int(stamp), payload)
