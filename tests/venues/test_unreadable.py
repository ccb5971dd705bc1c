"""Bytes of a peer that are no text at all: the named error of each reader, nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from midas.errors import MalformedMessage, RecordingInvalid
from midas.venues.binance.candles import bars_of_rows
from midas.venues.binance.codec import MarketCodec
from midas.venues.binance.prices import Grid
from midas.venues.binance.rest import decode
from midas.venues.sim.source.recorded import Snapshot, messages
from tests.fakes.binance_bench import BTC

TEXTS = {"no text": b'"\xff\xfe"', "torn in a letter": b'"\xc3"', "too deep": b"[" * 20_000}
MESSAGE = (
    b'{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":1,"u":2,'
    b'"b":[[%s,"1"]],"a":[]}}'
)
READERS: dict[str, Callable[[bytes], object]] = {
    "market stream": lambda said: MarketCodec([BTC]).decode(MESSAGE % said, 1),
    "bare": lambda said: MarketCodec([BTC]).decode(b'{"e":%s}' % said, 1),
    "snapshot": lambda said: MarketCodec([BTC]).snapshot(
        "BTCUSDT", b'{"lastUpdateId":1,"bids":[[%s,"1"]],"asks":[]}' % said, 1
    ),
    "levels": lambda said: Grid(BTC).levels(msgspec.Raw(b'[[%s,"1"]]' % said), msgspec.Raw(b"[]")),
    "answer": lambda said: decode(b'{"a":%s}' % said, dict[str, str]),
    "candles": lambda said: bars_of_rows(BTC.id, 1, b"[[%s]]" % said, 1),
}


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
@pytest.mark.parametrize("said", TEXTS.values(), ids=TEXTS)
def test_what_is_no_text_is_malformed(reader: Callable[[bytes], object], said: bytes) -> None:
    with pytest.raises(MalformedMessage):
        reader(said)


@pytest.mark.parametrize("said", TEXTS.values(), ids=TEXTS)
def test_a_recording_that_holds_it_is_refused_with_its_line(said: bytes, tmp_path: Path) -> None:
    file = tmp_path / "market.jsonl"
    file.write_bytes(b"1 " + b'{"stream":%s,"data":{}}' % said + b"\n")
    with pytest.raises(RecordingInvalid, match=":1"):
        list(messages([file]))
    with pytest.raises(MalformedMessage):
        Snapshot(1, bids=msgspec.Raw(b"[[%s]]" % said), asks=msgspec.Raw(b"[]")).levels()
