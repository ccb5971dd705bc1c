from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from midas.domain.time import HOUR, MINUTE, SECOND
from midas.errors import StoreFull
from midas.venues.recording import read_recording, recording_files
from midas.venues.recording_writer import RecordingWriter, Rotation

NOON = 1_767_268_800 * SECOND


def test_what_was_written_is_read_back_in_order(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path / "new", "sim", Rotation())
    lines = [(NOON + n, b'{"n":%d}' % n) for n in range(5_000)]
    begins = [writer.write(*line) for line in lines]
    writer.close()
    assert begins == [True] + [False] * 4_999
    (path,) = writer.files
    assert path.name == "sim-20260101T120000-000000000.jsonl.gz"
    assert list(read_recording(path)) == lines
    assert writer.disk_bytes == path.stat().st_size < writer.bytes


def test_a_new_file_begins_by_the_clock_and_by_size_and_names_sort_by_time(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path, "sim", Rotation(bytes_max=100_000, period=HOUR))
    begins = [at for at in range(-2, 3) if writer.write(NOON + HOUR + at * MINUTE, b"{}")]
    assert begins == [-2, 0]
    for n in range(3_000):
        writer.write(NOON + HOUR + 3 * MINUTE + n, b'{"noise":"%s"}' % os.urandom(40).hex().encode())
        writer.flush()
    writer.close()
    assert len(writer.files) > 3
    assert recording_files(tmp_path) == writer.files
    assert all(file.stat().st_size < 100_200 for file in writer.files)
    stamps = [line.ns for file in writer.files for line in read_recording(file)]
    assert stamps == sorted(stamps)
    assert len(stamps) == writer.messages


def test_a_file_that_is_not_whole_yet_grows_past_its_size_but_not_past_its_hour(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path, "sim", Rotation(bytes_max=1_000, period=HOUR))
    for n in range(100):
        writer.write(NOON + n, os.urandom(40).hex().encode(), whole=False)
        writer.flush()
    assert len(writer.files) == 1
    assert writer.write(NOON + 100, b"{}")
    assert writer.write(NOON + HOUR, b"{}", whole=False)


def test_a_file_that_exists_is_never_written_again(tmp_path: Path) -> None:
    for n in range(3):
        writer = RecordingWriter(tmp_path, "sim", Rotation())
        writer.write(NOON, b'{"writer":%d}' % n)
        writer.close()
    payloads = [line.payload for file in recording_files(tmp_path) for line in read_recording(file)]
    assert payloads == [b'{"writer":0}', b'{"writer":1}', b'{"writer":2}']


def test_whatever_was_flushed_is_readable_after_kill_9(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path\n"
        "from midas.venues.recording_writer import RecordingWriter, Rotation\n"
        "writer = RecordingWriter(Path(sys.argv[1]), 'sim', Rotation())\n"
        "for n in range(10_000): writer.write(1_000_000_000 + n, b'{\"n\":%d}' % n)\n"
        "writer.flush(); writer.write(2_000_000_000, b'{\"lost\":true}')\n"
        "print('flushed', flush=True); time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"flushed\n"
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close() if process.stdout else None
    (path,) = recording_files(tmp_path)
    said: list[str] = []
    assert [line.payload for line in read_recording(path, said.append)] == [
        b'{"n":%d}' % n for n in range(10_000)
    ]
    assert said == [f"{path}: the end of the file is missing; its 10000 whole lines were read"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_one_sentence_and_writes_nothing_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = RecordingWriter(tmp_path, "sim", Rotation())
    writer.write(NOON, b"{}")
    assert writer._file is not None
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, writer._file.fileno())
    os.close(full)
    writer.write(NOON + 1, b"{}")
    with pytest.raises(StoreFull, match=r"\.jsonl\.gz: the disk takes no more \(No space left on device\)"):
        writer.flush()
    writer.close()
    assert gzip.GzipFile(writer.files[0]).readline() == b"%d {}\n" % NOON


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(StoreFull, match=r"taken/below: no new file can be made there \(Not a directory\)"):
        RecordingWriter(tmp_path / "taken" / "below", "sim", Rotation()).write(NOON, b"{}")
