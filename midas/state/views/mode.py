"""What trades or doesn't: the mode, the kill switch, the gates."""

from __future__ import annotations

import msgspec


class ModeView(msgspec.Struct, frozen=True):
    """The mode, and everything a person must know about how it came to be."""

    mode: str  # NORMAL, DEFENSIVE, OBSERVATION, PAUSE, EMERGENCY
    set_by: str  # "operator console (tty)", "trigger drawdown", "start"
    cause: str
    since_at: int
    ends_when: str  # what would end it
    defensive_exposure: float = 0.5  # what DEFENSIVE leaves of every size
    defensive_confidence: float = 0.7  # and of the signals: those at least so sure
    earliest_at: int = 0  # before which it doesn't end by itself; 0: it doesn't, or may at once


class KillChoiceView(msgspec.Struct, frozen=True):
    """What one kill level would do now, and what it would cost; the engine's own estimate."""

    level: str  # all, flatten, disconnect
    cancels: int  # orders
    closes: int  # positions
    cost: float  # quote currency: spread, depth and fees against the mid; 0 where nothing is sold
    cost_bps: float
    leaves: str  # what would remain, in words: "0.50 BTC unprotected", "nothing of ours"


class KillView(msgspec.Struct, frozen=True):
    """The kill latch and the truthful report of the last kill."""

    latched: bool
    level: str = ""
    by: str = ""
    reason: str = ""
    tripped_at: int = 0
    report: tuple[str, ...] = ()  # "+0.051s  a91f CANCELED", oldest first
    unacked: tuple[str, ...] = ()  # short ids of orders that were cancelled and not yet answered for
    residual: str = ""  # what is still open after a flatten, in words; empty: nothing, or not asked
    choices: tuple[KillChoiceView, ...] = ()
    halt_cancels: int = 0  # orders that `halt` would cancel: the entries; at the same moment as `choices`


class GateView(msgspec.Struct, frozen=True):
    """A closed gate: narrower than a mode (instrument, strategy or venue)."""

    scope: str
    reason: str
    since_at: int
    opens: str = ""  # the command by which a person lets it open again; empty: it opens by itself


class ModeChangeView(msgspec.Struct, frozen=True):
    """One change of the mode."""

    at: int
    before: str
    after: str
    by: str
    cause: str
