from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from midas.cli import main
from midas.cli.parser import build_parser
from midas.venues.recording import read_recording, recording_files
from midas.venues.sim.source.recording import Recording

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A workspace to stand in; the exchange that a command started ends with the test."""
    (tmp_path / "config.toml").write_text("[exchange]\nspeed = 20\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    yield tmp_path
    main(["stop", "--exchange"])


def recording(desk: Path, *options: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "midas", "record", "--out", "out", *options]
    return subprocess.Popen(
        command, cwd=desk, env=os.environ.copy(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def test_a_recording_for_some_time_reports_what_it_wrote_and_replays(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["record", "--out", "out", "--instruments", "ETH-USDT", "--for", "1.5s", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    (path,) = recording_files(desk / "out")
    assert report["files"] == [str(path)]
    assert report["messages"] == len(list(read_recording(path))) > 20
    assert (report["gaps"], report["connections"], report["snapshots"]) == (0, 1, 1)
    assert report["disk_bytes"] == path.stat().st_size
    assert report["ended"] == "the duration of 1.5 s is over"
    assert [row.instrument.symbol for row in Recording(path).listings()] == ["ETHUSDT"]
    assert main(["verify-book", str(desk / "out")]) == 0


def test_a_list_of_no_instruments_is_refused(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["record", "--out", "out", "--instruments", ",", "--for", "1s"]) == 2
    assert "--instruments: expected names such as BTCUSDT,ETHUSDT, got ','" in capsys.readouterr().err


def test_ctrl_c_ends_with_everything_written(desk: Path) -> None:
    process = recording(desk)
    deadline = time.monotonic() + 60
    while sum(file.stat().st_size for file in (desk / "out").glob("*")) < 5_000:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert b"interrupted" in out
    (path,) = recording_files(desk / "out")
    assert len(list(read_recording(path))) > 20  # strict: the file has its end


@pytest.mark.long
def test_it_ends_with_the_market_that_it_records(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["record", "--out", "one", "--for", "1"]) == 0
    capsys.readouterr()
    assert main(["stop", "--exchange"]) == 0
    assert main(["record", "--out", "two", "--market", "one", "--speed", "100"]) == 0
    assert "the market has ended" in capsys.readouterr().out
    assert len(Recording(desk / "two").listings()) == 2


def test_what_cannot_be_recorded_is_one_sentence(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (desk / "file").write_text("")
    assert main(["record", "--out", "file"]) == 2
    assert "--out:" in capsys.readouterr().err
    assert main(["record", "--out", "out", "--for", "never"]) == 2
    assert "expected a time such as 90s, 10m, 8h or 2d, got 'never'" in capsys.readouterr().err
    assert main(["record", "--out", "out", "--instruments", "BTCUSDX"]) == 2
    assert "did you mean BTCUSDT" in capsys.readouterr().err
    assert main(["record"]) == 2
    assert "--out" in capsys.readouterr().err


def test_a_live_venue_is_named_by_its_public_addresses_alone(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (desk / "config.toml").write_text('environment = "DEMO"\n')
    assert main(["record", "--out", "out"]) == 2
    assert "environment DEMO needs venue.rest_url, venue.stream_url" in capsys.readouterr().err
    (desk / "config.toml").write_text(
        'environment = "DEMO"\n[venue]\nrest_url = "http://127.0.0.1:1/api"\nstream_url = "ws://127.0.0.1:1"\n'
    )
    assert main(["record", "--out", "out"]) == 1
    assert "the venue didn't answer" in capsys.readouterr().err


def test_times_are_seconds_whatever_their_unit() -> None:
    parse = build_parser().parse_args
    typed = [parse(["record", "--out", "x", "--for", text]).duration for text in ("90", "2m", "1.5h", "1d")]
    assert typed == [90, 120, 5_400, 86_400]
