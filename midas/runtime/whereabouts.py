"""What is known of the processes behind a console that its engine itself can't tell: who lives, who ended."""

from __future__ import annotations

from typing import NamedTuple


class Whereabouts(NamedTuple):
    """One look at a home; times in wall nanoseconds, process numbers 0 where there is none."""

    engine: int = 0
    up: bool = False  # it has come to trade; False: it starts
    ended_at: int = 0
    ended: str = ""  # "exit 1: the journal ...", "killed (SIGKILL)", or who asked for it
    wanted: bool = False  # somebody asked for the end
    next_at: int = 0  # when its supervisor starts it again; 0: it doesn't
    gave_up: bool = False  # it crashed too often to be started again by itself
    exchange: int = 0
    exchange_by_hand: bool = False  # nobody starts that one again but the person
    starting: bool = False  # this console starts the engine
    failed: str = ""  # why it couldn't
    latched: str = ""  # the level of the kill latch on the disk; empty: none is set
    latched_by: str = ""
    guard: int = 0  # the process that acts where the engine hangs
    guard_level: str = ""  # how far it would go
    guard_patience_s: float = 0.0  # without a step of the engine
    guard_sees: str = ""  # how it finds the engine: "well", "hung"
    guard_acted_at: int = 0  # 0: it never had to
    guard_outcome: str = ""  # of its newest act
