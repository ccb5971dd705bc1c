"""The console on a real pseudo-terminal: stalls, hang-ups, pastes and broken bytes."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.desk import until
from tests.tui.terminal import Terminal

CHORDS = [b"\x1c", b"\x1b[24~", b"\x1b[92;5u", b"\x1b[52;5u"]
STALL = 5.0  # the kernel keeps what a console draws in some three seconds
BEAT = 0.125


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    terminal = Terminal(tmp_path / "log")
    try:
        terminal.start()
        yield terminal
    finally:
        terminal.close()


@pytest.mark.parametrize("chord", CHORDS, ids=["0x1c", "F12", "kitty ^\\", "kitty ^4"])
def test_a_chord_is_a_kill(terminal: Terminal, chord: bytes) -> None:
    terminal.type(chord)
    assert len(terminal.wait_for("kill")) == 1


def test_a_chord_reaches_the_kill_socket_while_the_terminal_is_unread(terminal: Terminal) -> None:
    time.sleep(1.0)
    terminal.type(b"\x1c")
    until(lambda: len(terminal.lines("kill")) == 1, "the kill")


@pytest.mark.long
def test_a_terminal_that_stops_reading_does_not_stop_the_loop(terminal: Terminal) -> None:
    gaps = len(terminal.lines("gap"))
    time.sleep(STALL)
    longest = [float(line.split()[-1]) for line in terminal.lines("gap")[gaps:]]
    # Plain Textual stands still for the rest of the stall; the allowance is for a busy test machine.
    assert max(longest, default=0.0) < STALL / 2
    assert "HALT" in terminal.read(3.0)


def test_an_unfinished_paste_does_not_swallow_the_chord(terminal: Terminal) -> None:
    terminal.type(b"\x1b[200~some text")
    terminal.read(0.6)
    terminal.type(b"\x1c")
    assert len(terminal.wait_for("kill")) == 1


def test_a_chord_byte_inside_a_paste_is_text(terminal: Terminal) -> None:
    terminal.type(b"\x1b[200~one \x1c two\x1b[201~")
    terminal.read(1.0)
    assert terminal.lines("kill") == []
    terminal.type(b"\x1b[17~")
    assert terminal.wait_for("command SetMode")


def test_broken_bytes_do_not_deafen_the_console(terminal: Terminal) -> None:
    terminal.type(b"\xff\xfe\x80\xc3(")
    terminal.read(0.5)
    terminal.type(b"\x1c")
    assert len(terminal.wait_for("kill")) == 1


def test_a_hang_up_leaves_no_process(terminal: Terminal) -> None:
    terminal.hang_up()
    assert terminal.ended()


def test_sighup_and_sigterm_end_in_a_restored_terminal(terminal: Terminal) -> None:
    os.kill(terminal.pid, signal.SIGTERM)
    assert "\x1b[?1049l" in terminal.read(30.0, "\x1b[?1049l")
    assert terminal.ended()
    assert terminal.code == 0


def test_sigquit_halts(terminal: Terminal) -> None:
    os.kill(terminal.pid, signal.SIGQUIT)
    assert len(terminal.wait_for("kill")) == 1
    assert not terminal.ended(0.3)


def test_detach_ends_the_console_and_commands_nothing(terminal: Terminal) -> None:
    terminal.type(b"\x11")
    assert terminal.ended()
    assert terminal.code == 0
    assert terminal.lines("command") == []
    assert terminal.lines("kill") == []


def test_the_chord_is_a_key_even_where_textual_is_told_to_allow_signals(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path / "log", TEXTUAL_ALLOW_SIGNALS="1")
    try:
        terminal.start()
        terminal.type(b"\x1c")
        assert len(terminal.wait_for("kill")) == 1
        assert not terminal.ended(0.3)
    finally:
        terminal.close()


def test_a_terminal_without_a_size_is_drawn_once_and_left(tmp_path: Path) -> None:
    """As `script` hands one out: two guesses of its size once resized each other for ever."""
    terminal = Terminal(tmp_path / "log", columns=0, rows=0)
    try:
        terminal.start()
        drawn = len(terminal.read(2.0))
        assert drawn < 200_000, f"{drawn} bytes in two seconds"
        terminal.hang_up()
        assert terminal.ended()
    finally:
        terminal.close()
