"""The programs that the user guide shows, as they stand there, on a running exchange."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from midas.cli.exchange import RUN_FILE, answering
from tests.e2e.desk import REPOSITORY

GUIDE = (REPOSITORY / "docs" / "USER_GUIDE.md").read_text()
PROGRAMS = dict(re.findall(r"```python\n# ([\w-]+)\n(.*?)```", GUIDE, re.DOTALL))  # by the library they use


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A workspace whose exchange runs."""
    folder = tmp_path_factory.mktemp("guide")
    (folder / "config.toml").write_text("")
    environ = os.environ | {"PYTHONPATH": str(REPOSITORY), "MIDAS_HOME": str(folder / "data" / "store")}
    process = subprocess.Popen([sys.executable, "-m", "midas", "sim"], cwd=folder, env=environ)
    try:
        deadline = time.monotonic() + 120
        while answering(folder / "data" / "store" / RUN_FILE) is None:
            assert process.poll() is None, "the exchange ended at its start"
            assert time.monotonic() < deadline, "the exchange doesn't answer"
            time.sleep(0.05)
        yield folder
    finally:
        process.terminate()
        process.wait(60)


@pytest.mark.parametrize("library", ["python-binance", "ccxt"])
def test_a_program_of_the_guide_trades_and_hears_the_market(folder: Path, library: str) -> None:
    environ = os.environ | {"NO_PROXY": "127.0.0.1"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAMS[library]],
        cwd=folder, env=environ, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    order, heard = done.stdout.splitlines()
    assert "FILLED" in order
    assert heard
