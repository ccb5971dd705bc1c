"""The files that say what runs, whatever became of their bytes."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

from midas.cli.exchange import RUN_FILE as EXCHANGE_FILE
from midas.cli.exchange import answering
from midas.cli.fate import FATE_FILE, read_fate
from midas.cli.running import LOCK, RUN_FILE, EngineFile, running
from midas.cli.supervision import FILE, supervision
from midas.errors import NotRunning
from midas.store.lock import InstanceLock
from midas.venues.sim.runfile import pid_in

GARBAGE = [b"", b"\0" * 60, b'{"pid":1,"session":"\xff', b"\xff\xfe\x00", b'{"pid":1', b"[1]", b'{"pid":"x"}']


@pytest.mark.parametrize("content", GARBAGE)
def test_a_torn_or_garbled_file_says_nothing_and_ends_nothing(tmp_path: Path, content: bytes) -> None:
    for name in (RUN_FILE, EXCHANGE_FILE, FATE_FILE, FILE):
        (tmp_path / name).write_bytes(content)
    assert answering(tmp_path / EXCHANGE_FILE) is None
    assert pid_in(tmp_path / EXCHANGE_FILE) == 0
    assert read_fate(tmp_path) is None
    assert supervision(tmp_path) is None
    with pytest.raises(NotRunning, match="no engine runs"):
        running(tmp_path)
    with InstanceLock(tmp_path / LOCK), pytest.raises(NotRunning, match="is starting or ending"):
        running(tmp_path)


def test_a_run_file_of_a_newer_midas_names_it(tmp_path: Path) -> None:
    found = msgspec.to_builtins(EngineFile(7, "s", 1, version="7.1")) | {"format": 2, "what": "is this"}
    (tmp_path / RUN_FILE).write_bytes(msgspec.json.encode(found))
    with (
        InstanceLock(tmp_path / LOCK),
        pytest.raises(NotRunning, match=r"process 7, is midas 7\.1, .*`midas stop`"),
    ):
        running(tmp_path)


def test_a_run_file_of_an_older_midas_is_read(tmp_path: Path) -> None:
    (tmp_path / RUN_FILE).write_bytes(b'{"pid":%d,"session":"s","started_at":1}' % os.getpid())
    with InstanceLock(tmp_path / LOCK):
        assert running(tmp_path) == EngineFile(os.getpid(), "s", 1)


def test_the_file_of_an_engine_that_crashed_is_not_its_successors(tmp_path: Path) -> None:
    """The successor has the lock, and has not written its own file yet."""
    (tmp_path / RUN_FILE).write_bytes(msgspec.json.encode(EngineFile(7, "crashed", 1)))
    with InstanceLock(tmp_path / LOCK), pytest.raises(NotRunning, match="is starting or ending"):
        running(tmp_path)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"not a number\n"])
def test_a_lock_file_of_any_bytes_names_nobody(tmp_path: Path, content: bytes) -> None:
    (tmp_path / LOCK).write_bytes(content)
    assert InstanceLock(tmp_path / LOCK).owner() is None
    with InstanceLock(tmp_path / LOCK):
        assert InstanceLock(tmp_path / LOCK).owner() is not None
