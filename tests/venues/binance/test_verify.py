from __future__ import annotations

import gzip
from pathlib import Path

import msgspec
import pytest

from midas.errors import RecordingInvalid
from midas.venues.binance.verify import VerifyReport, verify_book

PAYLOADS = Path(__file__).resolve().parents[2] / "payloads"


def stream(path: Path, *payloads: str) -> Path:
    path.write_text("".join(f"{number} {payload}\n" for number, payload in enumerate(payloads, 1)))
    return path


def depth(first: int, last: int, bids: str = "[]", asks: str = "[]") -> str:
    return (
        '{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1723161255208,"s":"BTCUSDT",'
        f'"U":{first},"u":{last},"b":{bids},"a":{asks}}}}}'
    )


def ticker(update_id: int, bid: str, ask: str) -> str:
    return (
        f'{{"stream":"btcusdt@bookTicker","data":{{"u":{update_id},"s":"BTCUSDT","b":"{bid}","B":"1.0",'
        f'"a":"{ask}","A":"1.0"}}}}'
    )


SNAPSHOT = '{"lastUpdateId":10,"bids":[["10.00","1.0"]],"asks":[["11.50","1.0"]]}'


def test_the_recorded_stream_is_rebuilt_without_a_difference(recorded_stream: Path) -> None:
    report = verify_book(recorded_stream)
    assert msgspec.json.encode(report) == (
        b'{"compared":3449,"equal":3449,"exact_id":564,"gaps":0,"crossed":0}'
    )
    assert report.good


def test_a_dropped_diff_ends_the_comparison_and_is_said(recorded_stream: Path) -> None:
    report = verify_book(recorded_stream, drop=500)
    assert (report.compared, report.equal, report.gaps, report.good) == (497, 497, 1, False)
    assert "gap: update 50093264266 was the last" in report.sentence
    assert report.sentence.endswith(
        "No book is shown after it: this recording holds no second snapshot to resync from."
    )


def test_our_own_exchange_records_streams_that_verify() -> None:
    report = verify_book(PAYLOADS / "midas-btcusdt.jsonl.gz")
    assert report.good, report.sentence


def test_each_applied_diff_is_compared_with_the_last_touch_not_after_it(tmp_path: Path) -> None:
    path = stream(
        tmp_path / "s",
        depth(9, 11),
        ticker(10, "10.00", "11.50"),
        SNAPSHOT,
        ticker(13, "10.50", "11.50"),
        depth(12, 12),
        depth(13, 14, '[["10.50","1.0"]]'),
        ticker(15, "10.50", "11.00"),
        depth(15, 15, "[]", '[["11.00","2.0"]]'),
    )
    assert verify_book(path) == VerifyReport(compared=4, equal=3, exact_id=1, gaps=0, crossed=0)


def test_a_second_snapshot_brings_the_book_back(tmp_path: Path) -> None:
    later = SNAPSHOT.replace("10,", "20,", 1)
    path = stream(
        tmp_path / "s",
        depth(9, 11),
        SNAPSHOT,
        ticker(10, "10.00", "11.50"),
        depth(15, 16),
        ticker(18, "10.00", "11.50"),
        depth(17, 21),
        later,
    )
    report = verify_book(path)
    assert (report.compared, report.gaps) == (2, 1)
    assert "a later snapshot of the recording brought it back" in report.note


def test_a_touch_of_before_a_gap_says_nothing_about_what_came_after_it(tmp_path: Path) -> None:
    path = stream(
        tmp_path / "s",
        depth(9, 11),
        SNAPSHOT,
        ticker(10, "10.00", "11.50"),
        depth(15, 16),
        depth(17, 21, '[["10.50","1.0"]]'),
        SNAPSHOT.replace("10,", "20,", 1),
        ticker(22, "10.50", "11.50"),
        depth(22, 22),
    )
    report = verify_book(path)
    assert (report.compared, report.equal, report.gaps) == (2, 2, 1)


def test_a_crossed_book_is_counted_and_hidden(tmp_path: Path) -> None:
    path = stream(tmp_path / "s", SNAPSHOT, depth(11, 11, '[["11.50","1.0"]]'), depth(12, 12))
    report = verify_book(path)
    assert (report.compared, report.crossed) == (0, 1)
    assert "crossed: bid 115 ticks, ask 115 ticks" in report.note


