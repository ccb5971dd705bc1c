from __future__ import annotations

import gzip
import itertools
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from midas.domain.instrument import Instrument
from midas.domain.time import SECOND
from midas.errors import RecordingInvalid, StoreDamaged
from midas.venues.sim.levels.outside import OutsideBook
from midas.venues.sim.levels.scale import Scale
from midas.venues.sim.recorder import lines
from midas.venues.sim.source.market import BestQuote, DepthChange, MarketEvent, Print, Source
from midas.venues.sim.source.recording import Recording
from midas.venues.sim.source.synthetic import standard

PAYLOAD = Path(__file__).parents[3] / "payloads" / "midas-btcusdt.jsonl.gz"


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


def test_a_synthetic_market_that_was_written_down_reads_back_as_the_same_market(tmp_path: Path) -> None:
    def told(source: Source, count: int) -> list[tuple[int, object, object, bool]]:
        instrument = source.listings()[0].instrument
        events = itertools.islice(source.events(), count)
        prints = [one for one in events if isinstance(one, Print) and one.symbol == "BTCUSDT"]
        price, quantity = instrument.price, instrument.quantity
        return [(one.trade_id, price(one.tick), quantity(one.lots), one.buyer_is_maker) for one in prints]

    path = tmp_path / "made.jsonl"
    path.write_bytes(b"".join(lines(standard(20_240_808), "BTCUSDT", 3 * SECOND)))
    read = told(Recording(path), 10_000)
    assert len(read) > 5
    assert read == told(standard(20_240_808), 1_000)[: len(read)]


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
        (lambda rows: [*rows, rows[0].replace("ETHUSDT", "BTCUSDT")], "doesn't say of which symbol"),
        (lambda rows: [row for row in rows if '"u": 1040' not in row], "that its diffs continue"),
        (lambda rows: [*rows, rows[0].replace('"E": 5000', '"E": -20000')], "begin again"),
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


class Feed:
    """Writes the recorded lines of one symbol, a level at a time, and knows the true book."""

    def __init__(self, symbol: str, first_id: int = 1) -> None:
        self.symbol = symbol
        self.last_id = first_id - 1
        self.book: dict[str, dict[str, str]] = {"b": {"99.00": "1.000"}, "a": {"101.00": "1.000"}}
        self.time = 5_000

    def _stream(self, name: str, data: object) -> str:
        return json.dumps({"stream": f"{self.symbol.lower()}@{name}", "data": data})

    def diff(self, side: str, price: str, quantity: str) -> str:
        self.last_id, self.time = self.last_id + 1, self.time + 100
        self.book[side][price] = quantity
        sides: dict[str, list[list[str]]] = {"b": [], "a": []} | {side: [[price, quantity]]}
        ids = {"U": self.last_id, "u": self.last_id}
        head = {"e": "depthUpdate", "E": self.time, "s": self.symbol}
        return self._stream("depth@100ms", {**head, **ids, **sides})

    def trade(self, number: int) -> str:
        data = {"e": "trade", "E": self.time, "s": self.symbol, "t": number, "p": "100.00", "q": "0.001",
                "T": self.time, "m": True, "M": True}  # fmt: skip
        return self._stream("trade", data)

    def answer(self) -> dict[str, object]:
        sides = {
            name: [[price, size] for price, size in self.book[side].items() if float(size)]
            for name, side in (("bids", "b"), ("asks", "a"))
        }
        return {"lastUpdateId": self.last_id, **sides}

    def snapshot(self) -> str:
        return self._stream("depth_snapshot", self.answer())

    def naked(self) -> str:
        return json.dumps(self.answer())


def stamped(messages: list[str], first: int = 1_000_000_000, step: int = 100_000_000) -> list[str]:
    return [f"{first + place * step} {message}" for place, message in enumerate(messages)]


def books(recording: Recording) -> dict[str, dict[str, dict[int, int]]]:
    """The exchange's books after the whole recording, by symbol and side."""
    found: dict[str, OutsideBook] = {}
    for listing in recording.listings():
        found[listing.instrument.symbol] = book = OutsideBook()
        book.snapshot(listing.last_id, listing.bids, listing.asks)
    for event in recording.events():
        if isinstance(event, DepthChange):
            found[event.symbol].change(event.last_id, event.bids, event.asks)
    return {
        symbol: {"b": dict(book.bids.top(100)), "a": dict(book.asks.top(100))}
        for symbol, book in found.items()
    }


