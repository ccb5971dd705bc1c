"""What must never fire the second step of the kill switch, and what must."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

from tests.e2e.kill_lane import CHORD, Lane

REPEAT_S = 0.033
MEANT_S = 0.6  # between the letter and the chord of a hand that means it


def _type(lane: Lane, *parts: bytes | float) -> None:
    """Bytes in single writes, and pauses in which the screen is read."""
    console = lane.open()
    for part in parts:
        if isinstance(part, float):
            console.look(part)
        else:
            os.write(console.fd, part)


def _held(lane: Lane, key: bytes, seconds: float) -> None:
    _type(lane, key, 0.5)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        _type(lane, key, REPEAT_S)


def _held_after_letter(lane: Lane) -> None:
    _type(lane, b"f", 0.1)
    _held(lane, CHORD, 2.0)


def _held_letter(lane: Lane) -> None:
    _held(lane, b"f", 0.5)
    _type(lane, CHORD)


def _quit(lane: Lane) -> None:
    _type(lane, b"f", MEANT_S)
    os.kill(lane.open().pid, signal.SIGQUIT)


def _before_open(lane: Lane) -> None:
    lane.settle()
    _type(lane, b"f", MEANT_S, CHORD, MEANT_S, CHORD)


def _unterminated(lane: Lane) -> None:
    _type(lane, b"\x1b[200~some f", 0.8, CHORD, 0.8)


NEVER: dict[str, Callable[[Lane], None]] = {
    "a held chord": lambda lane: _held(lane, CHORD, 2.0),
    "a held letter, then the chord at once": _held_letter,
    "a chord held from 0.1 s after the letter on": _held_after_letter,
    "letter and chord in one read": lambda lane: _type(lane, b"f\x1c"),
    "letter and chord 0.15 s apart": lambda lane: _type(lane, b"f", 0.15, CHORD),
    "a word that ends in the letter, then the chord": lambda lane: _type(lane, b"off", MEANT_S, CHORD),
    "a bracketed paste with letter and chord": lambda lane: _type(lane, b"\x1b[200~f\x1c\x1b[201~"),
    "a raw paste with letter and chord": lambda lane: _type(lane, b"sell x f \x1c f \x1c\r", MEANT_S),
    "a paste that never ends, then the chord": _unterminated,
    "Enter": lambda lane: _type(lane, b"\r", 0.3, b"\r"),
    "the letter, Enter": lambda lane: _type(lane, b"f", MEANT_S, b"\r", MEANT_S, b"\r"),
    "the letter, Enter, the chord": lambda lane: _type(lane, b"f", MEANT_S, b"\r", MEANT_S, CHORD),
    "the letter, Esc, the chord": lambda lane: _type(lane, b"f", MEANT_S, b"\x1b", MEANT_S, CHORD),
    "the letter, Esc and the chord in one read": lambda lane: _type(lane, b"f", MEANT_S, b"\x1b\x1c"),
    "the chord 5.2 s after the letter": lambda lane: _type(lane, b"f", 5.2, CHORD),
    "the letter before the panel is open, then the chord twice": _before_open,
    "SIGQUIT while a level is armed": _quit,
}


def _blocked(lane: Lane) -> None:
    _type(lane, b"f", MEANT_S)
    os.kill(lane.open().pid, signal.SIGUSR1)
    time.sleep(0.3)
    _type(lane, CHORD)


def _unread(lane: Lane) -> None:
    _type(lane, b"f", MEANT_S)
    time.sleep(3.0)
    _type(lane, CHORD)


FIRES: dict[str, tuple[str, Callable[[Lane], None]]] = {
    "a, then the chord": ("all", lambda lane: _type(lane, b"a", MEANT_S, CHORD)),
    "f, then the chord": ("flatten", lambda lane: _type(lane, b"f", MEANT_S, CHORD)),
    "f, then F12": ("flatten", lambda lane: _type(lane, b"f", MEANT_S, b"\x1b[24~")),
    "x, then the chord": ("disconnect", lambda lane: _type(lane, b"x", MEANT_S, CHORD)),
    "F9, then the chord": ("flatten", lambda lane: _type(lane, b"\x1b[20~", 1.0, CHORD)),
    "f, then the chord while the loop is blocked": ("flatten", _blocked),
    "f, then the chord while the terminal is unread": ("flatten", _unread),
}


def drill(lane: Lane, name: str) -> str:
    """From a halted desk with an open panel; what went wrong, empty where nothing did."""
    lane.settle()
    lane.halt()
    wanted, act = FIRES.get(name, ("halt", NEVER.get(name)))
    assert act is not None
    began = time.monotonic()
    act(lane)
    while lane.level() != wanted and time.monotonic() < began + 8.0:
        lane.open().look(0.05)
    lane.open().look(0.3)
    level = lane.level()
    return "" if level == wanted else f"latched at {level or 'nothing'}, not at {wanted}"
