"""Ctrl+C while modules are loaded ends the process at once, whatever would swallow it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

PROGRAM = """
import signal, time
from midas.cli.loading import ended_by_ctrl_c

signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever started this may be deaf to it
with ended_by_ctrl_c():
    try:
        print("loading", flush=True)
        time.sleep(60.0)
    except BaseException:
        print("swallowed")
"""


def test_nothing_that_is_being_loaded_can_swallow_it() -> None:
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=environ,
    ) as running:  # fmt: skip
        assert running.stdout is not None and running.stdout.readline() == "loading\n"
        running.send_signal(signal.SIGINT)
        assert running.communicate() == ("", "")
    assert running.returncode == 130