def truth(recording: Recording, feed: Feed) -> dict[str, dict[int, int]]:
    listing = next(row for row in recording.listings() if row.instrument.symbol == feed.symbol)
    scale = Scale.of(listing.instrument)
    return {
        side: {scale.ticks(price): scale.lots(size) for price, size in levels.items() if float(size)}
        for side, levels in feed.book.items()
    }


def two_symbols(naked: bool = False) -> tuple[list[str], Feed, Feed]:
    one, two = Feed("ONEUSDT"), Feed("TWOUSDT", 900)
    messages = [
        one.diff("b", "98.00", "2.000"), two.diff("a", "102.00", "3.000"), one.trade(7),
        one.naked() if naked else one.snapshot(), two.snapshot(), two.trade(70),
        one.diff("b", "99.00", "0.000"), two.diff("b", "97.50", "0.500"), one.diff("a", "100.50", "0.250"),
    ]  # fmt: skip
    return messages, one, two


def test_a_recording_of_two_symbols_is_a_market_of_two(tmp_path: Path) -> None:
    messages, one, two = two_symbols()
    path = written(tmp_path / "both.jsonl", stamped(messages))
    recording = Recording(path)
    first, second = recording.listings()
    assert (first.instrument.symbol, first.first_trade_id, first.last_id) == ("ONEUSDT", 7, 1)
    assert (second.instrument.symbol, second.first_trade_id, second.last_id) == ("TWOUSDT", 70, 900)
    assert books(recording) == {"ONEUSDT": truth(recording, one), "TWOUSDT": truth(recording, two)}
    order = [event.symbol[:3] for event in Recording(path).events()]
    assert order == ["ONE", "TWO", "ONE", "TWO", "ONE", "TWO", "ONE"]


def test_a_naked_snapshot_among_two_symbols_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "both.jsonl", stamped(two_symbols(naked=True)[0]))
    with pytest.raises(RecordingInvalid, match="holds ONEUSDT, TWOUSDT, and a depth snapshot"):
        Recording(path)


