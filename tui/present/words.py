"""The fixed vocabulary of the screen: every mode, environment, regime and outcome as shape, word and ink.

Nothing is told by colour alone: each entry has a shape or a word of its own.
"""

from __future__ import annotations

from re import compile as pattern
from typing import NamedTuple


class Badge(NamedTuple):
    """A shape, a word, and the ink they are drawn with."""

    shape: str
    word: str
    ink: str
    long: str = ""  # the word where there is room

    @property
    def name(self) -> str:
        """The long word."""
        return self.long or self.word


_OURS = pattern(r"\bmd-\w{18,}(\w{4})\b")  # what the venue knows an order of ours by


def by_short_name(text: str) -> str:
    """A sentence with our orders called by the four letters that every list calls them by."""
    return _OURS.sub(r"\1", text)


MODES = {
    "NORMAL": Badge("▲", "NORMAL", "mode_normal"),
    "DEFENSIVE": Badge("◆", "DEFENSIVE", "mode_defensive"),
    "OBSERVATION": Badge("◎", "OBSERVATION", "mode_observation"),
    "PAUSE": Badge("‖", "PAUSE", "mode_pause"),
    "EMERGENCY": Badge("■", "EMERGENCY", "mode_emergency"),
}
ENVIRONMENTS = {
    "BACKTEST": "environment_quiet",
    "SIM": "environment_sim",
    "PAPER": "environment_paper",
    "DEMO": "environment_demo",
    "LIVE": "environment_live",
    "REPLAY": "environment_quiet",
}
# The engine names a regime by its label or by its short words; both lead to the same badge.
_UP = Badge("▲", "UP", "up", "Trending Bull")
_DOWN = Badge("▼", "DOWN", "down", "Trending Bear")
_RANGE = Badge("─", "RANGE", "text", "Range-bound")
_VOLATILE = Badge("≈", "VOLAT", "warn", "High Volatility")
_CRISIS = Badge("!", "CRISIS", "alarm", "Crisis")
_UNKNOWN = Badge("·", "?", "dim", "Unknown")
REGIMES = {
    "TREND_UP": _UP,
    "Trending Bull": _UP,
    "TREND_DOWN": _DOWN,
    "Trending Bear": _DOWN,
    "RANGE": _RANGE,
    "Range-bound": _RANGE,
    "HIGH_VOLATILITY": _VOLATILE,
    "High Volatility": _VOLATILE,
    "CRISIS": _CRISIS,
    "Crisis": _CRISIS,
}
OUTCOMES = {
    "acted": Badge("✓", "ACTED", "good"),
    "refused": Badge("✗", "refused", "warn"),
    "held": Badge("=", "held", "text"),
    "muted": Badge("-", "muted", "dim"),
    "frozen": Badge("‖", "frozen", "warn"),
}
ORDER_STATES = {
    "UNKNOWN": ("?UNKN", "unknown"),
    "PENDING_CANCEL": ("CXL..", "warn"),
    "PENDING_REPLACE": ("CHG..", "warn"),
    "PARTIAL": ("PART", "own"),
    "OPEN": ("OPEN", "text"),
    "INFLIGHT": ("SENT", "dim"),
    "QUEUED": ("QUEUE", "dim"),
    "EXTERNAL": ("EXT", "warn"),
}
ACCOUNT_STATES = {
    "CLEAN": Badge("✓", "CLEAN", "good"),
    "RECOVERING": Badge("◔", "RECOVERING", "text"),
    "STREAM_RECONCILING": Badge("↻", "STREAM RECONCILING", "warn"),
    "DIFFERS": Badge("≠", "DIFFERS", "warn"),
    "BREAK": Badge("✗", "BREAK", "alarm"),
}
DIFFERENCE_STATES = {
    "watching": Badge("◔", "watching", "warn"),
    "standing": Badge("✗", "STANDS", "alarm"),
    "accepted": Badge("=", "accepted", "dim"),
}
CLOSED_STATES = {
    "FILLED": ("FILLED", "good"),
    "CANCELED": ("cancel", "dim"),
    "EXPIRED": ("expire", "dim"),
    "REJECTED": ("REJECT", "warn"),
    "NEVER_SENT": ("UNSENT", "warn"),
}
ORDER_TYPES = {"LIMIT": "LMT", "MARKET": "MKT", "LIMIT_MAKER": "POST", "STOP_LOSS_LIMIT": "STOP"}
SEVERITIES = {"info": "text", "warn": "warn", "error": "alarm"}
STRATEGY_STATES = {
    "running": Badge("●", "running", "good"),
    "warming": Badge("◔", "warming", "dim"),
    "muted": Badge("○", "muted", "dim"),
    "paused": Badge("‖", "paused", "warn"),
    "frozen": Badge("‖", "frozen", "warn"),
    "failed": Badge("✗", "FAILED", "alarm"),
}


def mode_badge(mode: str) -> Badge:
    """The badge of a mode; one the console doesn't know is an alarm, not a blank."""
    return MODES.get(mode, Badge("?", mode, "mode_emergency"))


def regime_badge(regime: str) -> Badge:
    """The badge of a regime by either of its names."""
    return REGIMES.get(regime, _UNKNOWN)


def outcome_badge(outcome: str) -> Badge:
    """The badge of a signal's outcome."""
    return OUTCOMES.get(outcome, Badge("·", outcome, "text"))


def strategy_badge(state: str) -> Badge:
    """The badge of a strategy's state."""
    return STRATEGY_STATES.get(state, Badge("?", state, "warn"))


def account_badge(state: str) -> Badge:
    """The badge of how a venue's account compares; one the console doesn't know is an alarm."""
    return ACCOUNT_STATES.get(state, Badge("?", state, "alarm"))


def difference_badge(state: str) -> Badge:
    """The badge of what is done about a difference."""
    return DIFFERENCE_STATES.get(state, Badge("?", state, "alarm"))
