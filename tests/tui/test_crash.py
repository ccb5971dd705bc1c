"""A bug in the console: the terminal is given back, one sentence is said, the details lie in a file."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.desk import REPOSITORY
from tests.e2e.eyes import Eyes

BROKEN = """
import logging, os, sys, time
from midas.domain.mode import KillOutcome
from midas.errors import ConsoleFailed
from tests.fakes.link import LivingLink
from tui.app import run

class Broken(LivingLink):
    def latest(self):
        if os.path.exists(sys.argv[2]):
            raise RuntimeError("a bug that nobody foresaw")
        return super().latest()

logging.basicConfig(filename=sys.argv[1])
try:
    run(lambda: Broken(time.time_ns), lambda level, by: KillOutcome(True, True, ""))
except ConsoleFailed as error:
    print("said:", error)
    raise SystemExit(1)
"""


def test_a_console_that_fails_gives_the_terminal_back_and_keeps_its_traceback_in_a_file(
    tmp_path: Path,
) -> None:
    log = tmp_path / "console.log"
    eyes = Eyes(["-c", BROKEN, str(log), str(tmp_path / "now")], (80, 24), tmp_path, REPOSITORY)
    try:
        eyes.until("HALT", 60.0)
        (tmp_path / "now").touch()
        assert eyes.ended() == 1
        assert eyes.rows[0].endswith("said: RuntimeError: a bug that nobody foresaw")
        assert not any(eyes.rows[1:])
    finally:
        eyes.close()
    assert "Traceback" in log.read_text()
