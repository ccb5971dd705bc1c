from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from midas.errors import RecordingInvalid
from midas.venues.recording import RecordedLine, read_recording, recording_files

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


def test_a_cut_archive_is_read_up_to_its_last_whole_line_by_who_listens_for_it(tmp_path: Path) -> None:
    path = tmp_path / "stream.jsonl.gz"
    packed = gzip.compress(b"".join(b'%d {"n":%d}\n' % (n, n * n) for n in range(20_000)))
    path.write_bytes(packed[: len(packed) // 2])
    said: list[str] = []
    lines = list(read_recording(path, said.append))
    assert lines == [RecordedLine(n, b'{"n":%d}' % (n * n)) for n in range(len(lines))]
    assert len(lines) > 5_000
    assert said == [f"{path}: the end of the file is missing; its {len(lines)} whole lines were read"]


@pytest.mark.parametrize("tail", [b"3", b"300 ", b'300 {"a":', b'300 {"a":{"b":1}'])
def test_a_last_line_without_its_end_is_left_out_and_said(tmp_path: Path, tail: bytes) -> None:
    path = tmp_path / "stream.jsonl"
    path.write_bytes(LINES + tail)
    said: list[str] = []
    assert list(read_recording(path, said.append)) == EXPECTED
    assert said == [f"{path}:4: the last line is cut short; everything before it was read"]


def test_a_whole_last_line_needs_no_line_end(tmp_path: Path) -> None:
    path = tmp_path / "stream.jsonl"
    path.write_bytes(LINES + b'300 {"a":{"b":1}}')
    said: list[str] = []
    assert len(list(read_recording(path, said.append))) == 3
    assert said == []


def test_damage_in_the_middle_is_refused_even_by_who_takes_a_cut_file(tmp_path: Path) -> None:
    path = tmp_path / "stream.jsonl.gz"
    packed = bytearray(gzip.compress(b"".join(b'%d {"n":%d}\n' % (n, n * n) for n in range(20_000))))
    packed[len(packed) // 2] ^= 0x10
    path.write_bytes(packed)
    with pytest.raises(RecordingInvalid, match=r"damaged|expected|cut short"):
        list(read_recording(path, lambda sentence: None))


def test_the_recordings_of_a_folder_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("b.jsonl", "a.jsonl.gz", "notes.txt", "c.jsonl"):
        (tmp_path / name).write_text("")
    assert [file.name for file in recording_files(tmp_path)] == ["a.jsonl.gz", "b.jsonl", "c.jsonl"]
    assert recording_files(tmp_path / "b.jsonl") == [tmp_path / "b.jsonl"]
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(RecordingInvalid, match="no recording in this folder"):
        recording_files(empty)
