"""Environment (how the system was assembled) and Mode (what it may do now): two words, two meanings."""

from __future__ import annotations

from enum import Enum

import msgspec


class Environment(Enum):
    """How the system was assembled; never changes while it runs."""

    BACKTEST = "BACKTEST"
    SIM = "SIM"
    PAPER = "PAPER"
    DEMO = "DEMO"
    LIVE = "LIVE"


class Mode(Enum):
    """What the system may do now, from freest to safest (R7.10)."""

    __hash__ = object.__hash__  # Enum hashes the name, in Python; a member is equal to itself alone

    NORMAL = "NORMAL"
    DEFENSIVE = "DEFENSIVE"
    OBSERVATION = "OBSERVATION"
    PAUSE = "PAUSE"
    EMERGENCY = "EMERGENCY"

    @property
    def safety(self) -> int:
        """0 for NORMAL up to 4 for EMERGENCY: going up is immediate, going down is a human's act."""
        return _SAFETY[self]


_SAFETY = {mode: place for place, mode in enumerate(Mode)}


class KillLevel(Enum):
    """One scale of stopping, the same words at every door."""

    HALT = "halt"  # latch, gate, freeze, cancel what increases risk
    ALL = "all"  # halt + cancel every order of ours
    FLATTEN = "flatten"  # halt + cancel + close every position
    DISCONNECT = "disconnect"  # flatten + close the venue sessions

    @property
    def mode(self) -> Mode:
        """The mode that this level leaves behind."""
        return Mode.PAUSE if self in (KillLevel.HALT, KillLevel.ALL) else Mode.EMERGENCY


class KillOutcome(msgspec.Struct, frozen=True):
    """What came of pulling the kill switch, as far as whoever pulled it knows."""

    latched: bool  # on the disk, at this level or a higher one
    answered: bool  # the engine's kill listener has said what it did
    sentence: str


class Permissions(msgspec.Struct, frozen=True):
    """One row of the mode table."""

    entries: bool  # new risk may be opened
    keeps_entries: bool  # working entry orders stay
    computes_signals: bool
    exposure: float  # factor on every size
    confidence_min: float  # signals below it are not executed
    flattens: bool  # positions are closed at market


PERMISSIONS: dict[Mode, Permissions] = {
    Mode.NORMAL: Permissions(True, True, True, 1.0, 0.0, False),
    Mode.DEFENSIVE: Permissions(True, True, True, 0.5, 0.7, False),
    Mode.OBSERVATION: Permissions(False, False, True, 0.0, 1.0, False),
    Mode.PAUSE: Permissions(False, False, True, 0.0, 1.0, False),
    Mode.EMERGENCY: Permissions(False, False, False, 0.0, 1.0, True),
}
