"""The lines of a recording sorted by the symbol that they are about."""

from __future__ import annotations

from pathlib import Path

import msgspec

from midas.domain.unreadable import UNREADABLE
from midas.errors import RecordingInvalid
from midas.venues.binance.payloads import Unrouted
from midas.venues.recording import OnCut, RecordedLine, read_recording, recording_files

SNAPSHOT = b'{"lastUpdateId"'
_SNAPSHOT_STREAM = "@depth_snapshot"
_LISTED_STREAM = "@instrument"
_HEAD = msgspec.json.Decoder(Unrouted)


def by_symbol(path: Path, on_cut: OnCut) -> dict[str, list[RecordedLine]]:
    """Each symbol's messages in their order, depth snapshots naked. Raises RecordingInvalid.

    A snapshot that was recorded naked is of the only symbol; where there are several nobody knows of which.
    """
    sorted_: dict[str, list[RecordedLine]] = {}
    naked: list[tuple[int, RecordedLine]] = []
    for file in recording_files(path):
        for number, line in enumerate(read_recording(file, on_cut), 1):
            if line.payload.startswith(SNAPSHOT):
                naked.append((sum(map(len, sorted_.values())), line))
                continue
            try:
                symbol, payload = _about(line.payload)
            except UNREADABLE as error:
                raise RecordingInvalid(f"{file}:{number}: {error}") from error
            if symbol:
                sorted_.setdefault(symbol, []).append(RecordedLine(line.ns, payload))
    if len(sorted_) != 1 and (naked or not sorted_):
        found = ", ".join(sorted(sorted_)) or "none"
        named = " with a snapshot that doesn't name its symbol" if sorted_ else ""
        raise RecordingInvalid(f"{path}: expected depth diffs of one symbol, found {found}{named}")
    for lines in sorted_.values():
        for place, line in reversed(naked):
            lines.insert(place, line)
    return sorted_


def _about(payload: bytes) -> tuple[str, bytes]:
    """The symbol of a message (empty: of none that matters), and the message with snapshots unwrapped."""
    head = _HEAD.decode(payload)
    if head.stream.endswith(_SNAPSHOT_STREAM):
        return head.stream.removesuffix(_SNAPSHOT_STREAM).upper(), bytes(head.data)
    if head.stream.endswith(_LISTED_STREAM):
        return "", b""
    if head.stream:
        return head.stream.partition("@")[0].upper(), payload
    return head.symbol, payload
