"""The messages of a recording, decoded: what a market is replayed from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from midas.domain.instrument import Instrument
from midas.domain.unreadable import UNREADABLE
from midas.errors import MalformedMessage, RecordingInvalid
from midas.venues.recording import OnCut, read_recording

Pairs = list[tuple[str, str]]


class Snapshot(msgspec.Struct, rename={"last_id": "lastUpdateId"}):
    """The answer of `GET depth`; nameless where it was recorded naked."""

    last_id: int
    bids: msgspec.Raw
    asks: msgspec.Raw
    symbol: str = ""

    def levels(self) -> tuple[Pairs, Pairs]:
        """Bids and asks. Raises MalformedMessage."""
        try:
            return _PAIRS.decode(self.bids), _PAIRS.decode(self.asks)
        except UNREADABLE as error:
            raise MalformedMessage(f"a depth snapshot's levels aren't pairs of strings: {error}") from error


class Depth(msgspec.Struct):
    """A depthUpdate; `pu` only on futures."""

    E: int
    s: str
    U: int
    u: int
    b: Pairs
    a: Pairs
    pu: int | None = None

    def continues(self, last_id: int) -> bool:
        """Whether `last_id` was the id of the one before."""
        return last_id + 1 == self.U or self.pu == last_id


class Quote(msgspec.Struct):
    """A bookTicker; `e` and `E` only on futures."""

    u: int
    s: str
    b: str
    B: str
    a: str
    A: str
    e: str = ""
    E: int = 0


class Trade(msgspec.Struct):
    """A trade, or an aggTrade where `a` is given instead of `t`."""

    E: int
    s: str
    p: str
    q: str
    T: int
    m: bool
    t: int = 0
    a: int = 0
    M: bool | None = None


class Listed(msgspec.Struct):
    """What the venue listed of a symbol when it was recorded."""

    instrument: Instrument


Message = Snapshot | Depth | Quote | Trade | Listed


class Recorded(NamedTuple):
    """One message and where it stands; `payload` is what a stream carried."""

    file: Path
    number: int
    ns: int
    message: Message
    payload: bytes

    @property
    def place(self) -> str:
        """For a sentence about it."""
        return f"{self.file}:{self.number}"


class _Line(msgspec.Struct, rename={"last_update_id": "lastUpdateId"}):
    stream: str = ""
    data: msgspec.Raw = msgspec.Raw(b"")
    last_update_id: int = 0


class _Kind(msgspec.Struct):
    """The field that tells messages apart; spot's bookTicker has none."""

    e: str = "bookTicker"


_LINE = msgspec.json.Decoder(_Line)
_KIND = msgspec.json.Decoder(_Kind)
_DEPTH = msgspec.json.Decoder(Depth)
_QUOTE = msgspec.json.Decoder(Quote)
_TRADE = msgspec.json.Decoder(Trade)
_SNAPSHOT = msgspec.json.Decoder(Snapshot)
_INSTRUMENT = msgspec.json.Decoder(Instrument)
_PAIRS = msgspec.json.Decoder(Pairs)
_SNAPSHOT_STREAM = "@depth_snapshot"
_LISTED_STREAM = "@instrument"


def messages(files: list[Path], on_cut: OnCut | None = None) -> Iterator[Recorded]:
    """Every message that a market needs, in the order of the files. Raises RecordingInvalid."""
    before = 0
    for file in files:
        for number, (ns, raw) in enumerate(read_recording(file, on_cut), 1):
            if number == 1 and ns < before:
                raise RecordingInvalid(
                    f"{file}: begins before the file that stands before it ends; a folder is one recording, "
                    "its files in the order of their names"
                )
            before = ns
            try:
                found = _decode(raw)
            except MalformedMessage as error:
                raise RecordingInvalid(f"{file}:{number}: {error}") from error
            except UNREADABLE as error:
                raise RecordingInvalid(
                    f"{file}:{number}: not a message of a recorded Binance stream ({error})"
                ) from error
            if found is not None:
                yield Recorded(file, number, ns, *found)


def _decode(raw: bytes) -> tuple[Message, bytes] | None:
    line = _LINE.decode(raw)
    if not line.stream:
        if not line.last_update_id:
            raise MalformedMessage("expected a stream message or a depth snapshot, got neither")
        return _SNAPSHOT.decode(raw), b""
    payload = bytes(line.data)
    if line.stream.endswith(_SNAPSHOT_STREAM):
        snapshot = _SNAPSHOT.decode(payload)
        snapshot.symbol = line.stream.removesuffix(_SNAPSHOT_STREAM).upper()
        return snapshot, b""
    if line.stream.endswith(_LISTED_STREAM):
        return Listed(_INSTRUMENT.decode(payload)), b""
    kind = _KIND.decode(payload).e
    if kind == "depthUpdate":
        return _DEPTH.decode(payload), payload
    if kind == "bookTicker":
        return _QUOTE.decode(payload), payload
    if kind in ("trade", "aggTrade"):
        return _TRADE.decode(payload), payload
    return None
