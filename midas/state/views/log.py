"""What happened, and what asks for a person."""

from __future__ import annotations

import math

import msgspec


class AlertView(msgspec.Struct, frozen=True):
    """A price alert that a person set."""

    id: int
    instrument: str
    price: float
    above: bool  # fires when the price rises to it; else when it falls to it
    set_by: str
    set_at: int
    fired_at: int  # 0: waiting
    acknowledged: bool
    last: float = math.nan  # the price now
    distance: float = math.nan  # how far the price has to go, as a fraction of it, signed


class AlarmView(msgspec.Struct, frozen=True):
    """Something abnormal that holds right now: few, each with what to do (ISA-18.2)."""

    name: str  # stable: "gate:account", "feed", "latch", "strategy:trend-following"
    severity: str  # warn, error
    text: str
    advice: str
    since_at: int
    acknowledged: bool


class EventView(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One line of the event pane."""

    sequence: int
    at: int
    kind: str  # FILL, ORDER, RISK, MODE, REGIME, FEED, WARN, KILL, SESSION
    severity: str  # info, warn, error
    text: str
