from __future__ import annotations

import gzip
import itertools
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from midas.domain.time import SECOND
from midas.errors import RecordingInvalid
from midas.venues.sim.market import BestQuote, DepthChange, MarketEvent, Print
from midas.venues.sim.recorder import lines
from midas.venues.sim.recording import Recording
from midas.venues.sim.synthetic import Synthetic

PAYLOAD = Path(__file__).parents[2] / "payloads" / "midas-btcusdt.jsonl.gz"


def text_of(path: Path) -> list[str]:
    return gzip.decompress(path.read_bytes()).decode().splitlines()


def touches_agree(path: Path) -> tuple[int, int]:
    """Diffs after which the rebuilt book's touch was compared, and those where it equals the quote's."""
    recording = Recording(path)
    listing = recording.listings()[0]
    book = {"b": dict(listing.bids), "a": dict(listing.asks)}
    quotes: list[BestQuote] = []
    compared = equal = 0
    for event in recording.events():
        if isinstance(event, BestQuote):
            quotes.append(event)
        elif isinstance(event, DepthChange) and event.last_id > listing.last_id:
            for side, changes in (("b", event.bids), ("a", event.asks)):
                book[side].update(changes)
            book = {side: {tick: lots for tick, lots in book[side].items() if lots} for side in book}
            quotes = [quote for quote in quotes if quote.last_id <= event.last_id][-1:] + [
                quote for quote in quotes if quote.last_id > event.last_id
            ]
            if quotes and quotes[0].last_id <= event.last_id:
                compared += 1
                bid, ask = max(book["b"]), min(book["a"])
                equal += (quotes[0].bid, quotes[0].ask) == ((bid, book["b"][bid]), (ask, book["a"][ask]))
    return compared, equal


def test_our_own_recording_is_what_the_exchange_makes_from_its_seed(tmp_path: Path) -> None:
    made = list(lines(Synthetic(20_240_808), "BTCUSDT", 2 * SECOND))
    assert [line.decode().rstrip() for line in made] == text_of(PAYLOAD)[: len(made)]
    assert PAYLOAD.stat().st_size < 400_000


def test_in_our_recording_the_rebuilt_touch_always_equals_the_quote() -> None:
    compared, equal = touches_agree(PAYLOAD)
    assert compared > 800
    assert equal == compared


def test_in_the_recorded_stream_the_rebuilt_touch_always_equals_the_quote(recorded_stream: Path) -> None:
    assert touches_agree(recorded_stream) == (3449, 3449)


def test_recorded_payloads_pass_through_unmodified(recorded_stream: Path) -> None:
    recording = Recording(recorded_stream)
    events = recording.events()
    raw = (line.partition(" ")[2] for line in text_of(recorded_stream))
    sent = [message for message in raw if message.startswith('{"stream"')][:2_000]
    for message in sent:
        event = next(events)
        assert message.endswith(f'"data":{event.payload.decode()}}}')


def test_the_recorded_stream_is_described_by_its_first_reading(recorded_stream: Path) -> None:
    recording = Recording(recorded_stream)
    listing = recording.listings()[0]
    assert (listing.instrument.tick_size, listing.instrument.lot_size) == (
        Decimal("0.01"),
        Decimal("0.00001"),
    )
    assert listing.last_id == 50093239218
    assert listing.first_tick == 6183763
    assert 5e-6 < listing.volatility < 2e-4
    kinds = [type(event) for event in recording.events()]
    assert (kinds.count(DepthChange), kinds.count(BestQuote), kinds.count(Print)) == (3451, 28040, 9757)