def test_a_symbol_without_a_snapshot_is_left_out_of_the_others(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    messages, one, _ = two_symbols()
    del messages[4]
    recording = Recording(written(tmp_path / "both.jsonl", stamped(messages)))
    assert [listing.instrument.symbol for listing in recording.listings()] == ["ONEUSDT"]
    assert books(recording) == {"ONEUSDT": truth(recording, one)}
    assert "no depth snapshot of TWOUSDT in it that its diffs continue" in caplog.text
    assert "TWOUSDT is left out" in caplog.text


def with_a_gap(*, rejoined: bool) -> tuple[list[str], Feed]:
    feed = Feed("ONEUSDT")
    before = [
        feed.diff("b", "98.00", "2.000"),
        feed.snapshot(),
        feed.trade(1),
        feed.diff("b", "97.00", "5.000"),
    ]
    feed.diff("b", "98.00", "0.000")  # nobody recorded these
    feed.diff("a", "100.50", "4.000")
    after = [feed.diff("b", "96.00", "1.000")]
    after += [feed.snapshot()] if rejoined else []
    after += [feed.diff("a", "103.00", "7.000"), feed.trade(9)]
    return before + after, feed


def test_a_later_snapshot_joins_the_book_after_a_gap(tmp_path: Path) -> None:
    messages, feed = with_a_gap(rejoined=True)
    path = written(tmp_path / "gap.jsonl", stamped(messages))
    recording = Recording(path)
    assert books(recording) == {"ONEUSDT": truth(recording, feed)}
    sent = [event.payload.decode() for event in Recording(path).events()]
    recorded = [json.dumps(json.loads(message)["data"]) for message in messages if "snapshot" not in message]
    assert [json.loads(payload) for payload in sent] == [json.loads(payload) for payload in recorded]


def test_what_no_snapshot_joins_leaves_the_book_as_it_was(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    messages, _ = with_a_gap(rejoined=False)
    path = written(tmp_path / "gap.jsonl", stamped(messages))
    recording = Recording(path)
    kinds = [type(event).__name__ for event in recording.events()]
    assert kinds == ["DepthChange", "Print", "DepthChange", "Print"]
    assert f"{path}:5: diffs of ONEUSDT are missing before this line" in caplog.text


def test_a_recording_may_begin_before_what_its_snapshot_joins(tmp_path: Path) -> None:
    messages, feed = with_a_gap(rejoined=True)
    del messages[1]
    recording = Recording(written(tmp_path / "late.jsonl", stamped(messages)))
    assert recording.listings()[0].last_id == 5
    assert books(recording) == {"ONEUSDT": truth(recording, feed)}


def test_a_recording_goes_on_where_it_was_saved(tmp_path: Path) -> None:
    whole = list(Recording(PAYLOAD).events())
    first = Recording(PAYLOAD)
    head = list(itertools.islice(first.events(), 1_500))
    second = Recording(PAYLOAD)
    second.restore(first.save())
    assert first.listings() == second.listings()
    assert second.start > first.start
    assert head + list(second.events()) == whole
    assert second.save() != first.save()
    messages, _, _ = two_symbols()
    with pytest.raises(StoreDamaged, match="another recording"):
        Recording(written(tmp_path / "other.jsonl", stamped(messages))).restore(first.save())
    with pytest.raises(StoreDamaged, match="another recording"):
        Recording(PAYLOAD).restore(b"nonsense")


def test_a_folder_is_one_recording_in_the_order_of_its_files(tmp_path: Path) -> None:
    messages, one, two = two_symbols()
    rows = stamped(messages)
    written(tmp_path / "part-2.jsonl", rows[5:])
    (tmp_path / "part-1.jsonl.gz").write_bytes(gzip.compress(("\n".join(rows[:5]) + "\n").encode()))
    (tmp_path / "readme.txt").write_text("not a recording")
    recording = Recording(tmp_path)
    assert books(recording) == {"ONEUSDT": truth(recording, one), "TWOUSDT": truth(recording, two)}
    (tmp_path / "part-1.jsonl.gz").rename(tmp_path / "part-3.jsonl.gz")
    with pytest.raises(RecordingInvalid, match=r"part-3.jsonl.gz: begins before the file"):
        Recording(tmp_path)


def test_a_recording_whose_end_is_missing_replays_to_the_cut(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "cut.jsonl.gz"
    path.write_bytes(PAYLOAD.read_bytes()[:-20_000])
    recording = Recording(path)
    assert sum(isinstance(event, DepthChange) for event in recording.events()) > 500
    assert caplog.text.count("the end of the file is missing") == 1


def test_a_listed_instrument_is_taken_as_it_was_listed(tmp_path: Path) -> None:
    messages, _, _ = two_symbols()
    listed = Instrument("binance", "ONEUSDT", "ONE", "USDT", Decimal("0.5"), Decimal("0.25"), Decimal("0.25"),
                        Decimal(90), Decimal(7))  # fmt: skip
    line = json.dumps({"stream": "oneusdt@instrument", "data": json.loads(msgspec.json.encode(listed))})
    recording = Recording(written(tmp_path / "both.jsonl", stamped([line, *messages])))
    assert recording.listings()[0].instrument == listed


@pytest.mark.parametrize(("step", "paced"), [(100_000_000, 100_000_000), (1_000_000, 100_000_000)])
def test_the_pace_is_the_recorders_clock_unless_the_market_ran_faster(
    tmp_path: Path, step: int, paced: int
) -> None:
    feed = Feed("ONEUSDT")
    messages = [feed.diff("b", "98.00", "2.000"), feed.trade(1)]
    messages += [feed.diff("b", "98.00", f"{place}.000") for place in range(1, 40)]
    messages.insert(1, feed.snapshot().replace(f'"lastUpdateId": {feed.last_id}', '"lastUpdateId": 1'))
    recording = Recording(written(tmp_path / "pace.jsonl", stamped(messages, step=step)))
    stamps = [event.at for event in recording.events() if isinstance(event, DepthChange)]
    assert {b - a for a, b in itertools.pairwise(stamps[2:])} == {paced}
