"""The console asks for a terminal before anything is started."""

from __future__ import annotations

import os
import pty
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

import pytest

from midas.cli import console
from midas.cli.parser import build_parser
from midas.errors import UsageError

STREAMS = ("stdin", "stdout", "stderr")


@contextmanager
def terminal(folder: Path, name: str) -> Iterator[None]:
    """One on all three streams (pytest has others between a fixture and its test), and a home below."""
    leader, follower = pty.openpty()
    with pytest.MonkeyPatch.context() as patch, os.fdopen(follower, "w") as stream:
        patch.chdir(folder)
        patch.setenv("MIDAS_HOME", str(folder / "home"))
        patch.setenv("TERM", name)
        for stream_name in STREAMS:
            patch.setattr(sys, stream_name, stream)
        yield
    os.close(leader)


@pytest.mark.parametrize("missing", STREAMS)
def test_no_engine_is_started_for_a_console_without_a_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    with terminal(tmp_path, "xterm"):
        monkeypatch.setattr(sys, missing, StringIO())
        with pytest.raises(UsageError, match="needs a terminal;"):
            console.with_console(build_parser().parse_args([]))
    assert not (tmp_path / "home").exists()


def test_a_terminal_that_can_place_no_cursor_is_refused(tmp_path: Path) -> None:
    with terminal(tmp_path, "dumb"), pytest.raises(UsageError, match="TERM is dumb"):
        console.with_console(build_parser().parse_args([]))
    assert not (tmp_path / "home").exists()