@pytest.mark.parametrize(
    ("payloads", "words"),
    [
        ([depth(9, 11)], "holds no depth snapshot"),
        ([SNAPSHOT], "expected depth diffs of one symbol, found none"),
        ([depth(9, 11), depth(12, 12).replace("BTC", "ETH"), SNAPSHOT], "found BTCUSDT, ETHUSDT"),
        ([depth(15, 16), SNAPSHOT], "older than the first diff"),
        ([depth(9, 11), SNAPSHOT, '{"stream":1}'], "s:3: "),
        ([SNAPSHOT, depth(11, 12, '[["NaN","1.0"]]')], "got 'NaN'"),
    ],
)
def test_a_recording_that_proves_nothing_is_refused(tmp_path: Path, payloads: list[str], words: str) -> None:
    with pytest.raises(RecordingInvalid) as refusal:
        verify_book(stream(tmp_path / "s", *payloads))
    assert words in str(refusal.value)


def test_a_recording_without_its_snapshot_line_is_refused(recorded_stream: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare.jsonl"
    lines = gzip.decompress(recorded_stream.read_bytes()).splitlines(keepends=True)
    bare.write_bytes(b"".join(line for line in lines if b"lastUpdateId" not in line))
    with pytest.raises(RecordingInvalid, match="holds no depth snapshot, so no book can be built"):
        verify_book(bare)


def test_a_diff_that_is_not_there_cannot_be_dropped(tmp_path: Path) -> None:
    with pytest.raises(RecordingInvalid, match="can't drop diff 9; the recording holds 1"):
        verify_book(stream(tmp_path / "s", depth(9, 11), SNAPSHOT), drop=9)


def two_symbols() -> list[str]:
    wrapped = '{"stream":"%s@depth_snapshot","data":' + SNAPSHOT + "}"
    listed = '{"stream":"btcusdt@instrument","data":{"venue":"binance","symbol":"BTCUSDT"}}'
    one = [
        listed,
        depth(9, 11),
        ticker(10, "10.00", "11.50"),
        wrapped.replace("%s", "btcusdt"),
        depth(12, 12),
    ]
    two = [
        message.replace("BTC", "ETH").replace("btc", "eth")
        for message in (depth(10, 10), ticker(10, "10.00", "11.25"), wrapped.replace("%s", "btcusdt"))
    ]
    two.append(depth(11, 12).replace("BTC", "ETH").replace("btc", "eth"))
    return [message for pair in zip(one, [*two, ""], strict=True) for message in pair if message]


def test_each_symbol_of_a_recording_is_compared_with_its_own_touch(tmp_path: Path) -> None:
    path = stream(tmp_path / "s", *two_symbols())
    assert verify_book(path) == VerifyReport(compared=3, equal=2, exact_id=0, gaps=0, crossed=0)
    with pytest.raises(RecordingInvalid, match="a diff is dropped from one symbol's only"):
        verify_book(path, drop=1)


def test_a_folder_of_files_is_verified_as_one_recording(tmp_path: Path) -> None:
    messages = two_symbols()
    stream(tmp_path / "1.jsonl", *messages[:5])
    stream(tmp_path / "2.jsonl", *messages[5:])
    assert verify_book(tmp_path).compared == 3


def test_the_pause_between_two_recordings_of_a_folder_is_told_apart(tmp_path: Path) -> None:
    messages = two_symbols()
    stream(tmp_path / "1.jsonl", *messages[:5])
    stream(tmp_path / "2.jsonl", *messages[5:])
    assert "pause" not in verify_book(tmp_path).sentence
    one = tmp_path / "gap"
    one.mkdir()
    plain = (PAYLOADS / "midas-btcusdt.jsonl.gz").read_bytes()
    (one / "1.jsonl.gz").write_bytes(plain)
    kept = [line for place, line in enumerate(read_lines(one / "1.jsonl.gz")) if not 400 <= place < 900]
    (one / "1.jsonl.gz").unlink()
    (one / "1.jsonl").write_bytes(b"".join(kept))
    report = verify_book(one)
    assert report.gaps
    assert "the pause between them is a gap, too" in report.sentence


def read_lines(path: Path) -> list[bytes]:
    with gzip.open(path) as file:
        return file.readlines()


def test_a_recording_whose_end_is_missing_is_verified_to_the_cut(tmp_path: Path) -> None:
    path = tmp_path / "cut.jsonl.gz"
    path.write_bytes((PAYLOADS / "midas-btcusdt.jsonl.gz").read_bytes()[:-10_000])
    report = verify_book(path)
    assert report.good
    assert "the end of the file is missing" in report.sentence
