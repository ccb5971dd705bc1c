"""Worker processes end with the one that made them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

BUSY = """
import os, time
from midas.runtime.workers import pool_of

def work(_):
    print(os.getpid(), flush=True)
    time.sleep(60.0)

if __name__ == "__main__":
    with pool_of(1) as pool:
        pool.map(work, [0])
"""


def test_a_worker_of_a_killed_process_ends_without_a_word(tmp_path: Path) -> None:
    file = tmp_path / "busy.py"
    file.write_text(BUSY)
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, file], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ
    ) as running:
        assert running.stdout is not None
        worker = int(running.stdout.readline())
        running.kill()
        _, told = running.communicate(timeout=30.0)  # ends once nobody holds the pipe any more
    assert "Traceback" not in told
    until = time.monotonic() + 30.0
    while _alive(worker) and time.monotonic() < until:
        time.sleep(0.01)
    assert not _alive(worker)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