def futures_lines() -> list[str]:
    """A USD-M recording: ids with holes, chained by `pu`; aggregate trades; no `M`."""
    rows: list[tuple[str, dict[str, object]]] = []
    previous = 1_000
    for place in range(6):
        first, last = previous + 7, previous + 20
        rows.append(
            (
                "ethusdt@depth@0ms",
                {
                    "e": "depthUpdate",
                    "E": 5_000 + place * 100,
                    "T": 4_999,
                    "s": "ETHUSDT",
                    "U": first,
                    "u": last,
                    "pu": previous,
                    "b": [["2000.10", f"{place + 1}.000"]],
                    "a": [],
                },
            )
        )
        quote = {"e": "bookTicker", "u": last, "s": "ETHUSDT", "b": "2000.10", "B": "1.000", "a": "2000.30",
                 "A": "2.000", "T": 5_001, "E": 5_002}  # fmt: skip
        trade = {"e": "aggTrade", "E": 5_050, "a": 70 + place, "s": "ETHUSDT", "p": "2000.30", "q": "0.500",
                 "f": 1, "l": 2, "T": 5_049, "m": False}  # fmt: skip
        rows += [("ethusdt@bookTicker", quote), ("ethusdt@aggTrade", trade)]
        previous = last
    messages: list[str] = [json.dumps({"stream": stream, "data": data}) for stream, data in rows]
    snapshot = {"lastUpdateId": 1_030, "bids": [["2000.00", "3.000"]], "asks": [["2000.30", "2.000"]]}
    messages.insert(7, json.dumps(snapshot))
    return [f"{1_000_000_000 + place * 1_000_000} {message}" for place, message in enumerate(messages)]


def written(path: Path, rows: list[str]) -> Path:
    path.write_text("\n".join(rows) + "\n")
    return path


def test_a_futures_recording_reads_as_spot(tmp_path: Path) -> None:
    recording = Recording(written(tmp_path / "usdm.jsonl", futures_lines()))
    events: list[MarketEvent] = list(recording.events())
    depths = [json.loads(event.payload) for event in events if isinstance(event, DepthChange)]
    assert all(b["U"] == a["u"] + 1 for a, b in itertools.pairwise(depths))
    assert "pu" not in depths[0]
    assert depths[0]["b"] == [["2000.10000000", "1.00000000"]]
    trade = json.loads(next(event.payload for event in events if isinstance(event, Print)))
    assert (trade["e"], trade["t"], trade["M"]) == ("trade", 70, True)
    quote = json.loads(next(event.payload for event in events if isinstance(event, BestQuote)))
    assert quote == {
        "u": 1020, "s": "ETHUSDT", "b": "2000.10000000", "B": "1.00000000", "a": "2000.30000000",
        "A": "2.00000000",
    }  # fmt: skip
    instrument = recording.listings()[0].instrument
    assert (instrument.tick_size, instrument.lot_size) == (Decimal("0.1"), Decimal("0.1"))


def _without(kind: str) -> Callable[[list[str]], list[str]]:
    return lambda rows: [row for row in rows if kind not in row]


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda rows: [], "empty"),
        (_without('"lastUpdateId"'), "no depth snapshot"),
        (_without("depthUpdate"), "no depthUpdate"),
        (_without("aggTrade"), "no trade"),
        (lambda rows: [*rows[:4], "nonsense", *rows[4:]], ":5: expected"),
        (lambda rows: [*rows[:4], '7 {"foo": 1}', *rows[4:]], ":5: expected a stream message"),
        (lambda rows: [*rows[:4], rows[3].replace('"2000.10"', '"NaN"'), *rows[4:]], ":5:"),
        (lambda rows: [*rows, rows[0].replace("ETHUSDT", "BTCUSDT")], "one symbol"),
    ],
)
def test_a_recording_that_cannot_be_replayed_is_refused_in_one_sentence(
    tmp_path: Path, damage: Callable[[list[str]], list[str]], words: str
) -> None:
    path = written(tmp_path / "bad.jsonl", damage(futures_lines()))
    if not path.read_text().strip():
        path.write_text("")
    with pytest.raises(RecordingInvalid, match=words) as refusal:
        Recording(path)
    assert str(path) in str(refusal.value)
    assert "\n" not in str(refusal.value)
