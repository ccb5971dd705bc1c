from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from tests.fakes.guard import OffMachine

ELSEWHERE = ("192.0.2.1", 443)  # reserved for documentation: nobody is there


def test_no_test_connects_to_another_machine() -> None:
    with socket.socket() as line, pytest.raises(OffMachine, match="192"):
        line.connect(ELSEWHERE)
    with socket.socket() as line, pytest.raises(OffMachine, match=r"example\.org"):
        line.connect_ex(("example.org", 443))


def test_processes_of_tests_can_guard_themselves() -> None:
    script = (
        "import socket; from tests.fakes.guard import stay_on_this_machine; stay_on_this_machine(); "
        f"socket.socket().connect({ELSEWHERE!r})"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "OffMachine" in ended.stderr
