from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from midas.errors import RecordingInvalid
from midas.venues.recording import RecordedLine, read_recording

LINES = b'100 {"a":1}\n\n250 {"b": [2, 3]}\r\n'
EXPECTED = [RecordedLine(100, b'{"a":1}'), RecordedLine(250, b'{"b": [2, 3]}')]


def test_a_plain_recording_is_read_in_file_order(tmp_path: Path) -> None:
    path = tmp_path / "stream.jsonl"
    path.write_bytes(LINES)
    assert list(read_recording(path)) == EXPECTED


def test_a_packed_recording_is_told_by_its_content_not_its_name(tmp_path: Path) -> None:
    path = tmp_path / "stream.jsonl"
    path.write_bytes(gzip.compress(LINES))
    assert list(read_recording(path)) == EXPECTED


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b'100 {"a":1}\nabc {"a":1}\n', "stream.jsonl:2: expected 'nanoseconds JSON'"),
        (b'-5 {"a":1}\n', "stream.jsonl:1: expected"),
        (b"100\n", "stream.jsonl:1: expected"),
        (b"100 hello\n", "stream.jsonl:1: expected"),
        (b'100 {"a":1}\n200 {"a":', "stream.jsonl:2: the line is cut short"),
    ],
)
def test_a_line_of_another_shape_is_named_with_its_number(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "stream.jsonl"
    path.write_bytes(content)
    with pytest.raises(RecordingInvalid) as refusal:
        list(read_recording(path))
    assert words in str(refusal.value)


def test_a_truncated_archive_yields_its_good_lines_and_then_says_so(tmp_path: Path) -> None:
    path = tmp_path / "stream.jsonl.gz"
    packed = gzip.compress(b"".join(b'%d {"n":%d}\n' % (n, n * n) for n in range(20_000)))
    path.write_bytes(packed[: len(packed) // 2])
    good = 0
    with pytest.raises(RecordingInvalid, match="damaged or cut short"):
        for line in read_recording(path):
            good += 1
            assert line.payload == b'{"n":%d}' % (line.ns**2)
    assert good > 0


def test_a_missing_file_is_one_sentence_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(RecordingInvalid, match=r"nowhere.jsonl: can't open the recording: No such file"):
        list(read_recording(tmp_path / "nowhere.jsonl"))
