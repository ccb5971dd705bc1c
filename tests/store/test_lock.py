"""One engine per home, whatever became of the last one."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from midas.errors import AlreadyRunning, StoreFull
from midas.store.lock import AccountLock, InstanceLock

_HOLDER = """
import sys, time
from pathlib import Path
from midas.store.lock import InstanceLock

with InstanceLock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_engine_is_refused_with_the_first_ones_process_id(tmp_path: Path) -> None:
    path = tmp_path / "home" / "engine.lock"
    with InstanceLock(path) as first:
        with pytest.raises(AlreadyRunning, match=f"process {os.getpid()}"):
            InstanceLock(path).acquire()
        assert first.held()
        assert first.owner() == os.getpid()
    assert not InstanceLock(path).held()
    with InstanceLock(path) as again:
        assert again.owner() == os.getpid()


def test_the_lock_of_a_killed_engine_is_free(tmp_path: Path) -> None:
    path = tmp_path / "engine.lock"
    with subprocess.Popen([sys.executable, "-c", _HOLDER, str(path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(AlreadyRunning, match=f"process {holder.pid}"):
            InstanceLock(path).acquire()
        os.kill(holder.pid, 9)
    with InstanceLock(path) as lock:
        assert lock.owner() == os.getpid()


def test_somebody_who_only_looks_keeps_no_engine_from_starting(tmp_path: Path) -> None:
    path = tmp_path / "engine.lock"
    looking = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(looking, fcntl.LOCK_SH)
    done = threading.Timer(0.3, os.close, (looking,))  # he is on a busy machine
    done.start()
    with InstanceLock(path) as lock:
        assert lock.owner() == os.getpid()
    done.join()


def test_asking_about_a_home_without_an_engine_creates_nothing(tmp_path: Path) -> None:
    lock = InstanceLock(tmp_path / "engine.lock")
    assert not lock.held()
    assert lock.owner() is None
    assert list(tmp_path.iterdir()) == []


def test_a_second_home_on_the_same_account_is_refused_with_its_way_out(tmp_path: Path) -> None:
    path, first, second = tmp_path / "x.lock", tmp_path / "one", tmp_path / "two"
    with AccountLock(path, "account demo-binance", first):
        with pytest.raises(AlreadyRunning) as refused:
            AccountLock(path, "account demo-binance", second).acquire()
        sentence = str(refused.value)
        assert (
            f"the engine of {first} (process {os.getpid()}) trades account demo-binance already" in sentence
        )
        assert f"`MIDAS_HOME={first} midas stop` ends it" in sentence
    with AccountLock(path, "account demo-binance", second):
        assert AccountLock(path, "", first).owner() == os.getpid()
    assert not path.exists()


def test_of_many_that_want_an_account_one_at_a_time_has_it(tmp_path: Path) -> None:
    path, inside, most = tmp_path / "x.lock", [0], [0]

    def engine() -> None:
        for _ in range(20):
            with contextlib.suppress(AlreadyRunning), AccountLock(path, "account", tmp_path):
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                time.sleep(0.0005)
                inside[0] -= 1

    engines = [threading.Thread(target=engine) for _ in range(4)]
    for each in engines:
        each.start()
    for each in engines:
        each.join()
    assert most == [1]


def test_a_lock_that_cannot_be_written_is_one_sentence_and_stays_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(StoreFull, match="free space"):
        patch.setattr(os, "write", full)
        InstanceLock(tmp_path / "engine.lock").acquire()
    assert not InstanceLock(tmp_path / "engine.lock").held()
    (tmp_path / "folder.lock").mkdir()
    with pytest.raises(StoreFull, match=r"folder\.lock"):
        InstanceLock(tmp_path / "folder.lock").acquire()


def test_a_lock_keeps_its_room_on_the_disk_for_the_next_owner(tmp_path: Path) -> None:
    path = tmp_path / "guard.lock"
    with InstanceLock(path):
        pass
    assert path.stat().st_size
    assert InstanceLock(path).owner() is None


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_lock_of_another_user_has_no_owner_that_we_know(tmp_path: Path) -> None:
    path = tmp_path / "engine.lock"
    with InstanceLock(path) as lock:
        path.chmod(0)
        assert lock.owner() is None
